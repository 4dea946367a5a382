"""Areas under curves that are given as points."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["area_up_to", "trapezoid"]


def trapezoid(x: NDArray[Any], y: NDArray[Any]) -> float:
    """Area under straight lines between points."""
    return float((np.diff(x) * (y[1:] + y[:-1])).sum() / 2)


def area_up_to(x: NDArray[Any], y: NDArray[Any], limit: float) -> float:
    """Area under straight lines between points of ascending x, up to `limit`, or to the last point if that is before.

    0 where the first point lies beyond the limit.
    """
    count = int(np.searchsorted(x, limit, side="right"))
    if 0 < count < len(x):
        share = (limit - x[count - 1]) / (x[count] - x[count - 1])
        end = y[count - 1] + share * (y[count] - y[count - 1])
        return trapezoid(np.append(x[:count], limit), np.append(y[:count], end))
    return trapezoid(x[:count], y[:count])
