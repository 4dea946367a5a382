"""What this machine can do at best, and how two functions compare: measured in the same run as the code under test.

Run alone, it prints the machine and its limits. Benchmarks import `compare`, `report` and the limits.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

import anomalib_cpp

Call = Callable[[], Any]


def seconds(call: Call) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def wall_and_cpu(call: Call) -> tuple[float, float]:
    """Wall time and processor time of one call."""
    start, processor = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - start, time.process_time() - processor


def best_of(call: Call, repeats: int = 5) -> float:
    """Seconds of the fastest of `repeats` calls, after one warm-up: for limits of the machine."""
    call()
    return min(seconds(call) for _ in range(repeats))


def median_of(call: Call, repeats: int = 5) -> float:
    """Median seconds of `repeats` calls, after one warm-up: for the code under test."""
    call()
    return statistics.median(seconds(call) for _ in range(repeats))


def compare(ours: Call, peer: Call, repeats: int = 7) -> dict[str, float]:
    """Median seconds of both, called in turn so that a disturbance meets both; `ratio` > 1: ours is faster.

    `cpu_ratio` compares processor time and `ratio_of_best` the fastest calls: they tell how far other work on the
    machine moved `ratio`. Libraries whose threads spin while they wait take more processor time than they need.
    """
    ours(), peer()
    times = [(*wall_and_cpu(ours), *wall_and_cpu(peer)) for _ in range(repeats)]
    columns = list(zip(*times, strict=True))
    mine, cpu, theirs, their_cpu = (statistics.median(column) for column in columns)
    return {
        "seconds": mine,
        "peer_seconds": theirs,
        "ratio": theirs / mine,
        "cpu_seconds": cpu,
        "cpu_ratio": their_cpu / max(cpu, 1e-9),
        "best_seconds": min(columns[0]),
        "ratio_of_best": min(columns[2]) / min(columns[0]),
    }


def read_bandwidth(nbytes: int = 256 << 20, threads: int | None = None) -> float:
    """Bytes per second at which `threads` threads together read a working set of `nbytes`."""
    threads = threads or anomalib_cpp.get_num_threads()
    parts = [np.ones(nbytes // 4 // threads, np.float32) for _ in range(threads)]
    repeats = max(1, (64 << 20) // nbytes)  # small sets several times, so that starting threads does not show

    def read(part: np.ndarray) -> None:
        for _ in range(repeats):
            np.dot(part, part)

    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        return repeats * nbytes / best_of(lambda: list(pool.map(read, parts)))


def sgemm_flops(size: int = 2048, threads: int | None = None) -> float:
    """float32 operations per second of NumPy's matrix product."""
    x = np.ones((size, size), np.float32)
    with threadpool_limits(threads or anomalib_cpp.get_num_threads()):
        return 2 * size**3 / best_of(lambda: x @ x)


def int8_ops(size: int = 2048, threads: int | None = None) -> float | None:
    """int8 operations per second of PyTorch's (oneDNN) integer matrix product; None without torch or VNNI.

    Without VNNI the product is a plain loop that takes minutes.
    """
    if anomalib_cpp.cpu_features()["detected"] not in ("avx512-vnni", "amx"):
        return None
    try:
        import torch
    except ImportError:
        return None
    x = torch.ones((size, size), dtype=torch.int8)
    before = torch.get_num_threads()
    torch.set_num_threads(threads or anomalib_cpp.get_num_threads())
    try:
        return 2 * size**3 / best_of(lambda: torch._int_mm(x, x))
    finally:
        torch.set_num_threads(before)


def register_peaks() -> dict[str, float]:
    """Operations per second of one core out of its registers, by instruction set: `peak.c`, compiled here.

    A matrix product of somebody else's is no limit: ours may be faster. Empty where there is no C compiler.
    """
    source = Path(__file__).with_name("peak.c")
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "peak"
        try:
            subprocess.run(["cc", "-O2", "-march=native", source, "-o", program], check=True, capture_output=True)
            printed = subprocess.run([program], check=True, capture_output=True, text=True).stdout
        except (OSError, subprocess.CalledProcessError):
            return {}
    return {name: float(rate) for name, rate in (line.split() for line in printed.splitlines())}


def roofline(spent: float, *, nbytes: float = 0, bandwidth: float = 1, ops: float = 0, peak: float = 1) -> float:
    """Share of the machine's limit: the time that memory or arithmetic needs at least, over the time `spent`."""
    return max(nbytes / bandwidth, ops / peak) / spent


def describe() -> dict[str, Any]:
    """Processor, caches and the configuration of this build, to stand beside figures."""
    wanted = ("Model name", "CPU(s)", "Thread(s) per core", "CPU max MHz", "L1d cache", "L2 cache", "L3 cache")
    cpu: dict[str, str] = {}
    try:
        listing = subprocess.run(
            ["lscpu"], capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C"}
        ).stdout
        for line in listing.splitlines():
            key, _, value = line.partition(":")
            if key.strip() in wanted:
                cpu[key.strip()] = value.strip()
    except (OSError, subprocess.CalledProcessError):
        cpu["Model name"] = platform.processor()
    config = anomalib_cpp.show_config("dict")
    return {"cpu": cpu, **{key: config[key] for key in ("version", "git", "build", "isa", "optional")}}


def report(name: str, **figures: Any) -> None:
    """Print one case as a JSON line, numbers with four digits."""
    rounded = {k: float(f"{v:.4g}") if isinstance(v, float) else v for k, v in figures.items()}
    print(json.dumps({"benchmark": name, "threads": anomalib_cpp.get_num_threads(), **rounded}), flush=True)


def main() -> None:
    """Print the machine and its limits for one thread and for all."""
    print(json.dumps(describe()))
    report("register_peaks", **{f"{k}_gop_per_s": v / 1e9 for k, v in register_peaks().items()})
    for threads in sorted({1, anomalib_cpp.get_num_threads()}):
        report(
            "limits",
            limit_threads=threads,
            read_gb_per_s_l2=read_bandwidth(512 << 10, threads) / 1e9,
            read_gb_per_s_memory=read_bandwidth(512 << 20, threads) / 1e9,
            sgemm_gflop_per_s=sgemm_flops(threads=threads) / 1e9,
            int8_gop_per_s=(int8_ops(threads=threads) or 0) / 1e9,
        )


if __name__ == "__main__":
    main()
