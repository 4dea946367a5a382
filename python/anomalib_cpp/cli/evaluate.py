"""``anomalib-cpp evaluate``: metrics of anomaly maps against masks."""

from __future__ import annotations

import argparse
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from .evaluate_options import add_command, check
from .failures import UsageError
from .formats import check_format, curves_text, image_columns, rendered
from .outputs import as_csv, as_json, write_or_print
from .results import as_content

if TYPE_CHECKING:
    from .measuring import Measurement

__all__ = ["add_command", "run"]


def run(args: argparse.Namespace) -> int:
    """Evaluate, print and write; return the exit code."""
    kind = check_format(args)
    check(args)
    if args.images is not None and kind != "html":
        raise UsageError("--images is for --format html")
    from .measuring import measure

    shown = not args.quiet or args.output is not None
    detailed = args.json is not None or args.per_image is not None or (shown and kind in ("json", "html"))
    found = measure(args, per_image=detailed, curves=args.curves is not None or (shown and kind == "html"))
    if args.timestamp:
        found.result.timestamp = datetime.now(timezone.utc).isoformat(timespec="seconds")
    if args.json is not None:
        write_or_print(as_json(as_content(found.result)), args.json)
    if args.per_image is not None:
        write_or_print(as_csv(image_columns(found.result)), args.per_image)
    if args.curves is not None:
        write_or_print(curves_text(found.result, args.curves), args.curves)
    if args.save_state is not None:
        found.save_state(args.save_state)
    if shown:
        write_or_print(rendered(found.result, kind, lambda: _page(args, found)), args.output)
    return 0


def _page(args: argparse.Namespace, found: Measurement) -> str:
    from ..report._evaluation import page
    from ..report._sides import Side
    from .worst import pictured

    galleries = [] if args.images is None else pictured(found.result, args.images, found.pairs, args)
    return page([Side(None, found.result)], galleries=galleries)
