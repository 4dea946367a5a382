"""Thresholds picked from scores and labels, and what presorting at such a threshold gains."""

from __future__ import annotations

import math
import warnings
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import locate
from .._checks import as_integer, integer, number
from .._errors import InvalidInputError, UndefinedMetricWarning
from ._counting import TOTALS
from ._grids import confusion_counts
from ._inputs import argument, counts, options, propagates
from ._ranking import NAN, f1_of

__all__ = ["f1_adaptive_threshold", "pbn", "pgn"]


def f1_adaptive_threshold(
    scores: Any,
    labels: Any,
    *,
    thresholds: Any = None,
    nan_policy: str | None = None,
    threads: int | None = None,
) -> float:
    """Find the lowest threshold with the best F1 score, of all thresholds or of given candidates.

    Without `thresholds` this is the threshold of :func:`f1_max`. Other than there, a threshold comes out where a class
    is missing too, with a warning.

    Parameters
    ----------
    scores, labels, nan_policy, threads
        As in :func:`auroc`.
    thresholds : int >= 2, or array of real numbers, shape (k,), optional
        Candidates: so many evenly spaced ones from 0 to 1, or these, strictly ascending. They are rounded to float32,
        unless the scores are float64 or integers.

    Returns
    -------
    float
        Scores at or above it count as anomalous. Without an anomalous item the highest score or the last candidate;
        with anomalous items only, the lowest score or the first candidate. The first candidate, too, where none
        reaches an anomalous item.

    Raises
    ------
    InvalidInputError
        As in :func:`auroc`, and for candidates that are too few, NaN or not ascending.
    InvalidTypeError
        As in :func:`auroc`, and for candidates that are not numbers.

    Warns
    -----
    UndefinedMetricWarning
        Where a class is missing. Where `nan_policy` leaves no item at all, the result is NaN.

    Notes
    -----
    O(n + P log P) time for P anomalous items; with candidates O(n log k) more. anomalib's ``F1AdaptiveThreshold``
    computes the same in float32, with 1e-10 added to a denominator.

    Examples
    --------
    >>> from anomalib_cpp.metrics import f1_adaptive_threshold
    >>> f1_adaptive_threshold([2.3, 1.6, 2.6, 7.9, 3.3], [0, 0, 0, 1, 1])
    3.3
    >>> f1_adaptive_threshold([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], thresholds=11)
    0.2
    """
    opts = options(nan_policy, "nan", threads)
    candidates = None if thresholds is None else _candidates(thresholds)
    found, _ = counts(scores, labels, opts)
    if propagates(found, opts):
        return NAN
    if found.positives and found.negatives and candidates is None:
        return f1_of(found, opts).threshold
    values, anomalous = _pooled(scores, labels)
    if candidates is not None and values.dtype.kind == "f" and values.dtype.itemsize < 8:
        candidates = candidates.astype(np.float32).astype(np.float64)
    if found.positives and found.negatives:
        assert candidates is not None
        return float(candidates[_best_f1(values.astype(np.float64), anomalous, candidates)])
    if len(values) == 0:
        warnings.warn("f1_adaptive_threshold is undefined: no score is left", UndefinedMetricWarning, stacklevel=2)
        return NAN
    missing, end = ("normal", 0) if found.positives else ("anomalous", -1)
    ends = (values.min(), values.max()) if candidates is None else (candidates[0], candidates[-1])
    which = ("lowest", "highest")[end] + (" score" if candidates is None else " candidate")
    warnings.warn(
        f"f1_adaptive_threshold has no {missing} pixel or sample to go by and takes the {which}",
        UndefinedMetricWarning,
        stacklevel=2,
    )
    return float(ends[end])


def _candidates(thresholds: Any) -> NDArray[np.float64]:
    grid = None if as_integer(thresholds) is not None else locate(thresholds, "thresholds").data.astype(np.float64)
    if grid is None or grid.ndim == 0:
        return np.linspace(0, 1, integer(thresholds, "thresholds", 2))
    if grid.ndim != 1 or len(grid) == 0:
        raise InvalidInputError(f"thresholds must be an integer or have shape (k,) with k >= 1; got {grid.shape}")
    if np.isnan(grid).any() or not (grid[1:] > grid[:-1]).all():
        raise InvalidInputError("thresholds must be strictly ascending, without NaN")
    return grid


def _best_f1(values: NDArray[np.float64], anomalous: NDArray[np.bool_], candidates: NDArray[np.float64]) -> int:
    """Index of the first candidate with the best F1 score."""
    at = confusion_counts(values, anomalous, candidates, nan_policy="raise")
    return int(np.argmax(2 * at.tp / (np.count_nonzero(anomalous) + at.tp + at.fp)))


