"""What counts in bins of scores prove: intervals that hold the metrics of the scores themselves."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._errors import InvalidInputError
from ._pimo_intervals import Overlap, added, off
from ._results import BinnedResult

__all__ = ["Bins", "intervals", "undecided"]

_MOST_LISTED = 1 << 20  # anomalous pixels whose reciprocals are added one by one
_ROUNDING = 1e-12  # of the sums themselves, generously


class Bins(NamedTuple):
    """Counts by falling scores."""

    positives: NDArray[np.int64]
    negatives: NDArray[np.int64]
    coverage: NDArray[np.float64] | None  # mean share of the regions that lies in the bin
    single: NDArray[np.bool_]  # bins that have room for one score only, and so hide nothing
    overlap: Overlap | None = None


class _Walk(NamedTuple):
    """Counts of each bin, and of all bins up to it, from the highest down."""

    p: NDArray[np.float64]
    n: NDArray[np.float64]
    tp: NDArray[np.float64]
    fp: NDArray[np.float64]
    before_p: NDArray[np.float64]
    before_n: NDArray[np.float64]


class _Area(NamedTuple):
    """A sum over bins: at the worst order in each, with all its scores tied, at the best order."""

    low: float
    value: float
    high: float
    gap: NDArray[np.float64]  # by how much each bin widens the interval, when asked for
    off: float = _ROUNDING  # by how much the sums may be off


def _walk(bins: Bins) -> _Walk:
    p, n = bins.positives.astype(np.float64), bins.negatives.astype(np.float64)
    tp, fp = np.cumsum(p), np.cumsum(n)
    return _Walk(p, n, tp, fp, tp - p, fp - n)


def intervals(bins: Bins, limit: float, fpr_bounds: tuple[float, float]) -> dict[str, BinnedResult]:
    """Return the metrics of binned scores; NaN where a class is missing.

    A bin hides the order of the scores in it and nothing else: the worst and the best order bound what the scores
    themselves would give.
    """
    nothing = BinnedResult(math.nan, math.nan, math.nan)
    result = dict.fromkeys(("auroc", "average_precision", "aupr", "f1_max", "iou_max", "fpr_at_tpr"), nothing)
    if bins.coverage is not None:
        result["aupro"] = nothing
    if bins.overlap is not None:
        result["aupimo"] = nothing
    walk = _walk(bins)
    if walk.tp[-1] == 0:
        return result
    for name, area in _areas(bins, limit, fpr_bounds).items():
        result[name] = _result(area.value, area.low, area.high, area.off)
    for name, (reached, top) in _overlaps(bins, walk).items():
        best = float(reached.max())
        result[name] = _result(best, best, float(top.max()))
    if walk.fp[-1] > 0:
        _, low, high = _rate(bins, walk)
        result["fpr_at_tpr"] = _result(high, low, high)
    return result


def undecided(
    bins: Bins, names: Iterable[str], limit: float, fpr_bounds: tuple[float, float], atol: float
) -> NDArray[np.bool_]:
    """Tell which bins must give up their order, so that no metric of `names` is off by more than `atol`."""
    chosen = np.zeros(len(bins.positives), bool)
    room = _room(atol, _ROUNDING)
    walk = _walk(bins)
    if walk.tp[-1] == 0:
        return chosen
    areas, overlaps = _areas(bins, limit, fpr_bounds, gaps=True), _overlaps(bins, walk)
    for name in names:
        if name in areas:
            gap = areas[name].gap
            order = np.argsort(gap, kind="stable")
            chosen[order[np.cumsum(gap[order]) > _room(atol, areas[name].off)]] = True
        elif name in overlaps:
            value, top = overlaps[name]
            chosen |= top - value.max() > room
        elif name == "fpr_at_tpr" and walk.fp[-1] > 0:
            at, low, high = _rate(bins, walk)
            chosen[at] |= high - low > room
    return chosen & ~bins.single & (bins.positives > 0)


def _room(atol: float, off: float) -> float:
    """Width that is left for an interval."""
    if not atol > off:
        raise InvalidInputError(f"atol must be more than {off:.1e} with these maps and fpr_bounds; got {atol:g}")
    return 2 * (atol - off) * (1 - 1e-9)


def _areas(bins: Bins, limit: float, fpr_bounds: tuple[float, float], *, gaps: bool = False) -> dict[str, _Area]:
    """Metrics that are sums over bins; those that exist."""
    native = _core.bin_areas(
        np.ascontiguousarray(bins.positives),
        np.ascontiguousarray(bins.negatives),
        None if bins.coverage is None else np.ascontiguousarray(bins.coverage),
        np.ascontiguousarray(bins.single),
        limit,
        _MOST_LISTED,
        gaps,
    )
    found = {name: _Area(*area) for name, area in native.items()}
    if bins.overlap is not None and bins.overlap.exists:
        low, value, high = added(bins.overlap, fpr_bounds)
        low, high = (np.where(bins.single, value, part) for part in (low, high))
        found["aupimo"] = _Area(
            float(low.sum()),
            float(value.sum()),
            float(high.sum()),
            high - low,
            off(bins.overlap, fpr_bounds, _ROUNDING),
        )
    return found


def _overlaps(bins: Bins, walk: _Walk) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Metrics that are a maximum over thresholds: at the lower ends of the bins, and at most inside of them."""
    p, _, tp, fp, _, before_n = walk
    total = tp[-1]
    found = {
        "f1_max": (2 * tp / (total + tp + fp), 2 * tp / (total + tp + before_n)),
        "iou_max": (tp / (total + fp), tp / (total + before_n)),
    }
    return {
        name: (value, np.where(p == 0, 0, np.where(bins.single, value, top))) for name, (value, top) in found.items()
    }


def _rate(bins: Bins, walk: _Walk) -> tuple[int, float, float]:
    """Bin where the true positive rate reaches 0.95, and the false positive rate there."""
    at = int(np.flatnonzero(walk.tp >= math.ceil(0.95 * walk.tp[-1] - 1e-9))[0])
    high = float(walk.fp[at] / walk.fp[-1])
    return at, high if bins.single[at] else float(walk.before_n[at] / walk.fp[-1]), high


def _result(value: float, low: float, high: float, off: float = _ROUNDING) -> BinnedResult:
    low, high = max(0.0, low - off), min(1.0, high + off)
    return BinnedResult(min(max(value, low), high), low, high)
