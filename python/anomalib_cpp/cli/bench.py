"""``anomalib-cpp bench``: a few kinds of work beside NumPy, the peers that are installed, and the machine's limits."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import get_num_threads, show_config
from .options import add_progress, add_threads, require_writable, shows_progress
from .outputs import as_json, as_table, write_or_print

if TYPE_CHECKING:
    from .workloads import Work

__all__ = ["add_command", "run"]


def add_command(commands: Any) -> argparse.ArgumentParser:
    """Add the command's parser to `commands`."""
    command: argparse.ArgumentParser = commands.add_parser(
        "bench",
        help="measure this machine: ours beside NumPy and the peers that are installed",
        description="Measure a few kinds of work on made-up data, in turn with NumPy and the peers that are installed, "
        "each with the threads that it takes by itself; and how near ours comes to what the machine could do.",
        allow_abbrev=False,
    )
    command.add_argument("--quick", action="store_true", help="smaller data and fewer repeats: some seconds")
    command.add_argument("--json", type=Path, metavar="FILE", help="the same with show_config, for programs")
    add_threads(command)
    add_progress(command)
    return command


def _seconds(call: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def _bandwidth(nbytes: int) -> float:
    """Bytes per second that all threads together read, at best."""
    threads = get_num_threads()
    parts = [np.ones(nbytes // 8 // threads) for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        best = min(_seconds(lambda: list(pool.map(np.sum, parts))) for _ in range(5))
    return sum(part.nbytes for part in parts) / best


def _flops(size: int) -> float:
    """float32 operations per second of NumPy's matrix product, at best."""
    x = np.ones((size, size), np.float32)
    return float(2 * size**3 / min(_seconds(lambda: x @ x) for _ in range(4)))


def _measured(work: Work, repeats: int, bandwidth: float, flops: float) -> dict[str, Any]:
    """Call everything in turn, so that a disturbance meets all."""
    from .workloads import difference

    calls = {"anomalib_cpp": work.ours, **work.others}
    results = {name: call() for name, call in calls.items()}  # also warms up
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            times[name].append(_seconds(call))
    median = {name: statistics.median(spent) for name, spent in times.items()}
    ours, limit = median.pop("anomalib_cpp"), max(work.nbytes / bandwidth, work.flops / flops)
    others = []
    for name, spent in median.items():
        gap = difference(results["anomalib_cpp"], results[name])
        others.append(
            {"name": name, "seconds": spent, "ratio": spent / ours, "difference": gap, "same": gap <= work.tolerance}
        )
    return {
        "name": work.name,
        "seconds": ours,
        "limit_seconds": limit,
        "share_of_limit": limit / ours,
        "others": others,
    }


def _table(works: list[dict[str, Any]]) -> str:
    rows = [["work", "by", "time", "faster by", "of the limit", "result"]]
    for work in works:
        rows.append(
            [work["name"], "anomalib_cpp", f"{1e3 * work['seconds']:.3g} ms", "", f"{work['share_of_limit']:.2f}", ""]
        )
        for other in work["others"]:
            result = "same" if other["same"] else f"differs by {other['difference']:.1g}"
            rows.append(["", other["name"], f"{1e3 * other['seconds']:.3g} ms", f"{other['ratio']:.2f}x", "", result])
    return as_table(rows)


def run(args: argparse.Namespace) -> int:
    """Measure and print; return the exit code."""
    if args.json is not None:
        require_writable(args.json, "--json")
    from .._progress import adapt
    from .workloads import workloads

    begin = time.perf_counter()
    bandwidth, flops = _bandwidth((64 if args.quick else 256) << 20), _flops(768 if args.quick else 2048)
    works = workloads(args.quick)
    found: list[dict[str, Any]] = []
    with adapt(shows_progress(args), "bench") as report:
        for work in works:
            found.append(_measured(work, 3 if args.quick else 7, bandwidth, flops))
            if report is not None:
                report(len(found), len(works))
    machine = {"read_bytes_per_second": bandwidth, "float32_operations_per_second": flops}
    if args.json is not None:
        content = {"schema": 1, "library": show_config("dict"), "quick": args.quick, "machine": machine, "works": found}
        write_or_print(as_json(content), args.json)
    print(_table(found))
    seconds = time.perf_counter() - begin
    print(
        f"medians; {get_num_threads()} threads; the machine reads {bandwidth / 1e9:.1f} GB/s and multiplies "
        f"{flops / 1e9:.0f} GFLOP/s in float32; {seconds:.1f} s"
    )
    return 0
