"""Options that several commands share."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from .._errors import InvalidInputError

__all__ = ["add_progress", "add_threads", "pair", "positive", "require_writable", "shows_progress"]


def positive(text: str) -> int:
    """Parse an integer of at least 1."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be an integer >= 1; got {text!r}")
    return number


def pair(text: str) -> tuple[int, int]:
    """Parse ``HxW``."""
    match = re.fullmatch(r"([1-9][0-9]{0,6})x([1-9][0-9]{0,6})", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"must be HEIGHTxWIDTH, such as 28x28; got {text!r}")
    return int(match[1]), int(match[2])


def add_threads(command: argparse.ArgumentParser) -> None:
    """Add ``--threads``, which `main` puts in force."""
    command.add_argument("--threads", type=positive, metavar="N", help="most threads to use; results do not change")


def add_progress(command: argparse.ArgumentParser) -> None:
    """Add ``--no-progress``."""
    command.add_argument("--no-progress", action="store_true", help="show no progress, also on a terminal")


def shows_progress(args: argparse.Namespace) -> bool:
    """Whether there is a terminal that wants to see progress."""
    return not args.no_progress and sys.stderr.isatty()


def require_writable(path: Path, name: str) -> None:
    """Refuse a file that could not be written in the end, before the work is done."""
    if path.is_dir():
        raise InvalidInputError(f"{name} {str(path)!r} is a folder; name a file")
    if not path.parent.is_dir():
        raise InvalidInputError(f"{name} {str(path)!r}: the folder {str(path.parent)!r} does not exist")
