"""``anomalib-cpp compare``: two results of ``evaluate`` side by side."""

from __future__ import annotations

import argparse
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .. import __version__
from .failures import UsageError
from .formats import add_format, as_page, check_format
from .options import positive, require_writable
from .outputs import as_csv, as_json, as_markdown, as_table, write_or_print
from .paired import NOTES, TESTS, Compared, paired, table
from .results import Result

__all__ = ["add_command", "run"]

_RESAMPLES = 10_000


def add_command(commands: Any) -> argparse.ArgumentParser:
    """Add the command's parser to `commands`."""
    command: argparse.ArgumentParser = commands.add_parser(
        "compare",
        help="two results of evaluate side by side",
        description="Print the metrics of two results side by side, and by how much the second is above the first.",
        allow_abbrev=False,
    )
    command.add_argument("a", type=Path, metavar="A", help="a .json file of evaluate, or a state that it saved")
    command.add_argument("b", type=Path, metavar="B", help="another one")
    command.add_argument(
        "--paired",
        choices=TESTS,
        help="test the difference on the images that both have: wilcoxon and ttest the overlaps of each defective "
        "image (aupro, aupimo); bootstrap the metrics of the images' scores, and with two states those of the pixels",
    )
    command.add_argument(
        "--resamples", type=positive, default=_RESAMPLES, metavar="N", help="of --paired bootstrap (%(default)s)"
    )
    command.add_argument("--curves-a", type=Path, metavar="FILE", help=".json file of evaluate --curves, for the page")
    command.add_argument("--curves-b", type=Path, metavar="FILE", help="the same of the other result")
    add_format(command)
    command.add_argument("--json", type=Path, metavar="FILE", help="the same, for programs")
    return command


def _different(a: dict[str, Any], b: dict[str, Any]) -> list[str]:
    return sorted(name for name in a.keys() | b.keys() if a.get(name) != b.get(name))


def run(args: argparse.Namespace) -> int:
    """Compare, print and write; return the exit code."""
    kind = check_format(args)
    if kind != "html" and (args.curves_a is not None or args.curves_b is not None):
        raise UsageError("--curves-a and --curves-b are for --format html")
    if args.json is not None:
        require_writable(args.json, "--json")
    from .loading import load_result

    drawn = kind == "html"
    a, b = load_result(args.a, args.curves_a, drawn=drawn), load_result(args.b, args.curves_b, drawn=drawn)
    inputs, settings = _different(a.inputs, b.inputs), _different(a.settings, b.settings)
    for what, names in (("inputs", inputs), ("settings", settings)):
        if names:
            warnings.warn(f"the results have different {what}: {', '.join(map(ascii, names))[:200]}", stacklevel=1)
    tests = {} if args.paired is None else paired(a, b, args.paired, args.resamples)
    content = {
        "schema": 1,
        "library": {"version": __version__},
        "metrics": _metrics(a, b),
        "different_inputs": inputs,
        "different_settings": settings,
        **({} if args.paired is None else {"paired": _content(args, tests)}),
    }
    if args.json is not None:
        write_or_print(as_json(content), args.json)
    write_or_print(_text(args, kind, a, b, tests, content), args.output)
    return 0


def _metrics(a: Result, b: Result) -> dict[str, dict[str, float | None]]:
    metrics: dict[str, dict[str, float | None]] = {}
    for name in sorted(a.metrics.keys() | b.metrics.keys()):
        one, two = (side.metrics[name].value if name in side.metrics else None for side in (a, b))
        gap = None if one is None or two is None else two - one
        metrics[name] = {"a": one, "b": two, "difference": gap}
    return metrics


def _content(args: argparse.Namespace, tests: dict[str, Compared]) -> dict[str, Any]:
    settings = {"resamples": args.resamples} if args.paired == "bootstrap" else {}
    return {
        "test": args.paired,
        **settings,
        "values": {name: {**asdict(one), "difference": one.b - one.a} for name, one in tests.items()},
    }


def _text(
    args: argparse.Namespace, kind: str, a: Result, b: Result, tests: dict[str, Compared], content: dict[str, Any]
) -> str:
    if kind == "json":
        return as_json(content)
    if kind == "html":
        return as_page(lambda: _page(args, a, b, tests))
    metrics: dict[str, dict[str, float | None]] = content["metrics"]
    if kind == "csv":
        columns: dict[str, list[Any]] = {"metric": list(metrics)}
        for key in ("a", "b", "difference"):
            columns[key] = ["" if one[key] is None else repr(one[key]) for one in metrics.values()]
        return as_csv(columns)
    rows = [["metric", "A", "B", "difference"]]
    for name, one in metrics.items():
        cells = ["-" if value is None else f"{value:.6g}" for value in (one["a"], one["b"])]
        rows.append([name, *cells, "-" if one["difference"] is None else f"{one['difference']:+.6g}"])
    draw = as_markdown if kind == "markdown" else as_table
    text = draw(rows) + "\n"
    if tests:
        header, body = table(tests, args.resamples)
        text += f"\n{draw([header, *body])}\n{'' if draw is as_table else chr(10)}{NOTES[args.paired]}\n"
    return text


def _page(args: argparse.Namespace, a: Result, b: Result, tests: dict[str, Compared]) -> str:
    from ..report._evaluation import page
    from ..report._sides import Side

    sides = [Side("A", a, args.a.name), Side("B", b, args.b.name)]
    return page(sides, tests=table(tests, args.resamples) if tests else None, note=NOTES.get(args.paired, ""))
