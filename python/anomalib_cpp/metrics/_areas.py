"""Areas under curves of a ranking: how well scores separate anomalous from normal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import choice, fraction
from ._arguments import argument, binary
from ._inputs import Options, counts, defined, options, propagates, why_undefined
from ._weighted import weighted_counts

__all__ = ["aupr", "auroc", "average_precision"]

NAN = float("nan")


def auroc(
    scores: Any,
    labels: Any,
    *,
    sample_weight: Any = None,
    max_fpr: float | None = None,
    standardize: str = "none",
    ignore_value: int | None = None,
    nan_policy: str | None = None,
    undefined: str | float | None = None,
    threads: int | None = None,
) -> float:
    """Area under the ROC curve: the chance that an anomalous item outscores a normal one, ties counting one half.

    Parameters
    ----------
    scores : array of float16, bfloat16, float32, float64, (u)int8..64, or list of such arrays
        Higher means more anomalous. Shape (n,), (n, 1), (h, w), (n, h, w) or (n, 1, h, w), or a list of (h, w) maps
        of any sizes. Infinities are ordinary values.
    labels : array of bool, integers or floats in {0, 1}, or uint8 in {0, 255}
        1 is anomalous; the shape of `scores`.
    sample_weight : array of numbers >= 0, shape (n,), optional
        What each item counts; for scores of shape (n,) or (n, 1).
    max_fpr : float in (0, 1], optional
        Use the part of the curve with a false positive rate of at most this.
    standardize : {"none", "mcclish"}, default "none"
        With `max_fpr`: divide the area by `max_fpr`, or rescale it so that chance gives 0.5 (McClish, as
        scikit-learn and torchmetrics do).
    ignore_value : int, optional
        Label of items that are left out of every count, other than 0 and 1; for labels that are integers.
    nan_policy : {"raise", "propagate", "omit"}, optional
        NaN scores are refused (default), make the result NaN, or are left out with their labels.
    undefined : {"nan", "raise"} or float, optional
        Result, with an `UndefinedMetricWarning`, where a class is empty; default from the configuration: NaN.
    threads : int, optional
        Upper bound; the result does not depend on it.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    InvalidInputError
        For shapes that differ, labels other than 0 and 1, NaN scores, options out of range.
    InvalidTypeError
        For dtypes that are not numbers.

    Notes
    -----
    Exact: pairs are counted in integers of up to 128 bits and divided once. O(n + P log P) time for P anomalous
    items; O(P) extra memory. With weights that differ, sums in float64 as in scikit-learn and O(n log n) time; equal
    weights change no bit.

    References
    ----------
    D. K. McClish, "Analyzing a Portion of the ROC Curve", Medical Decision Making 9, 1989.

    Examples
    --------
    >>> from anomalib_cpp.metrics import auroc
    >>> auroc([0.1, 0.4, 0.4, 0.8, 0.2, 0.9, 0.9, 0.4], [0, 0, 1, 1, 0, 1, 0, 1])
    0.71875
    """
    opts = options(nan_policy, undefined, threads, ignore_value)
    limit = 1.0 if max_fpr is None else fraction(max_fpr, "max_fpr")
    if standardize != "none":
        choice(standardize, "standardize", ("none", "mcclish"))
    found, _ = weighted_counts(scores, labels, sample_weight, opts)
    if propagates(found, opts):
        return NAN
    value: float = found.auroc(limit)
    if value != value:
        return defined(value, opts.undefined, "auroc", why_undefined(found))
    if standardize == "mcclish" and limit < 1:
        return 0.5 * (1 + (value - limit / 2) / (1 - limit / 2))
    return value


def average_precision(
    scores: Any,
    labels: Any,
    *,
    sample_weight: Any = None,
    positive: str = "anomalous",
    ignore_value: int | None = None,
    nan_policy: str | None = None,
    undefined: str | float | None = None,
    threads: int | None = None,
) -> float:
    """Average precision: mean over anomalous items of the precision at their score.

    This is ``sum_k (R_k - R_{k-1}) P_k`` over the distinct scores, as scikit-learn and torchmetrics define it.

    Parameters
    ----------
    scores, labels, sample_weight, ignore_value, nan_policy, undefined, threads
        As in :func:`auroc`. Undefined where there is no item of the positive class.
    positive : {"anomalous", "normal"}, default "anomalous"
        ``"normal"`` finds normal items by their low scores instead: the labels change places and the order of the
        scores is reversed. Out-of-distribution benchmarks call the two forms "out" and "in".

    Returns
    -------
    float
        In (0, 1].

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`auroc`.

    Notes
    -----
    Counts are exact; the sum is compensated. O(n + P log P) time, O(P) extra memory for P items of the positive class.
    Weights as in :func:`auroc`.

    Examples
    --------
    >>> from anomalib_cpp.metrics import average_precision
    >>> scores, labels = [0.1, 0.4, 0.4, 0.8, 0.2, 0.9, 0.9, 0.4], [0, 0, 1, 1, 0, 1, 0, 1]
    >>> average_precision(scores, labels), average_precision(scores, labels, positive="normal")
    (0.625, 0.775)
    """
    opts = options(nan_policy, undefined, threads, ignore_value)
    data = _facing(scores, labels, positive, opts)
    found, _ = weighted_counts(*data, sample_weight, opts)
    return _without_background(found, opts, found.average_precision, "average_precision", positive)


def aupr(
    scores: Any,
    labels: Any,
    *,
    variant: str = "trapezoid",
    positive: str = "anomalous",
    ignore_value: int | None = None,
    nan_policy: str | None = None,
    undefined: str | float | None = None,
    threads: int | None = None,
) -> float:
    """Area under the precision-recall curve by straight lines between its points.

    Prefer :func:`average_precision`: straight lines are too kind where precision changes fast.

    Parameters
    ----------
    scores, labels, ignore_value, nan_policy, undefined, threads
        As in :func:`auroc`. Undefined where there is no item of the positive class.
    variant : {"trapezoid", "anomalib"}, default "trapezoid"
        ``"trapezoid"`` joins the points (0, 1), (R_1, P_1), ... in the order of falling thresholds
        (``sklearn.metrics.auc(recall, precision)``). ``"anomalib"`` sorts the points by recall and keeps, within
        equal recall, those of lower thresholds first, as anomalib's ``AUPR`` did before 2.7. A perfect ranking does
        not give 1 there.
    positive : {"anomalous", "normal"}, default "anomalous"
        As in :func:`average_precision`.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`auroc`.

    Notes
    -----
    Counts are exact; the sum is compensated. O(n + P log P) time, O(P) extra memory.

    Examples
    --------
    >>> from anomalib_cpp.metrics import aupr
    >>> scores, labels = [1, 2, 3, 4], [0, 0, 1, 1]
    >>> aupr(scores, labels), aupr(scores, labels, variant="anomalib")
    (1.0, 0.875)
    """
    opts = options(nan_policy, undefined, threads, ignore_value)
    choice(variant, "variant", ("trapezoid", "anomalib"))
    found, _ = counts(*_facing(scores, labels, positive, opts), opts)
    area = found.aupr_trapezoid if variant == "trapezoid" else found.aupr_reordered
    return _without_background(found, opts, area, "aupr", positive)


def _without_background(found: Any, opts: Options, area: Any, name: str, positive: str) -> float:
    if propagates(found, opts):
        return NAN
    value: float = area()
    if value == value:
        return value
    return defined(value, opts.undefined, name, f"there is no {positive} pixel or sample")


def _facing(scores: Any, labels: Any, positive: str, opts: Options) -> tuple[Any, Any]:
    """Return scores and labels in which the positive class is 1 and has the high scores."""
    if choice(positive, "positive", ("anomalous", "normal")) == "anomalous":
        return scores, labels
    values, truth = argument(scores, "scores").data, argument(labels, "labels").data

    def opposite(data: NDArray[Any]) -> NDArray[Any]:
        return -data if data.dtype.kind == "f" else ~data  # the complement of an integer reverses the order, too

    def other_class(data: NDArray[Any]) -> NDArray[Any]:
        if opts.ignore is None:
            return ~binary(data, "labels")
        ignored = data == opts.ignore
        normal = ~binary(np.where(ignored, 0, data), "labels")
        return np.where(ignored, data, normal).astype(data.dtype)

    return _each(opposite, values), _each(other_class, truth)


def _each(change: Callable[[NDArray[Any]], NDArray[Any]], data: Any) -> Any:
    return [change(image) for image in data] if isinstance(data, list) else change(data)
