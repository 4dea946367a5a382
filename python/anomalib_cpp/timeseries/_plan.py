"""From the caller's scores and labels to series in order, which every metric of a series reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._arrays import contiguous, locate
from .._checks import choice, number
from .._config import threads_or_default
from .._errors import InvalidInputError, InvalidTypeError

__all__ = [
    "Batch",
    "batch",
    "is_batch",
    "join_series",
    "read_labels",
    "read_offsets",
    "read_scores",
    "read_series",
    "thresholds_named",
]

CHUNK = 1 << 22  # points that are planned at a time, at about 60 bytes each
EXACT = 1 << 53  # integers up to here are float64 numbers


class Batch(NamedTuple):
    """One series, or several back to back."""

    scores: NDArray[Any]
    labels: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    single: bool  # results are scalars, not arrays
    nan_on_error: bool
    threads: int
    name: str = "scores"

    def plans(self) -> Iterator[Any]:
        """Yield `_core.SeriesPlan` for runs of whole series of about `CHUNK` points."""
        offsets, begin = self.offsets, 0
        while begin < len(offsets) - 1:
            end = int(np.searchsorted(offsets, offsets[begin] + CHUNK, side="right")) - 1
            end = min(max(end, begin + 1), len(offsets) - 1)
            first, last = int(offsets[begin]), int(offsets[end])
            yield _core.series_plan(
                self.scores[first:last],
                self.labels[first:last],
                (offsets[begin : end + 1] - first).tolist(),
                self.name,
                self.nan_on_error,
                self.threads,
            )
            begin = end

    def table(self, call: Callable[[Any], NDArray[Any]]) -> NDArray[np.float64]:
        """Rows of `call(plan)` for all series."""
        return np.concatenate([call(plan) for plan in self.plans()])

    def column(self, call: Callable[[Any], NDArray[Any]], index: int = 0) -> Any:
        """One result for each series; a float for a single one."""
        return self.shaped(self.table(call)[:, index])

    def shaped(self, values: NDArray[Any]) -> Any:
        """Return a float for a single series, otherwise the array of all of them."""
        return float(values[0]) if self.single else np.ascontiguousarray(values)

    def only(self, name: str) -> Any:
        """Return the plan of a single series, for results of varying length."""
        if not self.single:
            raise InvalidInputError(f"{name} takes one series at a time; call it for each series of the batch")
        return next(self.plans())


def is_batch(value: Any) -> bool:
    first = value[0] if isinstance(value, (list, tuple)) and len(value) else None
    return isinstance(first, (list, tuple)) or getattr(first, "ndim", 0) >= 1


def read_series(value: Any, name: str) -> NDArray[Any]:
    if isinstance(value, (str, bytes)) or np.isscalar(value) or value is None:
        raise InvalidTypeError(f"{name} must be an array of shape (n,); got {value!r}")
    data = locate(value, name).data
    if data.ndim != 1:
        raise InvalidInputError(f"{name} must have shape (n,); got {data.shape}")
    return data


def join_series(value: Any, name: str) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Read a list of series as one array and the offsets of its parts."""
    parts = [read_series(part, f"{name}[{i}]") for i, part in enumerate(value)]
    sizes = np.cumsum([0, *(part.size for part in parts)], dtype=np.int64)
    return np.concatenate(parts), sizes


def read_offsets(value: Any, total: int) -> NDArray[np.int64]:
    offsets = locate(value, "offsets").data
    if offsets.ndim != 1 or offsets.dtype.kind not in "iu" or offsets.size < 2:
        raise InvalidInputError(
            "offsets must be a one-dimensional integer array of at least two entries, the first point of each series "
            f"and the end; got {offsets.dtype} of shape {offsets.shape}"
        )
    offsets = offsets.astype(np.int64)
    if offsets[0] != 0 or offsets[-1] != total or (np.diff(offsets) < 0).any():
        raise InvalidInputError(
            f"offsets must rise from 0 to the number of points, {total}; got {offsets[0]} to {offsets[-1]}"
            + (", not in order" if (np.diff(offsets) < 0).any() else "")
        )
    return offsets


