"""Every metric of a series at once, from one order of the scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import _core
from .._checks import choice, integer
from .._errors import InvalidInputError, InvalidTypeError
from ._events import RANGE
from ._pate import PREDICTED, buffer_lengths, threshold_choice
from ._plan import Batch, batch, thresholds_named
from ._range_auc import VARIANTS

__all__ = ["series_report", "tsb_metrics"]

DISTINCT = _core.ThresholdChoice("distinct")
LINEAR = _core.ThresholdChoice("linear", 100)


class _Columns:
    """Named columns of results, as they come from one plan."""

    def __init__(self, plan: Any, threads: int) -> None:
        self.plan, self.threads, self.values = plan, threads, {}  # type: tuple[Any, int, dict[str, Any]]

    def add(self, names: Sequence[str | None], table: Any) -> None:
        for i, name in enumerate(names):
            if name is not None:
                self.values[name] = table[:, i]


RANK_SCORES = ("auroc", "average_precision", "pr_auc_trapezoid", "best_f1", "threshold", "precision", "recall")

EVENT_METRICS = {
    "point_adjusted_f1": _core.EventMetric("point_adjusted"),
    "event_f1": _core.EventMetric("composite"),
    "segment_f1": _core.EventMetric("segment"),
    "range_f1": RANGE,
    "affiliation_f1": _core.EventMetric("affiliation"),
}

GROUPS = ("rank", "vus", "range_auc", "pate", *EVENT_METRICS)


def series_report(
    scores: Any,
    labels: Any,
    *,
    metrics: Sequence[str] = GROUPS,
    window: int = 100,
    num_thresholds: int = 250,
    early_buffer: int = 100,
    delay_buffer: int = 100,
    threshold: float | None = None,
    offsets: Any = None,
    on_error: str = "raise",
    threads: int | None = None,
) -> dict[str, Any]:
    """Compute all metrics of one series, or of many, from one order of the scores.

    Parameters
    ----------
    scores, labels, offsets, on_error, threads
        As in :func:`pate`. Scores must be finite if ``"pate"`` is among the metrics.
    metrics : sequence of names
        Groups, all by default: ``"rank"`` (auroc, average_precision, pr_auc_trapezoid, best_f1 with its threshold,
        precision and recall), ``"vus"`` (vus_roc, vus_pr), ``"range_auc"`` (range_auc_roc, range_auc_pr at `window`),
        ``"pate"``, ``"point_adjusted_f1"``, ``"event_f1"``, ``"segment_f1"``, ``"range_f1"``, ``"affiliation_f1"``:
        each the best over all thresholds, with the threshold that gives it.
    window : int >= 0, default 100
        Of ``"vus"`` and ``"range_auc"``.
    num_thresholds : int >= 1, default 250
        Of ``"vus"``, ``"range_auc"`` and ``"pate"``.
    early_buffer, delay_buffer : int >= 0, default 100
        Of ``"pate"``.
    threshold : float, optional
        Add the metrics of the points at or above it, with names that begin with ``"at_threshold_"``: f1, precision,
        recall, point_adjusted_f1, event_f1, segment_f1, range_f1, affiliation_f1, pate_f1, mean_delay, earliness,
        detected_events.

    Returns
    -------
    dict of str to float, or to array of float64, shape (series,)

    Raises
    ------
    InvalidInputError
        As in :func:`pate`; for a series without an anomalous or without a normal point.

    Notes
    -----
    Values are those of the single functions with the same options, bit for bit. Series are taken in runs of about four
    million points, so that memory stays near 60 bytes for each of those.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import series_report
    >>> report = series_report([0.1, 0.3, 0.9, 0.8, 0.2, 0.1], [0, 0, 1, 1, 0, 0], window=2)
    >>> report["auroc"], report["affiliation_f1"]
    (1.0, 1.0)
    """
    wanted = chosen_groups(metrics)
    last, count = integer(window, "window", 0), integer(num_thresholds, "num_thresholds", 1)
    early, delay = buffer_lengths(early_buffer, delay_buffer, 1, True)
    curve = threshold_choice(True, True, count)
    cut = None if threshold is None else thresholds_named("all", threshold)
    data = batch(scores, labels, offsets=offsets, on_error=on_error, threads=threads)

    def columns_of(plan: Any) -> dict[str, Any]:
        columns = _Columns(plan, data.threads)
        if "rank" in wanted:
            columns.add(RANK_SCORES, plan.rank_scores(data.threads))
        if "vus" in wanted:
            areas = plan.range_areas(0, last, count, "opt", False, data.threads)
            columns.add(["vus_roc", "vus_pr"], areas[:, -2:])
            if "range_auc" in wanted:  # the last window of the same walk
                columns.add(["range_auc_roc", "range_auc_pr"], areas[:, -4:-2])
        elif "range_auc" in wanted:
            areas = plan.range_areas(last, last, count, "opt", False, data.threads)
            columns.add(["range_auc_roc", "range_auc_pr"], areas)
        if "pate" in wanted:
            columns.add(["pate"], plan.pate(curve, early, delay, threads=data.threads))
        for name, metric in EVENT_METRICS.items():
            if name in wanted:
                columns.add([name, f"{name}_threshold"], plan.best_f1(metric, DISTINCT, 0.0, data.threads))
        if cut is not None:
            _at_threshold(columns, cut, early, delay)
        return columns.values

    return _joined(data, columns_of)


def chosen_groups(metrics: Any) -> list[str]:
    """Return `metrics` if it is a sequence of at least one known name."""
    if isinstance(metrics, str) or not isinstance(metrics, Sequence):
        raise InvalidTypeError(f"metrics must be a sequence of names; got {metrics!r}")
    if not metrics:
        raise InvalidInputError(f"metrics must name at least one of {', '.join(map(repr, GROUPS))}")
    return [choice(name, "metrics", GROUPS) for name in metrics]


def _at_threshold(columns: _Columns, grid: Any, early: list[int], delay: list[int]) -> None:
    plan, threads = columns.plan, columns.threads
    pointwise = plan.best_f1(_core.EventMetric("pointwise"), grid, 0.0, threads)
    columns.add(["at_threshold_f1", None, "at_threshold_precision", "at_threshold_recall"], pointwise)
    for name, metric in EVENT_METRICS.items():
        columns.add([f"at_threshold_{name}"], plan.best_f1(metric, grid, 0.0, threads))
    columns.add(["at_threshold_pate_f1"], plan.pate_f1(grid, early, delay, threads))
    names = ["at_threshold_mean_delay", "at_threshold_detected_events", "at_threshold_earliness"]
    columns.add(names, plan.delay_scores(grid, threads))


def _joined(data: Batch, columns_of: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    parts = [columns_of(plan) for plan in data.plans()]
    return {name: data.shaped(np.concatenate([part[name] for part in parts])) for name in parts[0]}


TSB_F1 = {  # the metric and what is added to its denominator
    "Standard-F1": (_core.EventMetric("pointwise"), 1e-5),
    "PA-F1": (_core.EventMetric("donut"), 0.0),
    "Event-based-F1": (_core.EventMetric("composite_tsbad"), 1e-15),
    "R-based-F1": (RANGE, 0.0),
    "Affiliation-F": (_core.EventMetric("affiliation"), 1e-15),
}


def tsb_f1_of(marks: Batch) -> dict[str, Any]:
    """Return the F1 scores of TSB-AD for points that are predicted or not."""

    def columns_of(plan: Any) -> dict[str, Any]:
        columns = _Columns(plan, marks.threads)
        for name, (metric, eps) in TSB_F1.items():
            plain = name == "Standard-F1"  # nothing is added where there is no curve
            columns.add([name], plan.best_f1(metric, PREDICTED, 0.0 if plain else eps, marks.threads))
        return columns.values

    return _joined(marks, columns_of)


def tsb_metrics(
    scores: Any,
    labels: Any,
    *,
    sliding_window: int = 100,
    predictions: Any = None,
    variant: str = "opt",
    num_thresholds: int = 250,
    offsets: Any = None,
    on_error: str = "raise",
    threads: int | None = None,
) -> dict[str, Any]:
    """Compute the metrics of the TSB-AD benchmark under its names, as its code defines them.

    Parameters
    ----------
    scores, labels, offsets, on_error, threads
        As in :func:`pate`; finite scores.
    sliding_window : int >= 0, default 100
        Window of VUS.
    predictions : array of bool or numbers, shape (n,), optional
        Points above 0 are predicted: the F1 scores are then those of the predictions, otherwise the best over 100
        evenly spaced thresholds, for ``"Standard-F1"`` over all scores.
    variant : {"opt", "vldb", "vldb_sym", "opt_time"}, default "opt"
        As in :func:`vus`.
    num_thresholds : int >= 1, default 250
        Of VUS.

    Returns
    -------
    dict of str to float, or to array of float64, shape (series,)
        ``"AUC-PR"``, ``"AUC-ROC"``, ``"VUS-PR"``, ``"VUS-ROC"``, ``"Standard-F1"``, ``"PA-F1"``, ``"Event-based-F1"``,
        ``"R-based-F1"``, ``"Affiliation-F"``.

    Raises
    ------
    InvalidInputError
        As in :func:`series_report`.

    Notes
    -----
    TSB-AD's ways are kept where they change values: 1e-5 and 1e-15 in denominators, a first point that point adjustment
    never fills in, a last point that finds no event.

    References
    ----------
    Q. Liu, J. Paparrizos, "The Elephant in the Room: Towards A Reliable Time-Series Anomaly Detection Benchmark",
    NeurIPS 2024.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import tsb_metrics
    >>> tsb_metrics([0.1, 0.9, 0.8, 0.2, 0.1], [0, 1, 1, 0, 0], sliding_window=2)["PA-F1"]
    1.0
    """
    choice(variant, "variant", VARIANTS)
    last, count = integer(sliding_window, "sliding_window", 0), integer(num_thresholds, "num_thresholds", 1)
    data = batch(scores, labels, offsets=offsets, on_error=on_error, threads=threads)

    def ranked(plan: Any) -> dict[str, Any]:
        columns = _Columns(plan, data.threads)
        columns.add(["AUC-ROC", "AUC-PR"], plan.rank_scores(data.threads))
        columns.add(["VUS-ROC", "VUS-PR"], plan.range_areas(0, last, count, variant, False, data.threads)[:, -2:])
        if predictions is None:
            for name, (metric, eps) in TSB_F1.items():
                grid = DISTINCT if name == "Standard-F1" else LINEAR
                columns.add([name], plan.best_f1(metric, grid, eps, data.threads))
        return columns.values

    found = _joined(data, ranked)
    if predictions is not None:
        names = ("predictions", "labels")
        marks = batch(predictions, labels, offsets=offsets, on_error=on_error, threads=threads, names=names)
        found |= tsb_f1_of(marks)
    order = ("AUC-PR", "AUC-ROC", "VUS-PR", "VUS-ROC", *TSB_F1)
    return {name: found[name] for name in order}
