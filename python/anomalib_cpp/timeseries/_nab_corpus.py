"""A NAB corpus in order of its scores: what each threshold detects, and what that is worth."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._errors import InvalidInputError
from ._nab_windows import TOP, read_places, relative_scores
from ._plan import read_scores, read_series

__all__ = ["Corpus", "Series", "scored_series"]

NOTHING = 1.1  # NAB's name for the threshold that no score reaches; its scores end at 1
LONGEST = 5000  # points of a series that its probation is a share of, at most


class Series(NamedTuple):
    """One series behind its probation."""

    scores: NDArray[np.float64]
    values: NDArray[np.float64]  # of a detection at each point, before weights
    inside: NDArray[np.bool_]  # of a window
    places: NDArray[np.int64]  # first and last point of each window


def scored_series(scores: Any, windows: Any, timestamps: Any, probation: float, at: str = "") -> Series:
    """Read one series; `at` is its place in the arguments, for errors."""
    read = np.asarray(read_scores(read_series(scores, f"scores{at}"), f"scores{at}"), np.float64)
    if read.size == 0:
        raise InvalidInputError(f"scores{at} is empty; a series needs at least one point")
    if (missing := np.isnan(read)).any():
        raise InvalidInputError(f"scores{at} contains {missing.sum()} NaN, first at index {int(np.argmax(missing))}")
    places = read_places(windows, timestamps, read.size, at)
    values, inside = relative_scores(read.size, places)
    begin = math.ceil(min(math.floor(probation * read.size), probation * LONGEST))
    left = places[places[:, 1] >= begin] - begin
    return Series(read[begin:], values[begin:], inside[begin:], np.maximum(left, 0))


def _descending(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Order of falling scores, the earlier of equals first."""
    return np.argsort(-scores, kind="stable")


class Corpus:
    """Everything about a corpus that does not depend on the weights: what each threshold adds to the raw score."""

    def __init__(self, series: list[Series]) -> None:
        scores = np.concatenate([one.scores for one in series])
        order = _descending(scores)
        ordered = scores[order]
        starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: ordered.size])
        row = np.empty(scores.size, np.int64)  # of a point: the first threshold that detects it, 1 the highest score
        row[order] = np.repeat(np.arange(1, starts.size + 1), np.diff(np.append(starts, scores.size)))

        inside = np.concatenate([one.inside for one in series])
        values = np.concatenate([one.values for one in series])
        top = NOTHING if starts.size == 0 or ordered[0] < NOTHING else math.inf
        self.thresholds = np.append(top, ordered[starts])
        rows = self.thresholds.size
        self.tp = np.cumsum(np.bincount(row[inside], minlength=rows))
        self.fp = np.cumsum(np.bincount(row[~inside], minlength=rows))

        self.windows = sum(len(one.places) for one in series)
        found_rows, found = _first_detections(series, row)
        self._row = np.concatenate([row[~inside], found_rows])
        self._false_alarms, self._found = values[~inside], found

    def raw(self, weights: tuple[float, float, float]) -> NDArray[np.float64]:
        """Raw score at each threshold."""
        tp, fp, fn = weights
        gains = np.where(np.isnan(self._found), fn, self._found * tp / TOP)
        order = np.argsort(self._row, kind="stable")
        steps = np.append(-fn * self.windows, np.concatenate([self._false_alarms * fp, gains])[order])
        last = np.searchsorted(self._row[order], np.arange(self.thresholds.size), side="right")
        return _running_sum(steps)[last]


def _first_detections(series: list[Series], row: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """When the first detection in a window changes: rows and what then is added, NaN for the penalty of a miss.

    A point is the first detection of its window from its row on until an earlier point is detected too.
    """
    rows: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    added: list[NDArray[np.float64]] = [np.empty(0)]
    begin = 0
    for one in series:
        for first, last in one.places.tolist():
            of_points = row[begin + first : begin + last + 1]
            lowest = np.minimum.accumulate(of_points)
            points = np.flatnonzero(np.append(True, lowest[1:] < lowest[:-1]))
            values = one.values[first + points]
            # Gains and losses stay apart: their differences would be rounded.
            rows += [of_points[points], of_points[points]]
            added += [values, np.append(-values[1:], np.nan)]
        begin += one.scores.size
    return np.concatenate(rows), np.concatenate(added)


def _running_sum(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compensated cumulative sum: the roundings of the plain one, which are exact numbers, are summed as well."""
    plain = np.cumsum(values)
    before = np.append(0.0, plain[:-1])
    added = plain - before
    rounding = (before - (plain - added)) + (values - added)
    result: NDArray[np.float64] = plain + np.cumsum(rounding)
    return result