def read_labels(labels: NDArray[Any], name: str = "labels") -> NDArray[np.uint8]:
    """Return 1 where a label is above 0."""
    if labels.dtype.kind == "f" and (bad := np.isnan(labels)).any():
        raise InvalidInputError(f"{name} contains NaN, first at index {int(np.argmax(bad))}")
    if labels.dtype == np.uint8 and labels.size and labels.max() <= 1:
        return labels
    return (labels > 0).view(np.uint8)


def read_scores(scores: NDArray[Any], name: str) -> NDArray[Any]:
    if scores.dtype.kind in "iu" and scores.dtype.itemsize == 8 and scores.size:
        widened = scores.astype(np.float64)
        largest = max(abs(int(scores.min())), abs(int(scores.max())))
        if largest > EXACT and (widened.astype(object).astype(int) != scores.astype(object)).any():
            raise InvalidInputError(
                f"{name} holds {scores.dtype} values beyond 2^53 that float64 does not hold; scale them first"
            )
        scores = widened
    if scores.dtype.kind == "f" and scores.dtype.itemsize > 8:
        raise InvalidTypeError(f"{name} must be float16, float32, float64 or integers; got {scores.dtype}")
    return np.ascontiguousarray(contiguous(scores, name, scores.dtype.newbyteorder("=")))


def batch(
    scores: Any,
    labels: Any,
    *,
    offsets: Any = None,
    on_error: str = "raise",
    threads: int | None = None,
    names: tuple[str, str] = ("scores", "labels"),
) -> Batch:
    """Read one series, a list of series, or series back to back with their `offsets`."""
    choice(on_error, "on_error", ("raise", "nan"))
    lists = is_batch(scores)
    if lists != is_batch(labels):
        raise InvalidInputError(f"{names[0]} and {names[1]} must both be arrays or both be lists of series")
    if lists:
        if offsets is not None:
            raise InvalidInputError("offsets goes with arrays; lists of series have their own lengths")
        values, parts = join_series(scores, names[0])
        truth, truth_parts = join_series(labels, names[1])
        if len(parts) != len(truth_parts):
            raise InvalidInputError(f"{names[1]} has {len(truth_parts) - 1} series but {names[0]} has {len(parts) - 1}")
        for i, (a, b) in enumerate(zip(np.diff(parts), np.diff(truth_parts), strict=True)):
            if a != b:
                raise InvalidInputError(f"{names[1]}[{i}] has {b} points but {names[0]}[{i}] has {a}")
    else:
        values, truth = read_series(scores, names[0]), read_series(labels, names[1])
        if values.size != truth.size:
            raise InvalidInputError(f"{names[1]} has {truth.size} points but {names[0]} has {values.size}")
        if values.size == 0:
            raise InvalidInputError(f"{names[0]} is empty; a series needs at least one point")
        parts = np.array([0, values.size], np.int64) if offsets is None else read_offsets(offsets, values.size)
    if (np.diff(parts) == 0).any() and on_error == "raise":
        raise InvalidInputError(f"series {int(np.argmin(np.diff(parts)))} is empty; a series needs at least one point")
    return Batch(
        read_scores(values, names[0]),
        np.ascontiguousarray(read_labels(truth, names[1])),
        parts,
        not lists and offsets is None,
        on_error == "nan",
        threads_or_default(threads) if threads is not None or values.size >= 1 << 15 else 1,
        names[0],
    )


def thresholds_named(name: Any, threshold: Any) -> Any:
    """`_core.ThresholdChoice` of an event metric: one given threshold, or a grid by name."""
    if threshold is not None:
        value = number(threshold, "threshold")
        if value != value:
            raise InvalidInputError("threshold must be a number; got nan")
        return _core.ThresholdChoice("given", values=[value])
    choice(name, "thresholds", ("all", "linear", "every_tenth"))
    if name == "all":
        return _core.ThresholdChoice("distinct")
    return _core.ThresholdChoice("linear", 100) if name == "linear" else _core.ThresholdChoice("strided", 10)
