"""Counts between edges of scores, and what they are as bins."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._errors import InvalidInputError
from ._counting import at_thresholds, in_bins
from ._image_sizes import ImageSizes
from ._inputs import Options, counts
from ._intervals import Bins
from ._pimo_intervals import ROWS, overlap_of


class Counted(NamedTuple):
    """Counts between edges and outside of them, lowest first."""

    table: NDArray[np.int64]  # positives, negatives and, with regions, two limbs of their mass; (2 or 4, n_edges + 1)
    missing: int

    @property
    def positives(self) -> int:
        return int(self.table[0].sum())

    @property
    def negatives(self) -> int:
        return int(self.table[1].sum())


def even_edges(low: float, high: float, n_bins: int) -> NDArray[np.float64]:
    """Edges of evenly wide bins, the last of which holds its upper edge."""
    return _core.even_edges(low, high, n_bins)


def range_of(images: list[NDArray[Any]], n_bins: int) -> tuple[float, float]:
    """Range of the finite scores, half a bin wider on each side."""
    finite = [image[np.isfinite(image)] for image in images]
    values = [part for part in finite if part.size]
    if not values:
        raise InvalidInputError("maps must hold a finite score to choose a range from; got none")
    low, high = float(min(part.min() for part in values)), float(max(part.max() for part in values))
    half = (high - low) / n_bins / 2 or max(abs(low), 1.0) * 1e-3
    return low - half, high + half


def count_between(
    maps: Any, masks: Any, edges: NDArray[np.float64], opts: Options, connectivity: int | None
) -> Counted:
    """Count pixels, and with `connectivity` the mass of regions, between ascending edges."""
    even = _evenly(edges)
    count = at_thresholds(edges, False, connectivity) if even is None else in_bins(*even, connectivity)
    found, _ = counts(maps, masks, opts, count, names=("maps", "masks"), images=True)
    if even is not None:
        return Counted(found.table, found.missing)
    rows = [_per_bin(found.tp, found.positives), _per_bin(found.fp, found.negatives)]
    if connectivity is not None:
        rows += [_per_bin(limb[:-1], int(limb[-1])) for limb in found.coverage_limbs]
    return Counted(np.array(rows), found.missing)


def _evenly(edges: NDArray[np.float64]) -> tuple[float, float, int] | None:
    """Range and number of evenly wide bins, whose scores need no search, or nothing."""
    n_bins = len(edges) - 1
    if n_bins < 1:
        return None
    low, high = float(edges[0]), float(np.nextafter(edges[-1], -np.inf))
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        return None
    return (low, high, n_bins) if np.array_equal(edges, even_edges(low, high, n_bins)) else None


def _per_bin(reached: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """Turn counts at and above edges into counts between them."""
    return -np.diff(np.concatenate([[total], reached, [0]]))


def carry(table: NDArray[np.int64]) -> None:
    """Let the upper limbs of sums take what the lower ones do not hold."""
    upper, lower = table[2::2], table[3::2]
    over = lower >> 31
    upper += over
    lower -= over << 31


def bins_of(
    table: NDArray[np.int64], edges: NDArray[np.float64], images: ImageSizes | None = None, *, integers: bool = False
) -> Bins:
    """Return counts as the intervals take them, highest first; with `images` the last rows are about them.

    Of `integers`, a bin in which there is room for one integer hides nothing.
    """
    falling = table[:, ::-1]
    regions = len(table) - (0 if images is None else ROWS) == 4
    coverage = None
    if regions:
        mass = falling[2].astype(np.float64) * 2.0**31 + falling[3]
        coverage = mass / mass.sum() if mass.sum() > 0 else mass
    single = np.zeros(len(edges) + 1, bool)
    single[1:-1] = np.diff(np.ceil(edges)) <= 1 if integers else edges[1:] == np.nextafter(edges[:-1], np.inf)
    single[-1] = edges[-1] == np.inf
    overlap = None if images is None else overlap_of(falling[-ROWS:], images)
    return Bins(falling[0], falling[1], coverage, single[::-1], overlap)
