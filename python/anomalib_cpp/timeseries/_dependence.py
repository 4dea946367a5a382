"""Dependence between channels: correlation matrices, also of ranks, of distances, and at other lags."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["FLAT", "best_lags", "dependence", "pair_correlations"]

FLAT = 1e-4  # a standard deviation below this is a constant channel

ROUNDING = 1e-12  # product of two standard deviations that are rounding errors
BLOCK_BYTES = 1 << 20  # of distances at a time: they stay in the cache


def dependence(rows: NDArray[np.float64], method: str) -> NDArray[np.float64]:
    """Matrix of the dependences of all columns of (n, c); the diagonal means nothing."""
    if method == "distance":
        return _distance_correlation(rows)
    return _correlation(midranks(rows) if method == "spearman" else rows)


def midranks(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks within each column, equal values sharing the mean of theirs."""
    ranks = np.empty(rows.shape)
    for c, column in enumerate(rows.T):
        _, place, counts = np.unique(column, return_inverse=True, return_counts=True)
        ranks[:, c] = (np.cumsum(counts) - (counts - 1) / 2)[place.reshape(-1)]
    return ranks


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns centred, of length 1; NaN where they are constant."""
    centred = rows - rows.mean(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        unit: NDArray[np.float64] = centred / np.sqrt((centred * centred).sum(axis=0))
    return unit


def _correlation(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    unit = _unit(rows)
    return np.clip(unit.T @ unit, -1, 1)


def pair_correlations(first: NDArray[np.float64], second: NDArray[np.float64], method: str) -> NDArray[np.float64]:
    """Correlation of each column of `first` with the same column of `second`."""
    if method == "spearman":
        first, second = midranks(first), midranks(second)
    result: NDArray[np.float64] = np.clip((_unit(first) * _unit(second)).sum(axis=0), -1, 1)
    return result


def _distance_correlation(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bias-corrected squared distance correlation, clipped to [0, 1]; rows of distances are centred block by block."""
    n, channels = rows.shape
    order = np.argsort(rows, axis=0, kind="stable")
    ordered = np.take_along_axis(rows, order, axis=0)
    before = np.cumsum(ordered, axis=0)
    position = np.arange(1, n + 1)[:, None]
    sums = np.empty_like(rows)  # of the distances of each value to all others
    np.put_along_axis(sums, order, (2 * position - n) * ordered - 2 * before + before[-1], axis=0)
    half = sums.sum(axis=0) / ((n - 1) * (n - 2)) / 2

    values, share = np.ascontiguousarray(rows.T), np.ascontiguousarray((sums / (n - 2) - half).T)
    product = np.zeros((channels, channels))
    step = max(1, BLOCK_BYTES // (8 * n * channels))
    for begin in range(0, n, step):
        block = slice(begin, min(begin + step, n))
        centred = values[:, block, None] - values[:, None]
        np.abs(centred, out=centred)
        # The centre of (i, j) is a share of i and a share of j.
        centred -= share[:, block, None]
        centred -= share[:, None]
        centred[:, np.arange(block.stop - begin), np.arange(begin, block.stop)] = 0
        flat = centred.reshape(channels, -1)
        product += flat @ flat.T
    scale = np.sqrt(np.diag(product))
    with np.errstate(invalid="ignore", divide="ignore"):
        result: NDArray[np.float64] = np.clip(product / (scale * scale[:, None]), 0, 1)
    return result


def best_lags(segments: list[NDArray[np.float64]], longest: int, method: str) -> NDArray[np.int64]:
    """Lag at which each pair of channels is correlated most, (c, c); 0 where no other lag beats it.

    Channel j follows channel i by the lag at [i, j]. Correlations are means over the segments, weighted by length, each
    over as many points at every lag. Of equals the lowest lag is taken.
    """
    ranked = [midranks(segment) for segment in segments] if method == "spearman" else segments
    channels = segments[0].shape[1]
    strongest, lags = np.full((channels, channels), -np.inf), np.zeros((channels, channels), np.int64)
    at_zero = strongest
    for lag in range(-longest, longest + 1):
        total, weight = np.zeros((channels, channels)), np.zeros((channels, channels))
        for segment in ranked:
            n = len(segment) - longest
            leading, following = segment[max(0, -lag) :][:n], segment[max(0, lag) :][:n]
            found = _unit(leading).T @ _unit(following)
            known = np.outer(leading.std(axis=0), following.std(axis=0)) > ROUNDING
            total += np.where(known, len(segment) * found, 0.0)
            weight += np.where(known, len(segment), 0)
        strength = np.divide(np.abs(total), weight, out=np.full(total.shape, -np.inf), where=weight > 0)
        if lag == 0:
            at_zero = strength
            continue
        better = strength > strongest
        strongest, lags = np.where(better, strength, strongest), np.where(better, lag, lags)
    return np.where(strongest > at_zero, lags, 0)
