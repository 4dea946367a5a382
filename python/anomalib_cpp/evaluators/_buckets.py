"""Counts of numbers in buckets of equal leading bits."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["Buckets"]

_MANTISSA = 52


class Buckets:
    """How many values lie in each bucket, for buckets that are narrow relative to what they hold.

    A bucket is the leading bits of a float64, as an integer in the order of the numbers; the counts do not depend on
    the order in which values come.

    Parameters
    ----------
    relative_error : float in (0, 0.5]
        How far the middle of a bucket may be off its values, relative to them.

    Attributes
    ----------
    ids, counts : array of int64, shape (k,)
        Of the buckets that hold a value, ascending.
    span : (float, float)
        Smallest and largest value.
    """

    def __init__(self, relative_error: float) -> None:
        # Buckets of m leading mantissa bits are 2^-m wide relative to their power of two; half of that is the error.
        kept = min(_MANTISSA, max(0, math.ceil(-math.log2(relative_error)) - 1))
        self._shift = _MANTISSA - kept
        self.ids, self.counts = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self.span = (math.inf, -math.inf)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def n_items(self) -> int:
        """Values so far."""
        return int(self.counts.sum())

    def count(self, values: NDArray[np.float64]) -> None:
        """Count values, at least one, all finite."""
        ids, counts = np.unique(_swapped(values.view(np.int64)) >> self._shift, return_counts=True)
        self.add(ids, counts, (float(values.min()), float(values.max())))

    def add(self, ids: NDArray[np.int64], counts: NDArray[np.int64], span: tuple[float, float]) -> None:
        """Add the counts of other buckets of the same width."""
        together, at = np.unique(np.concatenate([self.ids, ids]), return_inverse=True)
        total = np.zeros(len(together), np.int64)
        np.add.at(total, at, np.concatenate([self.counts, counts]))
        self.ids, self.counts = together, total
        self.span = (min(self.span[0], span[0]), max(self.span[1], span[1]))

    def ranked(self, ranks: NDArray[np.int64]) -> tuple[NDArray[np.float64], ...]:
        """Return what stands for the values of these ranks, and what they lie between."""
        at = np.searchsorted(np.cumsum(self.counts), ranks, side="right")
        first = self.ids[at] << self._shift
        low, high = (
            np.clip(_swapped(keys).view(np.float64), *self.span) for keys in (first, first + ((1 << self._shift) - 1))
        )
        middle = low + (high / 2 - low / 2)
        return np.where(first == 0, low, middle), low, high  # zeros are zeros

    def are_valid(self) -> bool:
        """Whether counting could have made them."""
        largest = np.finfo(np.float64).max.view(np.int64) >> self._shift
        low, high = self.span
        bounded = math.isfinite(low) and math.isfinite(high) and low <= high
        return (
            bool((np.diff(self.ids) > 0).all())
            and bool((self.counts > 0).all())
            and float(self.counts.sum(dtype=np.float64)) < 2.0**62
            and bool((np.abs(self.ids + 0.5) <= largest + 0.5).all())
            and (bounded if len(self) else (low, high) == (math.inf, -math.inf))
        )


def _swapped(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Turn the bits of floats into integers of their order, or such integers back into bits."""
    return keys ^ ((keys >> 63) & np.iinfo(np.int64).max)
