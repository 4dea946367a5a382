"""The command line ``anomalib-cpp``, one module for each command."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any, NoReturn

from .. import __version__, config_context
from . import bench, compare, convert, demo, evaluate, fit, info, nab, report, score, selftest, series, verify
from .failures import exit_code, one_line

__all__ = ["main"]


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, as all others are."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {one_line(message)} ({self.prog} --help lists what there is)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="anomalib-cpp",
        description="Memory banks, anomaly maps and metrics for anomaly detection in images and time series.",
        epilog="exit codes: 0 done, 1 failed, 2 usage, 3 bad input or file, 4 memory, disk, device or a missing "
        "package, 130 interrupted",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"anomalib-cpp {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    every = (demo, fit, score, evaluate, compare, report, series, nab, convert, verify, info, selftest, bench)
    for module in every:
        command = module.add_command(commands)
        command.add_argument("-v", "--verbose", action="store_true", help="show the traceback of an error")
        command.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Results go to standard output; progress, warnings and errors to standard error.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; those of the process by default.

    Returns
    -------
    int
        The exit code: 0 done, 1 unexpected error or failed self test, 2 usage, 3 bad input or file, 4 memory, disk,
        device or a missing optional package, 130 interrupted.

    Examples
    --------
    >>> from anomalib_cpp.cli import main
    >>> main(["--version"])  # doctest: +ELLIPSIS
    anomalib-cpp ...
    0
    """
    try:
        args = _parser().parse_args(argv)
    except SystemExit as stop:  # argparse has printed what there is to say
        return int(stop.code or 0)
    name = f"anomalib-cpp {args.command}"

    def warn(message: Warning | str, *_: Any, **__: Any) -> None:
        print(f"{name}: warning: {one_line(str(message))}", file=sys.stderr)

    try:
        # Overrides, not settings of the process: main() may be called from a program.
        chosen = {key: getattr(args, key) for key in ("threads", "memory_budget") if getattr(args, key, None)}
        with warnings.catch_warnings(), config_context(**chosen):
            warnings.showwarning = warn
            code = int(args.run(args))
            sys.stdout.flush()
            return code
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output, such as `head`, has left: nothing more to say, also at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if args.verbose:
            traceback.print_exc()
        code, text = exit_code(error)
        print(f"{name}: error: {text}", file=sys.stderr)
        return code
