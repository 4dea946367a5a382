"""VUS's `get_metrics` by its own names and argument order, computed without a loop over windows and thresholds.

Replace ``from vus.metrics import get_metrics`` by ``from anomalib_cpp.vus import get_metrics``; neither the package vus
nor TensorFlow, scikit-learn or statsmodels is needed or imported. Values are those of vus 0.0.6 up to the last bits of
float64, its ways included:

- ``"AUC_PR"`` is the area by trapezoids with ``metric="auc"`` and average precision with ``metric="all"``.
- ``"R_AUC_ROC"`` and ``"R_AUC_PR"`` take 250 thresholds whatever `thre` is.
- ``"Precision"``, ``"Recall"``, ``"F"`` and their range-based namesakes are those of the points more than three
  standard deviations above the mean score; all are 0 where there are none.
- ``"Precision_at_k"`` compares predictions of 0 and 1 with a percentile of the scores: it is 1 where that percentile
  lies below 0, ``"Recall"`` where it lies below 1, and 0 beyond. :func:`anomalib_cpp.timeseries.precision_at_k`
  compares the scores.
- The affiliation scores are those of the points above 0.5.

What differs:

- Points with labels above 0 are anomalous, whatever their dtype; vus needs 0 and 1.
- Lists and tuples are series, too.
- ``version`` is ``"opt"`` or ``"opt_mem"``, which give the same values; vus takes every other word for ``"opt"``.
- One metric by name computes that one only, and needs no `slidingWindow` it does not use.
- Where no point is normal, the ROC areas are NaN with an `UndefinedMetricWarning`.
- Empty series, NaN, series without an anomalous point, and infinite scores where they are averaged are refused: errors
  are `InvalidInputError`, a `ValueError`, or `InvalidTypeError`, a `TypeError`.

For many series at once and other variants see :func:`anomalib_cpp.timeseries.vus`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._checks import choice, integer
from ._errors import InvalidInputError, UndefinedMetricWarning
from .timeseries import find_length as _find_length
from .timeseries._events import RANGE
from .timeseries._plan import batch

__all__ = ["find_length", "get_metrics"]

_VUS, _RANGE_AUC, _AUC = ("VUS_ROC", "VUS_PR"), ("R_AUC_ROC", "R_AUC_PR"), ("AUC_ROC", "AUC_PR")
_PREDICTED = ("Precision", "Recall", "F", "Precision_at_k", "Rprecision", "Rrecall", "RF")
_AFFILIATION = ("Affiliation_Precision", "Affiliation_Recall")
_ALL = (*_AUC, *_PREDICTED, *_RANGE_AUC, *_VUS, *_AFFILIATION)
_TABLES = {"all": _ALL, "vus": _VUS, "range_auc": _RANGE_AUC, "auc": _AUC}

_RANGE_AUC_THRESHOLDS = 250
_SIGMAS = 3
_AFFILIATION_LEVEL = 0.5


class _Call(NamedTuple):
    plan: Any
    scores: NDArray[np.float64]
    threads: int
    metric: str
    window: Any
    thresholds: Any


def get_metrics(
    score: Any,
    labels: Any,
    metric: str = "all",
    version: str = "opt",
    slidingWindow: int | None = None,
    thre: int = 250,
) -> Any:
    """Compute metrics of one series.

    Parameters
    ----------
    score : array of floats or integers, shape (n,)
        Higher means more anomalous.
    labels : array of bool or numbers, shape (n,)
        Points above 0 are anomalous.
    metric : str, default "all"
        ``"vus"`` (VUS_ROC, VUS_PR), ``"range_auc"`` (R_AUC_ROC, R_AUC_PR), ``"auc"`` (AUC_ROC, AUC_PR), ``"all"``, or
        the name of one metric of ``"all"``.
    version : {"opt", "opt_mem"}, default "opt"
        Ways of vus to the same values.
    slidingWindow : int >= 0
        Largest window of VUS, and the window of the R-AUCs, in points; both need it.
    thre : int >= 1, default 250
        Number of thresholds of VUS.

    Returns
    -------
    dict of str to float, or float for one metric by name
        With ``"all"`` in this order: AUC_ROC, AUC_PR, Precision, Recall, F, Precision_at_k, Rprecision, Rrecall, RF,
        R_AUC_ROC, R_AUC_PR, VUS_ROC, VUS_PR, Affiliation_Precision (NaN where nothing is predicted),
        Affiliation_Recall.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        For series that are empty, of different lengths, with NaN or without an anomalous point; for options out of
        range.

    Notes
    -----
    As :func:`anomalib_cpp.timeseries.vus`: the time does not depend on the number of points times windows times
    thresholds.

    Examples
    --------
    >>> from anomalib_cpp.vus import get_metrics
    >>> scores, labels = [0.1, 0.5, 0.7, 0.3, 0.6, 0.2, 0.0, 0.4], [0, 0, 1, 1, 0, 0, 0, 0]
    >>> {name: round(value, 6) for name, value in get_metrics(scores, labels, "vus", slidingWindow=2).items()}
    {'VUS_ROC': 0.81607, 'VUS_PR': 0.766727}
    >>> get_metrics(scores, labels, "AUC_ROC")
    0.75
    """
    choice(metric, "metric", (*_TABLES, *_ALL))
    choice(version, "version", ("opt", "opt_mem"))
    thresholds = integer(thre, "thre", 1)
    data = batch(score, labels, names=("score", "labels"))
    plan = data.only("get_metrics")
    if not len(plan.events(0)):
        raise InvalidInputError(f"metric {metric} is undefined: labels contain no anomalous point")
    wanted = _TABLES.get(metric, (metric,))
    call = _Call(plan, data.scores.astype(np.float64), data.threads, metric, slidingWindow, thresholds)
    found: dict[str, float] = {}
    for names, values in _VALUES.items():
        if not set(names).isdisjoint(wanted):
            found |= dict(zip(names, map(float, values(call)), strict=True))
    missing = [name for name in wanted if name.endswith("_ROC") and math.isnan(found[name])]
    if missing:
        warnings.warn(
            f"undefined: {', '.join(missing)}; labels contain no normal point", UndefinedMetricWarning, stacklevel=2
        )
    return {name: found[name] for name in wanted} if metric in _TABLES else found[metric]


def find_length(data: Any) -> int:
    """Length of a period of a series, from its autocorrelation, as a `slidingWindow`.

    Parameters
    ----------
    data : array of floats or integers, shape (n,)
        The series itself, not its scores.

    Returns
    -------
    int
        A number of points; 125 where no period is found, and 0 for other shapes.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`anomalib_cpp.timeseries.find_length`, which this is with ``variant="vus"``.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.vus import find_length
    >>> find_length(np.sin(2 * np.pi * np.arange(2000) / 50))
    50
    """
    return 0 if np.ndim(data) != 1 else _find_length(data, variant="vus")


def _areas(call: _Call) -> Any:
    pairs = call.plan.rank_pairs(0)
    return pairs.auroc(1.0), pairs.aupr_trapezoid() if call.metric == "auc" else pairs.average_precision()


def _volumes(call: _Call) -> Any:
    last = integer(call.window, "slidingWindow", 0)
    return call.plan.range_areas(0, last, call.thresholds, "opt", True, call.threads)[0, -2:]


def _range_areas(call: _Call) -> Any:
    at = integer(call.window, "slidingWindow", 0)
    return call.plan.range_areas(at, at, _RANGE_AUC_THRESHOLDS, "vldb_sym", True, call.threads)[0, -2:]


def _far_above_mean(call: _Call) -> Any:
    """Return the values of `_PREDICTED`."""
    if not np.isfinite(call.scores).all():
        raise InvalidInputError(f"score must be finite for {call.metric}, which needs its mean")
    above = call.scores.mean() + _SIGMAS * call.scores.std()
    predicted = _core.ThresholdChoice("given", strict=True, values=[above])
    f1, _, precision, recall = call.plan.best_f1(_core.EventMetric("pointwise"), predicted, 0.0, call.threads)[0]
    range_f1, _, range_precision, range_recall = call.plan.best_f1(RANGE, predicted, 0.0, call.threads)[0]
    positives = call.plan.rank_pairs(0).positives
    level = np.percentile(call.scores, 100 * (1 - positives / len(call.scores)))
    at_k = 1.0 if level < 0 else recall if level < 1 else 0.0  # which of 0 and 1 lie above it
    return precision, recall, f1, at_k, range_precision, range_recall, range_f1


def _affiliations(call: _Call) -> Any:
    predicted = _core.ThresholdChoice("given", strict=True, values=[_AFFILIATION_LEVEL])
    precision, recall, _ = call.plan.curve(0, _core.EventMetric("affiliation"), predicted)
    return precision[0], recall[0]


_VALUES: dict[tuple[str, ...], Callable[[_Call], Any]] = {
    _AUC: _areas,
    _PREDICTED: _far_above_mean,
    _RANGE_AUC: _range_areas,
    _VUS: _volumes,
    _AFFILIATION: _affiliations,
}
