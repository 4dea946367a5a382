"""PATE: precision and recall that give part of their credit to points near an event."""

from __future__ import annotations

import math
from typing import Any

from .. import _core
from .._checks import flag, integer
from ._plan import Batch, batch
from ._results import PrCurve

__all__ = ["pate", "pate_curve", "pate_f1"]


def buffer_points(longest: int, splits: int, include_zero: bool) -> list[int]:
    """Return the buffer lengths to average over, evenly spaced up to `longest`, rounded down."""
    if include_zero:
        if splits == 0:
            return [0]
        step = longest / splits
        return [*(math.floor(j * step) for j in range(splits)), longest]
    if splits == 1:
        return [longest]
    first = longest / splits
    step = (longest - first) / (splits - 1)
    return [*(math.floor(j * step + first) for j in range(splits - 1)), longest]


NAMES = ("early_buffer", "delay_buffer", "num_splits")


def buffer_lengths(
    early: Any, delay: Any, splits: Any, include_zero: Any, names: tuple[str, str, str] = NAMES
) -> tuple[list[int], list[int]]:
    """Return the lengths before and after an event to average over; `names` are those of the arguments in errors."""
    zero = flag(include_zero, "include_zero")
    count = integer(splits, names[2], 0 if zero else 1)
    return (
        buffer_points(integer(early, names[0], 0), count, zero),
        buffer_points(integer(delay, names[1], 0), count, zero),
    )


def threshold_choice(percentile_thresholds: Any, drop_intermediate: Any, num_thresholds: Any) -> Any:
    """`_core.ThresholdChoice` of the curve's thresholds."""
    dropped = flag(drop_intermediate, "drop_intermediate")
    count = integer(num_thresholds, "num_thresholds", 1)
    if not flag(percentile_thresholds, "percentile_thresholds"):
        return _core.ThresholdChoice("curve" if dropped else "distinct")
    return _core.ThresholdChoice("percentile" if dropped else "percentile_of_all", count)


def pate(
    scores: Any,
    labels: Any,
    *,
    early_buffer: int = 100,
    delay_buffer: int = 100,
    num_splits: int = 1,
    include_zero: bool = True,
    percentile_thresholds: bool = True,
    num_thresholds: int = 250,
    drop_intermediate: bool = True,
    offsets: Any = None,
    on_error: str = "raise",
    threads: int | None = None,
) -> Any:
    """Area under a precision-recall curve in which points near an event count in part, averaged over buffer lengths.

    Points shortly after an event earn the more credit the nearer they are; points shortly before it do so once the
    event itself is found; points of an event that are missed count less the later they come after its first detection.

    Parameters
    ----------
    scores : array of floats or integers, shape (n,), or list of such arrays
        Higher means more anomalous; infinities are ordinary values. A list, or one array with `offsets`, is a batch of
        series of any lengths.
    labels : array of bool or numbers, shape (n,), or list of such arrays
        Points above 0 are anomalous; maximal runs of them are the events.
    early_buffer, delay_buffer : int >= 0, default 100
        Longest buffer before and after an event, in points.
    num_splits : int >= 0, default 1
        Buffer lengths: `num_splits` + 1 from 0 up, or without `include_zero` `num_splits` from ``buffer / num_splits``
        up. The result is the mean over all pairs of an early and a delay buffer: four by default.
    include_zero : bool, default True
        Look at buffers of no length too.
    percentile_thresholds : bool, default True
        Use `num_thresholds` thresholds at evenly spaced percentiles of the scores instead of all; scores must be
        finite then.
    num_thresholds : int >= 1, default 250
    drop_intermediate : bool, default True
        Leave out thresholds between which no anomalous point is found, as the reference does. The value changes a
        little: points in buffers are passed over.
    offsets : array of int, shape (series + 1,), optional
        Begin of each series in `scores` and `labels`, and the end.
    on_error : {"raise", "nan"}, default "raise"
        For a batch: a series without a result (empty, NaN scores) fails the call, or gets NaN.
    threads : int, optional
        Upper bound; the result does not depend on it.

    Returns
    -------
    float, or array of float64, shape (series,)
        In [0, 1]; 0 where there is no event.

    Raises
    ------
    InvalidInputError
        For empty series, lengths that differ, NaN scores, options out of range.
    InvalidTypeError
        For arguments that are not arrays of numbers.

    Notes
    -----
    O(n log n) time for the order of the scores, and for each pair of buffers the sum of the buffers' lengths.

    References
    ----------
    R. Ghorbani, M. J. T. Reinders, D. M. J. Tax, "PATE: Proximity-Aware Time series anomaly Evaluation", KDD 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.timeseries import pate
    >>> labels = np.zeros(500); labels[40:60] = 1
    >>> late = np.zeros(500); late[50:70] = 1
    >>> round(pate(late, labels, early_buffer=20, delay_buffer=20, include_zero=False), 6)
    0.685398
    """
    early, delay = buffer_lengths(early_buffer, delay_buffer, num_splits, include_zero)
    thresholds = threshold_choice(percentile_thresholds, drop_intermediate, num_thresholds)
    data = batch(scores, labels, offsets=offsets, on_error=on_error, threads=threads)
    return data.column(lambda plan: plan.pate(thresholds, early, delay, threads=data.threads))


