"""Exact pixel and image metrics beside ADEval (binned), anomalib, torchmetrics and scikit-learn.

Sizes: 100 maps of 256 x 256 with about 2 % anomalous pixels, the test set of one MVTec AD category at PatchCore's
resolution; 64 scores, an image-level test set. Every peer that is not installed is left out of the output.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from anomalib_cpp import get_num_threads, set_num_threads
from anomalib_cpp.evaluators import CurveAccumulator
from anomalib_cpp.metrics import aupimo, auroc, bootstrap, connected_components, image_report, pixel_report, roc_curve
from machine import compare, median_of, read_bandwidth, report, roofline
from peers import anomalib_module

warnings.filterwarnings("ignore")


def smooth(x: np.ndarray, radius: int) -> np.ndarray:
    """Three circular box blurs of (n, h, w), close to a Gaussian, without SciPy."""
    for _ in range(3):
        for axis in (1, 2):
            x = sum(np.roll(x, shift, axis) for shift in range(-radius, radius + 1)) / np.float32(2 * radius + 1)
    return x


def make_masks(n: int = 100, size: int = 256) -> np.ndarray:
    """Half of the images with three discs each."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:size, :size]
    masks = np.zeros((n, size, size), np.uint8)
    for mask in masks[::2]:
        for cy, cx, r in zip(*rng.integers(20, size - 20, (2, 3)), rng.integers(8, 28, 3), strict=True):
            mask[(y - cy) ** 2 + (x - cx) ** 2 < r * r] = 1
    return masks


def make_maps(masks: np.ndarray) -> dict[str, np.ndarray]:
    """Maps of three kinds, all float32: what detectors give, the same through 8 bits, and the worst case."""
    noise = np.random.default_rng(1).random(masks.shape, dtype=np.float32)
    even = smooth(noise, 5)
    even = (even - even.min()) / np.ptp(even) + 0.5 * smooth(masks.astype(np.float32), 3)
    even /= even.max()
    return {
        "smooth": even.astype(np.float32),
        "quantised": (np.round(even * 255) / 255).astype(np.float32),
        "white noise": (noise + 0.3 * masks).astype(np.float32),
    }


def adeval_peer(maps: np.ndarray, masks: np.ndarray) -> Callable[[], Any] | None:
    """Binned AUROC, AUPR and AUPRO in one call."""
    if not hasattr(np, "trapz"):  # the peer calls a name that NumPy 2.4 no longer has
        setattr(np, "trapz", np.trapezoid)  # noqa: B010
    try:
        from adeval import auroc_aupr_aupro
    except ImportError:
        return None
    return lambda: auroc_aupr_aupro(maps, masks)


def anomalib_peer(maps: np.ndarray, masks: np.ndarray) -> Callable[[], Any] | None:
    """AUPRO alone."""
    module = anomalib_module("metrics.aupro")
    if module is None:
        return None
    import torch

    preds, target = torch.from_numpy(maps), torch.from_numpy(masks).int()

    def run() -> float:
        metric = module._AUPRO(fpr_limit=0.3)
        metric.update(preds, target)
        return float(metric.compute())

    return run


def sklearn_peer(maps: np.ndarray, masks: np.ndarray) -> Callable[[], Any] | None:
    """AUROC and average precision."""
    try:
        from sklearn.metrics import average_precision_score, roc_auc_score
    except ImportError:
        return None
    labels, scores = masks.ravel(), maps.ravel()
    return lambda: (roc_auc_score(labels, scores), average_precision_score(labels, scores))


def torchmetrics_peer(maps: np.ndarray, masks: np.ndarray) -> Callable[[], Any] | None:
    """Exact AUROC."""
    try:
        import torch
        from torchmetrics.functional.classification import binary_auroc
    except ImportError:
        return None
    scores, labels = torch.from_numpy(maps).ravel(), torch.from_numpy(masks).ravel().long()
    return lambda: float(binary_auroc(scores, labels))


def anomalib_aupimo_peer(maps: np.ndarray, masks: np.ndarray) -> Callable[[], Any] | None:
    """Per-image overlap at 300,000 thresholds."""
    module = anomalib_module("metrics.pimo.functional")
    if module is None:
        return None
    import torch

    preds, target = torch.from_numpy(maps), torch.from_numpy(masks).int()
    return lambda: module.aupimo_scores(preds, target)


