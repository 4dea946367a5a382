"""Results as text: a table for people, Markdown, CSV, JSON or a page."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .failures import MissingPackageError, UsageError
from .options import require_writable
from .outputs import as_csv, as_json, as_markdown, as_table
from .results import Measured, Result, as_content

__all__ = ["FORMATS", "add_format", "as_page", "check_format", "curves_text", "image_columns", "rendered", "summary"]

FORMATS = ("table", "json", "csv", "markdown", "html")
_OF_SUFFIX = {".txt": "table", ".json": "json", ".csv": "csv", ".md": "markdown", ".html": "html", ".htm": "html"}


def add_format(group: Any) -> None:
    """Add ``--output`` and ``--format``."""
    group.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write the result there instead of standard output"
    )
    group.add_argument(
        "--format",
        choices=FORMATS,
        help="of the result; by default what the suffix of --output says (.txt .json .csv .md .html), else a table",
    )


def check_format(args: argparse.Namespace) -> str:
    """Return the format, and refuse what could not be written in the end."""
    if args.output is not None:
        require_writable(args.output, "--output")
    chosen = args.format
    if chosen is None and args.output is not None:
        chosen = _OF_SUFFIX.get(args.output.suffix.lower())
        if chosen is None:
            raise UsageError(f"--output {args.output.name!r} has no suffix of {', '.join(_OF_SUFFIX)}; give --format")
    if chosen == "html":
        require_page()
    return chosen or "table"


def require_page() -> None:
    """Refuse a page before the work is done, where a package for it is missing."""
    try:
        import jinja2  # noqa: F401
        import matplotlib  # noqa: F401
        import PIL  # noqa: F401
    except ImportError as error:
        raise MissingPackageError("an HTML page", error.name, "demo") from error


def as_page(draw: Callable[[], str]) -> str:
    """Call what draws a page; what is no Unicode in names and settings becomes a question mark."""
    try:
        return draw().encode("utf-8", "replace").decode()
    except ModuleNotFoundError as error:
        raise MissingPackageError("an HTML page", error.name, "demo") from error


def rendered(result: Result, kind: str, page: Callable[[], str]) -> str:
    """Return a result in one of the formats, with a line break at its end."""
    if kind == "json":
        return as_json(as_content(result))
    if kind == "html":
        return as_page(page)
    if kind == "csv":
        return as_csv(_columns(result.metrics))
    if kind == "markdown":
        return f"{as_markdown(_rows(result.metrics))}\n\n{summary(result)}\n"
    return f"{as_table(_rows(result.metrics))}\n{summary(result)}\n"


def _rows(metrics: dict[str, Measured]) -> list[list[str]]:
    """Rows for people: only the columns that some metric has."""
    rows = [["metric", "value", "low", "high", "definition"]]
    for name, found in metrics.items():
        ends = ["-" if end is None else f"{end:.6g}" for end in (found.low, found.high)]
        rows.append([name, f"{found.value:.6g}", *ends, found.variant or "-"])
    kept = [i for i in range(5) if i < 2 or any(row[i] != "-" for row in rows[1:])]
    return [[row[i] for i in kept] for row in rows]


def _columns(metrics: dict[str, Measured]) -> dict[str, list[Any]]:
    def cell(value: float | None) -> str:
        return "" if value is None else repr(value)

    found = list(metrics.values())
    return {
        "metric": list(metrics),
        "value": [cell(one.value) for one in found],
        "low": [cell(one.low) for one in found],
        "high": [cell(one.high) for one in found],
        "interval": [one.interval or "" for one in found],
        "variant": [one.variant or "" for one in found],
    }


def summary(result: Result) -> str:
    """One line about the data."""
    inputs = result.inputs
    return (
        f"{inputs.get('n_images')} images, {inputs.get('n_anomalous')} of them anomalous; "
        f"{inputs.get('n_pixels')} pixels, {inputs.get('n_anomalous_pixels')} of them anomalous"
    )


def image_columns(result: Result) -> dict[str, list[Any]]:
    """Columns of the table of all images: what each has, an empty cell where a value does not exist."""
    columns: dict[str, list[Any]] = {name: [image[name] for image in result.images] for name in ("name", "label")}
    for name in ("score", "aupro", "aupimo"):
        values = [image.get(name) for image in result.images]
        if any(value is not None for value in values):
            columns[name] = [
                "" if value is None or (value != value and name != "score") else repr(value) for value in values
            ]
    return columns


def curves_text(result: Result, path: Path) -> str:
    """Return the curves as JSON or CSV, whichever the suffix says."""
    if path.suffix.lower() == ".json":
        curves = {
            name: {"x": points.x.tolist(), "y": points.y.tolist(), "thresholds": points.thresholds.tolist()}
            for name, points in result.curves.items()
        }
        return as_json({"schema": 1, "curves": curves})
    columns: dict[str, list[Any]] = {"curve": [], "x": [], "y": [], "threshold": []}
    for name, points in result.curves.items():
        columns["curve"] += [name] * len(points.x)
        for key, values in (("x", points.x), ("y", points.y), ("threshold", points.thresholds)):
            columns[key] += map(repr, values.tolist())
    return as_csv(columns)
