"""``anomalib-cpp nab``: scores of a folder of results of the Numenta Anomaly Benchmark."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .. import __version__
from .failures import UsageError
from .formats import check_format
from .options import require_outputs
from .outputs import as_csv, as_json, as_markdown, as_table, write_or_print

__all__ = ["add_command", "run"]

_FORMATS = ("table", "json", "csv", "markdown")


def add_command(commands: Any) -> argparse.ArgumentParser:
    """Add the command's parser to `commands`."""
    command: argparse.ArgumentParser = commands.add_parser(
        "nab",
        help="thresholds and scores of detectors on the Numenta Anomaly Benchmark",
        description="Find the best threshold of each detector and print its raw and normalized scores, as NAB does.",
        allow_abbrev=False,
    )
    command.add_argument(
        "results", type=Path, metavar="RESULTS", help="a folder with <detector>_<series>.csv in it or below it"
    )
    command.add_argument("windows", type=Path, metavar="WINDOWS", help="combined_windows.json")
    command.add_argument("--detector", action="append", metavar="NAME", help="only this one; may be repeated")
    command.add_argument("--profiles", type=Path, metavar="FILE", help="NAB's profiles.json (its three profiles)")
    command.add_argument(
        "--thresholds", type=Path, metavar="FILE", help="a thresholds.json to score at (the best ones)"
    )
    command.add_argument(
        "--probation", type=float, default=0.15, metavar="P", help="begin that does not count (%(default)s)"
    )
    command.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write the result there instead of standard output"
    )
    command.add_argument(
        "--format",
        choices=_FORMATS,
        help="of the result; by default what the suffix of --output says (.txt .json .csv .md), else a table",
    )
    command.add_argument("--per-file", type=Path, metavar="FILE", help=".csv with the scores of each series")
    command.add_argument(
        "--save-thresholds", type=Path, metavar="FILE", help="the thresholds, as NAB's thresholds.json"
    )
    command.add_argument("--save-results", type=Path, metavar="FILE", help="the scores, as NAB's final_results.json")
    return command


def run(args: argparse.Namespace) -> int:
    """Score, print and write; return the exit code."""
    kind = check_format(args)
    if kind == "html":
        raise UsageError(f"nab writes no page; give --format {', '.join(_FORMATS)}")
    outputs = ("output", "per_file", "save_thresholds", "save_results")
    require_outputs(args, outputs, (args.windows, args.profiles, args.thresholds))
    from ..nab import Runner, read_profiles, read_thresholds

    profiles = None if args.profiles is None else read_profiles(args.profiles)
    given = None if args.thresholds is None else read_thresholds(args.thresholds)
    runner = Runner(args.results, args.windows, detectors=args.detector, profiles=profiles, probation=args.probation)
    thresholds = runner.optimize() if given is None else runner.at(given)
    final = runner.normalize(thresholds)
    if args.per_file is not None:
        rows = [row for of_detector in runner.score(thresholds).values() for of in of_detector.values() for row in of]
        columns = {key: [_cell(row[key]) for row in rows] for key in rows[0]}
        write_or_print(as_csv(columns), args.per_file)
    if args.save_thresholds is not None:
        write_or_print(as_json(thresholds), args.save_thresholds)
    if args.save_results is not None:
        write_or_print(as_json(final), args.save_results)
    write_or_print(_text(kind, runner.files, thresholds, final), args.output)
    return 0


def _cell(value: Any) -> Any:
    return repr(value) if isinstance(value, float) else value


def _text(kind: str, files: dict[str, list[str]], thresholds: dict[str, Any], final: dict[str, Any]) -> str:
    if kind == "json":
        content = {"schema": 1, "library": {"version": __version__}, "files": files}
        return as_json({**content, "thresholds": thresholds, "final_results": final})
    found = [
        (detector, profile, len(files[detector]), at["threshold"], at["score"], final[detector][profile])
        for detector, profiles in thresholds.items()
        for profile, at in profiles.items()
    ]
    names = ["detector", "profile", "files", "threshold", "raw", "normalized"]
    if kind == "csv":
        return as_csv({name: [_cell(row[i]) for row in found] for i, name in enumerate(names)})
    rows = [names, *([f"{cell:.6g}" if isinstance(cell, float) else str(cell) for cell in row] for row in found)]
    return (as_markdown if kind == "markdown" else as_table)(rows) + "\n"
