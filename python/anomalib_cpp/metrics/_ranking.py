"""Best thresholds and rates at thresholds: what one point of a ranking's curves says."""

from __future__ import annotations

from typing import Any

from .._checks import choice, fraction, number
from .._errors import InvalidInputError
from ._inputs import Options, counts, defined, options, propagates, why_undefined
from ._results import F1Result, OverlapResult, RateResult

__all__ = ["dice_max", "f1_max", "fpr_at_tpr", "iou_max", "tpr_at_fpr"]

NAN = float("nan")


def f1_max(
    scores: Any,
    labels: Any,
    *,
    ignore_value: int | None = None,
    nan_policy: str | None = None,
    undefined: str | float | None = None,
    threads: int | None = None,
) -> F1Result:
    """Best F1 score over all thresholds, and the lowest threshold that reaches it.

    Parameters
    ----------
    scores, labels, ignore_value, nan_policy, undefined, threads
        As in :func:`auroc`. Undefined where there is no anomalous item: `undefined` is then the value, and the other
        fields are NaN.

    Returns
    -------
    F1Result
        ``value``, ``threshold``, ``precision``, ``recall``. Scores at or above the threshold count as anomalous; the
        threshold is one of the anomalous scores, bit for bit (integers beyond 2^53 are rounded to float64).

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`auroc`.

    Notes
    -----
    Candidates are compared as exact fractions. O(n + P log P) time, O(P) extra memory.

    Examples
    --------
    >>> from anomalib_cpp.metrics import f1_max
    >>> f1_max([0.1, 0.4, 0.4, 0.8, 0.2, 0.9, 0.9, 0.4], [0, 0, 1, 1, 0, 1, 0, 1])
    F1Result(value=0.8, threshold=0.4, precision=0.666667, recall=1)
    """
    opts = options(nan_policy, undefined, threads, ignore_value)
    found, _ = counts(scores, labels, opts)
    return f1_of(found, opts)


def iou_max(
    scores: Any,
    labels: Any,
    *,
    ignore_value: int | None = None,
    nan_policy: str | None = None,
    undefined: str | float | None = None,
    threads: int | None = None,
) -> OverlapResult:
    """Best intersection over union (Jaccard index) over all thresholds, and the lowest threshold that reaches it.

    Parameters
    ----------
    scores, labels, ignore_value, nan_policy, undefined, threads
        As in :func:`f1_max`.

    Returns
    -------
    OverlapResult
        ``value`` is ``TP / (TP + FP + FN)`` at ``threshold``, over all pixels or samples together. The threshold is
        that of :func:`f1_max`: both grow together.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`auroc`.

    Notes
    -----
    As :func:`f1_max`. The Dice coefficient is the F1 score: see :func:`dice_max`.

    Examples
    --------
    >>> from anomalib_cpp.metrics import iou_max
    >>> iou_max([0.1, 0.4, 0.4, 0.8, 0.2, 0.9, 0.9, 0.4], [0, 0, 1, 1, 0, 1, 0, 1])
    OverlapResult(value=0.666667, threshold=0.4)
    """
    opts = options(nan_policy, undefined, threads, ignore_value)
    found, _ = counts(scores, labels, opts)
    return overlap_of(found, opts, "iou_max")


def dice_max(
    scores: Any,
    labels: Any,
    *,
    ignore_value: int | None = None,
    nan_policy: str | None = None,
    undefined: str | float | None = None,
    threads: int | None = None,
) -> OverlapResult:
    """Best Dice coefficient over all thresholds, and the lowest threshold that reaches it.

    Parameters
    ----------
    scores, labels, ignore_value, nan_policy, undefined, threads
        As in :func:`f1_max`.

    Returns
    -------
    OverlapResult
        ``value`` is ``2 TP / (2 TP + FP + FN)`` at ``threshold``: the F1 score under the name that segmentation uses.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`auroc`.

    Notes
    -----
    As :func:`f1_max`.

    Examples
    --------
    >>> from anomalib_cpp.metrics import dice_max
    >>> dice_max([0.1, 0.4, 0.4, 0.8, 0.2, 0.9, 0.9, 0.4], [0, 0, 1, 1, 0, 1, 0, 1])
    OverlapResult(value=0.8, threshold=0.4)
    """
    opts = options(nan_policy, undefined, threads, ignore_value)
    found, _ = counts(scores, labels, opts)
    return overlap_of(found, opts, "dice_max")


def f1_of(found: Any, opts: Options) -> F1Result:
    """F1Result of counts that are there already."""
    if propagates(found, opts):
        return F1Result(NAN, NAN, NAN, NAN)
    best = found.f1_max()
    if best[0] != best[0]:
        return F1Result(defined(best[0], opts.undefined, "f1_max", why_undefined(found)), NAN, NAN, NAN)
    return F1Result(*best[:4])


