"""``anomalib-cpp compare``: two results of ``evaluate`` side by side."""

from __future__ import annotations

import argparse
import math
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import __version__
from .._errors import InvalidInputError
from .failures import UsageError
from .formats import add_format, as_page, check_format
from .options import positive, require_outputs
from .outputs import as_csv, as_json, as_markdown, as_table, write_or_print
from .paired import NOTES, TESTS, Compared, paired, table
from .results import IMAGE_VALUES, Result

if TYPE_CHECKING:
    from ..report._sides import Gallery

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
        "--resamples", type=positive, metavar="N", help=f"of --paired bootstrap (default: {_RESAMPLES})"
    )
    command.add_argument("--curves-a", type=Path, metavar="FILE", help=".json file of evaluate --curves, for the page")
    command.add_argument("--curves-b", type=Path, metavar="FILE", help="the same of the other result")
    add_format(command)
    command.add_argument("--json", type=Path, metavar="FILE", help="the same, for programs")
    command.add_argument(
        "--per-image", type=Path, metavar="FILE", help="CSV with what both say about each image, largest change first"
    )
    _add_pictures(command)
    return command


def _add_pictures(command: argparse.ArgumentParser) -> None:
    """Add the options that say where the pictures of the page come from."""
    group = command.add_argument_group(
        "pictures", "for the page; a state of maps holds them and their masks, other results need what evaluate had"
    )
    group.add_argument("--maps-a", type=Path, metavar="MAPS", help="maps of A, a folder or a stack")
    group.add_argument("--maps-b", type=Path, metavar="MAPS", help="maps of B")
    group.add_argument("--masks", type=Path, metavar="MASKS", help="of both; a map without a mask is normal")
    group.add_argument("--images", type=Path, metavar="DIR", help="images of the maps, by name; the maps do without")


def _different(a: dict[str, Any], b: dict[str, Any]) -> list[str]:
    return sorted(name for name in a.keys() | b.keys() if a.get(name) != b.get(name))


def run(args: argparse.Namespace) -> int:
    """Compare, print and write; return the exit code."""
    kind = check_format(args)
    drawn = kind == "html"
    if not drawn and (args.curves_a is not None or args.curves_b is not None):
        raise UsageError("--curves-a and --curves-b are for --format html")
    if args.paired != "bootstrap" and args.resamples is not None:
        raise UsageError("--resamples is for --paired bootstrap")
    if args.resamples is None:
        args.resamples = _RESAMPLES
    reads = (args.a, args.b, args.curves_a, args.curves_b, args.maps_a, args.maps_b, args.masks)
    require_outputs(args, ("output", "json", "per_image"), reads)
    from .changed import check_pictures, galleries
    from .loading import load_result

    pictured = check_pictures(args, kind)
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
    columns = None if args.per_image is None else _image_columns(a, b)
    shown = galleries(args, a, b) if pictured else []
    text = _text(args, kind, a, b, tests, content, shown)
    if args.json is not None:
        write_or_print(as_json(content), args.json)
    if columns is not None:
        write_or_print(as_csv(columns), args.per_image)
    write_or_print(text, args.output)
    return 0


def _image_columns(a: Result, b: Result) -> dict[str, list[Any]]:
    """Columns of the images that both have, those with the largest change of the overlap first, or else of the rank."""
    from ..report._changes import changes, shared_images

    pairs = {pair[0]["name"]: pair for pair in shared_images(a, b)}
    if not pairs:
        raise InvalidInputError("--per-image needs the same images in both results; evaluate --json keeps them")
    changed = (pair[0]["name"] for change in changes(a, b) for pair in change.images)
    names = list(dict.fromkeys([*changed, *pairs]))
    columns: dict[str, list[Any]] = {"name": names}
    for side, suffix in enumerate("ab"):
        columns[f"label_{suffix}"] = [pairs[name][side]["label"] for name in names]
    for value in IMAGE_VALUES:
        one, two = ([pairs[name][side].get(value, math.nan) for name in names] for side in (0, 1))
        if any(map(math.isfinite, one)) and any(map(math.isfinite, two)):
            gaps = [y - x for x, y in zip(one, two, strict=True)]
            for suffix, cells in (("a", one), ("b", two), ("difference", gaps)):
                columns[f"{value}_{suffix}"] = ["" if math.isnan(cell) else repr(cell) for cell in cells]
    return columns


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
    args: argparse.Namespace,
    kind: str,
    a: Result,
    b: Result,
    tests: dict[str, Compared],
    content: dict[str, Any],
    shown: list[Gallery],
) -> str:
    if kind == "json":
        return as_json(content)
    if kind == "html":
        return as_page(lambda: _page(args, a, b, tests, shown))
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


def _page(args: argparse.Namespace, a: Result, b: Result, tests: dict[str, Compared], shown: list[Gallery]) -> str:
    from ..report._evaluation import page
    from ..report._sides import Side

    sides = [Side("A", a, args.a.name), Side("B", b, args.b.name)]
    rows = table(tests, args.resamples) if tests else None
    return page(sides, galleries=shown, tests=rows, note=NOTES.get(args.paired, ""))
