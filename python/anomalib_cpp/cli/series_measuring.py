"""Metrics of time series, measured file by file."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .failures import UsageError
from .options import shows_progress
from .pairs import about
from .series_files import Columns, Series, find_series, names_of, read_series
from .series_results import Measured, SeriesResult
from .series_windows import Windows, windows_of

__all__ = ["measure"]

_VARIANT_METRICS = {"vus": ("vus_roc", "vus_pr"), "range_auc": ("range_auc_roc", "range_auc_pr")}
_MOST_DRAWN = 8  # rows of the page with figures
_WORST_BY = ("vus_pr", "VUS-PR", "pate", "average_precision")


def measure(args: argparse.Namespace, *, drawn: bool) -> SeriesResult:
    """Read the files one at a time and compute what the options ask for."""
    from .._progress import adapt

    paths = find_series(args.files)
    if args.scores is not None and not args.scores.is_dir() and len(paths) > 1:
        raise UsageError(f"--scores with a file takes one series, not {len(paths)}; name a folder")
    columns = Columns(args.label_column, args.value_column, tuple(args.score_column or ()), args.time_column)
    windows: Sequence[Windows | None]
    windows = [None] * len(paths) if args.windows is None else windows_of(paths, args.windows)
    rows: list[Measured] = []
    with adapt(shows_progress(args), "series") as report:
        for i, (path, name) in enumerate(zip(paths, names_of(paths), strict=True)):
            series = read_series(path, name, columns, args.scores, windows[i])
            rows = _few_drawn([*rows, *_measured(args, path, series, drawn)])
            if report is not None:
                report(i + 1, len(paths))
    return SeriesResult(rows, _settings(args))


def _few_drawn(rows: list[Measured]) -> list[Measured]:
    """Let go of all series but those with the lowest values, which the page shows."""
    if sum(row.series is not None for row in rows) <= _MOST_DRAWN:
        return rows
    name = next((name for name in _WORST_BY if name in rows[0].metrics), next(iter(rows[0].metrics)))
    order = sorted(range(len(rows)), key=lambda i: (math.isnan(rows[i].metrics[name]), rows[i].metrics[name], i))
    drawn = {i for i in order if rows[i].series is not None} & set(order[:_MOST_DRAWN])
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
                found |= dict(zip(_VARIANT_METRICS[group], (one.roc, one.pr), strict=True))
    return found


def _settings(args: argparse.Namespace) -> dict[str, Any]:
    """Every setting that the numbers depend on."""
    names = ["tsb", "window", "variant", "num_thresholds", "threshold", "on_error"]
    names += ["score_column", "label_column", "value_column"]
    if not args.tsb:
        names += ["metrics", "early_buffer", "delay_buffer"]
    settings = {name: getattr(args, name) for name in names}
    return settings | ({} if args.windows is None else {"windows": args.windows.name, "time_column": args.time_column})
