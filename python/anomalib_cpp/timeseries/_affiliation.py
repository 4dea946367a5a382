"""Affiliation: how near predictions and events lie, as chances to lie nearer at random."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._arrays import locate
from .._checks import number
from .._errors import InvalidInputError
from ._events import best_f1_of, tolerance
from ._plan import batch, thresholds_named
from ._results import AffiliationResult, SeriesF1

__all__ = ["affiliation", "affiliation_events", "affiliation_f1"]


def _f1(precision: Any, recall: Any) -> Any:
    both = precision + recall
    return 2 * precision * recall / both if both > 0 else both  # NaN stays NaN


def affiliation(
    scores: Any,
    labels: Any,
    *,
    threshold: float,
    offsets: Any = None,
    on_error: str = "raise",
    threads: int | None = None,
) -> AffiliationResult:
    """Affiliation precision and recall of the points at or above a threshold.

    Each event owns the part of the time axis that is nearest to it. There, precision asks how likely a random point
    lies farther from the event than the predictions do, recall how likely a random prediction lies farther from the
    event's points than the real ones do.

    Parameters
    ----------
    scores, labels, offsets, on_error, threads
        As in :func:`pate`.
    threshold : float
        Points at or above it are predicted; 1 for predictions of 0 and 1.

    Returns
    -------
    AffiliationResult
        Values in [0, 1], distances in points; the values of the single events for one series only.

    Raises
    ------
    InvalidInputError
        As in :func:`pate`; for a series without an anomalous point.

    References
    ----------
    A. Huet, J. M. Navarro, D. Rossi, "Local Evaluation of Time Series Anomaly Detection Algorithms", KDD 2022.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import affiliation
    >>> found = affiliation([0, 0, 1, 1, 0, 0], [0, 1, 1, 0, 0, 0], threshold=1)
    >>> round(found.precision, 6), round(found.recall, 6)
    (0.75, 0.916667)
    """
    data = batch(scores, labels, offsets=offsets, on_error=on_error, threads=threads)
    grid = thresholds_named("all", number(threshold, "threshold"))
    if not data.single:
        found = best_f1_of(data, _core.EventMetric("affiliation"), grid, 0.0)
        return AffiliationResult(found.precision, found.recall, found.value)
    plan = data.only("affiliation")
    if not len(events := plan.events(0)):
        raise InvalidInputError("metric affiliation is undefined: labels contain no anomalous point")
    half_open = np.array([0, 1])
    values = _core.affiliation_of_intervals(
        plan.runs(0, grid) + half_open, events + half_open, 0.0, float(len(data.scores))
    )
    return AffiliationResult(values[0], values[1], _f1(values[0], values[1]), *values[2:])


def affiliation_f1(
    scores: Any,
    labels: Any,
    *,
    threshold: float | None = None,
    thresholds: str = "all",
    eps: float = 0.0,
    offsets: Any = None,
    on_error: str = "raise",
    threads: int | None = None,
) -> SeriesF1:
    """F1 of affiliation precision and recall, at one threshold or the best over many.

    Parameters
    ----------
    scores, labels, threshold, thresholds, eps, offsets, on_error, threads
        As in :func:`point_adjusted_f1`; thresholds that predict nothing are passed over.

    Returns
    -------
    SeriesF1

    Raises
    ------
    InvalidInputError
        As in :func:`affiliation`.

    Notes
    -----
    The integrals are multiples of 1/32 and so exact: points join and leave in the order of their scores, and all
    thresholds together take O(n log K) time for K events.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import affiliation_f1
    >>> affiliation_f1([0.1, 0.9, 0.8, 0.2], [0, 1, 1, 0]).value
    1.0
    """
    grid = thresholds_named(thresholds, threshold)
    data = batch(scores, labels, offsets=offsets, on_error=on_error, threads=threads)
    return best_f1_of(data, _core.EventMetric("affiliation"), grid, tolerance(eps))


def _intervals(value: Any, name: str, span: tuple[float, float], span_name: str) -> NDArray[np.float64]:
    if isinstance(value, (list, tuple)) and not value:
        return np.empty((0, 2))
    pairs = locate(value, name).data.astype(np.float64)
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        raise InvalidInputError(f"{name} must have shape (events, 2), begin and end of each; got {pairs.shape}")
    if not np.isfinite(pairs).all():
        raise InvalidInputError(f"{name} must be finite")
    begin, end = pairs[:, 0], pairs[:, 1]
    if (bad := ~(begin < end)).any():
        i = int(np.argmax(bad))
        raise InvalidInputError(f"{name}[{i}] is empty or reversed: [{begin[i]}, {end[i]})")
    if (bad := ~(end[:-1] < begin[1:])).any():
        i = int(np.argmax(bad))
        raise InvalidInputError(
            f"{name} must be in order and must not touch; {name}[{i}] ends at {end[i]} but the next begins at "
            f"{begin[i + 1]}"
        )
    if len(pairs) and (begin[0] < span[0] or end[-1] > span[1]):
        raise InvalidInputError(f"{name} must lie within {span_name} {span}; got [{begin[0]}, {end[-1]})")
    return pairs


def affiliation_events(predicted: Any, events: Any, span: tuple[float, float]) -> AffiliationResult:
    """Affiliation of intervals on the time axis, in any unit.

    Parameters
    ----------
    predicted, events : array of floats, shape (k, 2)
        Begin and end of each interval, end excluded; in order, not touching. `predicted` may be empty.
    span : (float, float)
        Begin and end of the time axis; holds all intervals.

    Returns
    -------
    AffiliationResult

    Raises
    ------
    InvalidInputError
        For intervals that are empty, out of order, touching, or outside the span; without an event.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import affiliation_events
    >>> affiliation_events([(2.0, 4.0)], [(1.0, 3.0)], (0.0, 6.0)).precision
    0.75
    """
    return affiliation_of(predicted, events, span, ("predicted", "events", "span"))


def affiliation_of(predicted: Any, events: Any, span: Any, names: tuple[str, str, str]) -> AffiliationResult:
    """Return what :func:`affiliation_events` does, with the names by which errors call its arguments."""
    if not isinstance(span, (list, tuple)) or len(span) != 2:
        raise InvalidInputError(f"{names[2]} must be a pair (begin, end); got {span!r}")
    low, high = number(span[0], names[2]), number(span[1], names[2])
    if not (-float("inf") < low < high < float("inf")):
        raise InvalidInputError(f"{names[2]} must be finite and not empty; got {span!r}")
    truth = _intervals(events, names[1], (low, high), names[2])
    if not len(truth):
        raise InvalidInputError(f"metric affiliation is undefined: {names[1]} is empty")
    values = _core.affiliation_of_intervals(_intervals(predicted, names[0], (low, high), names[2]), truth, low, high)
    return AffiliationResult(values[0], values[1], _f1(values[0], values[1]), *values[2:])
