"""Metrics that ask which events were found: point adjustment, event-wise F1, ranges, delays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._checks import choice, number
from .._errors import InvalidInputError
from ._plan import Batch, batch, thresholds_named
from ._results import DelayResult, PrCurve, SeriesF1

__all__ = [
    "detection_delays",
    "event_curve",
    "event_f1",
    "pa_k",
    "pa_k_auc",
    "point_adjusted_f1",
    "range_f1",
    "range_pr",
]

BIASES = ("flat", "front", "back", "middle")


def best_f1_of(data: Batch, metric: Any, thresholds: Any, eps: float) -> SeriesF1:
    """Return the best F1 of a metric over the thresholds."""
    table = data.table(lambda plan: plan.best_f1(metric, thresholds, eps, data.threads))
    return SeriesF1(*(data.shaped(table[:, i]) for i in range(4)))


def tolerance(eps: Any) -> float:
    """Return `eps`, a finite number >= 0."""
    value = number(eps, "eps")
    if not 0 <= value < float("inf"):
        raise InvalidInputError(f"eps must be a finite number >= 0; got {eps!r}")
    return value


def point_adjusted_f1(
    scores: Any,
    labels: Any,
    *,
    threshold: float | None = None,
    thresholds: str = "all",
    variant: str = "standard",
    eps: float = 0.0,
    offsets: Any = None,
    on_error: str = "raise",
    threads: int | None = None,
) -> SeriesF1:
    """F1 where an event with any predicted point counts as predicted whole (PA-F1).

    It flatters: one lucky point finds a long event. See :func:`pa_k` and :func:`event_f1`.

    Parameters
    ----------
    scores, labels, offsets, on_error, threads
        As in :func:`pate`.
    threshold : float, optional
        Points at or above it are predicted (1 for predictions of 0 and 1). Without it the best over `thresholds`.
    thresholds : {"all", "linear", "every_tenth"}, default "all"
        Every distinct score; 100 values from the lowest to the highest score, points strictly above (TSB-AD); every
        tenth distinct score, strictly above (tadpak). The latter two can miss the best.
    variant : {"standard", "donut"}, default "standard"
        ``"donut"``: the first point of the series is never filled in, as in TSB-AD's and PATE's code.
    eps : float >= 0, default 0
        Added to ``P + R``: 1e-5, 1e-12 and the like in other implementations.

    Returns
    -------
    SeriesF1
        ``value``, ``threshold``, ``precision``, ``recall``.

    Raises
    ------
    InvalidInputError
        As in :func:`pate`; for a series without an anomalous point.

    Notes
    -----
    All thresholds together take O(n log n) time, that of the order of the scores.

    References
    ----------
    H. Xu et al., "Unsupervised Anomaly Detection via Variational Auto-Encoder for Seasonal KPIs", WWW 2018.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import point_adjusted_f1
    >>> point_adjusted_f1([0.1, 0.9, 0.2, 0.3, 0.8], [0, 1, 1, 1, 0]).value
    1.0
    """
    choice(variant, "variant", ("standard", "donut"))
    grid = thresholds_named(thresholds, threshold)
    data = batch(scores, labels, offsets=offsets, on_error=on_error, threads=threads)
    name = "donut" if variant == "donut" else "point_adjusted"
    return best_f1_of(data, _core.EventMetric(name), grid, tolerance(eps))


def event_f1(
    scores: Any,
    labels: Any,
    *,
    threshold: float | None = None,
    thresholds: str = "all",
    variant: str = "composite",
    eps: float = 0.0,
    offsets: Any = None,
    on_error: str = "raise",
    threads: int | None = None,
) -> SeriesF1:
    """F1 of the share of events found, and a precision.

    Parameters
    ----------
    scores, labels, threshold, thresholds, eps, offsets, on_error, threads
        As in :func:`point_adjusted_f1`.
    variant : {"composite", "segment", "tsbad"}, default "composite"
        Precision is the share of the predicted points that are anomalous, or of the predicted runs that touch an event.
        ``"tsbad"``: composite as TSB-AD 1.5 computes it, where the last point of the series finds no event.

    Returns
    -------
    SeriesF1

    Raises
    ------
    InvalidInputError
        As in :func:`point_adjusted_f1`.

    References
    ----------
    A. Garg, W. Zhang, J. Samaran, R. Savitha, C.-S. Foo, "An Evaluation of Anomaly Detection and Diagnosis in
    Multivariate Time Series", IEEE TNNLS 33(6), 2022 (composite).

    Examples
    --------
    >>> from anomalib_cpp.timeseries import event_f1
    >>> event_f1([0, 1, 0, 0, 1], [0, 1, 1, 0, 0], threshold=1).value
    0.6666666666666666
    """
    choice(variant, "variant", ("composite", "segment", "tsbad"))
    name = "composite_tsbad" if variant == "tsbad" else variant
    grid = thresholds_named(thresholds, threshold)
    data = batch(scores, labels, offsets=offsets, on_error=on_error, threads=threads)
    return best_f1_of(data, _core.EventMetric(name), grid, tolerance(eps))


def _range_metric(
    alpha: Any, cardinality: Any, bias: Any, recall_alpha: Any, recall_cardinality: Any, recall_bias: Any
) -> Any:
    def rule(share: Any, count: Any, where: Any, prefix: str) -> tuple[float, bool, str]:
        choice(count, f"{prefix}cardinality", ("one", "reciprocal"))
        choice(where, f"{prefix}bias", BIASES)
        value = number(share, f"{prefix}alpha")
        if not 0 <= value <= 1:
            raise InvalidInputError(f"{prefix}alpha must lie in [0, 1]; got {share!r}")
        return value, count == "reciprocal", where

    precision = rule(alpha, cardinality, bias, "")
    recall = rule(
        alpha if recall_alpha is None else recall_alpha,
        cardinality if recall_cardinality is None else recall_cardinality,
        bias if recall_bias is None else recall_bias,
        "recall_",
    )
    return _core.EventMetric("range", *precision, *recall)


def range_pr(
    scores: Any,
    labels: Any,
    *,
    threshold: float,
    alpha: float = 0.0,
    cardinality: str = "one",
    bias: str = "flat",
    recall_alpha: float | None = None,
    recall_cardinality: str | None = None,
    recall_bias: str | None = None,
    offsets: Any = None,
    on_error: str = "raise",
    threads: int | None = None,
) -> tuple[Any, Any]:
    """Precision and recall of ranges (Tatbul et al.) at one threshold.

    Parameters
    ----------
    scores, labels, offsets, on_error, threads
        As in :func:`pate`.
    threshold : float
        Points at or above it are predicted; 1 for predictions of 0 and 1.
    alpha : float in [0, 1], default 0
        Share of a range's score that it earns by being met at all; the rest by how much of it is covered. The authors
        recommend 0 for precision.
    cardinality : {"one", "reciprocal"}, default "one"
        A range met by x ranges of the other side keeps all of its cover, or 1 / x of it.
    bias : {"flat", "front", "back", "middle"}, default "flat"
        Which positions of a range weigh more.
    recall_alpha, recall_cardinality, recall_bias : optional
        The same for recall where they differ.

    Returns
    -------
    precision, recall : float, or array of float64, shape (series,)
        Precision is 0 where nothing is predicted.

    Raises
    ------
    InvalidInputError
        As in :func:`pate`; for a series without an anomalous point, `alpha` outside [0, 1].

    References
    ----------
    N. Tatbul, T. J. Lee, S. Zdonik, M. Alam, J. Gottschlich, "Precision and Recall for Time Series", NeurIPS 2018.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import range_pr
    >>> range_pr([0, 1, 1, 0, 0, 1], [0, 1, 1, 1, 1, 0], threshold=1)
    (0.5, 0.5)
    """
    metric = _range_metric(alpha, cardinality, bias, recall_alpha, recall_cardinality, recall_bias)
    grid = thresholds_named("all", number(threshold, "threshold"))
    data = batch(scores, labels, offsets=offsets, on_error=on_error, threads=threads)
    found = best_f1_of(data, metric, grid, 0.0)
    return found.precision, found.recall


def range_f1(
    scores: Any,
    labels: Any,
    *,
    threshold: float | None = None,
    thresholds: str = "all",
    alpha: float = 0.0,
    cardinality: str = "reciprocal",
    bias: str = "flat",
    recall_alpha: float | None = 0.2,
    recall_cardinality: str | None = None,
    recall_bias: str | None = None,
    eps: float = 0.0,
    offsets: Any = None,
    on_error: str = "raise",
    threads: int | None = None,
) -> SeriesF1:
    """F1 of :func:`range_pr`, at one threshold or the best over many; the defaults are those of TSB-AD.

    Parameters
    ----------
    scores, labels, threshold, thresholds, eps, offsets, on_error, threads
        As in :func:`point_adjusted_f1`.
    alpha, cardinality, bias, recall_alpha, recall_cardinality, recall_bias
        As in :func:`range_pr`.

    Returns
    -------
    SeriesF1

    Raises
    ------
    InvalidInputError
        As in :func:`range_pr`.

    Notes
    -----
    Points join the predictions in the order of their scores and every score is updated in constant time: all
    thresholds together take O(n log K) time for K events.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import range_f1
    >>> range_f1([0.1, 0.9, 0.8, 0.2, 0.7], [0, 1, 1, 0, 0]).value
    1.0
    """
    metric = _range_metric(alpha, cardinality, bias, recall_alpha, recall_cardinality, recall_bias)
    grid = thresholds_named(thresholds, threshold)
    data = batch(scores, labels, offsets=offsets, on_error=on_error, threads=threads)
    return best_f1_of(data, metric, grid, tolerance(eps))


def event_curve(scores: Any, labels: Any, metric: str, *, thresholds: str = "all") -> PrCurve:
    """Precision and recall of an event metric at each threshold of one series.

    Parameters
    ----------
    scores, labels : array, shape (n,)
        As in :func:`pate`.
    metric : {"pointwise", "point_adjusted", "donut", "composite", "segment", "range", "affiliation"}
        ``"range"`` with the defaults of :func:`range_f1`.
    thresholds : {"all", "linear", "every_tenth"}, default "all"
        As in :func:`point_adjusted_f1`.

    Returns
    -------
    PrCurve

    Raises
    ------
    InvalidInputError
        As in :func:`point_adjusted_f1`.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import event_curve
    >>> float(event_curve([0.1, 0.9, 0.8, 0.2], [0, 1, 1, 0], "affiliation").recall[-1])
    1.0
    """
    names = ("pointwise", "point_adjusted", "donut", "composite", "segment", "range", "affiliation")
    choice(metric, "metric", names)
    chosen = RANGE if metric == "range" else _core.EventMetric(metric)
    return PrCurve(*batch(scores, labels).only("event_curve").curve(0, chosen, thresholds_named(thresholds, None)))


RANGE = _core.EventMetric("range", 0.0, True, "flat", 0.2, True, "flat")  # as in TSB-AD


def _shares(k: Any) -> list[float]:
    values = np.atleast_1d(np.asarray(k, np.float64))
    if values.ndim != 1 or not ((values >= 0) & (values <= 100)).all():
        raise InvalidInputError(f"k must lie in [0, 100], in per cent; got {k!r}")
    shares: list[float] = (values / 100).tolist()
    return shares


def pa_k(
    scores: Any,
    labels: Any,
    *,
    k: Any = 20,
    threshold: float | None = None,
    thresholds: str = "all",
    offsets: Any = None,
    on_error: str = "raise",
    threads: int | None = None,
) -> Any:
    """F1 where an event counts as predicted whole if more than `k` per cent of its points are (PA%K).

    Parameters
    ----------
    scores, labels, threshold, thresholds, offsets, on_error, threads
        As in :func:`point_adjusted_f1`; without `threshold` the best F1 over `thresholds`.
    k : float in [0, 100], or sequence of such, default 20
        0 is point adjustment, 100 the plain F1.

    Returns
    -------
    float or array of float64
        Shape (), (series,), or with a sequence of k one more axis for them.

    Raises
    ------
    InvalidInputError
        As in :func:`point_adjusted_f1`; for k outside [0, 100].

    Notes
    -----
    O(P) time for each threshold and P anomalous points.

    References
    ----------
    S. Kim, K. Choi, H.-S. Choi, B. Lee, S. Yoon, "Towards a Rigorous Evaluation of Time-Series Anomaly Detection",
    AAAI 2022.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import pa_k
    >>> pa_k([0, 1, 0, 0, 1], [0, 1, 1, 1, 0], k=[0, 50], threshold=1)
    array([0.85714286, 0.4       ])
    """
    shares = _shares(k)
    table = _pa_k_table(shares, scores, labels, threshold, thresholds, offsets, on_error, threads)
    data, values = table
    if np.ndim(k) == 0:
        return data.shaped(values[:, 0])
    return values[0] if data.single else values


def _pa_k_table(
    shares: list[float],
    scores: Any,
    labels: Any,
    threshold: Any,
    thresholds: Any,
    offsets: Any,
    on_error: str,
    threads: int | None,
) -> tuple[Batch, NDArray[np.float64]]:
    grid = thresholds_named(thresholds, threshold)
    data = batch(scores, labels, offsets=offsets, on_error=on_error, threads=threads)
    return data, data.table(lambda plan: plan.pa_k(shares, grid, data.threads))


def pa_k_auc(
    scores: Any,
    labels: Any,
    *,
    threshold: float | None = None,
    thresholds: str = "all",
    variant: str = "trapz101",
    offsets: Any = None,
    on_error: str = "raise",
    threads: int | None = None,
) -> Any:
    """Area under F1 as a function of K, for K from 0 to 100 per cent (see :func:`pa_k`).

    Parameters
    ----------
    scores, labels, threshold, thresholds, offsets, on_error, threads
        As in :func:`pa_k`.
    variant : {"trapz101", "mean101", "exact"}, default "trapz101"
        Trapezoids over K = 0, 1, ..., 100; the mean over those; or the exact integral of the step function, which
        needs `threshold`.

    Returns
    -------
    float, or array of float64, shape (series,)

    Raises
    ------
    InvalidInputError
        As in :func:`pa_k`.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import pa_k_auc
    >>> round(pa_k_auc([0, 1, 0, 0, 1], [0, 1, 1, 1, 0], threshold=1, variant="exact"), 6)
    0.552381
    """
    choice(variant, "variant", ("trapz101", "mean101", "exact"))
    if variant == "exact":
        return _exact_area(scores, labels, threshold, offsets, on_error, threads)
    shares = _shares(range(101))
    data, values = _pa_k_table(shares, scores, labels, threshold, thresholds, offsets, on_error, threads)
    if variant == "mean101":
        return data.shaped(values.mean(axis=1))
    return data.shaped(((values[:, 1:] + values[:, :-1]) / 2).sum(axis=1) / 100)


def _exact_area(scores: Any, labels: Any, threshold: Any, offsets: Any, on_error: str, threads: int | None) -> Any:
    """F1 is constant between the cover fractions of the events."""
    if threshold is None:
        raise InvalidInputError("variant 'exact' needs a threshold: the best threshold changes with K")
    grid = thresholds_named("all", threshold)
    data = batch(scores, labels, offsets=offsets, on_error=on_error, threads=threads)
    areas = []
    for plan in data.plans():
        for i in range(len(plan)):
            try:
                events, found = plan.events(i), plan.found_points(i, grid)
                predicted = len(plan.order(i)) and plan.predicted(i, grid)
            except InvalidInputError:
                if not data.nan_on_error:
                    raise
                areas.append(float("nan"))
                continue
            length = events[:, 1] - events[:, 0] + 1
            cover = found / length
            steps = np.unique(np.concatenate([[0.0], cover, [1.0]]))
            middle = (steps[1:] + steps[:-1]) / 2
            adjusted = np.where(cover[None] > middle[:, None], length, found).sum(axis=1)
            positives = length.sum()
            false = predicted - found.sum()
            areas.append(float((np.diff(steps) * 2 * adjusted / (positives + adjusted + false)).sum()))
    return data.shaped(np.array(areas))


def detection_delays(
    scores: Any,
    labels: Any,
    *,
    threshold: float,
    variant: str = "detected",
    offsets: Any = None,
    on_error: str = "raise",
    threads: int | None = None,
) -> DelayResult:
    """How many points pass before each event is found.

    Parameters
    ----------
    scores, labels, offsets, on_error, threads
        As in :func:`pate`.
    threshold : float
        Points at or above it are predicted; 1 for predictions of 0 and 1.
    variant : {"detected", "all", "tsbad_latency"}, default "detected"
        Earliness as the mean over the events found, or over all with 0 for those missed. ``"tsbad_latency"``: as
        TSB-AD computes the mean delay: the sum over ``detected + 1e-4``, an event at the very beginning of the series
        delayed by one point less.

    Returns
    -------
    DelayResult
        Delays in points; ``delays`` for a single series only.

    Raises
    ------
    InvalidInputError
        As in :func:`pate`; for a series without an anomalous point.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import detection_delays
    >>> detection_delays([0, 0, 1, 0, 0, 0], [0, 1, 1, 0, 1, 1], threshold=1)
    DelayResult(mean_delay=1, earliness=0.5, detected=1, missed=1, delays=array([ 1, -1]))
    """
    choice(variant, "variant", ("detected", "all", "tsbad_latency"))
    grid = thresholds_named("all", number(threshold, "threshold"))
    data = batch(scores, labels, offsets=offsets, on_error=on_error, threads=threads)
    table = data.table(lambda plan: plan.delay_scores(grid, data.threads))
    mean, detected, earliness, over_all, events, latency = table.T
    delays = data.only("delays").delays(0, grid) if data.single else None
    found = data.shaped(detected)
    missed = data.shaped(events - detected)
    return DelayResult(
        data.shaped(latency if variant == "tsbad_latency" else mean),
        data.shaped(over_all if variant == "all" else earliness),
        int(found) if data.single else found.astype(np.int64),
        int(missed) if data.single else missed.astype(np.int64),
        delays,
    )
