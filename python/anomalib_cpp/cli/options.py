"""Options that several commands share."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from .._errors import InvalidInputError
from .failures import UsageError

__all__ = [
    "add_progress",
    "add_threads",
    "as_option",
    "pair",
    "positive",
    "require_folder",
    "require_outputs",
    "require_writable",
    "shows_progress",
]


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


def as_option(name: str) -> str:
    """Return what the argument `name` is called on the command line."""
    return f"--{name.replace('_', '-')}"


def require_outputs(args: argparse.Namespace, names: Sequence[str], reads: Iterable[Path | None] = ()) -> None:
    """Refuse files that could not be written in the end, one that two options name, and those of `reads`."""
    options: dict[Path, str] = {}
    inputs = list(reads)
    for name in names:
        path = getattr(args, name)
        if path is not None:
            option = as_option(name)
            require_writable(path, option, inputs)
            other = options.setdefault(path.resolve(), option)
            if other != option:
                raise UsageError(f"{other} and {option} name the same file {str(path)!r}")


def require_writable(path: Path, name: str, reads: Iterable[Path | None] = ()) -> None:
    """Refuse a file that could not be written in the end, or is one of `reads`, before the work is done."""
    if path.is_dir():
        raise InvalidInputError(f"{name} {str(path)!r} is a folder; name a file")
    require_folder(path, name)
    if path.exists() and any(other is not None and other.exists() and other.samefile(path) for other in reads):
        raise UsageError(f"{name} {str(path)!r} is read, too; name another file")


def require_folder(path: Path, name: str) -> None:
    """Refuse what is to appear in a folder that does not exist or may not be written to."""
    if not path.parent.is_dir():
        raise InvalidInputError(f"{name} {str(path)!r}: the folder {str(path.parent)!r} does not exist")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise InvalidInputError(f"{name} {str(path)!r}: the folder {str(path.parent)!r} may not be written to")
