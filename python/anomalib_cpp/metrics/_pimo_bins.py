"""Counts in bins that know the images: what per-image overlap takes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._batches import pairs, scores_of
from ._binned import Counted, count_between
from ._counting import TOTALS
from ._image_sizes import ImageSizes, by_kind, worth
from ._inputs import Options, counts
from ._pimo import require_reachable
from ._pimo_intervals import ROWS

_LIMB = (1 << 31) - 1


def count_images(
    maps: Any,
    masks: Any,
    edges: NDArray[np.float64],
    opts: Options,
    connectivity: int | None,
    images: ImageSizes | None,
) -> Counted:
    """Count as `count_between` does; with `images`, which grow, in `ROWS` more rows what each image adds.

    There the lower limbs may hold more than their 31 bits.
    """
    if images is None:
        return count_between(maps, masks, edges, opts, connectivity)
    checked, _ = counts(maps, masks, opts, TOTALS, names=("maps", "masks"), images=True)
    given = list(pairs(maps, masks))
    rows = 2 if connectivity is None else 4
    table = np.zeros((rows + ROWS, len(edges) + 1), np.int64)
    for size, group in by_kind(given).items():
        found = count_between(group[0], group[1], edges, opts, connectivity).table
        table[:rows] += found
        if size:
            _add_worth(table[-2:], slice(None), found[1], worth(size))
        else:
            _add_shares(table[-4:-2], group, edges)
    for image, mask in given:
        images.add(image, mask)
    return Counted(table, checked.missing)


def require_bounds(images: ImageSizes | None, fpr_bounds: tuple[float, float]) -> None:
    """Raise where the images do not reach the lower bound; not where there is no metric anyway."""
    if images is not None and images.n_normal and images.n_anomalous:
        require_reachable(images.smallest_rate, fpr_bounds[0])


def _add_worth(limbs: NDArray[np.int64], at: Any, pixels: NDArray[np.int64], each: int) -> None:
    limbs[0, at] += pixels * (each >> 31)
    limbs[1, at] += pixels * (each & _LIMB)


def _add_shares(limbs: NDArray[np.int64], group: Any, edges: NDArray[np.float64]) -> None:
    """Add the anomalous pixels of images, of each image in few bins."""
    for image, mask in zip(*group, strict=True):
        scores = scores_of(image, mask)
        scores = scores[~np.isnan(scores)]
        at, number = np.unique(np.searchsorted(edges, scores, side="right"), return_counts=True)
        _add_worth(limbs, at, number, worth(len(scores)))
