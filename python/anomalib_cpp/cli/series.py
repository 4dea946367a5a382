"""``anomalib-cpp series``: metrics of anomaly scores of time series."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._errors import InvalidInputError
from .failures import UsageError
from .formats import add_format, as_page, check_format
from .options import add_progress, add_threads, positive, require_outputs
from .outputs import write_or_print

if TYPE_CHECKING:
    from .series_results import SeriesResult

__all__ = ["add_command", "run"]

_OF_TSB = ("metrics", "early_buffer", "delay_buffer")  # which options its metrics do not have


def _length(text: str) -> int:
    """Parse an integer of at least 0."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"must be an integer >= 0; got {text!r}")
    return int(text)


def _window(text: str) -> int | str:
    """Parse what ``--window`` takes."""
    if text == "auto":
        return text
    try:
        return _length(text)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f"must be an integer >= 0 or auto; got {text!r}") from None


def _finite(text: str) -> float:
    """Parse a finite number."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"must be a finite number; got {text!r}")
    return number


def add_command(commands: Any) -> argparse.ArgumentParser:
    """Add the command's parser to `commands`."""
    command: argparse.ArgumentParser = commands.add_parser(
        "series",
        help="metrics of anomaly scores of time series",
        description="Compute metrics of the anomaly scores of time series: a row for each file and detector, and the "
        "mean.",
        allow_abbrev=False,
    )
    command.add_argument(
        "files", nargs="+", metavar="FILES", help="CSV files, or patterns such as 'results/**/*.csv'; a series each"
    )
    group = command.add_argument_group("columns", "by name or by position from 1; commas, semicolons or tabs between")
    group.add_argument("--label-column", metavar="C", help="above 0: anomalous (label; without a header the 2nd)")
    group.add_argument(
        "--windows",
        type=Path,
        metavar="FILE",
        help="NAB's combined_windows.json: the points in a window of the entry that is called like the file are "
        "anomalous, instead of a column of labels",
    )
    group.add_argument(
        "--time-column", metavar="C", help="timestamps, for --windows (timestamp; else time, datetime, date)"
    )
    group.add_argument("--value-column", metavar="C", help="the series itself (value, Data; without a header the 1st)")
    group.add_argument(
        "--score-column",
        action="append",
        metavar="C",
        help="a detector; may be repeated (anomaly_score; else score, score_*, *_score; without a header the others)",
    )
    group.add_argument(
        "--scores",
        type=Path,
        metavar="PATH",
        help="scores in a file of their own (text, .npy, .npz, .safetensors), or a folder of such files, called like "
        "the series",
    )
    group = command.add_argument_group("metrics")
    group.add_argument("--metrics", metavar="LIST", help="groups of series_report, with commas, or all (all)")
    group.add_argument("--tsb", action="store_true", help="the metrics of the TSB-AD benchmark, by its names, instead")
    group.add_argument(
        "--window",
        type=_window,
        default=100,
        metavar="N",
        help="of VUS and range AUC, in points; auto: the period of each series, by its autocorrelation (%(default)s)",
    )
    group.add_argument(
        "--variant", choices=("opt", "vldb", "vldb_sym", "opt_time"), default="opt", help="of VUS and range AUC (opt)"
    )
    group.add_argument("--threshold", type=_finite, metavar="X", help="also the metrics of the points at X or above")
    group.add_argument(
        "--num-thresholds", type=positive, default=250, metavar="N", help="of VUS, range AUC, PATE (250)"
    )
    group.add_argument("--early-buffer", type=_length, metavar="N", help="of PATE, in points (100)")
    group.add_argument("--delay-buffer", type=_length, metavar="N", help="of PATE, in points (100)")
    group.add_argument(
        "--on-error",
        choices=("raise", "nan"),
        default="raise",
        help="what a series is for which a metric does not exist, such as one without an event: an error (default), or "
        "a row without that value, which does not count in the mean",
    )
    add_format(command)
    add_threads(command)
    add_progress(command)
    return command


def run(args: argparse.Namespace) -> int:
    """Measure, print and write; return the exit code."""
    kind = check_format(args)
    _check(args)
    from .series_files import find_series

    require_outputs(args, ("output",), [*find_series(args.files), args.windows, args.scores])
    from .series_measuring import measure
    from .series_results import text_of

    result = measure(args, drawn=kind == "html")
    text = as_page(lambda: _page(result)) if kind == "html" else text_of(result, kind)
    write_or_print(text, args.output)
    return 0


def _check(args: argparse.Namespace) -> None:
    """Refuse options that do not go together; fill in those that depend on others."""
    if args.tsb:
        for name in _OF_TSB:
            if getattr(args, name) is not None:
                raise UsageError(f"--{name.replace('_', '-')} is not for --tsb")
    else:
        for name in ("early_buffer", "delay_buffer"):
            if getattr(args, name) is None:
                setattr(args, name, 100)
        args.metrics = _groups(args.metrics)
        if args.variant != "opt" and not {"vus", "range_auc"} & {*args.metrics}:
            raise UsageError(f"--variant {args.variant} needs vus or range_auc among --metrics")
    if args.windows is None and args.time_column is not None:
        raise UsageError("--time-column needs --windows")
    if args.windows is not None and args.label_column is not None:
        raise UsageError("--windows and --label-column both say which points are anomalous; give one")
    if args.scores is not None and not args.scores.exists():
        raise InvalidInputError(f"--scores {str(args.scores)!r} does not exist")


def _groups(text: str | None) -> list[str]:
    from ..timeseries._report import GROUPS

    if text is None or text == "all":
        return list(GROUPS)
    names = list(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in GROUPS:
            raise InvalidInputError(f"--metrics must be of {', '.join(GROUPS)}, or all; got {name!r}")
    return names


def _page(result: SeriesResult) -> str:
    from ..report._series import page

    return page(result)
