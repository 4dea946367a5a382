"""Binary maps without a threshold: the one at which the number of components is most stable."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _core
from .._checks import flag, integer
from .._config import threads_or_default
from .._errors import InvalidInputError, InvalidTypeError
from ._inputs import argument
from ._results import MebinResult

__all__ = ["mebin"]


def mebin(
    maps: Any, *, sample_rate: int = 4, min_interval_len: int = 4, erode: bool = True, threads: int | None = None
) -> MebinResult:
    """Binarise anomaly maps where the number of their connected components is stable over the thresholds.

    Every map is thresholded at evenly spaced values between the least of all maps' maxima and the largest. Of the runs
    of thresholds over which its number of components stays the same, the longest decides: the map's threshold is the
    lowest of that run. Maps without a stable run have no component.

    Parameters
    ----------
    maps : array of uint8, shape (n, h, w), (n, 1, h, w) or (h, w)
        Anomaly maps of one class, higher means more anomalous.
    sample_rate : int in [1, 255], default 4
        Step between thresholds, on a scale of 255 for the range above.
    min_interval_len : int >= 1, default 4
        Thresholds that a stable run must have.
    erode : bool, default True
        Erode by a square of 6 x 6 pixels before components are counted, and at the end.
    threads : int, optional
        Upper bound; the result does not depend on it.

    Returns
    -------
    MebinResult
        ``binary``, 0 and 255 in the shape of `maps`; ``thresholds`` and ``n_components``, one for each map.

    Raises
    ------
    InvalidInputError
        For other shapes, options out of range, and maps whose maxima are all equal.
    InvalidTypeError
        For another dtype.

    Notes
    -----
    Eroding a thresholded map is thresholding its grey-scale erosion, so each map is eroded once, and the components at
    all thresholds come from one union-find over its pixels by falling value. O(h w) for each map.

    References
    ----------
    Z. Huang et al., "AnomalyNCD: Towards Novel Anomaly Class Discovery in Industrial Scenarios", CVPR 2025.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.metrics import mebin
    >>> maps = np.zeros((2, 16, 16), np.uint8)
    >>> maps[0], maps[1, 4:12, 4:12] = 10, 200
    >>> mebin(maps).n_components.tolist()
    [0, 1]
    """
    given = argument(maps, "maps")
    data = given.data
    if isinstance(data, list) or data.ndim not in (2, 3, 4) or (data.ndim == 4 and data.shape[1] != 1):
        shape = "a list" if isinstance(data, list) else data.shape
        raise InvalidInputError(f"maps must have shape (n, h, w), (n, 1, h, w) or (h, w); got {shape}")
    if data.dtype != np.uint8:
        raise InvalidTypeError(f"maps must be of dtype uint8; got {data.dtype}")
    if data.size == 0:
        raise InvalidInputError(f"maps is empty; got shape {data.shape}")
    step, shortest = integer(sample_rate, "sample_rate", 1), integer(min_interval_len, "min_interval_len", 1)
    if step > 255:
        raise InvalidInputError(f"sample_rate must be at most 255; got {step}")
    stack = np.ascontiguousarray(data.reshape((-1, *data.shape[-2:])))
    maxima = stack.max(axis=(1, 2)).astype(np.int64)
    low, high = int(maxima.min()), int(maxima.max())
    if low == high:
        raise InvalidInputError(f"maps must not all have the same maximum; got {high} in all {len(stack)}")
    left, counts = _core.level_components(stack, flag(erode, "erode"), threads_or_default(threads))

    scale = np.arange(255, 0, -step)
    values = np.arange(256)
    scaled = np.where(values < low, 0, (values - low) / (high - low) * 255)
    # {scaled > s} is {value >= the first value that lies above s}; 256 where none does.
    first = np.searchsorted(scaled, scale, side="right")
    sequences = np.concatenate([counts, np.zeros((len(counts), 1), counts.dtype)], axis=1)[:, first]
    thresholds, numbers = np.empty(len(stack), np.int64), np.empty(len(stack), np.int64)
    for i, sequence in enumerate(sequences):
        at, number = _stable(sequence, shortest)
        thresholds[i] = 255 if number == 0 else int((255 - at * step) * (high - low) / 255 + low)
        numbers[i] = number
    binary = np.where(left > thresholds[:, None, None], np.uint8(255), np.uint8(0)).reshape(data.shape)
    return MebinResult(given.like_input(binary), given.like_input(thresholds), given.like_input(numbers))


def _stable(sequence: Any, shortest: int) -> tuple[int, int]:
    """Return the last position of the longest run of one nonzero number, and the number; (0, 0) without any."""
    ends = np.append(np.flatnonzero(np.diff(sequence)), len(sequence) - 1)
    starts = np.append(0, ends[:-1] + 1)
    runs = [
        (int(sequence[end]), int(end - start), int(end))
        for start, end in zip(starts, ends, strict=True)
        if sequence[end] != 0 and end - start + 1 >= shortest
    ]
    longest: dict[int, int] = {}
    for number, length, _ in runs:
        longest[number] = max(length, longest.get(number, -1))
    if not longest:
        return 0, 0
    chosen = max(longest, key=lambda number: longest[number])  # the first of equals
    return max((length, end) for number, length, end in runs if number == chosen)[1], chosen