def pate_f1(
    predictions: Any,
    labels: Any,
    *,
    early_buffer: int = 100,
    delay_buffer: int = 100,
    num_splits: int = 1,
    include_zero: bool = True,
    offsets: Any = None,
    on_error: str = "raise",
    threads: int | None = None,
) -> Any:
    """F1 of PATE's precision and recall for points that are predicted or not, averaged over buffer lengths.

    Parameters
    ----------
    predictions : array of bool or numbers, shape (n,), or list of such arrays
        Points above 0 are predicted.
    labels, early_buffer, delay_buffer, num_splits, include_zero, offsets, on_error, threads
        As in :func:`pate`.

    Returns
    -------
    float, or array of float64, shape (series,)
        In [0, 1]: the mean of the F1 scores of all pairs of buffers.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`pate`.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.timeseries import pate_f1
    >>> labels = np.zeros(500); labels[40:60] = 1
    >>> late = np.zeros(500); late[50:70] = 1
    >>> round(pate_f1(late, labels, early_buffer=20, delay_buffer=20, include_zero=False), 6)
    0.664151
    """
    early, delay = buffer_lengths(early_buffer, delay_buffer, num_splits, include_zero)
    data = batch(
        predictions, labels, offsets=offsets, on_error=on_error, threads=threads, names=("predictions", "labels")
    )
    return data.column(lambda plan: plan.pate_f1(PREDICTED, early, delay, data.threads))


PREDICTED = _core.ThresholdChoice("given", strict=True, values=[0.0])  # the points above 0


def pate_curve(
    scores: Any,
    labels: Any,
    *,
    early_buffer: int = 100,
    delay_buffer: int = 100,
    percentile_thresholds: bool = False,
    num_thresholds: int = 250,
    drop_intermediate: bool = False,
) -> PrCurve:
    """Precision and recall of PATE at each threshold, for one pair of buffers.

    Parameters
    ----------
    scores, labels : array, shape (n,)
        As in :func:`pate`; one series.
    early_buffer, delay_buffer : int >= 0, default 100
        Points before and after each event that count in part.
    percentile_thresholds, num_thresholds, drop_intermediate
        As in :func:`pate`; all distinct scores by default.

    Returns
    -------
    PrCurve
        From the highest threshold down. Recall may fall: an isolated early detection makes later misses weigh more.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`pate`.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import pate_curve
    >>> pate_curve([0.1, 0.9, 0.8, 0.2], [0, 1, 1, 0], early_buffer=1, delay_buffer=1).precision[:2]
    array([1., 1.])
    """
    early, delay = integer(early_buffer, "early_buffer", 0), integer(delay_buffer, "delay_buffer", 0)
    thresholds = threshold_choice(percentile_thresholds, drop_intermediate, num_thresholds)
    data: Batch = batch(scores, labels)
    return PrCurve(*data.only("pate_curve").pate_curve(0, thresholds, early, delay))
