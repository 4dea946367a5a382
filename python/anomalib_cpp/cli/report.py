"""``anomalib-cpp report``: the page of a result that was saved."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .failures import UsageError
from .formats import as_page, require_page
from .options import require_outputs
from .outputs import write_or_print

__all__ = ["add_command", "run"]


def add_command(commands: Any) -> argparse.ArgumentParser:
    """Add the command's parser to `commands`."""
    command: argparse.ArgumentParser = commands.add_parser(
        "report",
        help="an HTML page of a result of evaluate",
        description="Write one HTML page of a result: metrics, curves, worst images, settings. It needs no other file.",
        allow_abbrev=False,
    )
    command.add_argument(
        "result", type=Path, metavar="RESULT", help="a .json file of evaluate, or a state that it saved"
    )
    command.add_argument("-o", "--output", type=Path, default=Path("report.html"), help="default: %(default)s")
    command.add_argument("--curves", type=Path, metavar="FILE", help=".json file of evaluate --curves")
    group = command.add_argument_group("worst images", "all three, as evaluate had them")
    group.add_argument("--images", type=Path, metavar="DIR", help="images of the maps, by name")
    group.add_argument("--maps", type=Path, metavar="MAPS", help="as for evaluate")
    group.add_argument("--masks", type=Path, metavar="MASKS", help="as for evaluate; a map without a mask is normal")
    return command


def run(args: argparse.Namespace) -> int:
    """Read the result and write its page; return the exit code."""
    require_outputs(args, ("output",), (args.result, args.curves, args.maps, args.masks))
    given = [getattr(args, name) is not None for name in ("images", "maps", "masks")]
    if any(given) and not all(given):
        raise UsageError("--images, --maps and --masks belong together; give all three or none")
    require_page()
    from .loading import load_result

    result = load_result(args.result, args.curves, drawn=True)
    galleries = []
    if args.images is not None:
        from .worst import mask_threshold, pairs_beside, pictured, require_images

        require_images(result, args.result, "--images")
        args.mask_threshold = mask_threshold(result)
        galleries = pictured(result, args.images, pairs_beside(args.maps, args.masks), args)

    def draw() -> str:
        from ..report._evaluation import page
        from ..report._sides import Side

        return page([Side(None, result)], galleries=galleries)

    write_or_print(as_page(draw), args.output)
    print(f"report: {args.output}")
    return 0
