"""The most anomalous items of all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import flag, integer
from .._errors import FormatError, InvalidInputError, InvalidTypeError
from .._records import Record
from ..metrics._arguments import argument
from ._protocol import Mergeable, exact_floats, part, read_config, reading_state

__all__ = ["TopKAccumulator", "TopKResult"]


@dataclass(frozen=True, repr=False, eq=False)
class TopKResult(Record):
    """Items with extreme scores, the most extreme first.

    Attributes
    ----------
    scores : array of float64, shape (m,)
        At most k of them.
    ids : array of int64, shape (m,)
        Of equal scores, the lower one comes first.
    """

    scores: NDArray[np.float64]
    ids: NDArray[np.int64]


class TopKAccumulator(Mergeable):
    """The k items with the highest scores of items that come in parts.

    Parameters
    ----------
    k : int >= 1
        Items to keep.
    largest : bool, default True
        Keep the highest scores; with False the lowest.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        For options out of range.

    Notes
    -----
    Ties go to the lower id, so that parts, order and merging change no bit. O(n + k log k) time for an update of n
    items.

    Examples
    --------
    >>> from anomalib_cpp.evaluators import TopKAccumulator
    >>> accumulator = TopKAccumulator(2)
    >>> accumulator.update([0.5, 0.9, 0.9], [10, 12, 11])
    >>> accumulator.update([0.7], [13])
    >>> accumulator.compute().ids.tolist()
    [11, 12]
    """

    def __init__(self, k: int, *, largest: bool = True) -> None:
        self._k = integer(k, "k", 1)
        self._largest = flag(largest, "largest")
        self.reset()

    def reset(self) -> None:
        """Forget all items."""
        self._scores, self._ids = np.zeros(0), np.zeros(0, np.int64)
        self._items = self._updates = 0

    @property
    def n_items(self) -> int:
        """Items so far, those that were dropped included."""
        return self._items

    @property
    def nbytes(self) -> int:
        """Bytes of the kept scores and ids."""
        return self._scores.nbytes + self._ids.nbytes

    def update(self, scores: Any, ids: Any) -> None:
        """Add items.

        Parameters
        ----------
        scores : array of numbers, shape (n,)
            Integers of at most 2^53 in size; infinities are ordinary values.
        ids : array of integers, shape (n,)
            What tells items apart, such as their position in the data set: give each one once.

        Raises
        ------
        InvalidInputError, InvalidTypeError
            For NaN, other shapes, and ids that int64 does not hold; nothing is added then.
        """
        values, names = exact_floats(scores, "scores"), argument(ids, "ids").data
        if values.ndim != 1:
            raise InvalidInputError(f"scores must have shape (n,); got shape {values.shape}")
        if isinstance(names, list) or names.shape != values.shape:
            shape = "a list of arrays" if isinstance(names, list) else f"shape {names.shape}"
            raise InvalidInputError(f"ids must have the shape of scores, {values.shape}; got {shape}")
        if len(values) == 0:
            return
        if names.dtype.kind not in "ui" or (names.dtype == np.uint64 and names.max() > np.iinfo(np.int64).max):
            raise InvalidTypeError(f"ids must be integers that int64 holds; got dtype {names.dtype}")
        self._add(values, names.astype(np.int64))
        self._items += len(values)
        self._updates += 1

    def _add(self, scores: NDArray[np.float64], ids: NDArray[np.int64]) -> None:
        scores, ids = np.concatenate([self._scores, scores]), np.concatenate([self._ids, ids])
        key = -scores if self._largest else scores
        if len(key) > 4 * self._k:  # most items need no sort
            near = key <= np.partition(key, self._k - 1)[self._k - 1]
            scores, ids, key = scores[near], ids[near], key[near]
        order = np.lexsort((ids, key))[: self._k]
        self._scores, self._ids = scores[order], ids[order]

    def compute(self) -> TopKResult:
        """Return the items that are kept; the accumulator goes on afterwards.

        Returns
        -------
        TopKResult
            ``scores`` and ``ids``.

        Raises
        ------
        InvalidInputError
            Before the first item.
        """
        self._require_data()
        return TopKResult(self._scores.copy(), self._ids.copy())

    def merge(self, other: TopKAccumulator) -> TopKAccumulator:
        """Add everything that another accumulator has seen.

        Parameters
        ----------
        other : TopKAccumulator
            With the same settings, and with ids of its own; not changed.

        Returns
        -------
        TopKAccumulator
            This one.

        Raises
        ------
        InvalidInputError
            For other settings, which are listed.
        InvalidTypeError
            For something else.
        """
        self._require_mergeable(other)
        self._add(other._scores, other._ids)
        self._items += other._items
        self._updates += other._updates
        return self

    def _configuration(self) -> dict[str, Any]:
        return {"k": self._k, "largest": self._largest}

    def state(self) -> dict[str, NDArray[Any]]:
        """Return everything as arrays, for gathering over processes or keeping elsewhere.

        Returns
        -------
        dict of str to array
            ``scores`` and ``ids`` that are kept, in order; ``n_items``, int64 of shape (1,); ``settings``.
        """
        return {
            "scores": self._scores.copy(),
            "ids": self._ids.copy(),
            "n_items": np.array([self._items], np.int64),
            "settings": self._settings_array(),
        }

    @classmethod
    def _from_parts(cls, parts: dict[str, Any], config: Any) -> TopKAccumulator:
        options, updates = read_config(config, ("k", "largest"), cls.__name__)
        scores, ids = part(parts, "scores", np.float64, (None,)), part(parts, "ids", np.int64, (None,))
        items = int(part(parts, "n_items", np.int64, (1,))[0])
        with reading_state(cls.__name__):
            made = cls(options["k"], largest=options["largest"])
            if len(scores) != len(ids) or len(scores) != min(items, made._k) or np.isnan(scores).any():
                raise FormatError(f"state must hold the best {made._k} of {items} items")
            made._add(scores, ids)
        made._items = items
        return made._restored(updates)
