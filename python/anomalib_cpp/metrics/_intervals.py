"""What counts in bins of scores prove: intervals that hold the metrics of the scores themselves."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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


class _Walk(NamedTuple):
    """Counts of each bin, and of all bins up to it, from the highest down."""

    p: NDArray[np.float64]
    n: NDArray[np.float64]
    tp: NDArray[np.float64]
    fp: NDArray[np.float64]
    before_p: NDArray[np.float64]
    before_n: NDArray[np.float64]


class _Parts(NamedTuple):
    """What each bin adds to a metric: at its worst order, with all its scores tied, at its best order."""

    low: NDArray[np.float64]
    value: NDArray[np.float64]
    high: NDArray[np.float64]


def _walk(bins: Bins) -> _Walk:
    p, n = bins.positives.astype(np.float64), bins.negatives.astype(np.float64)
    tp, fp = np.cumsum(p), np.cumsum(n)
    return _Walk(p, n, tp, fp, tp - p, fp - n)


def intervals(bins: Bins, limit: float) -> dict[str, BinnedResult]:
    """Return the metrics of binned scores; NaN where a class is missing.

    A bin hides the order of the scores in it and nothing else: the worst and the best order bound what the scores
    themselves would give.
    """
    nothing = BinnedResult(math.nan, math.nan, math.nan)
    result = dict.fromkeys(("auroc", "average_precision", "aupr", "f1_max", "iou_max", "fpr_at_tpr"), nothing)
    if bins.coverage is not None:
        result["aupro"] = nothing
    walk = _walk(bins)
    if walk.tp[-1] == 0:
        return result
    for name, parts in _areas(bins, walk, limit).items():
        result[name] = _result(*(float(part.sum()) for part in (parts.value, parts.low, parts.high)))
    for name, (value, top) in _overlaps(bins, walk).items():
        best = float(value.max())
        result[name] = _result(best, best, float(top.max()))
    if walk.fp[-1] > 0:
        _, low, high = _rate(bins, walk)
        result["fpr_at_tpr"] = _result(high, low, high)
    return result


def undecided(bins: Bins, names: Iterable[str], limit: float, atol: float) -> NDArray[np.bool_]:
    """Tell which bins must give up their order, so that no metric of `names` is off by more than `atol`."""
    chosen = np.zeros(len(bins.positives), bool)
    room = 2 * (atol - _ROUNDING) * (1 - 1e-9)
    walk = _walk(bins)
    if walk.tp[-1] == 0:
        return chosen
    areas, overlaps = _areas(bins, walk, limit), _overlaps(bins, walk)
    for name in names:
        if name in areas:
            gap = areas[name].high - areas[name].low
            order = np.argsort(gap, kind="stable")
            chosen[order[np.cumsum(gap[order]) > room]] = True
        elif name in overlaps:
            value, top = overlaps[name]
            chosen |= top - value.max() > room
        elif name == "fpr_at_tpr" and walk.fp[-1] > 0:
            at, low, high = _rate(bins, walk)
            chosen[at] |= high - low > room
    return chosen & ~bins.single & (bins.positives > 0)


def _areas(bins: Bins, walk: _Walk, limit: float) -> dict[str, _Parts]:
    """Metrics that are sums over bins; those that exist."""
    p, n, tp, fp, before_p, before_n = walk
    total_p, total_n = float(tp[-1]), float(fp[-1])
    with np.errstate(invalid="ignore", divide="ignore"):
        precision, best = tp / (tp + fp), tp / (tp + before_n)
        start = np.where(before_p + before_n > 0, before_p / (before_p + before_n), 1)
        low = np.where(before_p + fp > 0, before_p / (before_p + fp), 0)
    for ratio in (precision, best):
        ratio[p == 0] = 0
    tied = p * (start + precision) / 2
    found = {
        "average_precision": _Parts(_worst_precisions(bins.positives, before_p, fp), p * precision, p * best),
        "aupr": _Parts(p * low, tied, p * np.maximum(start, best)),
    }
    scale = {"average_precision": total_p, "aupr": total_p}
    if total_n > 0:
        won = p * (total_n - fp + n / 2)
        found["auroc"] = _Parts(won - p * n / 2, won, won + p * n / 2)
        scale["auroc"] = total_p * total_n
        if bins.coverage is not None and bins.coverage.sum() > 0:
            after = np.cumsum(bins.coverage)
            before = after - bins.coverage
            width = np.minimum(fp / total_n, limit) - np.minimum(before_n / total_n, limit)
            reached = np.divide(width * total_n, n, out=np.ones_like(n), where=n > 0)  # less than 1 across the limit
            middle = np.where(bins.single, before + bins.coverage * reached / 2, (before + after) / 2)
            found["aupro"] = _Parts(width * before, width * middle, width * after)
            scale["aupro"] = limit
    for name, parts in found.items():
        low, value, high = (part / scale[name] for part in parts)
        found[name] = _Parts(np.where(bins.single, value, low), value, np.where(bins.single, value, high))
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


def _result(value: float, low: float, high: float) -> BinnedResult:
    low, high = max(0.0, low - _ROUNDING), min(1.0, high + _ROUNDING)
    return BinnedResult(min(max(value, low), high), low, high)


def _worst_precisions(
    positives: NDArray[np.int64], before: NDArray[np.float64], fp: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Sum of (T + j) / (T + j + F) over the anomalous pixels j of each bin, all normal ones of the bin before them."""
    p = positives.astype(np.float64)
    if positives.sum() <= _MOST_LISTED:
        rank = np.arange(int(positives.sum())) + 1.0
        worst = np.zeros(len(p))
        has = positives > 0
        starts = np.cumsum(positives[has]) - positives[has]
        worst[has] = np.add.reduceat(rank / (rank + np.repeat(fp, positives)), starts)
        return worst
    # 1 / x is convex, so its sum over unit steps lies below its integral over as many steps around them.
    return p - fp * np.log1p(p / (before + fp + 0.5))
