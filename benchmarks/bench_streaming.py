"""A thousand million pixels through `PixelEvaluator` under a memory budget: exact, and the memory that it takes.

Maps of 1024 x 1024 float32 come from a generator and are forgotten; about 1 % of the pixels are anomalous. Memory is
that of the whole process, the interpreter and one batch of maps included; what is mapped from the spill file is
counted apart, since the system takes it back when others need it.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from anomalib_cpp.evaluators import PixelEvaluator
from machine import report


def batches(pixels: int, side: int = 1024, at_once: int = 8) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Maps and masks, drawn anew for each batch."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:side, :side]
    for _ in range(pixels // (at_once * side * side)):
        masks = np.zeros((at_once, side, side), np.uint8)
        for mask in masks[::2]:
            cy, cx, r = rng.integers(100, side - 100, 3) // [1, 1, 8]
            mask[(y - cy) ** 2 + (x - cx) ** 2 < r * r] = 1
        yield rng.random(masks.shape, dtype=np.float32) + np.float32(0.5) * masks, masks


def watch(peak: dict[str, int], stop: threading.Event) -> None:
    """Note the largest resident memory of this process, anonymous and mapped from files, in KiB."""
    while not stop.wait(0.01):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(("RssAnon", "RssFile")):
                name, size, _ = line.split()
                peak[name] = max(peak.get(name, 0), int(size))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pixels", type=int, default=1_000_000_000)
    parser.add_argument("--memory-budget", default="1GiB")
    parser.add_argument("--spill-dir", default=tempfile.gettempdir())
    options = parser.parse_args()
    evaluator = PixelEvaluator(
        ("auroc", "average_precision", "f1_max", "aupro"),
        memory_budget=options.memory_budget,
        spill_dir=options.spill_dir,
    )
    seen, updating = 0, 0.0
    peak: dict[str, int] = {}
    stop = threading.Event()
    watcher = threading.Thread(target=watch, args=(peak, stop))
    watcher.start()
    start = time.perf_counter()
    for maps, masks in batches(options.pixels):
        begin = time.perf_counter()
        evaluator.update(maps, masks)
        updating += time.perf_counter() - begin
        seen += maps.size
    begin = time.perf_counter()
    found = evaluator.compute()
    computing = time.perf_counter() - begin
    stop.set()
    watcher.join()
    report(
        "streamed pixels",
        pixels=seen,
        memory_budget=options.memory_budget,
        peak_anonymous_mib=peak["RssAnon:"] / 1024,
        peak_mapped_mib=peak["RssFile:"] / 1024,
        update_seconds=updating,
        compute_seconds=computing,
        seconds=time.perf_counter() - start,
        **found,
    )


if __name__ == "__main__":
    main()
