"""Scores of each segment on a scale of their own, or on that of training data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import choice, flag
from .._errors import InvalidInputError, InvalidTypeError
from .._records import Record
from ._channels import Channels, read, refuse_nan

__all__ = ["SegmentStatistics", "normalize_segments"]

KINDS = ("minmax", "zscore", "robust", "zclip", "rank")


@dataclass(frozen=True, repr=False, eq=False)
class SegmentStatistics(Record):
    """What :func:`normalize_segments` subtracts and divides by.

    Attributes
    ----------
    kind : str
        The normalisation that they belong to.
    center, scale : array of float64, shape (segments,) or (segments, channels)
        Minimum and range, mean and standard deviation, or median and interquartile range plus 1e-9. NaN of empty
        segments.
    """

    kind: str
    center: NDArray[np.float64]
    scale: NDArray[np.float64]


def normalize_segments(
    x: Any,
    *,
    kind: str,
    offsets: Any = None,
    stats: SegmentStatistics | None = None,
    return_stats: bool = False,
    nan_policy: str = "propagate",
) -> Any:
    """Normalise videos or series that lie back to back, each by itself or all by statistics of training data.

    Parameters
    ----------
    x : array of float16, bfloat16, float32 or float64, shape (n,) or (n, channels)
    kind : {"minmax", "zscore", "robust", "zclip", "rank"}
        - ``"minmax"``: ``(x - min) / (max - min)``; a constant segment becomes 0;
        - ``"zscore"``: ``(x - mean) / std`` with the population's std; a constant segment becomes 0;
        - ``"robust"``: ``(x - median) / (q75 - q25 + 1e-9)``, as in AxonAD;
        - ``"zclip"``: ``max(zscore, 0) + 1``, as in HypAD;
        - ``"rank"``: ``(average rank - 1) / (n - 1)``, 0 for a single point.
    offsets : array of int, shape (segments + 1,), optional
        First point of each segment, and `n`; segments may be empty. One segment by default.
    stats : SegmentStatistics, optional
        Use these instead of those of `x`: one set for each segment, or a single one for all. Not for ``"rank"``.
    return_stats : bool, default False
        Return the statistics too. Not for ``"rank"``.
    nan_policy : {"propagate", "omit", "raise"}, default "propagate"
        NaN makes its segment NaN (its channel of it; only itself with `stats`); stays NaN and is left out of the
        statistics; or is refused.

    Returns
    -------
    array of float32 or float64, shape of `x`, or (array, SegmentStatistics)
        The kind of array that `x` is; float64 for float64, else float32.

    Raises
    ------
    InvalidInputError
        If `x`, `offsets` and `stats` do not fit, or an option is out of range.
    InvalidTypeError
        If `x` does not hold floating-point numbers, or `stats` are none.

    Notes
    -----
    O(n), O(n log n) for quantiles and ranks; in float64.

    Examples
    --------
    >>> from anomalib_cpp.temporal import normalize_segments
    >>> x = [1.0, 3.0, 2.0, 10.0, 50.0]
    >>> normalize_segments(x, kind="minmax", offsets=[0, 3, 5]).tolist()
    [0.0, 1.0, 0.5, 0.0, 1.0]
    >>> _, stats = normalize_segments([0.0, 4.0], kind="minmax", return_stats=True)
    >>> normalize_segments(x, kind="minmax", stats=stats).tolist()
    [0.25, 0.75, 0.5, 2.5, 12.5]
    """
    choice(kind, "kind", KINDS)
    flag(return_stats, "return_stats")
    if kind == "rank" and (stats is not None or return_stats):
        raise InvalidInputError("stats and return_stats do not go with kind='rank', which has no statistics")
    data = read(x, offsets)
    omit = refuse_nan(data.rows.T if not data.single else data.rows[0], "x", nan_policy)
    rows = data.rows.astype(np.float64)
    out = np.empty_like(data.rows)
    parts = [slice(a, b) for a, b in zip(data.offsets[:-1], data.offsets[1:], strict=True)]
    if kind == "rank":
        for part in parts:
            for channel, row in enumerate(rows):
                out[channel, part] = _ranks(row[part], omit)
        return data.result(out)
    center, scale = _given(stats, kind, data) if stats is not None else _statistics(rows, parts, kind, omit)
    with np.errstate(invalid="ignore"):  # infinities
        for part, low, width in zip(parts, center, scale, strict=True):
            moved = rows[:, part] - low[:, None]
            steps = np.where(width[:, None] == 0, moved * 0, moved / np.where(width == 0, 1, width)[:, None])
            out[:, part] = np.maximum(steps, 0) + 1 if kind == "zclip" else steps
    if not return_stats:
        return data.result(out)
    shaped = (center[:, 0], scale[:, 0]) if data.single else (center, scale)
    return data.result(out), SegmentStatistics(kind, *shaped)


def _statistics(
    rows: NDArray[np.float64], parts: list[slice], kind: str, omit: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    found = np.full((2, len(parts), len(rows)), np.nan)
    with np.errstate(invalid="ignore"):  # infinities
        for s, part in enumerate(parts):
            for channel, row in enumerate(rows):
                values = row[part]
                missing = np.isnan(values)
                if missing.any():
                    values = values[~missing] if omit else values[:0]
                if len(values):
                    found[:, s, channel] = _center_and_scale(values, kind)
    return found[0], found[1]


def _center_and_scale(values: NDArray[np.float64], kind: str) -> tuple[float, float]:
    if kind == "minmax":
        low = float(values.min())
        return low, float(values.max()) - low
    if kind == "robust":
        quarter, middle, three_quarters = np.quantile(values, (0.25, 0.5, 0.75))
        return float(middle), float(three_quarters - quarter) + 1e-9
    if values.min() == values.max():  # the mean of equal numbers may be another number
        return float(values[0]), 0.0
    return float(values.mean()), float(values.std())


def _given(stats: Any, kind: str, data: Channels) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if not isinstance(stats, SegmentStatistics):
        raise InvalidTypeError(f"stats must be SegmentStatistics, from return_stats=True; got {type(stats).__name__}")
    if stats.kind != kind:
        raise InvalidInputError(f"stats belong to kind={stats.kind!r}; got kind={kind!r}")
    segments, channels = len(data.offsets) - 1, len(data.rows)
    columns = stats.center.reshape(len(stats.center), -1)
    if columns.shape not in ((1, channels), (segments, channels)):
        raise InvalidInputError(
            f"stats must be of 1 or {segments} segments and {channels} channels; got shape {stats.center.shape}"
        )
    shape = (segments, channels)
    return np.broadcast_to(columns, shape), np.broadcast_to(stats.scale.reshape(columns.shape), shape)


def _ranks(values: NDArray[np.float64], omit: bool) -> NDArray[np.float64]:
    """Average rank from 0 to 1."""
    result = np.full(len(values), np.nan)
    present = ~np.isnan(values)
    if not (omit or present.all()):
        return result
    _, level, count = np.unique(values[present], return_inverse=True, return_counts=True)
    first = np.cumsum(count) - count
    result[present] = (first + (count - 1) / 2)[level.ravel()] / max(int(present.sum()) - 1, 1)
    return result