PEERS = {
    "ADEval AUROC+AUPR+AUPRO, 1000 bins": (adeval_peer, 7),
    "anomalib AUPRO": (anomalib_peer, 3),
    "scikit-learn AUROC+AP": (sklearn_peer, 2),
    "torchmetrics AUROC": (torchmetrics_peer, 2),
}


@contextlib.contextmanager
def peak_memory() -> Iterator[list[float]]:
    """Collect the largest growth of this process's resident memory inside the block, in bytes, sampled."""
    page, peak, stop = os.sysconf("SC_PAGE_SIZE"), [0.0], threading.Event()

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * page

    start = resident()

    def watch() -> None:
        while not stop.is_set():
            peak[0] = max(peak[0], resident() - start)
            time.sleep(0.0002)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        stop.set()
        watcher.join()


def binned_metrics(kinds: list[str], threads: list[int], images: int) -> None:
    """Time AUROC, AP and AUPRO in 65,536 bins, with intervals that hold the exact values."""
    masks = make_masks(images)
    for kind, maps in make_maps(masks).items():
        peer = adeval_peer(maps, masks)
        if kind not in kinds or peer is None:
            continue
        ends = float(maps.min()), float(maps.max())

        def ours(maps: np.ndarray = maps, ends: tuple[float, float] = ends) -> dict[str, Any]:
            accumulator = CurveAccumulator(65536, ends, weighted=True)
            accumulator.update(maps, masks)
            return accumulator.compute()

        for count in threads:
            set_num_threads(count)
            timing = compare(ours, peer, 7)
            report("binned", maps=kind, pixels=masks.size, peer="ADEval AUROC+AUPR+AUPRO, 1000 bins", **timing)


def suite(kinds: list[str], threads: list[int], images: int) -> None:
    """Time every pixel metric together, exact, AUPIMO included, beside three binned ones."""
    names = ("auroc", "average_precision", "aupr", "f1_max", "iou_max", "aupro", "aupimo")
    masks = make_masks(images)
    for kind, maps in make_maps(masks).items():
        peer = adeval_peer(maps, masks)
        if kind not in kinds or peer is None:
            continue

        def ours(maps: np.ndarray = maps) -> dict[str, float]:
            return pixel_report(maps, masks, metrics=names)

        for count in threads:
            set_num_threads(count)
            bandwidth = read_bandwidth(5 * masks.size, count)
            timing = compare(ours, peer, 7 if images < 1000 else 3)
            share = roofline(timing["seconds"], nbytes=5 * masks.size, bandwidth=bandwidth)
            report(
                "suite",
                maps=kind,
                pixels=masks.size,
                peer="ADEval AUROC+AUPR+AUPRO, 1000 bins",
                roofline=share,
                **timing,
            )


def pixel_metrics(kinds: list[str], threads: list[int], images: int) -> None:
    """Time AUROC, AP, F1-max and AUPRO together."""
    masks = make_masks(images)
    for kind, maps in make_maps(masks).items():
        if kind not in kinds:
            continue

        def ours(maps: np.ndarray = maps) -> dict[str, float]:
            return pixel_report(maps, masks)

        common = {"maps": kind, "pixels": masks.size, "anomalous": float(masks.mean())}
        for count in threads:
            set_num_threads(count)
            with contextlib.suppress(ImportError):
                import torch

                torch.set_num_threads(count)
            bandwidth = read_bandwidth(5 * masks.size, count)
            with peak_memory() as peak:
                for _ in range(5):
                    ours()
            alone = median_of(ours, 9)
            report(
                "pixel_report",
                **common,
                seconds=alone,
                megapixels_per_s=masks.size / alone / 1e6,
                extra_bytes_per_pixel=peak[0] / masks.size,
                roofline=roofline(alone, nbytes=5 * masks.size, bandwidth=bandwidth),
            )
            for name, (make, repeats) in PEERS.items():
                peer = make(maps, masks)
                if peer is not None:
                    report("pixel_report", **common, peer=name, **compare(ours, peer, repeats))
            peer = anomalib_aupimo_peer(maps, masks)
            for bounds in ("exact", "snap") if peer is not None else ():
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    timing = compare(lambda maps=maps, b=bounds: aupimo(maps, masks, bounds=b), peer, 1)
                report("aupimo", **common, bounds=bounds, peer="anomalib aupimo_scores", **timing)
            curve = median_of(lambda maps=maps: roc_curve(maps, masks, drop_collinear=True), 3)
            report("roc_curve", **common, seconds=curve, megapixels_per_s=masks.size / curve / 1e6)


