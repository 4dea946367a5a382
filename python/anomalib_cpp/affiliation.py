"""Affiliation precision and recall by the names of the authors' code, computed in one pass over the events.

Replace ``from affiliation.metrics import pr_from_events`` and ``from affiliation.generics import
convert_vector_to_events`` by imports from here. Values are those of the authors' code (affiliation-metrics-py, also
inside vus 0.0.6 and TSB-AD 1.5) up to the last bits of float64. What differs:

- Errors say which event they mean; they are `InvalidInputError` where the original raises ValueError, and
  `InvalidTypeError` where it raises TypeError. Events that are not finite are refused.
- Vectors of 0 and 1 may be of any kind, bool included, and must not have NaN.

For points and thresholds instead of events see :func:`anomalib_cpp.timeseries.affiliation`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._errors import InvalidInputError, InvalidTypeError
from .timeseries._affiliation import affiliation_of
from .timeseries._plan import batch

__all__ = ["convert_vector_to_events", "infer_Trange", "pr_from_events"]


def convert_vector_to_events(vector: Any) -> list[tuple[int, int]]:
    """Turn a vector of 0 and 1 into events: point i is the interval from i to i + 1.

    Parameters
    ----------
    vector : array of bool or numbers, shape (n,)
        Points above 0 are part of an event.

    Returns
    -------
    list of (int, int)
        Begin and end of each maximal run, end excluded.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        For NaN and for other kinds and shapes.

    Examples
    --------
    >>> from anomalib_cpp.affiliation import convert_vector_to_events
    >>> convert_vector_to_events([0, 1, 1, 0, 0, 1, 0])
    [(1, 3), (5, 6)]
    """
    if isinstance(vector, (list, tuple, np.ndarray)) and len(vector) == 0:
        return []
    runs = batch(vector, vector, names=("vector", "vector")).only("convert_vector_to_events").events(0)
    return [(begin, last + 1) for begin, last in runs.tolist()]


def infer_Trange(events_pred: Any, events_gt: Any) -> tuple[Any, Any]:
    """Smallest range that holds all events.

    Parameters
    ----------
    events_pred, events_gt : list of (begin, end)
        As in :func:`pr_from_events`.

    Returns
    -------
    (begin, end)

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`pr_from_events`.

    Examples
    --------
    >>> from anomalib_cpp.affiliation import infer_Trange
    >>> infer_Trange([(0, 3)], [(1, 7)])
    (0, 7)
    """
    _check(events_pred, "events_pred")
    _check(events_gt, "events_gt", 1)
    events = [*events_pred, *events_gt]
    return min(begin for begin, _ in events), max(end for _, end in events)


def pr_from_events(events_pred: Any, events_gt: Any, Trange: Any) -> dict[str, Any]:
    """Affiliation precision and recall, and the values of each event.

    Parameters
    ----------
    events_pred, events_gt : list of (begin, end)
        Tuples of numbers: events that are predicted and true, end excluded, in order and not touching. `events_pred`
        may be empty.
    Trange : (begin, end)
        Range of the series; holds all events.

    Returns
    -------
    dict
        ``"Affiliation_Precision"`` (NaN where nothing is predicted) and ``"Affiliation_Recall"``: floats in [0, 1].
        ``"individual_precision_probabilities"``, ``"individual_recall_probabilities"``,
        ``"individual_precision_distances"``, ``"individual_recall_distances"``: lists of floats, one for each true
        event. Where nothing is predicted near an event these are NaN, 0, NaN and infinity.

    Raises
    ------
    InvalidInputError
        For events that are empty, out of order, touching or outside of `Trange`, and without a true event.
    InvalidTypeError
        For events that are not a list of tuples, and a `Trange` that is not a pair.

    Notes
    -----
    As :func:`anomalib_cpp.timeseries.affiliation_events`.

    Examples
    --------
    >>> from anomalib_cpp.affiliation import pr_from_events
    >>> found = pr_from_events([(2, 3)], [(2, 4)], (0, 10))
    >>> found["Affiliation_Precision"], found["Affiliation_Recall"], found["individual_recall_distances"]
    (1.0, 0.95, [0.25])
    """
    _check(events_pred, "events_pred")
    _check(events_gt, "events_gt", 1)
    if not isinstance(Trange, (list, tuple)) or len(Trange) != 2:
        raise InvalidTypeError(f"Trange must be a pair (begin, end), which infer_Trange can find; got {Trange!r}")
    found = affiliation_of(events_pred, events_gt, Trange, ("events_pred", "events_gt", "Trange"))
    return {
        "Affiliation_Precision": found.precision,
        "Affiliation_Recall": found.recall,
        "individual_precision_probabilities": found.event_precision.tolist(),
        "individual_recall_probabilities": found.event_recall.tolist(),
        "individual_precision_distances": found.precision_distance.tolist(),
        "individual_recall_distances": found.recall_distance.tolist(),
    }


def _check(events: Any, name: str, least: int = 0) -> None:
    """Check what the original refuses and `affiliation_events` takes."""
    if not isinstance(events, list) or not all(isinstance(event, tuple) for event in events):
        raise InvalidTypeError(f"{name} must be a list of tuples (begin, end); got {events!r:.60}")
    for i, event in enumerate(events):
        if len(event) != 2:
            raise InvalidInputError(f"{name}[{i}] must be a pair (begin, end); got {event!r}")
    if len(events) < least:
        raise InvalidInputError(f"{name} must hold at least one event; got none")
