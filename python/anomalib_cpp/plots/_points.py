"""Fewer points for a curve that looks the same."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST_POINTS", "thin"]

MOST_POINTS = 2000


def thin(x: NDArray[Any], y: NDArray[Any], most: int = MOST_POINTS) -> NDArray[np.int64]:
    """Choose points of a curve that look like all of it: of every strip, both ends and both extremes.

    Parameters
    ----------
    x, y : array of float, shape (n,)
        The curve; `x` ascending or descending.
    most : int, default 2000
        How many points to keep at most, about.

    Returns
    -------
    array of int64
        Their numbers, ascending; all of them if there are few enough.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.plots import thin
    >>> x = np.linspace(0, 1, 100_000)
    >>> y = np.where(np.arange(100_000) == 777, 5.0, 0.0)
    >>> kept = thin(x, y)
    >>> len(kept) <= 2000, 777 in kept
    (True, True)
    """
    if len(x) <= most:
        return np.arange(len(x))
    # Strips of equal length along the curve, so that its steep part keeps as many points as its flat one.
    steps = np.abs(np.diff(np.nan_to_num(x), prepend=x[0])) + np.abs(np.diff(np.nan_to_num(y), prepend=y[0]))
    along = np.cumsum(steps)
    strip = np.minimum((along / max(along[-1], 1e-300) * (most // 4)).astype(np.int64), most // 4 - 1)
    starts = np.flatnonzero(np.diff(strip, prepend=-1))
    ends = np.append(starts[1:], len(x)) - 1
    order = np.lexsort((y, strip))
    return np.unique(np.concatenate([starts, ends, order[starts], order[ends]]))
