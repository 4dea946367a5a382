"""What ``bench`` measures: the same work by us, by NumPy and by whatever peers are installed."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import bank, maps, metrics

__all__ = ["Work", "difference", "workloads"]

Call = Callable[[], Any]


@dataclass(frozen=True)
class Work:
    """One kind of work.

    Attributes
    ----------
    name : str
        With its size.
    ours : callable
        Does it, and returns what is compared with the others.
    others : dict of str to callable
        The same by others; a callable without the package it needs is left out by `workloads`.
    nbytes, flops : float
        What it reads and writes at least, or multiplies and adds: whichever takes longer is its limit.
    tolerance : float
        Largest difference, relative to the largest value, at which the results count as the same.
    """

    name: str
    ours: Call
    others: dict[str, Call] = field(default_factory=dict)
    nbytes: float = 0.0
    flops: float = 0.0
    tolerance: float = 1e-4


def workloads(quick: bool) -> list[Work]:
    """Make the inputs, from formulas and fixed seeds, and return what to do with them."""
    size = 1 if quick else 5
    return [_auroc(200_000 * size), _regions(4 * size), _knn(128, 2048 * size), _resize(8 * size), _blur(4 * size)]


def _with(package: str, make: Callable[[Any], Call]) -> dict[str, Call]:
    """Return what `make` gives for a package, nothing where it is not installed."""
    try:
        module = importlib.import_module(package)
    except ImportError:
        return {}
    return {package.partition(".")[0]: make(module)}


def _auroc(n: int) -> Work:
    random = np.random.default_rng(0)
    labels = random.random(n) < 0.02
    scores = (random.normal(size=n) + 1.5 * labels).astype(np.float32)

    def numpy() -> float:
        order = np.argsort(scores, kind="stable")
        ordered = scores[order]
        positives = labels[order]
        starts = np.flatnonzero(np.diff(ordered, prepend=-np.inf))
        tied_positives = np.add.reduceat(positives, starts, dtype=np.int64)
        tied = np.diff(np.append(starts, n))
        below = np.cumsum(tied - tied_positives) - (tied - tied_positives)
        won = (tied_positives * (below + (tied - tied_positives) / 2)).sum()
        return float(won / (positives.sum() * (n - positives.sum())))

    sklearn = _with("sklearn.metrics", lambda module: lambda: module.roc_auc_score(labels, scores))
    return Work(f"auroc, {n} scores", lambda: metrics.auroc(scores, labels), {"numpy": numpy, **sklearn}, nbytes=5 * n)


def _regions(n: int) -> Work:
    y, x = np.mgrid[:256, :256]
    masks = np.stack([(np.sin(x / (5 + i % 7)) * np.cos(y / (6 + i % 5)) > 0.35) for i in range(n)])
    square = np.ones((3, 3), int)

    def scipy(module: Any) -> Call:
        return lambda: np.array([module.label(mask, square)[1] for mask in masks])

    def skimage(module: Any) -> Call:
        return lambda: np.array([module.label(mask, connectivity=2).max() for mask in masks])

    return Work(
        f"connected_components, {n} masks of 256 x 256",
        lambda: metrics.connected_components(masks)[1],
        {**_with("scipy.ndimage", scipy), **_with("skimage.measure", skimage)},
        nbytes=5.0 * masks.size,
        tolerance=0.0,
    )


def _knn(n: int, rows: int, width: int = 256, k: int = 5) -> Work:
    random = np.random.default_rng(1)
    factors = random.normal(size=(16, width))
    queries, memory = (
        np.maximum(random.normal(size=(count, 16)) @ factors, 0).astype(np.float32) for count in (n, rows)
    )

    def numpy() -> NDArray[Any]:
        squared = (queries**2).sum(axis=1)[:, None] - 2 * queries @ memory.T + (memory**2).sum(axis=1)
        distances: NDArray[Any] = np.sqrt(np.maximum(np.sort(np.partition(squared, k, axis=1)[:, :k], axis=1), 0))
        return distances

    def faiss(module: Any) -> Call:
        index = module.IndexFlatL2(width)
        index.add(memory)
        return lambda: np.sqrt(index.search(queries, k)[0])

    def sklearn(module: Any) -> Call:
        fitted = module.NearestNeighbors(n_neighbors=k, algorithm="brute").fit(memory)
        return lambda: fitted.kneighbors(queries)[0]

    return Work(
        f"knn, {n} of {rows} rows of {width}",
        lambda: bank.knn(queries, memory, k=k)[0],
        {"numpy": numpy, **_with("faiss", faiss), **_with("sklearn.neighbors", sklearn)},
        flops=2.0 * n * rows * width,
        tolerance=1e-3,
    )


def _grid(n: int, side: int) -> NDArray[np.float32]:
    return np.random.default_rng(2).random((n, side, side), dtype=np.float32)


def _resize(n: int) -> Work:
    small, side = _grid(n, 28), 224

    def numpy() -> NDArray[Any]:
        at = np.maximum((np.arange(side) + 0.5) * 28 / side - 0.5, 0)
        low = np.minimum(at.astype(int), 27)
        high, share = np.minimum(low + 1, 27), (at - low).astype(np.float32)
        rows = small[:, low] * (1 - share)[:, None] + small[:, high] * share[:, None]
        made: NDArray[Any] = rows[:, :, low] * (1 - share) + rows[:, :, high] * share
        return made

    def torch(module: Any) -> Call:
        interpolate = module.nn.functional.interpolate
        tensor = module.from_numpy(small)[:, None]
        return lambda: interpolate(tensor, size=(side, side), mode="bilinear", align_corners=False)[:, 0].numpy()

    return Work(
        f"resize, {n} maps from 28 x 28 to {side} x {side}",
        lambda: maps.resize(small, side),
        {"numpy": numpy, **_with("torch", torch)},
        nbytes=4.0 * n * (28 * 28 + side * side),
    )


def _blur(n: int, sigma: float = 4.0) -> Work:
    large = _grid(n, 224)
    reach = int(4 * sigma + 0.5)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()

    def numpy() -> NDArray[Any]:
        result = large
        for axis in (1, 2):
            padded = np.pad(result, [(0, 0), *((reach, reach) if i == axis else (0, 0) for i in (1, 2))], "symmetric")
            windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=axis)
            result = windows @ weights.astype(np.float32)
        return result

    def scipy(module: Any) -> Call:
        return lambda: module.gaussian_filter(large, sigma, axes=(1, 2))

    return Work(
        f"gaussian_blur, {n} maps of 224 x 224",
        lambda: maps.gaussian_blur(large, sigma),
        {"numpy": numpy, **_with("scipy.ndimage", scipy)},
        nbytes=8.0 * large.size,
        flops=8.0 * large.size * len(weights) / 2,
    )


def difference(found: Any, wanted: Any) -> float:
    """Largest difference relative to the largest value; infinity for another shape."""
    a, b = np.asarray(found, np.float64), np.asarray(wanted, np.float64)
    if a.shape != b.shape:
        return math.inf
    return float(np.abs(a - b).max() / max(float(np.abs(b).max()), 1e-300))
