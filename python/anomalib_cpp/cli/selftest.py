"""``anomalib-cpp selftest``: every instruction set of this machine against NumPy, and against each other."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import __version__, cpu_features, set_isa
from .options import add_progress, shows_progress
from .outputs import as_table

if TYPE_CHECKING:
    from .checks import Check

__all__ = ["add_command", "run"]

_THREADS = (1, 2, 3)


def add_command(commands: Any) -> argparse.ArgumentParser:
    """Add the command's parser to `commands`."""
    command: argparse.ArgumentParser = commands.add_parser(
        "selftest",
        help="check every instruction set of this machine",
        description="Run every kind of work at every instruction-set level that this machine has, with 1, 2 and 3 "
        "threads; compare the results with NumPy, and their bits with each other.",
        allow_abbrev=False,
    )
    command.add_argument("--json", action="store_true", help="as JSON")
    add_progress(command)
    return command


@contextmanager
def _levels() -> Iterator[list[str]]:
    """Give the levels that this machine can run; afterwards the one in use is what it was."""
    features = cpu_features()
    usable = []
    try:
        for level in features["compiled"]:
            try:
                set_isa(level)
            except ValueError:
                continue
            usable.append(level)
        yield usable
    finally:
        set_isa(features["active"])


def _difference(found: dict[str, NDArray[Any]], reference: dict[str, NDArray[Any]]) -> float:
    """Largest difference relative to the largest value; inf for another shape, another integer or another infinity."""
    worst = 0.0
    for name, expected in reference.items():
        values, wanted = np.asarray(found[name]), np.asarray(expected)
        finite = np.isfinite(wanted)
        if values.shape != wanted.shape or not np.array_equal(values[~finite], wanted[~finite]):
            return np.inf
        if wanted.dtype.kind in "iu":
            if not np.array_equal(values, wanted):
                return np.inf
        elif finite.any():
            scale = max(float(np.abs(wanted[finite]).max()), np.finfo(np.float64).tiny)
            gap = float(np.abs(values[finite].astype(np.float64) - wanted[finite]).max()) / scale
            worst = max(worst, gap if gap == gap else np.inf)
    return worst


def _same_bits(found: dict[str, NDArray[Any]], first: dict[str, NDArray[Any]]) -> bool:
    return all(
        np.asarray(found[name]).dtype == np.asarray(value).dtype
        and np.asarray(found[name]).tobytes() == np.asarray(value).tobytes()
        for name, value in first.items()
    )


def _checked(check: Check, levels: list[str]) -> dict[str, Any]:
    """Run one check everywhere: how far it is from NumPy, and where its bits differ from those of the first run."""
    reference = check.reference()
    first: dict[str, NDArray[Any]] | None = None
    differs: dict[str, list[int]] = {}
    error = 0.0
    for level in levels:
        set_isa(level)
        differs[level] = []
        for threads in _THREADS:
            found = check.run(threads)
            first = found if first is None else first
            error = max(error, _difference(found, reference))
            if not _same_bits(found, first):
                differs[level].append(threads)
    return {
        "name": check.name,
        "difference": error if np.isfinite(error) else "Infinity",
        "tolerance": check.tolerance,
        "agrees": error <= check.tolerance,
        "differing_threads": differs,
        "passed": error <= check.tolerance and not any(differs.values()),
    }


def _table(levels: list[str], results: list[dict[str, Any]]) -> str:
    rows = [["check", "numpy", *levels]]
    for result in results:
        numpy = f"{float(result['difference']):.0e}" if result["agrees"] else "MISMATCH"
        cells = ["DIFFERS" if result["differing_threads"][level] else "same bits" for level in levels]
        rows.append([result["name"], numpy, *cells])
    return as_table(rows)


def run(args: argparse.Namespace) -> int:
    """Check and print; return 1 if anything is wrong."""
    from .._progress import adapt
    from .checks import CHECKS

    begin = time.perf_counter()
    results = []
    with _levels() as levels, adapt(shows_progress(args), "self test") as report:
        for check in CHECKS:
            results.append(_checked(check, levels))
            if report is not None:
                report(len(results), len(CHECKS))
    passed = all(result["passed"] for result in results)
    if args.json:
        content = {
            "schema": 1,
            "library": {"version": __version__},
            "levels": levels,
            "threads": list(_THREADS),
            "checks": results,
            "passed": passed,
        }
        print(json.dumps(content, indent=2, sort_keys=True))
    else:
        print(_table(levels, results))
        seconds = time.perf_counter() - begin
        count = len(levels) * len(_THREADS) * len(results)
        print(f"{'passed' if passed else 'FAILED'}: {count} runs in {seconds:.1f} s")
    return 0 if passed else 1
