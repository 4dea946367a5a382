"""How long Ctrl-C takes to come back from long calls: worst and median of several interruptions at random times."""

from __future__ import annotations

import argparse
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import anomalib_cpp
from anomalib_cpp import bank, maps, metrics
from machine import report


def latency(call: Callable[[], Any], delay: float) -> float | None:
    """Seconds from the signal to the KeyboardInterrupt; None if the call had ended by then."""
    sent = [0.0]

    def interrupt() -> None:
        sent[0] = time.perf_counter()
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(delay, interrupt)
    try:
        timer.start()
        call()
        timer.cancel()
        timer.join()
    except KeyboardInterrupt:
        return time.perf_counter() - sent[0]
    return None


def cases() -> dict[str, Callable[[], Any]]:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((200_000, 384), dtype=np.float32)
    wide = rng.standard_normal((40_000, 1024), dtype=np.float32)
    pixels = rng.random((400, 256, 256), dtype=np.float32)
    masks = np.zeros(pixels.shape, bool)
    masks[:, 40:80, 60:120] = True
    return {
        "knn": lambda: bank.knn(rows[:20_000], rows, k=9),
        "knn_self": lambda: bank.knn_self(wide, k=3),
        "radius_neighbors": lambda: bank.radius_neighbors(rows[:20_000], rows, 20.0),
        "pairwise_distances": lambda: bank.pairwise_distances(wide[:8000]),
        "coreset": lambda: bank.coreset(rows, size=20_000),
        "coreset, inspection_exact": lambda: bank.coreset(wide, size=500, variant="inspection_exact", projection=None),
        "pixel_report": lambda: [metrics.pixel_report(pixels, masks) for _ in range(9)],
        "aupro": lambda: [metrics.aupro(pixels, masks) for _ in range(9)],
        "anomaly_map": lambda: [maps.anomaly_map(pixels, size=1024, sigma=8) for _ in range(9)],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="*", default=sorted({1, anomalib_cpp.get_num_threads()}))
    parser.add_argument("--repeats", type=int, default=8)
    options = parser.parse_args()
    calls = cases()
    delays = np.random.default_rng(1).uniform(0.02, 0.6, options.repeats)
    for threads in options.threads:
        anomalib_cpp.set_num_threads(threads)
        for name, call in calls.items():
            found = [seconds for delay in delays if (seconds := latency(call, float(delay))) is not None]
            if found:
                report(
                    "interrupt",
                    call=name,
                    interruptions=len(found),
                    median_seconds=float(np.median(found)),
                    worst_seconds=max(found),
                )


if __name__ == "__main__":
    main()
