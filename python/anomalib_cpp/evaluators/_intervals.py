"""Counts in bins of scores, and the intervals that they prove: the state behind `evaluators.CurveAccumulator`."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..metrics import BinnedResult

__all__ = ["Bins", "intervals"]

_MOST_LISTED = 1 << 20  # anomalous pixels whose reciprocals are added one by one


class Bins(NamedTuple):
    """Counts by falling scores: each bin, and all bins above it."""

    positives: NDArray[np.int64]
    negatives: NDArray[np.int64]
    coverage: NDArray[np.float64] | None  # mean share of the regions that lies in the bin


def intervals(bins: Bins, limit: float) -> dict[str, BinnedResult]:
    """Return the metrics of binned scores; NaN where a class is missing.

    A bin hides the order of the scores in it and nothing else: the worst and the best order bound what the scores
    themselves would give.
    """
    p, n = bins.positives.astype(np.float64), bins.negatives.astype(np.float64)
    tp, fp = np.cumsum(p), np.cumsum(n)
    total_p, total_n = float(tp[-1]), float(fp[-1])
    before_p, before_n = tp - p, fp - n
    nothing = BinnedResult(math.nan, math.nan, math.nan)
    result = dict.fromkeys(("auroc", "average_precision", "aupr", "f1_max", "iou_max", "fpr_at_tpr"), nothing)
    if bins.coverage is not None:
        result["aupro"] = nothing
    if total_p == 0:
        return result
    has = p > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        precision, best = tp / (tp + fp), np.where(has, tp / (tp + before_n), 0)
        worst = _worst_precisions(bins.positives, before_p, fp)
        start = np.where(before_p + before_n > 0, before_p / (before_p + before_n), 1)
        low = np.where(before_p + fp > 0, before_p / (before_p + fp), 0)
    high_ap = float((p[has] * best[has]).sum() / total_p)
    result["average_precision"] = _result(float((p[has] * precision[has]).sum() / total_p), worst / total_p, high_ap)
    result["aupr"] = _result(
        float((p[has] * (start[has] + precision[has])).sum() / (2 * total_p)),
        float((p[has] * low[has]).sum() / total_p),
        max(high_ap, float((p[has] * np.maximum(start, best)[has]).sum() / total_p)),
    )
    for name, value, top in (
        ("f1_max", 2 * tp / (total_p + tp + fp), 2 * tp / (total_p + tp + before_n)),
        ("iou_max", tp / (total_p + fp), tp / (total_p + before_n)),
    ):
        result[name] = _result(float(value.max()), float(value.max()), float(top[has].max()))
    if total_n == 0:
        return result
    half = float((p * n).sum() / (2 * total_p * total_n))
    won = float((p * (total_n - fp + n / 2)).sum() / (total_p * total_n))
    result["auroc"] = _result(won, won - half, won + half)
    at = int(np.flatnonzero(tp >= math.ceil(0.95 * total_p - 1e-9))[0])
    result["fpr_at_tpr"] = _result(float(fp[at] / total_n), float(before_n[at] / total_n), float(fp[at] / total_n))
    if bins.coverage is not None and bins.coverage.sum() > 0:
        after = np.cumsum(bins.coverage)
        width = np.minimum(fp / total_n, limit) - np.minimum(before_n / total_n, limit)
        before = after - bins.coverage
        inside = float((width * before).sum() / limit), float((width * after).sum() / limit)
        result["aupro"] = _result((inside[0] + inside[1]) / 2, *inside)
    return result


def _result(value: float, low: float, high: float) -> BinnedResult:
    # Rounding of the sums themselves, generously.
    low, high = max(0.0, low - 1e-12), min(1.0, high + 1e-12)
    return BinnedResult(min(max(value, low), high), low, high)


def _worst_precisions(positives: NDArray[np.int64], before: NDArray[np.float64], fp: NDArray[np.float64]) -> float:
    """Sum of (T + j) / (T + j + F) over the anomalous pixels j of each bin, all normal ones of the bin before them."""
    p = positives.astype(np.float64)
    if positives.sum() <= _MOST_LISTED:
        rank = np.arange(int(positives.sum())) + 1.0
        return float((rank / (rank + np.repeat(fp, positives))).sum())
    # 1 / x is convex, so its sum over unit steps lies below its integral over as many steps around them.
    reciprocals = np.log1p(p / (before + fp + 0.5))
    return float((p - fp * reciprocals).sum())
