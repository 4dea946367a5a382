"""Labelled windows of a series, and what a detection is worth by its place relative to them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import as_integer
from .._errors import InvalidInputError, InvalidTypeError

__all__ = ["TOP", "read_places", "read_stamps", "relative_scores"]


def read_places(windows: Any, timestamps: Any, length: int, at: str) -> NDArray[np.int64]:
    """First and last position of each window, shape (k, 2)."""
    name = f"windows{at}"
    if isinstance(windows, (str, bytes)) or not hasattr(windows, "__len__"):
        raise InvalidTypeError(f"{name} must be a sequence of pairs (first, last); got {windows!r}")
    for k, pair in enumerate(windows):
        if isinstance(pair, (str, bytes)) or not hasattr(pair, "__len__") or len(pair) != 2:
            raise InvalidInputError(f"{name}[{k}] must be a pair (first, last); got {pair!r}")
    if len(windows) == 0:
        return np.empty((0, 2), np.int64)
    if timestamps is None:
        places = _positions(windows, length, name)
    else:
        times = read_stamps(timestamps, f"timestamps{at}")
        if times.shape != (length,):
            raise InvalidInputError(f"timestamps{at} has shape {times.shape} but there are {length} points")
        places = _looked_up(windows, times, name)
    for k, (first, last) in enumerate(places):
        if first > last:
            raise InvalidInputError(f"{name}[{k}] ends before it begins; got {windows[k]!r}")
        if k and first <= places[k - 1, 1]:
            raise InvalidInputError(
                f"{name}[{k}] begins before {name}[{k - 1}] has ended; they must rise and not overlap"
            )
    return places


def _positions(windows: Any, length: int, name: str) -> NDArray[np.int64]:
    places = np.empty((len(windows), 2), np.int64)
    for k, pair in enumerate(windows):
        for end in (0, 1):
            position = as_integer(pair[end])
            if position is None:
                raise InvalidTypeError(
                    f"{name}[{k}][{end}] must be a position if there are no timestamps; got {pair[end]!r}"
                )
            if not 0 <= position < length:
                raise InvalidInputError(
                    f"{name}[{k}][{end}] must be a position in a series of {length} points; got {position}"
                )
            places[k, end] = position
    return places


def read_stamps(value: Any, name: str) -> NDArray[Any]:
    """Dates as datetime64, numbers as they are."""
    stamps = np.asarray(value)
    if stamps.dtype.kind in "SUO":
        try:
            stamps = stamps.astype("datetime64[us]")
        except (ValueError, TypeError) as error:
            raise InvalidInputError(f"{name} must hold dates or numbers; {error}") from None
    if stamps.dtype.kind not in "Miuf":
        raise InvalidTypeError(f"{name} must hold dates or numbers; got {stamps.dtype}")
    return stamps


def _looked_up(windows: Any, times: NDArray[Any], name: str) -> NDArray[np.int64]:
    ends = read_stamps([pair[end] for pair in windows for end in (0, 1)], name)
    if (ends.dtype.kind == "M") != (times.dtype.kind == "M"):
        raise InvalidTypeError(f"{name} holds {ends.dtype} but the timestamps are {times.dtype}")
    order = np.argsort(times, kind="stable")
    ordered = times[order]
    found = np.minimum(np.searchsorted(ordered, ends), len(times) - 1)
    if (missing := ordered[found] != ends).any():
        k, end = divmod(int(np.argmax(missing)), 2)
        raise InvalidInputError(f"{name}[{k}][{end}] is {windows[k][end]}, which is the timestamp of no point")
    return order[found].reshape(-1, 2)


def _sigmoid(x: Any) -> Any:
    return np.where(np.asarray(x) > 3, -1.0, 2 / (1 + np.exp(5 * np.minimum(x, 3))) - 1)


TOP = float(_sigmoid(-1.0))  # of a window's first point


def relative_scores(length: int, places: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Value of each point before weights, and whether it lies in a window."""
    values, inside = np.full(length, -1.0), np.zeros(length, bool)
    nexts = np.append(places[1:, 0], length).tolist()
    for (first, last), following in zip(places.tolist(), nexts, strict=False):
        width = last - first + 1
        inside[first : last + 1] = True
        values[first : last + 1] = _sigmoid(-np.arange(width, 0, -1) / width)
        if width > 1:  # behind a window of one point every distance is infinite
            values[last + 1 : following] = _sigmoid(np.arange(1, following - last) / (width - 1))
    return values, inside
