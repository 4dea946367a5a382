"""PATE by its own name and argument order, computed for all thresholds at once.

Replace ``from pate.PATE_metric import PATE`` by ``from anomalib_cpp.pate import PATE``; neither the package pate nor
scikit-learn is needed or imported. Values are those of pate 0.1 up to the last bits of float64, thresholds bit for
bit. What differs:

- Lists and tuples are series, too; pate takes arrays only.
- Scores are compared as float64. With float32 scores and ``Big_Data=True``, pate rounds thresholds to float32 or not,
  depending on NumPy.
- ``n_jobs`` counts threads instead of processes; the value does not depend on it.
- Empty series, lengths that differ, negative buffers, negative weights and labels or scores with NaN are refused
  everywhere, infinite scores unless ``binary_scores``: errors are `InvalidInputError`, a `ValueError`, or
  `InvalidTypeError`, a `TypeError`. So is ``sample_weight`` with ``binary_scores``, which pate passes over.
- `PATE_F1` is a name of our own for ``PATE(..., binary_scores=True)``.

For many series at once and for infinite scores see :func:`anomalib_cpp.timeseries.pate`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._arrays import locate
from ._checks import flag, integer, number
from ._config import get_num_threads
from ._errors import InvalidInputError
from .timeseries import find_length
from .timeseries._pate import PREDICTED, buffer_lengths
from .timeseries._plan import batch

__all__ = ["PATE", "PATE_F1", "ACF_find_buffer_size"]


def PATE(
    y_true: Any,
    y_score: Any,
    e_buffer: int = 100,
    d_buffer: int = 100,
    pos_label: float = 1,
    sample_weight: Any = None,
    n_jobs: int | None = 1,
    drop_intermediate: bool = True,
    Big_Data: bool = True,
    num_desired_thresholds: int = 250,
    num_splits_MaxBuffer: int = 1,
    include_zero: bool = True,
    binary_scores: bool = False,
) -> float:
    """Area under PATE's precision-recall curve, or PATE's F1, averaged over buffer lengths.

    Parameters
    ----------
    y_true : array of bool or numbers, shape (n,)
        Points above 0 are anomalous; maximal runs of them are the events.
    y_score : array of floats or integers, shape (n,)
        Higher means more anomalous. With `binary_scores` points above 0 are predicted.
    e_buffer, d_buffer : int >= 0, default 100
        Longest buffer before and after an event, in points.
    pos_label : number, default 1
        Label that `drop_intermediate` looks at. Events are the points above 0 whatever it is: for labels of 0 and 2
        only the first and the last threshold remain.
    sample_weight : array of numbers >= 0, shape (n,), optional
        Thresholds that only points of weight 0 have are left out. Weights enter neither precision nor recall.
    n_jobs : int or None, default 1
        Threads; None, 0 and -1 for all, -2 for all but one, and so on.
    drop_intermediate : bool, default True
        Leave out thresholds between which no point of label `pos_label` is found. It changes the value a little.
    Big_Data : bool, default True
        Take `num_desired_thresholds` percentiles of the thresholds instead of all.
    num_desired_thresholds : int >= 1, default 250
    num_splits_MaxBuffer : int >= 0, default 1
        Buffer lengths: this number + 1 from 0 up, or without `include_zero` (>= 1) this number. The result is the mean
        over all pairs of an early and a delay buffer, by default (0, 0), (0, 100), (100, 0) and (100, 100).
    include_zero : bool, default True
    binary_scores : bool, default False
        Return the F1 score of the predicted points; there are no thresholds then, and no options of them.

    Returns
    -------
    float
        In [0, 1]; 0 where there is no event.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        For series that are empty or of different lengths, NaN, options out of range.

    Notes
    -----
    As :func:`anomalib_cpp.timeseries.pate`, which explains the credit of points near an event.

    Examples
    --------
    >>> from anomalib_cpp.pate import PATE
    >>> labels, scores = [0, 1, 1, 0, 0, 0], [0.1, 0.3, 0.9, 0.8, 0.2, 0.1]
    >>> round(PATE(labels, scores, 2, 2), 6)
    0.8375
    >>> round(PATE(labels, [0, 0, 1, 1, 0, 0], 2, 2, binary_scores=True), 6)
    0.568182
    """
    early, delay = buffer_lengths(
        e_buffer, d_buffer, num_splits_MaxBuffer, include_zero, ("e_buffer", "d_buffer", "num_splits_MaxBuffer")
    )
    binary = flag(binary_scores, "binary_scores")
    if binary and sample_weight is not None:
        raise InvalidInputError("sample_weight goes with continuous scores; leave it out with binary_scores=True")
    data = batch(y_score, y_true, threads=_threads(n_jobs), names=("y_score", "y_true"))
    plan = data.only("PATE")
    if binary:
        return float(plan.pate_f1(PREDICTED, early, delay, data.threads)[0, 0])
    if not np.isfinite(data.scores).all():
        bad = int(np.argmin(np.isfinite(data.scores)))
        raise InvalidInputError(f"y_score must be finite; got {data.scores[bad]} at index {bad}")
    weight = None if sample_weight is None else _weights(sample_weight, len(data.scores))
    gain = np.ones(len(data.scores))  # every threshold gains something and none is dropped
    if flag(drop_intermediate, "drop_intermediate"):
        gain = (locate(y_true, "y_true").data == number(pos_label, "pos_label")) * (1.0 if weight is None else weight)
    count = integer(num_desired_thresholds, "num_desired_thresholds", 1)
    thresholds = _core.ThresholdChoice("percentile" if flag(Big_Data, "Big_Data") else "curve", count)
    return float(plan.pate(thresholds, early, delay, gain=gain, weight=weight, threads=data.threads)[0, 0])


def PATE_F1(
    y_true: Any,
    y_score: Any,
    e_buffer: int = 100,
    d_buffer: int = 100,
    num_splits_MaxBuffer: int = 1,
    include_zero: bool = True,
) -> float:
    """F1 of PATE's precision and recall of predicted points: ``PATE(..., binary_scores=True)``.

    Parameters
    ----------
    y_true, e_buffer, d_buffer, num_splits_MaxBuffer, include_zero
        As in :func:`PATE`.
    y_score : array of bool or numbers, shape (n,)
        Points above 0 are predicted.

    Returns
    -------
    float
        In [0, 1]: the mean of the F1 scores of all pairs of buffers.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`PATE`.

    Examples
    --------
    >>> from anomalib_cpp.pate import PATE_F1
    >>> round(PATE_F1([0, 1, 1, 0, 0, 0], [0, 0, 1, 1, 0, 0], 2, 2), 6)
    0.568182
    """
    return PATE(
        y_true,
        y_score,
        e_buffer,
        d_buffer,
        num_splits_MaxBuffer=num_splits_MaxBuffer,
        include_zero=include_zero,
        binary_scores=True,
    )


def ACF_find_buffer_size(data: Any) -> int:
    """Length of a period of a series, from its autocorrelation, as a buffer.

    Parameters
    ----------
    data : array of floats or integers, shape (n,)
        The series itself, not its scores.

    Returns
    -------
    int
        A number of points; 100 where no period is found, which pate also prints, and 0 for other shapes.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`anomalib_cpp.timeseries.find_length`, which this is with ``variant="pate"``.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.pate import ACF_find_buffer_size
    >>> ACF_find_buffer_size(np.sin(2 * np.pi * np.arange(2000) / 50))
    50
    """
    return 0 if np.ndim(data) != 1 else find_length(data, variant="pate")


def _threads(n_jobs: Any) -> int:
    jobs = 0 if n_jobs is None else integer(n_jobs, "n_jobs")
    return jobs if jobs > 0 else max(1, get_num_threads() + min(jobs + 1, 0))


def _weights(value: Any, points: int) -> NDArray[np.float64]:
    weight = locate(value, "sample_weight").data
    if weight.shape != (points,):
        raise InvalidInputError(f"sample_weight must have shape ({points},); got {weight.shape}")
    if not (np.isfinite(weight) & (weight >= 0)).all() or not weight.any():
        raise InvalidInputError("sample_weight must hold finite numbers >= 0, at least one above 0")
    return weight.astype(np.float64)
