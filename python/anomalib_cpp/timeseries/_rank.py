"""Point-wise metrics of a series: how well scores rank anomalous points above normal ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _core
from .._checks import choice, fraction
from .._errors import InvalidInputError
from ._events import best_f1_of, tolerance
from ._plan import Batch, batch
from ._results import SeriesF1

__all__ = [
    "auroc",
    "average_precision",
    "best_f1",
    "c_index",
    "false_alarm_rates",
    "fpr_at_tpr",
    "kendall_tau_b",
    "pr_auc_trapezoid",
    "precision_at_k",
    "spearman",
]


def auroc(scores: Any, labels: Any, *, offsets: Any = None, on_error: str = "raise", threads: int | None = None) -> Any:
    """Area under the ROC curve of the points, ties counting one half.

    Parameters
    ----------
    scores, labels, offsets, on_error, threads
        As in :func:`pate`.

    Returns
    -------
    float, or array of float64, shape (series,)

    Raises
    ------
    InvalidInputError
        As in :func:`pate`; where a class is empty.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import auroc
    >>> auroc([0.1, 0.9, 0.8, 0.2], [0, 1, 0, 0])
    1.0
    """
    return _rank_score(0, scores, labels, offsets, on_error, threads)


def average_precision(
    scores: Any, labels: Any, *, offsets: Any = None, on_error: str = "raise", threads: int | None = None
) -> Any:
    """Average precision of the points: precision at each recall level times the gain in recall.

    Parameters
    ----------
    scores, labels, offsets, on_error, threads
        As in :func:`pate`.

    Returns
    -------
    float, or array of float64, shape (series,)

    Raises
    ------
    InvalidInputError
        As in :func:`auroc`.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import average_precision
    >>> average_precision([0.1, 0.9, 0.8, 0.2], [0, 1, 0, 1])
    0.8333333333333333
    """
    return _rank_score(1, scores, labels, offsets, on_error, threads)


def pr_auc_trapezoid(
    scores: Any, labels: Any, *, offsets: Any = None, on_error: str = "raise", threads: int | None = None
) -> Any:
    """Area under the precision-recall curve by straight lines from (0, 1); :func:`average_precision` is less kind.

    Parameters
    ----------
    scores, labels, offsets, on_error, threads
        As in :func:`pate`.

    Returns
    -------
    float, or array of float64, shape (series,)

    Raises
    ------
    InvalidInputError
        As in :func:`auroc`.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import pr_auc_trapezoid
    >>> round(pr_auc_trapezoid([0.1, 0.9, 0.8, 0.2], [0, 1, 0, 1]), 6)
    0.791667
    """
    return _rank_score(2, scores, labels, offsets, on_error, threads)


def _rank_score(column: int, scores: Any, labels: Any, offsets: Any, on_error: str, threads: int | None) -> Any:
    """One of the columns AUROC, average precision, trapezoid area."""
    data = batch(scores, labels, offsets=offsets, on_error=on_error, threads=threads)
    return data.column(lambda plan: plan.rank_scores(data.threads), column)


def best_f1(
    scores: Any,
    labels: Any,
    *,
    eps: float = 0.0,
    offsets: Any = None,
    on_error: str = "raise",
    threads: int | None = None,
) -> SeriesF1:
    """Best point-wise F1 over all thresholds.

    Parameters
    ----------
    scores, labels, offsets, on_error, threads
        As in :func:`pate`.
    eps : float >= 0, default 0
        Added to ``P + R``: 1e-5 in TSB-AD (a perfect detector gets 0.999995), 1e-12 in tadpak.

    Returns
    -------
    SeriesF1
        Of equally good thresholds the lowest.

    Raises
    ------
    InvalidInputError
        As in :func:`pate`; for a series without an anomalous point.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import best_f1
    >>> best_f1([0.1, 0.9, 0.8, 0.2], [0, 1, 0, 1])
    SeriesF1(value=0.8, threshold=0.2, precision=0.666667, recall=1)
    """
    data = batch(scores, labels, offsets=offsets, on_error=on_error, threads=threads)
    return best_f1_of(data, _core.EventMetric("pointwise"), _core.ThresholdChoice("distinct"), tolerance(eps))


def fpr_at_tpr(
    scores: Any,
    labels: Any,
    *,
    tpr: float = 0.95,
    positive: str = "anomaly",
    variant: str = "step",
    offsets: Any = None,
    on_error: str = "raise",
    threads: int | None = None,
) -> Any:
    """Return the false positive rate at the highest threshold whose true positive rate reaches `tpr`; no interpolation.

    Parameters
    ----------
    scores, labels, offsets, on_error, threads
        As in :func:`pate`.
    tpr : float in (0, 1], default 0.95
    positive : {"anomaly", "normal"}, default "anomaly"
        ``"normal"`` swaps the classes, as out-of-distribution papers report FPR95.
    variant : {"step", "nearest"}, default "step"
        ``"nearest"``: normal is positive and samples are walked one by one, on equal scores normal ones first; the
        first position with the true positive rate nearest to `tpr`.

    Returns
    -------
    float, or array of float64, shape (series,)

    Raises
    ------
    InvalidInputError
        As in :func:`auroc`.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import fpr_at_tpr
    >>> fpr_at_tpr([0.1, 0.9, 0.8, 0.2], [0, 1, 0, 1])
    0.5
    """
    rate = fraction(tpr, "tpr")
    choice(positive, "positive", ("anomaly", "normal"))
    choice(variant, "variant", ("step", "nearest"))
    data = batch(scores, labels, offsets=offsets, on_error=on_error, threads=threads)
    normal = positive == "normal" or variant == "nearest"
    return data.column(lambda plan: plan.fpr_at_tpr(rate, normal, variant == "nearest", data.threads))


def pair_scores(x: Any, y: Any, threads: int | None, names: tuple[str, str] = ("x", "y")) -> Any:
    """Return Kendall's tau-b, the concordance of y with x, and Spearman's correlation; NaN where one is undefined."""
    data = [batch(values, _zeros(values), names=(name, name)) for values, name in zip((x, y), names, strict=True)]
    if len(data[0].scores) != len(data[1].scores):
        raise InvalidInputError(f"{names[1]} has {len(data[1].scores)} values but {names[0]} has {len(data[0].scores)}")
    first, second = (one.only("this metric") for one in data)
    return _core.rank_association(first, second, threads or data[0].threads)[0]


def _zeros(values: Any) -> Any:
    return np.zeros(np.shape(values), np.uint8)


def kendall_tau_b(x: Any, y: Any, *, threads: int | None = None) -> float:
    """Kendall's tau-b: how often pairs are ordered alike, less how often they are not, ties accounted for.

    Parameters
    ----------
    x, y : array of floats or integers, shape (n,)
    threads : int, optional

    Returns
    -------
    float
        In [-1, 1]; NaN if one side is constant.

    Raises
    ------
    InvalidInputError
        For NaN, lengths that differ.

    Notes
    -----
    O(n log n) time (Knight, 1966); pairs are counted in 64-bit integers.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import kendall_tau_b
    >>> round(kendall_tau_b([1, 2, 3, 4], [1, 3, 2, 4]), 6)
    0.666667
    """
    return float(pair_scores(x, y, threads)[0])


def spearman(x: Any, y: Any, *, threads: int | None = None) -> float:
    """Spearman's rank correlation: Pearson's correlation of the mid-ranks, from integers.

    Parameters
    ----------
    x, y : array of floats or integers, shape (n,)
    threads : int, optional

    Returns
    -------
    float
        In [-1, 1]; NaN if one side is constant.

    Raises
    ------
    InvalidInputError
        For NaN, lengths that differ.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import spearman
    >>> spearman([1, 2, 3, 4], [1, 3, 2, 4])
    0.8
    """
    return float(pair_scores(x, y, threads)[2])


def c_index(scores: Any, severity: Any, *, threads: int | None = None) -> float:
    """Concordance: of the pairs that differ in severity, the share ordered alike by the scores, ties counting one half.

    Parameters
    ----------
    scores : array of floats or integers, shape (n,)
    severity : array of floats or integers, shape (n,)
    threads : int, optional

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    InvalidInputError
        For NaN, lengths that differ, or where all severities are equal.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import c_index
    >>> c_index([0.1, 0.4, 0.3], [0, 1, 2])
    0.6666666666666666
    """
    value = float(pair_scores(severity, scores, threads, ("severity", "scores"))[1])
    if value != value:
        raise InvalidInputError("metric c_index is undefined: no comparable pair, all severities are equal")
    return value


def precision_at_k(scores: Any, labels: Any) -> float:
    """Share of the k anomalous points that lie above the score's percentile of 100 (1 - k / n).

    Parameters
    ----------
    scores, labels : array, shape (n,)
        As in :func:`pate`; scores must be finite.

    Returns
    -------
    float

    Raises
    ------
    InvalidInputError
        As in :func:`auroc`; for infinities.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import precision_at_k
    >>> precision_at_k([0.1, 0.9, 0.8, 0.2], [0, 1, 0, 1])
    0.5
    """
    data = batch(scores, labels)
    positives = int(data.labels.sum())
    if not data.single:
        data.only("precision_at_k")
    if positives == 0:
        raise InvalidInputError("metric precision_at_k is undefined: labels contain no anomalous point")
    values = data.scores.astype(np.float64)
    if not np.isfinite(values).all():
        raise InvalidInputError("scores must be finite for precision_at_k, which interpolates between them")
    threshold = np.percentile(values, 100 * (1 - positives / len(values)))
    return float(np.count_nonzero((data.labels > 0) & (values > threshold)) / positives)


def false_alarm_rates(predictions: Any, labels: Any) -> tuple[float, float]:
    """Return the false alarm rate ``FP / (FP + TN)`` and the missing alarm rate ``FN / (FN + TP)`` of predicted points.

    Parameters
    ----------
    predictions : array of bool or numbers, shape (n,)
        Points above 0 are predicted.
    labels : array, shape (n,)
        As in :func:`pate`.

    Returns
    -------
    far, mar : float
        In [0, 1].

    Raises
    ------
    InvalidInputError
        As in :func:`auroc`.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import false_alarm_rates
    >>> false_alarm_rates([0, 1, 1, 0], [0, 1, 0, 1])
    (0.5, 0.5)
    """
    data: Batch = batch(predictions, labels, names=("predictions", "labels"))
    data.only("false_alarm_rates")
    predicted, truth = data.scores > 0, data.labels > 0
    positives, negatives = int(truth.sum()), int((~truth).sum())
    for count, kind in ((positives, "anomalous"), (negatives, "normal")):
        if count == 0:
            raise InvalidInputError(f"metric false_alarm_rates is undefined: labels contain no {kind} point")
    return int((predicted & ~truth).sum()) / negatives, int((~predicted & truth).sum()) / positives