def resamples(threads: list[int]) -> None:
    """Bootstrap of AUROC, AP, F1 and AUPRO over 200 images, against the report of each resampled data set."""
    masks = make_masks(200)
    maps = make_maps(masks)["smooth"]
    rng, n = np.random.default_rng(0), 10_000
    names = ["auroc", "average_precision", "f1_max", "aupro"]
    for count in threads:
        set_num_threads(count)
        seconds = median_of(lambda: bootstrap(names, maps, masks, n_resamples=n), 3)

        def one() -> None:
            drawn = rng.integers(0, 200, 200)
            pixel_report(maps[drawn], masks[drawn])

        each = median_of(one, 20)
        report(
            "bootstrap",
            images=200,
            pixels=masks.size,
            n_resamples=n,
            seconds=seconds,
            peer="pixel_report of every resample, from 20",
            peer_seconds=each * n,
            ratio=each * n / seconds,
        )


def regions(threads: list[int]) -> None:
    """Connected components of discs and of noise, against OpenCV, scikit-image and SciPy."""
    rng = np.random.default_rng(3)
    stacks = {
        "discs": make_masks(100, 512),
        "noise": (rng.random((50, 512, 512)) < 0.3).astype(np.uint8),
    }
    peers: dict[str, Callable[[np.ndarray], Any]] = {}
    with contextlib.suppress(ImportError):
        import cv2

        peers["OpenCV"] = lambda mask: cv2.connectedComponents(mask)
    with contextlib.suppress(ImportError):
        from skimage.measure import label

        peers["scikit-image"] = label
    with contextlib.suppress(ImportError):
        from scipy import ndimage

        peers["SciPy"] = lambda mask: ndimage.label(mask, np.ones((3, 3)))
    for count in threads:
        set_num_threads(count)
        with contextlib.suppress(NameError):
            cv2.setNumThreads(count)
        for kind, masks in stacks.items():
            for name, peer in peers.items():
                timing = compare(
                    lambda masks=masks: connected_components(masks),
                    lambda masks=masks, peer=peer: [peer(mask) for mask in masks],
                    3,
                )
                report("connected_components", masks=kind, images=len(masks), peer=name, **timing)


def image_metrics() -> None:
    """Time the overhead of a call."""
    rng = np.random.default_rng(2)
    scores, labels = rng.random(64), rng.random(64) < 0.4
    for name, call in {
        "auroc": lambda: auroc(scores, labels),
        "image_report": lambda: image_report(scores, labels),
    }.items():

        def many(call: Callable[[], Any] = call) -> None:
            for _ in range(1000):
                call()

        report(name, n=64, microseconds=1e3 * median_of(many))
    with contextlib.suppress(ImportError):
        from sklearn.metrics import roc_auc_score

        report(
            "auroc",
            n=64,
            peer="scikit-learn",
            **compare(lambda: auroc(scores, labels), lambda: roc_auc_score(labels, scores), 50),
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image", action="store_true", help="image metrics only")
    parser.add_argument("--images", type=int, default=100, help="of the pixel metrics; 1526 are 100 million pixels")
    parser.add_argument("--binned", action="store_true", help="binned metrics only")
    parser.add_argument("--suite", action="store_true", help="every exact pixel metric together only")
    parser.add_argument("--maps", nargs="*", default=["smooth", "quantised", "white noise"])
    parser.add_argument("--threads", type=int, nargs="*", default=sorted({1, get_num_threads()}))
    options = parser.parse_args()
    if options.binned or options.suite:
        measure = binned_metrics if options.binned else suite
        return measure(options.maps, options.threads, options.images)
    image_metrics()
    if not options.image:
        suite(options.maps, options.threads, options.images)
        pixel_metrics(options.maps, options.threads, options.images)
        binned_metrics(options.maps, options.threads, options.images)
        resamples(options.threads)
        regions(options.threads)


if __name__ == "__main__":
    main()
