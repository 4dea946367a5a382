"""From distances to scores: one per patch, then one per image, with the variants that the literature uses."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .search import PackedRows, finish
from .stored_rows import StoredRows

__all__ = ["AGGREGATIONS", "IMAGE_SCORES", "aggregate", "reweighted", "top_fraction_mean"]

AGGREGATIONS = ("mean", "max", "median", "rms")
IMAGE_SCORES = ("anomalib", "paper_query", "max", "top_fraction")

_IMAGES_PER_BLOCK = 16


def aggregate(distances: NDArray[np.float64], how: str) -> NDArray[np.float64]:
    """Combine the distances (n, k) to the k nearest rows into one score per patch."""
    if distances.shape[1] == 1 and how != "rms":
        return distances[:, 0]
    if how == "max":
        return distances[:, -1]
    result: NDArray[np.float64]
    if how == "median":
        result = np.median(distances, axis=1)
    elif how == "rms":
        result = np.sqrt(np.mean(np.square(distances), axis=1))
    else:
        result = np.mean(distances, axis=1)
    return result


def top_fraction_mean(scores: NDArray[np.float64], fraction: float) -> NDArray[np.float64]:
    """Mean of the ``max(int(fraction * P), 1)`` largest of each image's P patch scores."""
    count = max(int(fraction * scores.shape[1]), 1)
    means: NDArray[np.float64] = np.sort(scores, axis=1)[:, -count:].mean(axis=1)
    return means


def _weights(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """``1 - softmax(distances)[0]`` per row, as the share of the others so that nothing cancels."""
    # Distances beyond float64 are no weights: the largest number stands for them.
    distances = np.minimum(distances, np.finfo(np.float64).max)
    exponentials = np.exp(distances - distances.max(axis=1, keepdims=True))
    weights: NDArray[np.float64] = exponentials[:, 1:].sum(axis=1) / exponentials.sum(axis=1)
    return weights


def _distances_to_own(
    queries: NDArray[Any], rows: NDArray[Any], indices: NDArray[np.int64], threads: int | None
) -> NDArray[np.float64]:
    """Euclidean distances of query i to rows ``indices[i]``."""
    count, b = indices.shape
    keys = np.empty((count, b))
    own = np.arange(_IMAGES_PER_BLOCK)
    for begin in range(0, count, _IMAGES_PER_BLOCK):
        some = indices[begin : begin + _IMAGES_PER_BLOCK]
        packed = PackedRows(
            rows[some.ravel()], metric="euclidean", prefilter="none", check_finite=False, threads=threads
        )
        all_keys = packed.all_keys(queries[begin : begin + len(some)], check_finite=False, threads=threads)
        keys[begin : begin + len(some)] = all_keys.reshape(len(some), len(some), b)[own[: len(some)], own[: len(some)]]
    return finish(keys, "euclidean", np.float64)


def reweighted(
    variant: str,
    patches: NDArray[Any],
    scores: NDArray[np.float64],
    nearest: NDArray[np.int64],
    stored: StoredRows,
    n_neighbors: int,
    threads: int | None,
    memory_budget: int | str | None,
) -> NDArray[np.float64]:
    """Weight the largest patch score of each image by how crowded the bank is there.

    `patches` (N, P, D), `scores` and `nearest` (N, P). With ``"anomalib"`` the neighbourhood is that of the bank row
    nearest to the patch, with ``"paper_query"`` that of the patch itself. All images of the call share one search.
    """
    images = np.arange(scores.shape[0])
    worst = scores.argmax(axis=1)
    largest: NDArray[np.float64] = scores[images, worst]
    if n_neighbors == 1:
        return largest
    queries = np.ascontiguousarray(patches[images, worst])
    rows = stored.rows()
    around = rows[nearest[images, worst]] if variant == "anomalib" else queries
    keys, indices = stored.search_keys(
        around, n_neighbors, on_short="clip", threads=threads, memory_budget=memory_budget
    )
    distances = (
        _distances_to_own(queries, rows, indices, threads)
        if variant == "anomalib"
        else finish(keys, "euclidean", np.float64)
    )
    return np.where(np.isinf(largest), largest, _weights(distances) * largest)
