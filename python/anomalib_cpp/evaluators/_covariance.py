"""Mean and covariance of rows that come in parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._checks import integer
from .._errors import FormatError, InvalidInputError
from .._records import Record
from ._protocol import Mergeable, exact_floats, part, read_config

__all__ = ["CovarianceAccumulator", "CovarianceResult"]

_BLOCK = 4096  # rows whose deviations are taken from one mean


@dataclass(frozen=True, repr=False, eq=False)
class CovarianceResult(Record):
    """First two moments of rows.

    Attributes
    ----------
    mean : array of float64, shape (d,)
        Of every column.
    covariance : array of float64, shape (d, d)
        Of every two columns.
    """

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]


class _Moments(NamedTuple):
    rows: int
    mean: NDArray[np.float64]
    scatter: NDArray[np.float64]  # sum of outer products of the deviations from the mean

    def plus(self, other: _Moments) -> _Moments:
        if self.rows == 0 or other.rows == 0:
            return other if self.rows == 0 else self
        total = self.rows + other.rows
        step = other.mean - self.mean
        between = np.outer(step, step) * (self.rows * other.rows / total)
        return _Moments(total, self.mean + step * (other.rows / total), self.scatter + other.scatter + between)


def _moments(rows: NDArray[np.float64]) -> _Moments:
    """Halve until a block is left, so that the rounding of the sums grows with the logarithm of their length."""
    if len(rows) > _BLOCK:
        half = (len(rows) // 2 + _BLOCK - 1) // _BLOCK * _BLOCK
        return _moments(rows[:half]).plus(_moments(rows[half:]))
    near = rows - rows[0]  # small numbers, even where the rows are far from zero
    mean = near.mean(axis=0)
    near -= mean
    return _Moments(len(rows), rows[0] + mean, near.T @ near)


class CovarianceAccumulator(Mergeable):
    """Mean and covariance of rows that come in parts; of single numbers with one column.

    Notes
    -----
    Keeps the mean and the sum of squared deviations from it, never sums of squares: parts are joined by the pairwise
    update of Chan, Golub and LeVeque [1]_, so that a mean far from zero costs no digits. Parts, order and merging
    change the last bits only. O(n d^2) time, 8 d^2 bytes; the width d is that of the first rows.

    References
    ----------
    .. [1] T. F. Chan, G. H. Golub and R. J. LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample
       Variances", COMPSTAT 1982.

    Examples
    --------
    >>> from anomalib_cpp.evaluators import CovarianceAccumulator
    >>> accumulator = CovarianceAccumulator()
    >>> accumulator.update([[1, 0], [3, 2]])
    >>> accumulator.update([[2, 4]])
    >>> accumulator.compute().covariance.tolist()
    [[1.0, 1.0], [1.0, 4.0]]
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all rows, and their width."""
        self._moments = _Moments(0, np.zeros(0), np.zeros((0, 0)))
        self._updates = 0

    @property
    def n_items(self) -> int:
        """Rows so far."""
        return self._moments.rows

    @property
    def nbytes(self) -> int:
        """Bytes of the mean and the deviations."""
        return self._moments.mean.nbytes + self._moments.scatter.nbytes

    def update(self, rows: Any) -> None:
        """Add rows.

        Parameters
        ----------
        rows : array of numbers, shape (n, d)
            Finite; integers of at most 2^53 in size.

        Raises
        ------
        InvalidInputError, InvalidTypeError
            For other shapes, another width than before, NaN and infinities; nothing is added then.
        """
        added = exact_floats(rows, "rows", finite=True)
        if added.ndim != 2 or added.shape[1] == 0:
            raise InvalidInputError(f"rows must have shape (n, d) with d >= 1; got shape {added.shape}")
        self._require_width(added.shape[1], "rows")
        if len(added):
            self._moments = self._moments.plus(_moments(added))
            self._updates += 1

    def _require_width(self, width: int, name: str) -> None:
        if self._moments.rows and width != len(self._moments.mean):
            raise InvalidInputError(f"{name} must have {len(self._moments.mean)} columns, as before; got {width}")

    def compute(self, *, ddof: int = 1) -> CovarianceResult:
        """Return the moments of everything so far; the accumulator goes on afterwards.

        Parameters
        ----------
        ddof : int >= 0, default 1
            Sums of squares are divided by the number of rows less this.

        Returns
        -------
        CovarianceResult
            ``mean`` and ``covariance``.

        Raises
        ------
        InvalidInputError
            Where there are not more than `ddof` rows.
        """
        self._require_data()
        less = integer(ddof, "ddof", 0)
        if self._moments.rows <= less:
            raise InvalidInputError(f"ddof must be below the number of rows, {self._moments.rows}; got {less}")
        return CovarianceResult(self._moments.mean.copy(), self._moments.scatter / (self._moments.rows - less))

    def merge(self, other: CovarianceAccumulator) -> CovarianceAccumulator:
        """Add everything that another accumulator has seen.

        Parameters
        ----------
        other : CovarianceAccumulator
            With rows of the same width; not changed.

        Returns
        -------
        CovarianceAccumulator
            This one.

        Raises
        ------
        InvalidInputError
            For another width.
        InvalidTypeError
            For something else.
        """
        self._require_mergeable(other)
        if other._moments.rows:
            self._require_width(len(other._moments.mean), "other")
            self._moments = self._moments.plus(other._moments)
            self._updates += other._updates
        return self

    def _configuration(self) -> dict[str, Any]:
        return {}

    def state(self) -> dict[str, NDArray[Any]]:
        """Return everything as arrays, for gathering over processes or keeping elsewhere.

        Returns
        -------
        dict of str to array
            ``mean``, float64 of shape (d,); ``scatter``, the summed outer products of the deviations, float64 of shape
            (d, d); ``n_items``, int64 of shape (1,); ``settings``.
        """
        return {
            "mean": self._moments.mean.copy(),
            "scatter": self._moments.scatter.copy(),
            "n_items": np.array([self._moments.rows], np.int64),
            "settings": self._settings_array(),
        }

    @classmethod
    def _from_parts(cls, parts: dict[str, Any], config: Any) -> CovarianceAccumulator:
        made = cls()
        _, updates = read_config(config, (), cls.__name__)
        mean = part(parts, "mean", np.float64, (None,))
        scatter = part(parts, "scatter", np.float64, (len(mean), len(mean)))
        count = int(part(parts, "n_items", np.int64, (1,))[0])
        valid = count >= 0 and (count > 0) == (len(mean) > 0) and np.isfinite(mean).all() and np.isfinite(scatter).all()
        if not valid or (scatter.diagonal() < 0).any() or (scatter != scatter.T).any():
            raise FormatError("state must hold a finite mean, a symmetric scatter and the number of rows")
        made._moments = _Moments(count, mean.copy(), scatter.copy())
        return made._restored(updates)
