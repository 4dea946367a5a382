"""The calls that `selftest` makes, each beside a slow NumPy computation of the same thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import bank, maps, metrics

__all__ = ["CHECKS", "Check"]

Arrays = dict[str, NDArray[Any]]

_FLOAT32 = 1e-6  # of values that are rounded to float32 once or twice
_FLOAT64 = 1e-12


@dataclass(frozen=True)
class Check:
    """One kind of work.

    Attributes
    ----------
    name : str
        For the table.
    run : callable
        Does the work with so many threads.
    reference : callable
        The same in NumPy.
    tolerance : float
        Largest difference to the reference, relative to its largest value; integers must be equal.
    """

    name: str
    run: Callable[[int], Arrays]
    reference: Callable[[], Arrays]
    tolerance: float


def _rows(count: int, width: int, seed: int) -> NDArray[np.float32]:
    """Rows as networks give them: not negative, of low rank, some of them equal."""
    random = np.random.default_rng(seed)
    rows = np.maximum(random.normal(size=(count, 12)) @ random.normal(size=(12, width)), 0)
    rows += 0.05 * random.random((count, width))
    rows[count // 2 : count // 2 + 20] = rows[:20]
    return rows.astype(np.float32)


def _integers(count: int, width: int, seed: int) -> NDArray[np.float32]:
    """Rows whose distances are exact in every order of summation, with many ties."""
    return np.random.default_rng(seed).integers(0, 4, (count, width)).astype(np.float32)


QUERIES, BANK = _rows(70, 200, 1), _rows(2000, 200, 2)
BANK[700:720] = QUERIES[:20]


@cache
def _keys(metric: str) -> NDArray[np.float64]:
    x, y = QUERIES.astype(np.float64), BANK.astype(np.float64)
    if metric == "euclidean":
        return np.stack([np.sqrt(np.square(y - row).sum(axis=1)) for row in x])
    if metric == "inner_product":
        return -np.stack([(y * row).sum(axis=1) for row in x])
    norms = np.linalg.norm(x, axis=1)[:, None] * np.linalg.norm(y, axis=1)
    keys: NDArray[np.float64] = 1 - np.stack([(y * row).sum(axis=1) for row in x]) / norms
    return keys


def _knn(metric: Any, k: int) -> Check:
    def run(threads: int) -> Arrays:
        distances, indices = bank.knn(QUERIES, BANK, k=k, metric=metric, threads=threads)
        return {"distances": distances, "indices": indices}

    def reference() -> Arrays:
        keys = _keys(metric)
        indices = np.argsort(keys, axis=1, kind="stable")[:, :k]
        distances = np.take_along_axis(keys, indices, axis=1)
        return {"distances": -distances if metric == "inner_product" else distances, "indices": indices}

    return Check(f"knn, {metric}, k={k}", run, reference, _FLOAT32)


def _radius() -> Check:
    limit = 24.5  # about one pair in 200

    def run(threads: int) -> Arrays:
        found = bank.radius_neighbors(QUERIES, BANK, limit, threads=threads)
        return {"limits": found.limits, "distances": found.distances, "indices": found.indices}

    def reference() -> Arrays:
        keys = _keys("euclidean")
        order = np.argsort(keys, axis=1, kind="stable")
        ordered = np.take_along_axis(keys, order, axis=1)
        inside = ordered <= limit
        limits = np.concatenate([[0], np.cumsum(inside.sum(axis=1))])
        return {"limits": limits, "distances": ordered[inside], "indices": order[inside]}

    return Check("radius_neighbors", run, reference, _FLOAT32)


def _greedy(rows: NDArray[np.float64], size: int) -> Arrays:
    nearest = np.full(len(rows), np.inf)
    indices: list[int] = []
    radii: list[float] = []
    for _ in range(size):
        pick = int(np.argmax(nearest)) if indices else 0
        radii.append(nearest[pick])
        indices.append(pick)
        nearest = np.minimum(nearest, np.square(rows - rows[pick]).sum(axis=1))
    return {"indices": np.array(indices), "radii": np.sqrt(radii)}


def _coreset(name: str, projection: NDArray[np.float32] | None, rows: NDArray[np.float32]) -> Check:
    def run(threads: int) -> Arrays:
        picked = bank.coreset(rows, size=150, projection=projection, start=0, threads=threads)
        return {"indices": picked.indices, "radii": picked.radii}

    def reference() -> Arrays:
        wide = rows.astype(np.float64)
        return _greedy(wide if projection is None else wide @ projection.astype(np.float64).T, 150)

    return Check(name, run, reference, _FLOAT32)


def _taps(size: int, out: int) -> NDArray[np.float64]:
    """Bilinear resampling from `size` to `out` samples, as a matrix."""
    matrix = np.zeros((out, size))
    for o in range(out):
        x = max((o + 0.5) * size / out - 0.5, 0)
        i = min(int(x), size - 1)
        matrix[o, i] += 1 - (x - i)
        matrix[o, min(i + 1, size - 1)] += x - i
    return matrix


def _embeddings() -> Check:
    random = np.random.default_rng(3)
    layers = [random.normal(size=shape).astype(np.float32) for shape in ((2, 37, 14, 13), (2, 19, 7, 6))]

    def run(threads: int) -> Arrays:
        return {"patches": bank.patch_embeddings(layers, threads=threads)}

    def reference() -> Arrays:
        parts = []
        for layer in layers:
            height, width = layer.shape[2:]
            padded = np.pad(layer.astype(np.float64), ((0, 0), (0, 0), (1, 1), (1, 1)))
            means = sum(padded[:, :, y : y + height, x : x + width] for y in range(3) for x in range(3)) / 9
            parts.append(_taps(height, 14) @ means @ _taps(width, 13).T)
        return {"patches": np.concatenate(parts, axis=1).reshape(2, 56, -1).transpose(0, 2, 1)}

    return Check("patch_embeddings", run, reference, _FLOAT32)


def _blur(size: int, sigma: float) -> NDArray[np.float64]:
    """Gaussian blur with a symmetric border, as a matrix."""
    reach = int(4 * sigma + 0.5)
    weights = np.exp(-0.5 * np.square(np.arange(-reach, reach + 1) / sigma))
    matrix = np.zeros((size, size))
    for row in range(size):
        for step, weight in zip(range(-reach, reach + 1), weights / weights.sum(), strict=True):
            column = (row + step) % (2 * size)
            matrix[row, min(column, 2 * size - 1 - column)] += weight
    return matrix


def _maps() -> Check:
    grid = np.random.default_rng(4).random((3, 14, 11)).astype(np.float32)

    def run(threads: int) -> Arrays:
        made = maps.anomaly_map(grid, (75, 61), sigma=2.5, threads=threads)
        steps = maps.gaussian_blur(maps.resize(grid, (75, 61), threads=threads), 2.5, threads=threads)
        top = maps.image_scores(made, variant="top_fraction", threads=threads)
        return {"anomaly_map": made, "two steps": steps, "image_scores": top}

    def reference() -> Arrays:
        rows, columns = _blur(75, 2.5) @ _taps(14, 75), _blur(61, 2.5) @ _taps(11, 61)
        made = rows @ grid.astype(np.float64) @ columns.T
        top = np.sort(made.reshape(3, -1), axis=1)[:, -int(0.01 * 75 * 61) :].mean(axis=1)
        return {"anomaly_map": made, "two steps": made, "image_scores": top}

    return Check("maps", run, reference, _FLOAT32)


def _regions(mask: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """8-connected regions by growing one pixel at a time."""
    regions, left = [], mask.copy()
    while left.any():
        region = np.zeros_like(mask)
        region[tuple(np.argwhere(left)[0])] = True
        while True:
            wide = np.pad(region, 1)
            height, width = mask.shape
            grown = np.logical_or.reduce([wide[y : y + height, x : x + width] for y in range(3) for x in range(3)])
            if np.array_equal(grown & mask, region):
                break
            region = grown & mask
        regions.append(region)
        left &= ~region
    return regions


def _metrics() -> Check:
    random = np.random.default_rng(5)
    masks = np.zeros((4, 40, 40), bool)
    for image, (y, x, side) in ((0, (3, 4, 9)), (0, (25, 20, 6)), (1, (10, 10, 14)), (2, (0, 30, 5)), (2, (6, 35, 4))):
        masks[image, y : y + side, x : x + side] = True
    scores = np.round(random.normal(size=masks.shape) + 1.2 * masks, 1)  # with many ties

    def run(threads: int) -> Arrays:
        found = metrics.pixel_report(scores, masks, threads=threads)
        return {name: np.array(value) for name, value in found.items()}

    def reference() -> Arrays:
        levels = np.unique(scores)[::-1]
        above = [scores >= level for level in levels]
        tp = np.array([(some & masks).sum() for some in above], np.float64)
        fp = np.array([(some & ~masks).sum() for some in above], np.float64)
        positives, negatives = masks.sum(), (~masks).sum()
        tpr, fpr = np.append(0, tp / positives), np.append(0, fp / negatives)
        f1 = 2 * tp / (tp + fp + positives)
        best = len(f1) - 1 - int(np.argmax(f1[::-1]))  # the lowest threshold
        regions = [(image, region) for image in range(len(masks)) for region in _regions(masks[image])]
        overlap = [np.mean([some[image][region].mean() for image, region in regions]) for some in above]
        pro = np.append(0, overlap)
        inside = fpr <= 0.3
        x = np.append(fpr[inside], 0.3)
        y = np.append(pro[inside], np.interp(0.3, fpr, pro))
        return {
            "auroc": _trapezoid(tpr, fpr),
            "average_precision": np.sum(np.diff(tpr) * tp / (tp + fp)),
            "f1_max": f1[best],
            "f1_max_threshold": levels[best],
            "aupro": _trapezoid(y, x) / 0.3,
        }

    return Check("metrics", run, reference, _FLOAT64)


def _trapezoid(y: NDArray[np.float64], x: NDArray[np.float64]) -> Any:
    return np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2)


_SIGNS = np.random.default_rng(6).integers(-1, 2, (9, 24)).astype(np.float32)

CHECKS = (
    _knn("euclidean", 9),
    _knn("cosine", 3),
    _knn("inner_product", 1),
    _radius(),
    _coreset("coreset", None, _integers(3000, 24, 7)),
    _coreset("coreset, projected", _SIGNS, _integers(3000, 24, 8)),
    _embeddings(),
    _maps(),
    _metrics(),
)
