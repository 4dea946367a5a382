"""TSB-AD's `get_metrics` by its own names and argument order, computed from one order of the scores.

Replace ``from TSB_AD.evaluation.metrics import get_metrics`` by ``from anomalib_cpp.tsb import get_metrics``; neither
the package TSB-AD nor PyTorch, scikit-learn or statsmodels is needed or imported. Values are those of TSB-AD 1.5 up to
the last bits of float64, its ways included: 1e-5 and 1e-15 in denominators, a first point of the series that point
adjustment never fills in, a last point that finds no event, 100 evenly spaced thresholds that can miss the best, and
labels of one window that VUS of predictions carries into the next. What differs:

- Points with labels and predictions above 0 are anomalous and predicted, whatever their dtype; TSB-AD finds wrong runs
  in arrays of bool and in floats that are not 0 or 1.
- Predictions of every point are one run; TSB-AD finds none there, so that its ``"R-based-F1"`` is 0.
- Where nothing is predicted, ``"VUS-Precision"`` is 0; TSB-AD divides 0 by 0.
- Lists and tuples are series, too.
- ``version`` is ``"opt"`` or ``"opt_mem"``, which give the same values; TSB-AD takes every other word for ``"opt"``.
- Empty series, lengths that differ, NaN, infinite scores, and series without an anomalous or without a normal point are
  refused: errors are `InvalidInputError`, a `ValueError`, or `InvalidTypeError`, a `TypeError`.
- `find_length_rank` with a rank of 3 takes the highest but one of the peaks at longer lags; TSB-AD looks for it in a
  part of the peaks that depends on how many there are.

For many series at once see :func:`anomalib_cpp.timeseries.tsb_metrics`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._arrays import locate
from ._checks import choice, integer
from .timeseries import find_length, tsb_metrics, vus_prediction
from .timeseries._plan import batch
from .timeseries._report import tsb_f1_of
from .vus import get_metrics as vus_get_metrics

__all__ = ["find_length_rank", "get_metrics", "get_metrics_pred", "vus_get_metrics"]


def get_metrics(
    score: Any,
    labels: Any,
    slidingWindow: int = 100,
    pred: Any = None,
    version: str = "opt",
    thre: int = 250,
) -> dict[str, float]:
    """Compute the metrics of the TSB-AD benchmark for one series.

    Parameters
    ----------
    score : array of floats or integers, shape (n,)
        Higher means more anomalous; finite.
    labels : array of bool or numbers, shape (n,)
        Points above 0 are anomalous.
    slidingWindow : int >= 0, default 100
        Largest window of VUS, in points.
    pred : array of bool or numbers, shape (n,), optional
        Points above 0 are predicted: the F1 scores are then those of the predictions, otherwise the best over
        thresholds.
    version : {"opt", "opt_mem"}, default "opt"
        Ways of TSB-AD to the same values.
    thre : int >= 1, default 250
        Number of thresholds of VUS.

    Returns
    -------
    dict of str to float
        ``"AUC-PR"``, ``"AUC-ROC"``, ``"VUS-PR"``, ``"VUS-ROC"``, ``"Standard-F1"``, ``"PA-F1"``, ``"Event-based-F1"``,
        ``"R-based-F1"``, ``"Affiliation-F"``. The last is NaN where nothing can be predicted: for constant scores and
        for predictions of no point.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        For series that are empty, of different lengths, with NaN, without an anomalous or a normal point; for options
        out of range.

    Examples
    --------
    >>> from anomalib_cpp.tsb import get_metrics
    >>> found = get_metrics([0.1, 0.9, 0.8, 0.2, 0.1], [0, 1, 1, 0, 0], slidingWindow=2)
    >>> found["PA-F1"], round(found["Standard-F1"], 6)
    (1.0, 0.999995)
    """
    choice(version, "version", ("opt", "opt_mem"))
    window, thresholds = integer(slidingWindow, "slidingWindow", 0), integer(thre, "thre", 1)
    batch(score, labels, names=("score", "labels"))  # errors by the names of this function
    if pred is not None:
        batch(pred, labels, names=("pred", "labels"))
    return tsb_metrics(score, labels, sliding_window=window, predictions=pred, num_thresholds=thresholds)


def get_metrics_pred(score: Any, labels: Any, pred: Any, slidingWindow: int = 100) -> dict[str, float]:
    """Compute the metrics of predicted points of the TSB-AD benchmark for one series.

    Parameters
    ----------
    score : array of floats or integers, shape (n,)
        Its length and dtype are checked; no value depends on it.
    labels : array of bool or numbers, shape (n,)
        Points above 0 are anomalous.
    pred : array of bool or numbers, shape (n,)
        Points above 0 are predicted.
    slidingWindow : int >= 0, default 100
        Largest window of VUS, in points.

    Returns
    -------
    dict of str to float
        ``"Standard-F1"``, ``"PA-F1"``, ``"Event-based-F1"``, ``"R-based-F1"``, ``"Affiliation-F"`` (NaN where nothing
        is predicted), ``"VUS-Recall"``, ``"VUS-Precision"``, ``"VUS-F"``.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`get_metrics`; a series may be anomalous everywhere.

    Examples
    --------
    >>> from anomalib_cpp.tsb import get_metrics_pred
    >>> found = get_metrics_pred([0.1, 0.9, 0.2, 0.2, 0.1], [0, 1, 1, 0, 0], [0, 1, 0, 0, 0], slidingWindow=2)
    >>> found["PA-F1"], round(found["VUS-F"], 6)
    (1.0, 0.666667)
    """
    window = integer(slidingWindow, "slidingWindow", 0)
    batch(score, labels, names=("score", "labels"))  # checked and no more
    found = tsb_f1_of(batch(pred, labels, names=("pred", "labels")))
    volumes = vus_prediction(pred, labels, window=window, variant="tsbad")
    return found | {
        "VUS-Recall": volumes["recall"],
        "VUS-Precision": volumes["precision"],
        "VUS-F": volumes["f1"],
    }


def find_length_rank(data: Any, rank: int = 1) -> int:
    """Length of a period of a series, from its autocorrelation, as a `slidingWindow`.

    Parameters
    ----------
    data : array of floats or integers, shape (n,), or (n, 1)
        The series itself, not its scores.
    rank : int in [0, 3], default 1
        1 is the highest peak, 2 and 3 the next ones at longer lags; 0 returns 1.

    Returns
    -------
    int
        A number of points; 125 where no period is found, and 0 for more than one column.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`anomalib_cpp.timeseries.find_length`, which this is with ``variant="tsb"``.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.tsb import find_length_rank
    >>> series = np.sin(2 * np.pi * np.arange(2000) / 50)
    >>> find_length_rank(series), find_length_rank(series, rank=2)
    (50, 100)
    """
    series = locate(data, "data").data
    series = series.reshape(len(series)) if series.ndim == 2 and series.shape[1] == 1 else series
    return 0 if series.ndim != 1 else find_length(np.ascontiguousarray(series), rank=rank, variant="tsb")