def overlap_of(found: Any, opts: Options, name: str) -> OverlapResult:
    """OverlapResult of counts that are there already; `name` is "iou_max" or "dice_max"."""
    if propagates(found, opts):
        return OverlapResult(NAN, NAN)
    best = found.f1_max()
    value = best[4] if name == "iou_max" else best[0]
    if value != value:
        return OverlapResult(defined(value, opts.undefined, name, why_undefined(found)), NAN)
    return OverlapResult(value, best[1])


def fpr_at_tpr(
    scores: Any,
    labels: Any,
    rate: float = 0.95,
    *,
    method: str = "step",
    ignore_value: int | None = None,
    nan_policy: str | None = None,
    undefined: str | float | None = None,
    threads: int | None = None,
) -> RateResult:
    """Find the false positive rate at which the true positive rate reaches `rate` ("FPR95").

    Parameters
    ----------
    scores, labels, ignore_value, nan_policy, undefined, threads
        As in :func:`auroc`.
    rate : float in (0, 1], default 0.95
        True positive rate.
    method : {"step", "interp", "closest"}, default "step"
        ``"step"``: at the highest threshold that finds at least this share of the anomalous items. ``"interp"``: on the
        straight line between the ROC curve's points. ``"closest"``: at the point whose true positive rate is nearest,
        as out-of-distribution benchmarks look it up from full recall down; it has no threshold.

    Returns
    -------
    RateResult
        ``value`` in [0, 1] and ``threshold``, one of the anomalous scores.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`auroc`.

    Notes
    -----
    Counts are exact. O(n + P log P) time, O(P) extra memory. One minus the value is the specificity there.

    Examples
    --------
    >>> from anomalib_cpp.metrics import fpr_at_tpr
    >>> fpr_at_tpr([0.1, 0.4, 0.4, 0.8, 0.2, 0.9, 0.9, 0.4], [0, 0, 1, 1, 0, 1, 0, 1])
    RateResult(value=0.5, threshold=0.4)
    """
    opts = options(nan_policy, undefined, threads, ignore_value)
    share = fraction(rate, "rate")
    choice(method, "method", ("step", "interp", "closest"))
    found, _ = counts(scores, labels, opts)
    return rate_of(found, opts, found.fpr_at_tpr(share, method), "fpr_at_tpr")


def tpr_at_fpr(
    scores: Any,
    labels: Any,
    rate: float = 0.05,
    *,
    method: str = "step",
    ignore_value: int | None = None,
    nan_policy: str | None = None,
    undefined: str | float | None = None,
    threads: int | None = None,
) -> RateResult:
    """Find the true positive rate while the false positive rate is at most `rate`.

    Parameters
    ----------
    scores, labels, ignore_value, nan_policy, undefined, threads
        As in :func:`auroc`.
    rate : float in [0, 1], default 0.05
        False positive rate.
    method : {"step", "interp"}, default "step"
        ``"step"``: at the lowest threshold that is allowed. ``"interp"``: on the straight line between the ROC curve's
        points.

    Returns
    -------
    RateResult
        ``value`` in [0, 1] and ``threshold``: the lowest anomalous score that is allowed, +inf where none is.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`auroc`.

    Notes
    -----
    Counts are exact. O(n + P log P) time, O(P) extra memory.

    Examples
    --------
    >>> from anomalib_cpp.metrics import tpr_at_fpr
    >>> tpr_at_fpr([0.1, 0.4, 0.4, 0.8, 0.2, 0.9, 0.9, 0.4], [0, 0, 1, 1, 0, 1, 0, 1], 0.25)
    RateResult(value=0.5, threshold=0.8)
    """
    opts = options(nan_policy, undefined, threads, ignore_value)
    share = number(rate, "rate")
    if not 0 <= share <= 1:
        raise InvalidInputError(f"rate must lie in [0, 1]; got {rate!r}")
    choice(method, "method", ("step", "interp"))
    found, _ = counts(scores, labels, opts)
    return rate_of(found, opts, found.tpr_at_fpr(share, method), "tpr_at_fpr")


def rate_of(found: Any, opts: Options, point: tuple[float, float], name: str) -> RateResult:
    """RateResult of a (rate, threshold) that was found already."""
    if propagates(found, opts):
        return RateResult(NAN, NAN)
    if point[0] != point[0]:
        return RateResult(defined(point[0], opts.undefined, name, why_undefined(found)), NAN)
    return RateResult(*point)
