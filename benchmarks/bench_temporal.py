"""Windows to steps, smoothing and AUROC of videos beside the plain NumPy, SciPy, pandas and scikit-learn way.

Sizes: windows of 100 steps over 100,000 (10,000 for the loops of SciPy's density), 1,000,000 scores in videos of 1,000
frames. Every peer that is not installed is left out of the output.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from anomalib_cpp import get_num_threads, set_num_threads
from anomalib_cpp.temporal import overlap_aggregate, smooth_segments, video_auroc
from machine import compare, median_of, read_bandwidth, report, roofline

Call = Callable[[], Any]
REDUCTIONS = {"mean": np.nanmean, "max": np.nanmax, "min": np.nanmin, "median": np.nanmedian}


def by_segment(x: np.ndarray, offsets: np.ndarray, call: Callable[[np.ndarray], Any]) -> np.ndarray:
    """Call a function of one series for each of them."""
    return np.concatenate([call(x[a:b]) for a, b in pairwise(offsets)])


def matrix_way(windows: np.ndarray, reduce: str) -> np.ndarray:
    """The matrix of steps by values that has NaN where a window does not reach."""
    count, length = windows.shape
    table = np.full((count + length - 1, length), np.nan)
    rows = np.arange(count)
    for j in range(length):
        table[rows + j, j] = windows[:, j]
    return REDUCTIONS[reduce](table, axis=1)


def density_way(windows: np.ndarray, steps: int) -> np.ndarray | None:
    """One scipy.stats.gaussian_kde a step, as TadGAN and HypAD do, for the first steps that all windows cover."""
    try:
        from scipy.stats import gaussian_kde
    except ImportError:
        return None
    length = windows.shape[1]
    at = np.arange(length)
    out = np.empty(steps)
    for step in range(steps):
        values = windows[step + at, length - 1 - at]
        out[step] = values[np.argmax(gaussian_kde(values)(values))]
    return out


def overlap(n: int, length: int) -> None:
    windows = np.random.default_rng(0).normal(size=(n - length + 1, length))
    bandwidth = read_bandwidth(512 << 20)
    for reduce in ("mean", "max", "last", "center", "median"):
        ours = lambda reduce=reduce: overlap_aggregate(windows, reduce=reduce)  # noqa: E731
        if reduce in REDUCTIONS:
            figures = compare(ours, lambda reduce=reduce: matrix_way(windows, reduce), 3)
        else:
            figures = {"seconds": median_of(ours)}
        share = roofline(figures["seconds"], nbytes=windows.nbytes, bandwidth=bandwidth)
        report("overlap_aggregate", reduce=reduce, steps=n, length=length, share_of_bandwidth=share, **figures)
    few = windows[: 10_000 + length]
    seconds = median_of(lambda: overlap_aggregate(few, reduce="kde_mode"), 3)
    figures = {"seconds": seconds, "exponentials_per_s": len(few) * length**2 / seconds}
    probe = 100
    peer = density_way(few, probe)
    if peer is not None:
        np.testing.assert_array_equal(overlap_aggregate(few, reduce="kde_mode")[length - 1 :][:probe], peer)
        theirs = median_of(lambda: density_way(few, probe), 3) / probe * len(few)
        figures |= {"peer_seconds": theirs, "ratio": theirs / seconds}
    report("overlap_aggregate", reduce="kde_mode", steps=len(few), length=length, **figures)


def smoothing_peers() -> dict[str, tuple[dict[str, Any], Callable[[np.ndarray], Any]]]:
    """Options of ours, and another library's function of one series."""
    cases: dict[str, tuple[dict[str, Any], Callable[[np.ndarray], Any]]] = {}
    try:
        from scipy.ndimage import gaussian_filter1d

        cases["scipy gaussian 3"] = {"kind": "gaussian", "sigma": 3}, lambda x: gaussian_filter1d(x, 3)
        cases["scipy gaussian 20"] = {"kind": "gaussian", "sigma": 20}, lambda x: gaussian_filter1d(x, 20)
    except ImportError:
        pass
    try:
        import pandas as pd

        def rolling(x: np.ndarray, window: int) -> Any:
            return pd.Series(x).rolling(window, center=True, min_periods=1)

        cases["pandas ema"] = {"kind": "ema", "alpha": 0.33}, lambda x: pd.Series(x).ewm(alpha=0.33).mean().to_numpy()
        cases["pandas mean 25"] = {"kind": "mean", "window": 25}, lambda x: rolling(x, 25).mean().to_numpy()
        cases["pandas median 25"] = {"kind": "median", "window": 25}, lambda x: rolling(x, 25).median().to_numpy()
        cases["pandas median 501"] = {"kind": "median", "window": 501}, lambda x: rolling(x, 501).median().to_numpy()
    except ImportError:
        pass
    votes = {"kind": "majority", "window": 25, "threshold": 0.5}
    cases["numpy majority 25"] = votes, lambda x: np.convolve(x > 0.5, np.ones(25), "same") > 12.5
    return cases


def smoothing(n: int, length: int) -> None:
    x = np.random.default_rng(1).random(n)
    for name, (options, peer) in smoothing_peers().items():
        for frames in (length, n):
            offsets = np.arange(0, n + 1, frames)
            figures = compare(
                lambda options=options, offsets=offsets: smooth_segments(x, offsets=offsets, **options),
                lambda peer=peer, offsets=offsets: by_segment(x, offsets, peer),
                5,
            )
            report("smooth_segments", case=name, points=n, segments=len(offsets) - 1, **figures)


def videos(n: int, length: int) -> None:
    rng = np.random.default_rng(2)
    labels = np.repeat(rng.random(n // 50) < 0.2, 50)
    scores = rng.random(n) * 0.8 + 0.2 * labels
    offsets = np.arange(0, n + 1, length)
    try:
        from sklearn.metrics import average_precision_score, roc_auc_score
    except ImportError:
        return

    def peer() -> tuple[float, ...]:
        each = [roc_auc_score(labels[a:b], scores[a:b]) for a, b in pairwise(offsets) if 0 < labels[a:b].sum() < b - a]
        return roc_auc_score(labels, scores), average_precision_score(labels, scores), float(np.mean(each))

    figures = compare(lambda: video_auroc(scores, labels, offsets, average="micro"), peer, 5)
    report("video_auroc", frames=n, videos=len(offsets) - 1, **figures)
    resamples = 1000
    figures = compare(
        lambda: video_auroc(scores, labels, offsets, average="micro", n_resamples=resamples),
        lambda: roc_auc_score(labels, scores),
        1,
    )
    ratio = figures["peer_seconds"] * resamples / figures["seconds"]
    report("video_auroc", frames=n, resamples=resamples, seconds=figures["seconds"], ratio_to_that_many_calls=ratio)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--threads", type=int, nargs="*", default=sorted({1, get_num_threads()}))
    options = parser.parse_args()
    for threads in options.threads:
        set_num_threads(threads)
        overlap(options.steps, 100)
        smoothing(options.points, 1000)
        videos(options.points, 1000)


if __name__ == "__main__":
    main()
