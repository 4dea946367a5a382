"""Areas under ROC and precision-recall curves with labels that fade out around the events: R-AUC and VUS."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._checks import choice, flag, integer, number
from .._errors import InvalidInputError
from ._pate import PREDICTED
from ._plan import batch
from ._results import RangeAreas

__all__ = [
    "range_auc",
    "range_auc_pr",
    "range_auc_roc",
    "vus",
    "vus_pr",
    "vus_prediction",
    "vus_roc",
]

VARIANTS = ("opt", "vldb", "vldb_sym", "opt_time")


def _areas(
    scores: Any,
    labels: Any,
    windows: tuple[int, int],
    num_thresholds: Any,
    variant: Any,
    allow_degenerate: Any,
    offsets: Any,
    on_error: str,
    threads: int | None,
) -> RangeAreas:
    choice(variant, "variant", VARIANTS)
    count = integer(num_thresholds, "num_thresholds", 1)
    degenerate = flag(allow_degenerate, "allow_degenerate")
    data = batch(scores, labels, offsets=offsets, on_error=on_error, threads=threads)
    table = data.table(lambda plan: plan.range_areas(*windows, count, variant, degenerate, data.threads))
    roc, pr = table[:, 0::2], table[:, 1::2]
    return RangeAreas(
        data.shaped(roc[:, -1]),
        data.shaped(pr[:, -1]),
        np.arange(windows[0], windows[1] + 1),
        np.ascontiguousarray(roc[0, :-1] if data.single else roc[:, :-1]),
        np.ascontiguousarray(pr[0, :-1] if data.single else pr[:, :-1]),
    )


def vus(
    scores: Any,
    labels: Any,
    *,
    window: int = 100,
    num_thresholds: int = 250,
    variant: str = "opt",
    allow_degenerate: bool = False,
    offsets: Any = None,
    on_error: str = "raise",
    threads: int | None = None,
) -> RangeAreas:
    """Volume under the surface: areas under ROC and precision-recall curves, averaged over windows 0 to `window`.

    At a window w the w // 2 points on each side of an event are anomalous in part, ``sqrt(1 - distance / w)``, and
    recall counts only as far as the events are found at all.

    Parameters
    ----------
    scores, labels, offsets, on_error, threads
        As in :func:`pate`.
    window : int >= 0, default 100
        Largest window, in points; often the period of the series (:func:`find_length`). May exceed the series.
    num_thresholds : int >= 1, default 250
        Scores at evenly spaced ranks.
    variant : {"opt", "vldb", "vldb_sym", "opt_time"}, default "opt"
        ``"opt"``: the authors' current code and TSB-AD, where only the predicted part of the buffers adds to the
        positives. ``"vldb"``: the paper's first form: positives do not depend on the threshold, the buffer after an
        event is one point shorter, trapezoids under the precision-recall curve, events whose buffers touch are found
        together. ``"vldb_sym"``: the same with equal buffers. ``"opt_time"``: that with every event taken as
        found, as the authors' function of this name computes it.
    allow_degenerate : bool, default False
        Where no normal point is left, return NaN for ROC instead of raising.

    Returns
    -------
    RangeAreas
        ``roc``, ``pr``, and the areas at each window.

    Raises
    ------
    InvalidInputError
        As in :func:`pate`; for a series without an anomalous or without a normal point.

    Notes
    -----
    O(n log n) time for the order of the scores, then O(events * window + num_thresholds * window^2) whatever the length
    of the series.

    References
    ----------
    J. Paparrizos, P. Boniol, T. Palpanas, R. S. Tsay, A. Elmore, M. J. Franklin, "Volume Under the Surface: A New
    Accuracy Evaluation Measure for Time-Series Anomaly Detection", PVLDB 15(11), 2022.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import vus
    >>> found = vus([1, 5, 7, 3, 6, 2, 0, 4], [0, 0, 1, 1, 0, 0, 0, 0], window=2, num_thresholds=8)
    >>> round(found.roc, 6), round(found.pr, 6)
    (0.81607, 0.766727)
    """
    last = integer(window, "window", 0)
    return _areas(scores, labels, (0, last), num_thresholds, variant, allow_degenerate, offsets, on_error, threads)


def vus_roc(scores: Any, labels: Any, **options: Any) -> Any:
    """ROC volume alone; :func:`vus` gives both for the price of one.

    Parameters
    ----------
    scores, labels, **options
        As in :func:`vus`.

    Returns
    -------
    float, or array of float64, shape (series,)

    Examples
    --------
    >>> from anomalib_cpp.timeseries import vus_roc
    >>> vus_roc([0.1, 0.2, 0.9, 0.8], [0, 0, 1, 1], window=0)
    1.0
    """
    return vus(scores, labels, **options).roc


def vus_pr(scores: Any, labels: Any, **options: Any) -> Any:
    """Precision-recall volume alone; :func:`vus` gives both for the price of one.

    Parameters
    ----------
    scores, labels, **options
        As in :func:`vus`.

    Returns
    -------
    float, or array of float64, shape (series,)

    Examples
    --------
    >>> from anomalib_cpp.timeseries import vus_pr
    >>> vus_pr([0.1, 0.2, 0.9, 0.8], [0, 0, 1, 1], window=0)
    1.0
    """
    return vus(scores, labels, **options).pr


def range_auc(
    scores: Any,
    labels: Any,
    *,
    window: int = 100,
    percentage: float | None = None,
    num_thresholds: int = 250,
    variant: str = "opt",
    allow_degenerate: bool = False,
    offsets: Any = None,
    on_error: str = "raise",
    threads: int | None = None,
) -> RangeAreas:
    """Areas under ROC and precision-recall curves with soft labels at one window (R-AUC).

    Parameters
    ----------
    scores, labels, num_thresholds, variant, allow_degenerate, offsets, on_error, threads
        As in :func:`vus`, of which this is one window.
    window : int >= 0, default 100
        Half of it lies on each side of an event.
    percentage : float > 0, optional
        Buffers of this share of each event's length instead of `window` (the authors' "percentage" extension), with
        the rules of ``variant="vldb"``.

    Returns
    -------
    RangeAreas

    Raises
    ------
    InvalidInputError
        As in :func:`vus`.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import range_auc
    >>> round(range_auc([1, 5, 7, 3, 6, 2, 0, 4], [0, 0, 1, 1, 0, 0, 0, 0], window=2).roc, 6)
    0.94821
    """
    if percentage is None:
        at = integer(window, "window", 0)
        return _areas(scores, labels, (at, at), num_thresholds, variant, allow_degenerate, offsets, on_error, threads)
    share = number(percentage, "percentage")
    if not 0 < share < float("inf"):
        raise InvalidInputError(f"percentage must be a finite number above 0; got {percentage!r}")
    if variant not in ("opt", "vldb"):
        raise InvalidInputError(f"variant must be left out with percentage; got {variant!r}")
    count = integer(num_thresholds, "num_thresholds", 1)
    data = batch(scores, labels, offsets=offsets, on_error=on_error, threads=threads)
    table = data.table(lambda plan: plan.range_areas_by_length(share, count, data.threads))
    roc, pr = data.shaped(table[:, 0]), data.shaped(table[:, 1])
    return RangeAreas(roc, pr, np.empty(0, np.int64), np.empty(0), np.empty(0))


def range_auc_roc(scores: Any, labels: Any, **options: Any) -> Any:
    """ROC area of :func:`range_auc` alone.

    Parameters
    ----------
    scores, labels, **options
        As in :func:`range_auc`.

    Returns
    -------
    float, or array of float64, shape (series,)

    Examples
    --------
    >>> from anomalib_cpp.timeseries import range_auc_roc
    >>> range_auc_roc([0.1, 0.2, 0.9, 0.8], [0, 0, 1, 1], window=0)
    1.0
    """
    return range_auc(scores, labels, **options).roc


def range_auc_pr(scores: Any, labels: Any, **options: Any) -> Any:
    """Precision-recall area of :func:`range_auc` alone.

    Parameters
    ----------
    scores, labels, **options
        As in :func:`range_auc`.

    Returns
    -------
    float, or array of float64, shape (series,)

    Examples
    --------
    >>> from anomalib_cpp.timeseries import range_auc_pr
    >>> range_auc_pr([0.1, 0.2, 0.9, 0.8], [0, 0, 1, 1], window=0)
    1.0
    """
    return range_auc(scores, labels, **options).pr


def vus_prediction(
    predictions: Any,
    labels: Any,
    *,
    window: int = 100,
    variant: str = "fixed",
    offsets: Any = None,
    on_error: str = "raise",
    threads: int | None = None,
) -> dict[str, Any]:
    """Recall, precision and F1 of predicted points with soft labels, averaged over windows 0 to `window`.

    Parameters
    ----------
    predictions : array of bool or numbers, shape (n,), or list of such arrays
        Points above 0 are predicted.
    labels, offsets, on_error, threads
        As in :func:`pate`.
    window : int >= 0, default 100
    variant : {"fixed", "tsbad"}, default "fixed"
        ``"tsbad"``: labels that faded in at one window count whole at the next ones, as TSB-AD 1.5 computes them.

    Returns
    -------
    dict
        ``"recall"``, ``"precision"``, ``"f1"``: floats, or arrays of shape (series,).

    Raises
    ------
    InvalidInputError
        As in :func:`pate`; for a series without an anomalous point.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import vus_prediction
    >>> vus_prediction([0, 1, 1, 0], [0, 1, 1, 0], window=1)
    {'recall': 1.0, 'precision': 1.0, 'f1': 1.0}
    """
    choice(variant, "variant", ("fixed", "tsbad"))
    last = integer(window, "window", 0)
    data = batch(
        predictions, labels, offsets=offsets, on_error=on_error, threads=threads, names=("predictions", "labels")
    )
    table = data.table(lambda plan: plan.range_prediction(PREDICTED, last, variant == "tsbad", data.threads))
    return {name: data.shaped(table[:, i]) for i, name in enumerate(("recall", "precision", "f1"))}
