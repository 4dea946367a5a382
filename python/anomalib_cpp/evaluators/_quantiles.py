"""Quantiles of any number of values: exact while they are few, within a stated error afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import number
from .._errors import FormatError, InvalidInputError
from .._records import Record
from ._buckets import Buckets
from ._protocol import Mergeable, exact_floats, part, read_config, reading_state

__all__ = ["QuantileResult", "QuantileSketch"]

_EXACT = 1 << 20  # values that are kept as they are


@dataclass(frozen=True, repr=False, eq=False)
class QuantileResult(Record):
    """Quantiles, and the intervals that hold the exact ones.

    Attributes
    ----------
    quantiles : array of float64, shape (k,)
        As asked for.
    values : array of float64, shape (k,)
        One for each of them.
    low, high : array of float64, shape (k,)
        The exact quantiles lie between them; all three are equal where no more than 2^20 values came.
    """

    quantiles: NDArray[np.float64]
    values: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


class QuantileSketch(Mergeable):
    """Quantiles of values that come in parts, exact up to 2^20 values and within a relative error beyond.

    Parameters
    ----------
    relative_error : float in (0, 0.5], default 0.001
        What a value may be off, relative to itself, once there are more than 2^20 of them.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        For an error out of range.

    Notes
    -----
    Beyond 2^20 values they are counted in buckets of equal leading bits, and a bucket's middle stands for its values:
    the idea of logarithmic buckets of DDSketch [1]_, with the powers of two of the number format for its logarithm.
    The counts do not depend on the order of the values, so that parts, order and merging change no bit. Values below
    2.3e-308 in size are off by less than that. 16 bytes for every bucket that holds a value, of which there are
    about ``0.5 / relative_error`` to ``1 / relative_error`` between a number and its double.

    References
    ----------
    .. [1] C. Masson, J. E. Rim and H. K. Lee, "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with
       Relative-Error Guarantees", Proceedings of the VLDB Endowment 12, 2019.

    Examples
    --------
    >>> from anomalib_cpp.evaluators import QuantileSketch
    >>> sketch = QuantileSketch()
    >>> sketch.update([4.0, 1.0])
    >>> sketch.update([3.0, 2.0])
    >>> sketch.compute([0.5, 1.0]).values.tolist()
    [2.5, 4.0]
    """

    def __init__(self, relative_error: float = 1e-3) -> None:
        self._error = number(relative_error, "relative_error")
        if not 0 < self._error <= 0.5:
            raise InvalidInputError(f"relative_error must lie in (0, 0.5]; got {relative_error!r}")
        self.reset()

    def reset(self) -> None:
        """Forget all values."""
        self._values: list[NDArray[np.float64]] = []
        self._buckets = Buckets(self._error)
        self._updates = 0

    @property
    def n_items(self) -> int:
        """Values so far."""
        return sum(map(len, self._values)) + self._buckets.n_items

    @property
    def nbytes(self) -> int:
        """Bytes of the values or of the buckets."""
        return sum(values.nbytes for values in self._values) + self._buckets.ids.nbytes + self._buckets.counts.nbytes

    def update(self, values: Any) -> None:
        """Add values.

        Parameters
        ----------
        values : array of numbers, any shape
            Finite; integers of at most 2^53 in size.

        Raises
        ------
        InvalidInputError, InvalidTypeError
            For NaN, infinities and what is not numbers; nothing is added then.
        """
        added = exact_floats(values, "values", finite=True).reshape(-1)
        if added.size:
            self._values.append(added)
            self._updates += 1
            self._count_what_is_too_much()

    def _count_what_is_too_much(self) -> None:
        if len(self._buckets) == 0 and self.n_items <= _EXACT:
            return
        for values in self._values:
            self._buckets.count(values)
        self._values = []

    def compute(self, quantiles: Any = (0.25, 0.5, 0.75)) -> QuantileResult:
        """Return quantiles of everything so far; the sketch goes on afterwards.

        Parameters
        ----------
        quantiles : float or array of floats in [0, 1], shape (k,), default (0.25, 0.5, 0.75)
            Interpolated linearly between neighbouring values, as NumPy does by default.

        Returns
        -------
        QuantileResult
            ``values`` with ``low`` and ``high``.

        Raises
        ------
        InvalidInputError
            Before the first value; for quantiles outside [0, 1].
        """
        self._require_data()
        wanted = np.atleast_1d(exact_floats(quantiles, "quantiles"))
        if wanted.ndim != 1 or not ((wanted >= 0) & (wanted <= 1)).all():
            raise InvalidInputError(f"quantiles must lie in [0, 1] and have shape (k,); got {wanted.tolist()}")
        place = wanted * (self.n_items - 1)
        before = np.floor(place).astype(np.int64)
        after = np.minimum(before + 1, self.n_items - 1)
        ends = [self._ordered(at) for at in (before, after)]
        values, low, high = (_between(a, b, place - before) for a, b in zip(*ends, strict=True))
        return QuantileResult(wanted, values, low, high)

    def _ordered(self, ranks: NDArray[np.int64]) -> tuple[NDArray[np.float64], ...]:
        """Values of these ranks, and what they lie between."""
        if self._values:
            self._values = [np.sort(np.concatenate(self._values))]
            exact = self._values[0][ranks]
            return exact, exact, exact
        return self._buckets.ranked(ranks)

    def merge(self, other: QuantileSketch) -> QuantileSketch:
        """Add everything that another sketch has seen.

        Parameters
        ----------
        other : QuantileSketch
            With the same settings; not changed.

        Returns
        -------
        QuantileSketch
            This one.

        Raises
        ------
        InvalidInputError
            For other settings, which are listed.
        InvalidTypeError
            For something else.
        """
        self._require_mergeable(other)
        self._values = [*self._values, *other._values]
        if len(other._buckets):
            self._buckets.add(other._buckets.ids, other._buckets.counts, other._buckets.span)
        self._updates += other._updates
        self._count_what_is_too_much()
        return self

    def _configuration(self) -> dict[str, Any]:
        return {"relative_error": self._error}

    def state(self) -> dict[str, NDArray[Any]]:
        """Return everything as arrays, for gathering over processes or keeping elsewhere.

        Returns
        -------
        dict of str to array
            ``values``, ascending, while they are few; afterwards ``buckets``, their ``counts`` and the ``range`` of
            what was counted; ``settings``.
        """
        return {
            "values": np.sort(np.concatenate([np.zeros(0), *self._values])),
            "buckets": self._buckets.ids.copy(),
            "counts": self._buckets.counts.copy(),
            "range": np.array(self._buckets.span),
            "settings": self._settings_array(),
        }

    @classmethod
    def _from_parts(cls, parts: dict[str, Any], config: Any) -> QuantileSketch:
        options, updates = read_config(config, ("relative_error",), cls.__name__)
        values = part(parts, "values", np.float64, (None,))
        buckets = part(parts, "buckets", np.int64, (None,))
        counts = part(parts, "counts", np.int64, (len(buckets),))
        low, high = part(parts, "range", np.float64, (2,)).tolist()
        with reading_state(cls.__name__):
            made = cls(**options)
        made._buckets.ids, made._buckets.counts = buckets.copy(), counts.copy()
        made._buckets.span = (low, high)
        exclusive = len(buckets) == 0 or len(values) == 0
        valid = exclusive and bool(np.isfinite(values).all()) and made._buckets.are_valid()
        if not valid:
            raise FormatError("state must hold finite values, or ascending buckets with their counts and range")
        made._values = [values.copy()] if len(values) else []
        made._count_what_is_too_much()
        return made._restored(updates)


def _between(a: NDArray[np.float64], b: NDArray[np.float64], part: NDArray[np.float64]) -> NDArray[np.float64]:
    """Interpolate from the nearer end, so that equal ends stay as they are; in halves, which cannot overflow."""
    half = b / 2 - a / 2
    return np.where(part < 0.5, a + half * (2 * part), b - half * (2 - 2 * part))
