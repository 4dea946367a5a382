"""Labelled segments of a multivariate series, each with the normal rows before it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._arrays import locate
from .._errors import InvalidInputError, InvalidTypeError
from ._dependence import FLAT
from ._plan import read_labels, read_series

__all__ = ["Segment", "deviations", "find_segments", "read_rows"]


class Segment(NamedTuple):
    """A maximal run of labelled rows."""

    begin: int
    end: int
    rows: NDArray[np.float64]  # those without NaN
    context: NDArray[np.float64] | None


def _table(value: Any, name: str) -> NDArray[np.float64]:
    if isinstance(value, (str, bytes)) or np.isscalar(value) or value is None:
        raise InvalidTypeError(f"{name} must be an array of shape (rows, channels); got {value!r}")
    data = locate(value, name).data
    if data.ndim != 2 or 0 in data.shape:
        raise InvalidInputError(f"{name} must have shape (rows, channels), at least one each; got {data.shape}")
    table = np.asarray(data, np.float64)
    if (infinite := np.isinf(table)).any():
        first = tuple(np.argwhere(infinite)[0].tolist())
        raise InvalidInputError(f"{name} contains infinities, first at index {first}")
    return table


def read_rows(
    x: Any, labels: Any, train: Any
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64] | None]:
    """Return the rows, which of them are normal, and the training rows, by which both tables are standardised."""
    values = _table(x, "x")
    truth = read_labels(read_series(labels, "labels"))
    if truth.size != len(values):
        raise InvalidInputError(f"labels has {truth.size} points but x has {len(values)} rows")
    normal = np.asarray(truth == 0)
    if train is None:
        return values, normal, None
    past = _table(train, "train")
    if past.shape[1] != values.shape[1]:
        raise InvalidInputError(f"train has {past.shape[1]} channels but x has {values.shape[1]}")
    if (unknown := np.isnan(past).all(axis=0)).any():
        raise InvalidInputError(f"train has no value but NaN in channel {int(np.argmax(unknown))}")
    constant = np.nanmax(past, axis=0) == np.nanmin(past, axis=0)  # its computed deviation may be a rounding error
    centre, spread = np.nanmean(past, axis=0), np.where(constant, 1.0, np.nanstd(past, axis=0))
    return (values - centre) / spread, normal, (past - centre) / spread


def find_segments(values: NDArray[np.float64], normal: NDArray[np.bool_], context_size: int) -> list[Segment]:
    """Return the runs of rows that are not normal, and the last normal rows before each if there are enough."""
    whole = np.logical_not(np.isnan(values).any(axis=1))
    edges = np.diff(np.concatenate([[0], ~normal, [0]]).astype(np.int8))
    usable = np.flatnonzero(normal & whole)
    segments = []
    for begin, end in zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True):
        before = int(np.searchsorted(usable, begin))
        context = values[usable[before - context_size : before]] if before >= context_size else None
        segments.append(Segment(begin, end, values[begin:end][whole[begin:end]], context))
    return segments


def deviations(rows: NDArray[np.float64], context: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return distances from the mean of the context, in its standard deviations."""
    spread = context.std(axis=0)
    result: NDArray[np.float64] = np.abs(rows - context.mean(axis=0)) / np.where(spread < FLAT, 1.0, spread)
    return result
