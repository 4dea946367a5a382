"""Arrays whose first axis is time as rows of channels, and back: what all functions of this package read."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._arrays import Place, as_floats, locate
from .._checks import choice
from .._config import threads_or_default
from .._errors import InvalidInputError
from ..timeseries._plan import read_offsets

__all__ = ["Channels", "read", "refuse_nan", "team"]

SMALL = 1 << 15  # values below which a second thread costs more than it saves


class Channels(NamedTuple):
    """Series back to back, one row for each channel."""

    place: Place
    rows: NDArray[Any]  # (channels, points), contiguous
    offsets: NDArray[np.int64]  # of the segments
    single: bool  # came as (points,)

    def result(self, rows: NDArray[Any]) -> Any:
        """Return rows of this shape in the caller's layout and kind of array."""
        return self.place.like_input(rows[0] if self.single else np.ascontiguousarray(rows.T))


def read(x: Any, offsets: Any, *, integers: bool = False) -> Channels:
    """Read `x` of shape (n,) or (n, channels) and the offsets of its segments; None for one segment."""
    if integers and (place := locate(x, "x")).data.dtype.kind in "biu":
        place = place._replace(data=place.data.astype(np.float64))
    else:
        place = as_floats(x, "x")
    data = place.data
    if data.ndim not in (1, 2):
        raise InvalidInputError(f"x must have shape (n,) or (n, channels); got {data.shape}")
    n = data.shape[0]
    parts = np.array([0, n], np.int64) if offsets is None else read_offsets(offsets, n)
    return Channels(place, np.ascontiguousarray(data[None] if data.ndim == 1 else data.T), parts, data.ndim == 1)


def refuse_nan(data: NDArray[Any], name: str, nan_policy: str) -> bool:
    """Check `nan_policy` and, under "raise", the values; return whether NaN is to be left out."""
    choice(nan_policy, "nan_policy", ("propagate", "omit", "raise"))
    if nan_policy == "raise" and (bad := np.isnan(data)).any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise InvalidInputError(f"{name} contains {int(bad.sum())} NaN, first at index {first}")
    return nan_policy == "omit"


def team(threads: int | None, values: int) -> int:
    """Return how many threads to use for so many values."""
    return threads_or_default(threads) if threads is not None or values >= SMALL else 1
