"""Metrics of time series: in memory, and as JSON, CSV and tables."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from typing import Any

from .. import __version__
from .outputs import as_csv, as_json, as_markdown, as_table
from .series_files import Series

__all__ = ["Measured", "SeriesResult", "content_of", "shown_rows", "text_of"]

_COUNTS = ("points", "anomalous_points", "events", "window")
_BESIDE = ("precision", "recall")  # of the best F1: not for a table of many series


@dataclass(frozen=True, eq=False)
class Measured:
    """What one detector scores on one series.

    Attributes
    ----------
    file, detector : str
    points, anomalous_points, events, window : int
    metrics : dict of str to float
        NaN where a metric does not exist.
    series : Series or None
        Kept where it is to be drawn.
    """

    file: str
    detector: str
    points: int
    anomalous_points: int
    events: int
    window: int
    metrics: dict[str, float]
    series: Series | None = field(default=None, repr=False)


@dataclass(frozen=True, eq=False)
class SeriesResult:
    """All rows, and the settings that they depend on."""

    rows: list[Measured]
    settings: dict[str, Any]

    def means(self) -> dict[str, dict[str, float]]:
        """Mean of each metric over the files of each detector where it exists; thresholds have none."""
        found: dict[str, dict[str, float]] = {}
        for detector in dict.fromkeys(row.detector for row in self.rows):
            rows = [row.metrics for row in self.rows if row.detector == detector]
            columns = {name: [row[name] for row in rows if not math.isnan(row[name])] for name in rows[0]}
            found[detector] = {
                name: math.fsum(values) / len(values) if values else math.nan
                for name, values in columns.items()
                if not _is_threshold(name)
            }
        return found


def _is_threshold(name: str) -> bool:
    return name == "threshold" or (name.endswith("_threshold") and not name.startswith("at_threshold"))


def content_of(result: SeriesResult) -> dict[str, Any]:
    """Return what the JSON holds."""
    of_file = {row.file: row for row in result.rows}
    return {
        "schema": 1,
        "library": {"version": __version__},
        "inputs": {
            "n_files": len(of_file),
            "n_points": sum(row.points for row in of_file.values()),
            "n_anomalous_points": sum(row.anomalous_points for row in of_file.values()),
            "n_events": sum(row.events for row in of_file.values()),
            "sha256_of_names": hashlib.sha256("\n".join(of_file).encode("utf-8", "surrogateescape")).hexdigest(),
        },
        "settings": result.settings,
        "series": [
            {
                "file": row.file,
                "detector": row.detector,
                **{name: getattr(row, name) for name in _COUNTS},
                "metrics": row.metrics,
            }
            for row in result.rows
        ],
        "mean": result.means(),
    }


def text_of(result: SeriesResult, kind: str) -> str:
    """Return the result as a table, JSON, CSV or Markdown."""
    if kind == "json":
        return as_json(content_of(result))
    if kind == "csv":
        return as_csv(_columns(result))
    draw, gap = (as_markdown, "\n") if kind == "markdown" else (as_table, "")
    if len(result.rows) > 1:
        return f"{draw(shown_rows(result))}\n"
    (row,) = result.rows
    rows = [["metric", "value"], *([name, f"{value:.6g}"] for name, value in row.metrics.items())]
    return (
        f"{draw(rows)}\n{gap}{row.points} points, {row.anomalous_points} of them anomalous, in {row.events} events; "
        f"window {row.window}\n"
    )


def shown_rows(result: SeriesResult) -> list[list[str]]:
    """Rows for people: a file each, then the mean; without the thresholds."""
    detectors = {row.detector for row in result.rows}
    windows = {row.window for row in result.rows}
    kept = [name for name in result.rows[0].metrics if not _is_threshold(name) and name not in _BESIDE]
    more = [name for name, few in (("detector", len(detectors) < 2), ("window", len(windows) < 2)) if not few]
    table = [["file", *more, *kept]]
    for row in result.rows:
        cells = [getattr(row, name) for name in more]
        table.append([row.file, *map(str, cells), *(_cell(row.metrics[name]) for name in kept)])
    if len({row.file for row in result.rows}) > 1:
        for detector, means in result.means().items():
            cells = [detector if name == "detector" else "" for name in more]
            table.append(["mean", *cells, *(_cell(means[name]) for name in kept)])
    return table


def _cell(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4f}"


def _columns(result: SeriesResult) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {
        name: [getattr(row, name) for row in result.rows] for name in ("file", "detector", *_COUNTS)
    }
    for name in result.rows[0].metrics:
        values = [row.metrics[name] for row in result.rows]
        columns[name] = ["" if math.isnan(value) else repr(value) for value in values]
    return columns
