"""Length of a period of a series, which published VUS and PATE values take for their window."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import choice, integer
from .._errors import InvalidInputError
from ._plan import read_scores, read_series

__all__ = ["find_length"]

MOST_POINTS, MOST_LAGS = 20000, 400
FIRST_LAG, SHORTEST, LONGEST = 3, 6, 303
DEFAULTS = {"vus": 125, "tsb": 125, "pate": 100}


def find_length(series: Any, *, default: int | None = None, rank: int = 1, variant: str = "vus") -> int:
    """Lag of the highest peak of the autocorrelation of a series, or a default.

    Parameters
    ----------
    series : array of floats or integers, shape (n,)
        The values themselves, not scores. The first 20000 are looked at.
    default : int >= 0, optional
        Result where no peak lies at a lag of 6 to 303, as for constant series and series with NaN or infinities; by
        default 125, with ``variant="pate"`` 100.
    rank : int in [0, 3], default 1
        1 is the highest peak. 2 and 3 are the next ones, by falling height, of those at longer lags; where there are
        not as many the highest again. 0 returns 1, the length of no window.
    variant : {"vus", "pate", "tsb"}, default "vus"
        Whose function it is: ``"pate"`` has another default, ``"tsb"`` takes the later of equally high peaks.

    Returns
    -------
    int
        A number of points.

    Raises
    ------
    InvalidInputError
        For an empty series, other shapes, and options out of range.
    InvalidTypeError
        For arguments of another kind.

    Notes
    -----
    The autocorrelation at lag k is the sum over t of (x[t] - m)(x[t + k] - m), divided by that at lag 0. Lags up to 400
    count; the first three do not, and a peak is higher than both of its neighbours. Sums run in a fixed order, without
    FFT, so that the result is the same on every machine.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.timeseries import find_length
    >>> find_length(np.sin(2 * np.pi * np.arange(2000) / 50))
    50
    """
    choice(variant, "variant", tuple(DEFAULTS))
    fallback = DEFAULTS[variant] if default is None else integer(default, "default", 0)
    if integer(rank, "rank", 0) > 3:
        raise InvalidInputError(f"rank must lie in [0, 3]; got {rank}")
    values = read_scores(read_series(series, "series"), "series")
    if values.size == 0:
        raise InvalidInputError("series is empty; it needs at least one point")
    if rank == 0:
        return 1
    lag = _peak(_autocorrelation(np.asarray(values[:MOST_POINTS], np.float64)), rank, last_of_equals=variant == "tsb")
    return lag if lag is not None and SHORTEST <= lag <= LONGEST else fallback


def _autocorrelation(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Autocorrelation at lags 0 to 400; NaN where it is not defined."""
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        centred = values - values.mean()
        lags = range(min(MOST_LAGS, values.size - 1) + 1)
        sums = np.array([(centred[: values.size - lag] * centred[lag:]).sum() for lag in lags])
        result: NDArray[np.float64] = sums / sums[0]
    return result


def _peak(correlation: NDArray[np.float64], rank: int, last_of_equals: bool) -> int | None:
    inner = correlation[FIRST_LAG:]
    peaks = np.flatnonzero((inner[1:-1] > inner[:-2]) & (inner[1:-1] > inner[2:])) + 1
    if peaks.size == 0:
        return None
    heights = inner[peaks]
    order = np.argsort(heights, kind="stable")[::-1] if last_of_equals else np.argsort(-heights, kind="stable")
    later = order[1:][order[1:] > order[0]]
    chosen = later[rank - 2] if 0 <= rank - 2 < later.size else order[0]
    return int(peaks[chosen]) + FIRST_LAG
