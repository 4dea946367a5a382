"""``anomalib-cpp verify``: whether files are what they say, without using them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from .. import io
from .._errors import FormatError, InvalidInputError
from .failures import exit_code, naming
from .options import add_threads

__all__ = ["add_command", "run"]


def add_command(commands: Any) -> argparse.ArgumentParser:
    """Add the command's parser to `commands`."""
    command: argparse.ArgumentParser = commands.add_parser(
        "verify",
        help="check banks, states and results that were saved",
        description="Read each file in full: its header, its checksum, and whether its content is one that could have "
        "been saved. A damaged or foreign file is an error.",
        allow_abbrev=False,
    )
    command.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="a .safetensors file of ours, or a .json file of evaluate"
    )
    add_threads(command)
    return command


def run(args: argparse.Namespace) -> int:
    """Check every file; return the exit code of the first that is wrong."""
    code = 0
    for path in args.files:
        try:
            print(f"{path}: {_verified(path)}")
        except Exception as error:
            if len(args.files) == 1:
                raise
            found, text = exit_code(error)
            code = code or found
            print(f"anomalib-cpp verify: error: {text}", file=sys.stderr)
    return code


def _verified(path: Path) -> str:
    """Return what the file holds."""
    io.check_suffix(path)
    if path.is_dir():
        raise InvalidInputError(f"{str(path)!r} is a folder; name its files")
    if path.suffix.lower() == ".json":
        from .results import read_result

        result = read_result(path)
        return f"result of {len(result.metrics)} metrics, {len(result.images)} images"
    with naming(path):
        info = io.verify(path)
        text = _content(path, info.kind)
    size = f"{len(info.tensors)} arrays, {info.data_bytes} bytes, checksum {info.checksum[:16]}"
    return f"{text}, {size}"


def _content(path: Path, kind: str) -> str:
    """Build what the file holds, which checks its settings and values; other kinds are arrays with a checksum."""
    if kind == "PatchMemoryBank":
        from ..bank import PatchMemoryBank
        from .images import read_recipe

        bank = PatchMemoryBank.load(path)
        recipe = read_recipe(path, io.inspect(path).checksum)
        return f"{kind} of {len(bank)} rows" + ("" if recipe is None else f", with its recipe {recipe.extractor!a}")
    if kind in ("PixelEvaluator", "ImageEvaluator"):
        from .. import evaluators

        evaluator = getattr(evaluators, kind).load(path)
        return f"{kind} of {evaluator.n_items} {'pixels' if kind == 'PixelEvaluator' else 'images'}"
    if not kind.isprintable() or len(kind) > 60:
        raise FormatError("the name of its kind is not one of ours")
    return kind
