"""``anomalib-cpp demo``: the whole chain on textures or on a folder of yours, with a report."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .failures import MissingPackageError
from .options import add_progress, add_threads, positive, require_writable, shows_progress

__all__ = ["add_command", "run"]


def add_command(commands: Any) -> argparse.ArgumentParser:
    """Add the command's parser to `commands`."""
    command: argparse.ArgumentParser = commands.add_parser(
        "demo",
        help="features, bank, maps and metrics on real images, with an HTML report",
        description="Fit a bank on normal images, score others, print a table and write one HTML page. Without --data: "
        "three textures of scikit-image with synthetic defects.",
        allow_abbrev=False,
    )
    command.add_argument("--data", type=Path, metavar="DIR", help="a folder in the layout of MVTec AD")
    command.add_argument(
        "--extractor",
        default="filters",
        metavar="NAME",
        help="filters, efficientnet-lite0 or MODULE:FUNCTION (default: %(default)s)",
    )
    command.add_argument("-o", "--output", type=Path, default=Path("report.html"), help="default: %(default)s")
    command.add_argument("--seed", type=int, default=0, metavar="N", help="of defects and coresets (0)")
    command.add_argument(
        "--coreset-ratio",
        type=float,
        metavar="R",
        help="share of patches to keep, in (0, 1] (0.1, or 0.01 of more than 100,000)",
    )
    command.add_argument(
        "--image-size", type=positive, default=256, metavar="N", help="side to which images are resized (256)"
    )
    add_threads(command)
    add_progress(command)
    return command


def run(args: argparse.Namespace) -> int:
    """Run the demonstration; return the exit code."""
    require_writable(args.output, "--output")
    try:
        from ..demo import format_table, run_demo

        result = run_demo(
            data=args.data,
            extractor=args.extractor,
            output=args.output,
            seed=args.seed,
            threads=args.threads,
            progress=shows_progress(args),
            coreset_ratio=args.coreset_ratio,
            image_size=args.image_size,
        )
    except ModuleNotFoundError as error:
        extra = "demo-torch" if args.extractor == "efficientnet-lite0" else "demo"
        raise MissingPackageError("demo", error.name, extra) from error
    print(format_table(result))
    print(f"report: {args.output}")
    return 0
