"""``anomalib-cpp compare``: two results of ``evaluate`` side by side."""

from __future__ import annotations

import argparse
import re
import warnings
from pathlib import Path
from typing import Any

from .. import __version__
from .._container import parse_json
from .._errors import FormatError
from .failures import naming
from .options import require_writable
from .outputs import as_json, as_table, write_or_print

__all__ = ["add_command", "run"]

_MOST_BYTES = 1 << 20
_NOT_FINITE = ("NaN", "Infinity", "-Infinity")


def add_command(commands: Any) -> argparse.ArgumentParser:
    """Add the command's parser to `commands`."""
    command: argparse.ArgumentParser = commands.add_parser(
        "compare",
        help="two results of evaluate side by side",
        description="Print the metrics of two results side by side, and by how much the second is above the first.",
        allow_abbrev=False,
    )
    command.add_argument("a", type=Path, metavar="A.json", help="a file written by evaluate --json")
    command.add_argument("b", type=Path, metavar="B.json", help="another one")
    command.add_argument("--json", type=Path, metavar="FILE", help="the same, for programs")
    return command


def _read(path: Path) -> dict[str, Any]:
    """Read a result; what its metrics say becomes numbers."""
    with naming(path):
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES or not data.isascii():
            raise FormatError(f"not a result of evaluate: it is not ASCII of at most {_MOST_BYTES} bytes")
        content = parse_json(data.decode(), "the result")
        if not isinstance(content, dict) or not isinstance(content.get("metrics"), dict) or not content["metrics"]:
            raise FormatError("not a result of evaluate: it has no metrics")
        if content.get("schema") != 1:
            raise FormatError(f"not a result of schema 1; got {str(content.get('schema'))[:20]!a}")
        if not all(isinstance(content.get(name), dict) for name in ("inputs", "settings")):
            raise FormatError("not a result of evaluate: it lacks inputs or settings")
        return {**content, "metrics": {name: _number(name, entry) for name, entry in content["metrics"].items()}}


def _number(name: str, entry: Any) -> float:
    value = entry.get("value") if isinstance(entry, dict) else None
    is_number = type(value) in (int, float) or value in _NOT_FINITE
    if not is_number or not re.fullmatch(r"[A-Za-z0-9_.@-]{1,100}", name):
        raise FormatError(f"not a result of evaluate: the metric {name[:60]!a} has no number as its value")
    return float(value)  # type: ignore[arg-type]


def _different(a: dict[str, Any], b: dict[str, Any]) -> list[str]:
    return sorted(name for name in a.keys() | b.keys() if a.get(name) != b.get(name))


def run(args: argparse.Namespace) -> int:
    """Compare, print and write; return the exit code."""
    if args.json is not None:
        require_writable(args.json, "--json")
    a, b = _read(args.a), _read(args.b)
    inputs, settings = (_different(a[name], b[name]) for name in ("inputs", "settings"))
    for what, names in (("inputs", inputs), ("settings", settings)):
        if names:
            warnings.warn(f"the results have different {what}: {', '.join(map(ascii, names))[:200]}", stacklevel=1)
    rows = [["metric", "A", "B", "difference"]]
    metrics: dict[str, dict[str, float | None]] = {}
    for name in sorted(a["metrics"].keys() | b["metrics"].keys()):
        one, two = a["metrics"].get(name), b["metrics"].get(name)
        gap = None if one is None or two is None else two - one
        metrics[name] = {"a": one, "b": two, "difference": gap}
        cells = ["-" if value is None else f"{value:.6g}" for value in (one, two)]
        rows.append([name, *cells, "-" if gap is None else f"{gap:+.6g}"])
    if args.json is not None:
        content = {
            "schema": 1,
            "library": {"version": __version__},
            "metrics": metrics,
            "different_inputs": inputs,
            "different_settings": settings,
        }
        write_or_print(as_json(content), args.json)
    print(as_table(rows))
    return 0
