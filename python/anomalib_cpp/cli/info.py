"""``anomalib-cpp info``: what runs here, or what a bank file holds."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .. import show_config
from .._show_config import print_report

__all__ = ["add_command", "run"]


def add_command(commands: Any) -> argparse.ArgumentParser:
    """Add the command's parser to `commands`."""
    command: argparse.ArgumentParser = commands.add_parser(
        "info",
        help="show versions, threads and instruction sets, or describe a bank file",
        description="Show versions, build, threads, instruction sets and settings; or describe a bank file.",
        allow_abbrev=False,
    )
    command.add_argument("bank", type=Path, nargs="?", help="a file written by fit; its data are not read")
    command.add_argument("--json", action="store_true", help="as JSON")
    return command


def _described(path: Path) -> dict[str, Any]:
    from .. import io
    from .failures import naming
    from .images import read_recipe

    io.check_suffix(path)
    with naming(path):
        found = io.inspect(path)
    recipe = read_recipe(path, found.checksum)
    return {
        "kind": found.kind,
        "format_version": found.format_version,
        "library_version": found.library_version,
        "data_bytes": found.data_bytes,
        "checksum": found.checksum,
        "tensors": {name: f"{tensor.dtype} {list(tensor.shape)}" for name, tensor in found.tensors.items()},
        "settings": found.config,
        "images": asdict(recipe) if recipe else None,
    }


def run(args: argparse.Namespace) -> int:
    """Print it; return the exit code."""
    if args.bank is None and not args.json:
        show_config()
        return 0
    content = show_config("dict") if args.bank is None else _described(args.bank)
    if args.json:
        print(json.dumps(content, indent=2, sort_keys=True))
        return 0
    print_report(content)
    return 0
