"""Lowest and highest of all values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._errors import FormatError
from .._records import Record
from ._protocol import Mergeable, exact_floats, part, read_config

__all__ = ["MinMaxAccumulator", "MinMaxResult"]


@dataclass(frozen=True, repr=False, eq=False)
class MinMaxResult(Record):
    """Ends of a range.

    Attributes
    ----------
    low, high : float
        Lowest and highest value.
    """

    low: float
    high: float


class MinMaxAccumulator(Mergeable):
    """Lowest and highest of values that come in parts.

    Notes
    -----
    The same bits for any parts, order and merging. Infinities are ordinary values, NaN is refused.

    Examples
    --------
    >>> from anomalib_cpp.evaluators import MinMaxAccumulator
    >>> accumulator = MinMaxAccumulator()
    >>> accumulator.update([0.25, 0.5])
    >>> accumulator.update([[2, -1]])
    >>> accumulator.compute()
    MinMaxResult(low=-1, high=2)
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all values."""
        self._range = np.array([np.inf, -np.inf])
        self._items = self._updates = 0

    @property
    def n_items(self) -> int:
        """Values so far."""
        return self._items

    @property
    def nbytes(self) -> int:
        """Bytes of the range."""
        return self._range.nbytes

    def update(self, values: Any) -> None:
        """Add values.

        Parameters
        ----------
        values : array of numbers, any shape
            Integers of at most 2^53 in size.

        Raises
        ------
        InvalidInputError, InvalidTypeError
            For NaN and for what is not numbers; nothing is added then.
        """
        added = exact_floats(values, "values")
        if added.size:
            self._widen(np.array([added.min(), added.max()]))
            self._items += added.size
            self._updates += 1

    def _widen(self, by: NDArray[np.float64]) -> None:
        self._range = np.array([min(self._range[0], by[0]), max(self._range[1], by[1])])

    def compute(self) -> MinMaxResult:
        """Return the range of everything so far; the accumulator goes on afterwards.

        Returns
        -------
        MinMaxResult
            ``low`` and ``high``.

        Raises
        ------
        InvalidInputError
            Before the first value.
        """
        self._require_data()
        return MinMaxResult(*self._range.tolist())

    def merge(self, other: MinMaxAccumulator) -> MinMaxAccumulator:
        """Add everything that another accumulator has seen.

        Parameters
        ----------
        other : MinMaxAccumulator
            Not changed.

        Returns
        -------
        MinMaxAccumulator
            This one.

        Raises
        ------
        InvalidTypeError
            For something else.
        """
        self._require_mergeable(other)
        self._widen(other._range)
        self._items += other._items
        self._updates += other._updates
        return self

    def _configuration(self) -> dict[str, Any]:
        return {}

    def state(self) -> dict[str, NDArray[Any]]:
        """Return everything as arrays, for gathering over processes or keeping elsewhere.

        Returns
        -------
        dict of str to array
            ``range``, float64 of shape (2,), +inf and -inf before the first value; ``n_items``, int64 of shape (1,);
            ``settings``.
        """
        return {
            "range": self._range.copy(),
            "n_items": np.array([self._items], np.int64),
            "settings": self._settings_array(),
        }

    @classmethod
    def _from_parts(cls, parts: dict[str, Any], config: Any) -> MinMaxAccumulator:
        made = cls()
        _, updates = read_config(config, (), cls.__name__)
        made._range = part(parts, "range", np.float64, (2,)).copy()
        made._items = int(part(parts, "n_items", np.int64, (1,))[0])
        empty = made._range.tolist() == [np.inf, -np.inf]
        if made._items < 0 or (made._items == 0) != empty or not (empty or made._range[0] <= made._range[1]):
            raise FormatError("state must hold an ascending range and the number of its values")
        return made._restored(updates)
