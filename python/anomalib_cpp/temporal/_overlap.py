"""From sliding windows to one value for each step."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._arrays import as_floats, locate
from .._checks import choice, integer, number
from .._errors import InvalidInputError
from ._channels import refuse_nan, team

__all__ = ["center_pad", "overlap_aggregate"]

REDUCTIONS = ("mean", "max", "min", "median", "last", "first", "center", "kde_mode")
MOST_STEPS = 1 << 62


def overlap_aggregate(
    windows: Any,
    *,
    stride: int = 1,
    n: int | None = None,
    reduce: str = "mean",
    offset: int = 0,
    fill: float = float("nan"),
    nan_policy: str = "propagate",
    threads: int | None = None,
) -> Any:
    """Combine the values that overlapping windows give for each step of a series.

    Value ``(i, j)`` belongs to step ``i * stride + j + offset``.

    Parameters
    ----------
    windows : array of float16, bfloat16, float32 or float64, shape (windows, length) or (windows, length, channels)
        What a sliding-window detector said; channels are combined each on its own.
    stride : int >= 1, default 1
        Steps from one window to the next.
    n : int >= 0, optional
        Steps of the result; values beyond them are ignored. ``(windows - 1) * stride + length`` by default.
    reduce : {"mean", "max", "min", "median", "last", "first", "center", "kde_mode"}, default "mean"
        - ``"median"``: mean of the two middle values of an even number;
        - ``"last"``, ``"first"``: of the last or first window;
        - ``"center"``: the value nearest to the middle of its window, of the earlier window on ties;
        - ``"kde_mode"``: the value where a Gaussian kernel density of them is highest, with Scott's bandwidth
          ``h^2 = var(ddof=1) m^(-2/5)``, the earliest on ties; the median where they do not vary.
    offset : int, default 0
        Step of the first value of the first window.
    fill : float, default NaN
        Value of steps that no window covers.
    nan_policy : {"propagate", "omit", "raise"}, default "propagate"
        NaN makes its steps NaN for ``"propagate"``, except that ``"last"``, ``"first"`` and ``"center"`` only take over
        the value they choose; is left out for ``"omit"``; is refused for ``"raise"``.
    threads : int, optional
        Upper bound; the result does not depend on it.

    Returns
    -------
    array of float32 or float64, shape (n,) or (n, channels)
        The kind of array that `windows` is; float64 for float64 windows, else float32.

    Raises
    ------
    InvalidInputError
        If `windows` has another number of dimensions, no window or empty windows, or an option is out of range.
    InvalidTypeError
        If `windows` does not hold floating-point numbers, or an option has the wrong type.

    Notes
    -----
    O(windows length), and O(n m^2) exponentials for ``"kde_mode"`` with m values a step. Each window is read once, in
    place; the matrix of steps by values never exists. Sums run in float64 in the order of the windows: the same bits
    for every number of threads and instruction set. Densities within 1e-12 of the highest count as equal to it. Where
    the variance is not finite ``"kde_mode"`` is NaN.

    References
    ----------
    A. Geiger et al., "TadGAN: Time Series Anomaly Detection Using Generative Adversarial Networks", 2020.

    Examples
    --------
    >>> from anomalib_cpp.temporal import overlap_aggregate
    >>> windows = [[1.0, 2.0, 3.0], [2.0, 4.0, 5.0], [9.0, 5.0, 6.0]]
    >>> overlap_aggregate(windows).tolist()
    [1.0, 2.0, 5.333333333333333, 5.0, 6.0]
    >>> overlap_aggregate(windows, reduce="median").tolist()
    [1.0, 2.0, 4.0, 5.0, 6.0]
    """
    choice(reduce, "reduce", REDUCTIONS)
    step, shift = integer(stride, "stride", 1), integer(offset, "offset")
    value = number(fill, "fill")
    place = as_floats(windows, "windows")
    data = place.data
    if data.ndim not in (2, 3):
        raise InvalidInputError(
            f"windows must have shape (windows, length) or (windows, length, channels); got {data.shape}"
        )
    count, length = data.shape[:2]
    if count == 0 or length == 0:
        raise InvalidInputError(f"windows must hold at least one window of at least one value; got shape {data.shape}")
    omit = refuse_nan(data, "windows", nan_policy)
    steps = (count - 1) * step + length if n is None else integer(n, "n", 0)
    for name, given in (("stride", step * count), ("offset", abs(shift)), ("n", steps)):
        if given >= MOST_STEPS // 4:
            raise InvalidInputError(f"{name} leads beyond 2^60 steps; got {given}")
    stack = data[None] if data.ndim == 2 else np.ascontiguousarray(np.moveaxis(data, 2, 0))
    out = np.empty((stack.shape[0], steps), data.dtype)
    place.core.temporal_overlap_aggregate(stack, out, reduce, step, shift, value, omit, team(threads, data.size))
    return place.like_input(out[0] if data.ndim == 2 else np.ascontiguousarray(out.T))


def center_pad(scores: Any, window: int) -> Any:
    """Repeat the first and the last score so that one score a window becomes one a step.

    Parameters
    ----------
    scores : array of real numbers, shape (windows,) or (windows, channels)
        One score for each window of a stride of 1.
    window : int >= 1
        Length of the windows.

    Returns
    -------
    array, shape (windows + window - 1,) or (windows + window - 1, channels)
        ``ceil((window - 1) / 2)`` copies of the first score, the scores, and ``floor((window - 1) / 2)`` copies of the
        last: the convention of TSB-AD. Of the dtype and kind of array that `scores` has.

    Raises
    ------
    InvalidInputError
        If `scores` is empty or has another number of dimensions, or `window` is below 1.
    InvalidTypeError
        If `scores` holds no real numbers, or `window` is no integer.

    Examples
    --------
    >>> from anomalib_cpp.temporal import center_pad
    >>> center_pad([0.5, 0.25, 1.0], 4).tolist()
    [0.5, 0.5, 0.5, 0.25, 1.0, 1.0]
    """
    place = locate(scores, "scores")
    data = place.data
    if data.ndim not in (1, 2) or data.shape[0] == 0:
        raise InvalidInputError(f"scores must have shape (n,) or (n, channels) with n >= 1; got {data.shape}")
    missing = integer(window, "window", 1) - 1
    counts = np.ones(data.shape[0], np.int64)
    counts[0] += missing - missing // 2
    counts[-1] += missing // 2
    return place.like_input(np.repeat(data, counts, axis=0))