def pgn(
    scores: Any, labels: Any, *, fnr: float = 0.05, nan_policy: str | None = None, threads: int | None = None
) -> float:
    """Share of the normal items that can be accepted unseen while a share `fnr` of the anomalous ones is missed.

    The threshold is the `fnr` quantile of the anomalous scores, linearly interpolated; normal items below it count.
    PG stands for presorted good.

    Parameters
    ----------
    scores, labels, nan_policy, threads
        As in :func:`auroc`.
    fnr : float in [0, 1], default 0.05
        False negative rate. Read as the decimal fraction that Python prints, so 0.05 is 1/20.

    Returns
    -------
    float
        In [0, 1]. Items at the threshold itself do not count.

    Raises
    ------
    InvalidInputError
        As in :func:`auroc`; for a rate outside [0, 1], a class that is missing, or a quantile between -inf and +inf.
    InvalidTypeError
        As in :func:`auroc`, and for a rate that is not a number.

    Notes
    -----
    The quantile is exact, so ties are decided exactly (integers beyond 2^53 are rounded to float64). O(n + P log P)
    time for P anomalous items, O(n) extra memory. anomalib calls it ``PGn``.

    Examples
    --------
    >>> from anomalib_cpp.metrics import pgn
    >>> scores, labels = [0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]
    >>> pgn(scores, labels), pgn(scores, labels, fnr=0.2)  # thresholds 0.3725 and 0.44
    (0.5, 1.0)
    """
    rate = _rate(fnr, "fnr")
    classes = _classes(scores, labels, nan_policy, threads, "pgn")
    return NAN if classes is None else _share_below_quantile(*classes, rate)


def pbn(
    scores: Any, labels: Any, *, fpr: float = 0.05, nan_policy: str | None = None, threads: int | None = None
) -> float:
    """Share of the anomalous items that can be rejected unseen while a share `fpr` of the normal ones is lost.

    The threshold is the ``1 - fpr`` quantile of the normal scores, linearly interpolated; anomalous items above it
    count. PB stands for presorted bad.

    Parameters
    ----------
    scores, labels, nan_policy, threads
        As in :func:`auroc`.
    fpr : float in [0, 1], default 0.05
        False positive rate. Read as the decimal fraction that Python prints, so 0.05 is 1/20.

    Returns
    -------
    float
        In [0, 1]. Items at the threshold itself do not count.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`pgn`.

    Notes
    -----
    As :func:`pgn`, of which it is the mirror image: swap the classes and the sign of the scores. anomalib calls it
    ``PBn``.

    Examples
    --------
    >>> from anomalib_cpp.metrics import pbn
    >>> scores, labels = [0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]
    >>> pbn(scores, labels), pbn(scores, labels, fpr=0.2)  # thresholds 0.385 and 0.34
    (0.5, 1.0)
    """
    rate = _rate(fpr, "fpr")
    classes = _classes(scores, labels, nan_policy, threads, "pbn")
    return NAN if classes is None else _share_below_quantile(-classes[1], -classes[0], rate)


def _rate(value: Any, name: str) -> Fraction:
    result = number(value, name)
    if not 0 <= result <= 1:
        raise InvalidInputError(f"{name} must lie in [0, 1]; got {value!r}")
    return Fraction(repr(result))


def _classes(
    scores: Any, labels: Any, nan_policy: str | None, threads: int | None, name: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Scores of the anomalous and of the normal items; None where NaN propagates."""
    opts = options(nan_policy, "raise", threads)
    found, _ = counts(scores, labels, opts, TOTALS)
    if propagates(found, opts):
        return None
    if not (found.positives and found.negatives):
        missing = "normal" if found.positives else "anomalous"
        raise InvalidInputError(f"{name} needs both classes in labels; there is no {missing} pixel or sample")
    values, anomalous = _pooled(scores, labels)
    return values[anomalous].astype(np.float64), values[~anomalous].astype(np.float64)


def _pooled(scores: Any, labels: Any) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """All scores but NaN in one row, and which are anomalous; `counts` has checked them."""
    values, truth = (_row(argument(value, name).data) for value, name in ((scores, "scores"), (labels, "labels")))
    if values.dtype.kind == "f" and (missing := np.isnan(values)).any():
        values, truth = values[~missing], truth[~missing]
    return values, truth != 0


def _row(data: Any) -> NDArray[Any]:
    return np.concatenate([image.reshape(-1) for image in data]) if isinstance(data, list) else data.reshape(-1)


def _share_below_quantile(reference: NDArray[np.float64], others: NDArray[np.float64], rate: Fraction) -> float:
    """Share of `others` strictly below the linearly interpolated `rate` quantile of `reference`."""
    place = rate * (len(reference) - 1)
    at = math.floor(place)
    after = min(at + 1, len(reference) - 1)
    part = place - at
    ordered = np.partition(reference, (at, after))
    low, high = float(ordered[at]), float(ordered[after])
    if part == 0 or low == high:
        below = others < low
    elif math.isfinite(low) and math.isfinite(high):
        exact = Fraction(low) + (Fraction(high) - Fraction(low)) * part
        near = float(exact)
        below = others <= near if Fraction(near) < exact else others < near
    elif math.isfinite(low):
        below = others < high
    elif math.isfinite(high):
        below = others < low
    else:
        raise InvalidInputError("scores must not make a quantile fall between -inf and inf; it does not exist there")
    return float(np.count_nonzero(below) / len(others))
