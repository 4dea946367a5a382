"""The ways to count scores by class, of which `counts` takes one: each is one call of the extension."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core

# Of scores, labels, their names and a number of threads; returns counts, or a tuple of several of the same scores.
Count = Callable[[Any, Any, tuple[str, str], int], Any]


def _calling(native: Callable[..., Any], *settings: Any) -> Count:
    def count(scores: Any, labels: Any, names: tuple[str, str], threads: int) -> Any:
        return native(scores, labels, *names, *settings, threads)

    return count


def _regions(connectivity: int | None) -> tuple[bool, int]:
    return connectivity is not None, connectivity or 8


def rank_pairs(connectivity: int | None = None) -> Count:
    """Return a way to `_core.RankPairs`; with `connectivity` of regions too, as in all that follow."""
    return _calling(_core.rank_pairs, *_regions(connectivity))


def score_levels(connectivity: int | None = None) -> Count:
    """Return a way to `_core.Levels`, the counts at every distinct score."""
    return _calling(_core.levels, *_regions(connectivity))


def at_thresholds(thresholds: NDArray[Any], strict: bool, connectivity: int | None = None) -> Count:
    """Return a way to `_core.GridCounts`, of scores above each threshold; at it too, unless `strict`."""
    return _calling(_core.grid_counts, thresholds, strict, *_regions(connectivity))


def in_bins(low: float, high: float, n_bins: int, connectivity: int | None = None) -> Count:
    """Return a way to `_core.BinCounts`, of bins of even width."""
    return _calling(_core.bin_counts, low, high, n_bins, *_regions(connectivity))


def normal_ranks(thresholds: NDArray[Any] | None = None) -> Count:
    """Return a way to `_core.NormalRanks`, at thresholds or else at the anomalous scores."""
    return _calling(_core.normal_ranks, thresholds)


def pairs_and_ranks(connectivity: int) -> Count:
    """Return a way to both `_core.RankPairs` and `_core.NormalRanks` at the anomalous scores, in one pass."""
    return _calling(_core.pairs_and_ranks, connectivity)


def by_image(connectivity: int) -> Count:
    """Return a way to `_core.ImageSlots`; a score without a map is an image of one pixel."""
    whole = _calling(_core.image_slots, connectivity)

    def count(scores: Any, labels: Any, names: tuple[str, str], threads: int) -> Any:
        return whole(_as_images(scores), _as_images(labels), names, threads)

    return count


def _as_images(data: Any) -> Any:
    return data.reshape(-1, 1, 1) if not isinstance(data, list) and data.ndim == 1 else data


PAIRS = rank_pairs()
TOTALS = at_thresholds(np.zeros(0), False)  # all checks and the sizes of both classes, without a sort
