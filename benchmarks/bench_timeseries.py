"""Metrics of time series beside PATE, VUS, TSB-AD, affiliation and tadpak, each in an environment of its own.

Series: events of 60 points, one for each thousand points, and scores that lean towards them; 230,400 points is the
length of the recordings of VUS. Peers run once, some for minutes. `timeseries_peers.py` says how to install them;
without their interpreters only our own times are printed.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import timeseries_peers as peers
from anomalib_cpp import _core, get_num_threads, set_num_threads
from anomalib_cpp import timeseries as ts
from machine import median_of, report


def make_series(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores and labels."""
    rng = np.random.default_rng(seed)
    labels = np.zeros(n, np.uint8)
    for begin in rng.integers(0, n - 60, max(2, n // 1000)):
        labels[begin : begin + 60] = 1
    return rng.normal(labels * 1.0), labels


def against(name: str, n: int, ours: Callable[[], Any], peer: Callable[[], peers.Answer | None]) -> None:
    """Time ours before and after the peer."""
    before = median_of(ours, 9)
    answer = peer()
    seconds = float(np.median([before, median_of(ours, 9)]))
    found = {} if answer is None else {"peer_seconds": answer.seconds, "ratio": answer.seconds / seconds}
    report(name, points=n, seconds=seconds, **found)


def metrics(n: int, slow: bool) -> None:
    """Compare every metric that a peer has too."""
    scores, labels = make_series(n)
    once = {"repeats": 1}
    if slow:
        against("pate", n, lambda: ts.pate(scores, labels), lambda: peers.pate(scores, labels, **once))
    against("vus", n, lambda: ts.vus(scores, labels), lambda: peers.vus(scores, labels, **once))
    against("tsb_metrics", n, lambda: ts.tsb_metrics(scores, labels), lambda: peers.tsb_ad(scores, labels, **once))
    points = scores > np.quantile(scores, 0.9)
    against(
        "affiliation",
        n,
        lambda: ts.affiliation(points, labels, threshold=1),
        lambda: peers.affiliation(points, labels, **once),
    )
    against(
        "range_pr",
        n,
        lambda: ts.range_pr(points, labels, threshold=1),
        lambda: peers.range_pr(points, labels, **once),
    )
    against(
        "pa_k",
        n,
        lambda: ts.pa_k(scores, labels, thresholds="every_tenth"),
        lambda: peers.best_pa_k_f1(scores, labels, **once),
    )


def reports(n: int) -> None:
    """Compare the report of everything with the order of the scores alone."""
    scores, labels = make_series(n)
    threads = get_num_threads()
    order = median_of(lambda: _core.series_plan(scores, labels, [0, n], "scores", False, threads), 15)
    whole = median_of(lambda: ts.series_report(scores, labels), 15)
    report("series_report", points=n, seconds=whole, order_seconds=order, times_the_order=whole / order)
    for group in ("rank", "vus", "pate", "point_adjusted_f1", "event_f1", "segment_f1", "range_f1", "affiliation_f1"):
        alone = median_of(lambda group=group: ts.series_report(scores, labels, metrics=[group]), 9)
        report("series_report", points=n, metrics=group, seconds=alone, times_the_order=alone / order)


def many(count: int, n: int) -> None:
    """Time a batch of series, and its memory."""
    scores, labels = make_series(n)
    everything = np.tile(scores, count).astype(np.float32), np.tile(labels, count)
    offsets = np.arange(count + 1) * n
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    ts.series_report(*everything, offsets=offsets, metrics=["rank", "vus", "pate", "affiliation_f1"])
    seconds = time.perf_counter() - start
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    report("batch", series=count, points=n, seconds=seconds, points_per_s=count * n / seconds, extra_mib=grown)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, nargs="*", default=[5_000, 20_000, 100_000, 230_400])
    parser.add_argument("--pate-up-to", type=int, default=20_000, help="PATE takes minutes beyond")
    parser.add_argument("--threads", type=int, nargs="*", default=sorted({1, get_num_threads()}))
    parser.add_argument("--pate-python")
    parser.add_argument("--vus-python")
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args()
    peers.PYTHONS.update(
        {k: v for k, v in {"PATE_PYTHON": options.pate_python, "VUS_PYTHON": options.vus_python}.items() if v}
    )
    for threads in options.threads:
        set_num_threads(threads)
        for n in options.points:
            reports(n)
            if options.peers:
                metrics(n, n <= options.pate_up_to)
        for count in (64, 512, 4096):
            many(count, 20_000)


if __name__ == "__main__":
    main()
