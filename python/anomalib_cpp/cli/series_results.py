"""Metrics of time series: measured file by file, and as JSON, CSV and tables."""

from __future__ import annotations

import argparse
import hashlib
import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import __version__
from .failures import UsageError
from .options import shows_progress
from .outputs import as_csv, as_json, as_markdown, as_table
from .pairs import about
from .series_files import Columns, Series, find_series, names_of, read_series

__all__ = ["Measured", "SeriesResult", "content_of", "measure", "shown_rows", "text_of"]

VARIANT_METRICS = {"vus": ("vus_roc", "vus_pr"), "range_auc": ("range_auc_roc", "range_auc_pr")}
MOST_DRAWN = 8  # rows of the page with figures
_WORST_BY = ("vus_pr", "VUS-PR", "pate", "average_precision")
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


def measure(args: argparse.Namespace, *, drawn: bool) -> SeriesResult:
    """Read the files one at a time and compute what the options ask for."""
    from .._progress import adapt

    paths = find_series(args.files)
    if args.scores is not None and not args.scores.is_dir() and len(paths) > 1:
        raise UsageError(f"--scores with a file takes one series, not {len(paths)}; name a folder")
    columns = Columns(args.label_column, args.value_column, tuple(args.score_column or ()))
    rows: list[Measured] = []
    with adapt(shows_progress(args), "series") as report:
        for i, (path, name) in enumerate(zip(paths, names_of(paths), strict=True)):
            series = read_series(path, name, columns, args.scores)
            rows = _few_drawn([*rows, *_measured(args, path, series, drawn)])
            if report is not None:
                report(i + 1, len(paths))
    return SeriesResult(rows, _settings(args))


def _few_drawn(rows: list[Measured]) -> list[Measured]:
    """Let go of all series but those with the lowest values, which the page shows."""
    if sum(row.series is not None for row in rows) <= MOST_DRAWN:
        return rows
    name = next((name for name in _WORST_BY if name in rows[0].metrics), next(iter(rows[0].metrics)))
    order = sorted(range(len(rows)), key=lambda i: (math.isnan(rows[i].metrics[name]), rows[i].metrics[name], i))
    drawn = {i for i in order if rows[i].series is not None} & set(order[:MOST_DRAWN])
    return [row if i in drawn else replace(row, series=None) for i, row in enumerate(rows)]


def _measured(args: argparse.Namespace, path: Path, series: Series, drawn: bool) -> list[Measured]:
    anomalous = series.labels > 0
    events = int(np.count_nonzero(np.diff(anomalous.astype(np.int8), prepend=0) == 1))
    found = []
    with about(repr(str(path))):
        window = _window(args, series)
        for detector, scores in series.scores.items():
            metrics = _tsb(args, scores, anomalous, window) if args.tsb else _native(args, scores, anomalous, window)
            counts = (len(anomalous), int(anomalous.sum()), events, window)
            found.append(Measured(series.name, detector, *counts, metrics, series if drawn else None))
    return found


def _window(args: argparse.Namespace, series: Series) -> int:
    if args.window != "auto":
        return int(args.window)
    from .._errors import InvalidInputError
    from ..timeseries import find_length

    if series.values is None:
        raise InvalidInputError("--window auto needs the series itself; give --value-column, or --window N")
    return find_length(series.values, variant="tsb" if args.tsb else "vus")


def _tsb(args: argparse.Namespace, scores: NDArray[Any], labels: NDArray[Any], window: int) -> dict[str, float]:
    from ..timeseries import tsb_metrics

    found: dict[str, float] = tsb_metrics(
        scores,
        labels,
        sliding_window=window,
        predictions=None if args.threshold is None else scores >= args.threshold,
        variant=args.variant,
        num_thresholds=args.num_thresholds,
        on_error=args.on_error,
    )
    return found


def _native(args: argparse.Namespace, scores: NDArray[Any], labels: NDArray[Any], window: int) -> dict[str, float]:
    from ..timeseries import range_auc, series_report, vus

    options = {"window": window, "num_thresholds": args.num_thresholds, "on_error": args.on_error}
    found: dict[str, float] = series_report(
        scores,
        labels,
        metrics=args.metrics,
        early_buffer=args.early_buffer,
        delay_buffer=args.delay_buffer,
        threshold=args.threshold,
        **options,
    )
    if args.variant != "opt":
        for group, areas in (("vus", vus), ("range_auc", range_auc)):
            if group in args.metrics:
                one = areas(scores, labels, variant=args.variant, **options)
                found |= dict(zip(VARIANT_METRICS[group], (one.roc, one.pr), strict=True))
    return found


def _settings(args: argparse.Namespace) -> dict[str, Any]:
    """Every setting that the numbers depend on."""
    names = ["tsb", "window", "variant", "num_thresholds", "threshold", "on_error"]
    names += ["score_column", "label_column", "value_column"]
    if not args.tsb:
        names += ["metrics", "early_buffer", "delay_buffer"]
    return {name: getattr(args, name) for name in names}


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
