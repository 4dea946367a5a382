"""The page of ``series``: the table, and for some of the series what they look like and their curves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..plots import plot_pr, plot_series, plot_vus_surface
from ..timeseries import event_curve, pate_curve, vus
from ._evaluation_rows import beside
from ._page import environment, rendered
from ._pictures import figure

if TYPE_CHECKING:
    from ..cli.series_results import Measured, SeriesResult

__all__ = ["page"]

_CURVES = {
    "pointwise": "points",
    "range": "ranges",
    "affiliation": "affiliation",
    "point_adjusted": "point-adjusted",
}
_COLOURS = ("#3b76af", "#c8452f", "#3f8f5b", "#8a6bb0", "#b8862b")


def page(result: SeriesResult) -> str:
    """Return the page; rows that hold their series are drawn."""
    from ..cli.series_results import content_of, shown_rows

    counts = content_of(result)["inputs"]
    header, *rows = shown_rows(result)
    drawn = [row for row in result.rows if row.series is not None]
    settings = {name: _shown(value) for name, value in result.settings.items() if value is not None}

    def content() -> dict[str, Any]:
        return {
            "title": "Anomaly scores of time series",
            "counts": "{n_files} files, {n_points} points, {n_anomalous_points} of them anomalous, in {n_events} "
            "events".format(**counts),
            "header": header,
            "rows": rows,
            "has_mean": len({row.file for row in result.rows}) > 1,
            "missing": any(cell == "-" for row in rows for cell in row),
            "window": _shown(result.settings["window"]),
            "cases": [_case(row, result) for row in drawn],
            "omitted": len(result.rows) - len(drawn),
            "settings": beside([settings]),
            "environment": environment(),
        }

    return rendered("series.html", content)


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _case(row: Measured, result: SeriesResult) -> dict[str, Any]:
    series = row.series
    assert series is not None
    scores, labels = np.asarray(series.scores[row.detector], np.float64), series.labels
    given = result.settings["threshold"]
    threshold = row.metrics.get("threshold", math.nan) if given is None else given
    line = threshold if math.isfinite(threshold) else None
    several = len({other.detector for other in result.rows}) > 1
    figures = []
    if 0 < row.anomalous_points < row.points:
        figures = _curves(scores, labels, row.window, result.settings)
    note = "" if line is None else f"; the line is {'' if given is not None else 'the best F1 of points, '}{line:.4g}"
    return {
        "name": f"{row.file}, {row.detector}" if several else row.file,
        "text": f"{row.points:,} points, {row.anomalous_points:,} of them anomalous, in {row.events:,} events; window "
        f"{row.window}{note}",
        "series": figure(
            "Series, events, score" if series.values is not None else "Events, score",
            lambda ax: plot_series(series.values, scores, labels, threshold=line, ax=ax),
            (11.0, 2.9),
        ),
        "figures": figures,
    }


def _curves(scores: Any, labels: Any, window: int, settings: dict[str, Any]) -> list[dict[str, str]]:
    variant, count = settings["variant"], settings["num_thresholds"]
    areas = vus(scores, labels, window=window, variant=variant, num_thresholds=count)

    def by_window(ax: Any) -> None:
        for name, values, mean, colour in (
            ("ROC", areas.roc_by_window, areas.roc, _COLOURS[0]),
            ("precision-recall", areas.pr_by_window, areas.pr, _COLOURS[1]),
        ):
            style = {"color": colour, "marker": "o" if len(values) == 1 else None}
            ax.plot(areas.windows, values, label=f"{name}, mean {mean:.4f}", **style)
        ax.set(xlabel="window, points", ylabel="area", ylim=(-0.02, 1.02))
        ax.legend(frameon=False, loc="best")

    def precision_recall(ax: Any) -> None:
        found = {name: event_curve(scores, labels, metric) for metric, name in _CURVES.items()}
        if np.isfinite(scores).all():
            early, delay = settings.get("early_buffer", 100), settings.get("delay_buffer", 100)
            found["PATE"] = pate_curve(
                scores,
                labels,
                early_buffer=early,
                delay_buffer=delay,
                percentile_thresholds=True,
                num_thresholds=count,
                drop_intermediate=True,
            )
        for (name, curve), colour in zip(found.items(), _COLOURS, strict=False):
            exists = ~(np.isnan(curve.recall) | np.isnan(curve.precision))
            if exists.any():
                plot_pr((curve.recall[exists], curve.precision[exists]), ax=ax, label=name, color=colour, linewidth=1.1)
        ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=3, fontsize=8)

    figures = [
        figure("Areas by window", by_window, (3.9, 2.9)),
        figure("Precision and recall, by what counts", precision_recall, (3.9, 2.9)),
    ]
    if variant == "opt":
        options = {"window": window, "num_thresholds": count}
        figures.append(
            figure("Precision by window", lambda ax: plot_vus_surface(scores, labels, ax=ax, **options), (3.9, 2.9))
        )
    return figures
