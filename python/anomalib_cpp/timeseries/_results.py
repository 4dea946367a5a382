"""What the metrics of a series return beside plain numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from .._records import Record, Scalar

__all__ = ["AffiliationResult", "DelayResult", "PrCurve", "RangeAreas", "SeriesF1"]


@dataclass(frozen=True, repr=False, eq=False)
class SeriesF1(Scalar):
    """An F1 score and where it is reached; ``float(result)`` is the score.

    Attributes
    ----------
    value : float, or array of float64, shape (series,)
        ``2 P R / (P + R)`` at `threshold`.
    threshold : float or array
        Of equally good thresholds the lowest.
    precision, recall : float or array
        At `threshold`.
    """

    value: Any
    threshold: Any
    precision: Any
    recall: Any


@dataclass(frozen=True, repr=False, eq=False)
class PrCurve(Record):
    """Precision and recall at each threshold, from the strictest on.

    Attributes
    ----------
    precision, recall, thresholds : array of float64, shape (k,)
        NaN where a value is not defined.
    """

    precision: NDArray[Any]
    recall: NDArray[Any]
    thresholds: NDArray[Any]


@dataclass(frozen=True, repr=False, eq=False)
class RangeAreas(Record):
    """Areas under curves with soft labels around the events.

    Attributes
    ----------
    roc, pr : float, or array of float64, shape (series,)
        In [0, 1].
    windows : array of int64, shape (w,)
        The windows that were looked at.
    roc_by_window, pr_by_window : array of float64, shape (w,) or (series, w)
        Areas at each of them; `roc` and `pr` are their means.
    """

    roc: Any
    pr: Any
    windows: NDArray[Any]
    roc_by_window: NDArray[Any]
    pr_by_window: NDArray[Any]


@dataclass(frozen=True, repr=False, eq=False)
class AffiliationResult(Record):
    """Affiliation of predictions with events.

    Attributes
    ----------
    precision : float or array of float64, shape (series,)
        Mean of `event_precision` where it is defined; NaN if nothing is predicted.
    recall : float or array
        Mean of `event_recall`.
    f1 : float or array
        ``2 P R / (P + R)``.
    event_precision, event_recall : array of float64, shape (events,), or None for a batch
        The chance that a random point (of the event's zone) lies farther away. NaN: no prediction in the zone.
    precision_distance, recall_distance : array of float64, shape (events,), or None for a batch
        Mean distances in points: from predictions to the event, and from the event to predictions.
    """

    precision: Any
    recall: Any
    f1: Any
    event_precision: Any = None
    event_recall: Any = None
    precision_distance: Any = None
    recall_distance: Any = None


@dataclass(frozen=True, repr=False, eq=False)
class DelayResult(Record):
    """How soon events are found.

    Attributes
    ----------
    mean_delay : float or array of float64, shape (series,)
        Points from an event's beginning to its first predicted point, mean over the events found; NaN if none is.
    earliness : float or array
        Mean of ``1 - delay / length`` over the events found, or over all with 0 for those missed (``variant="all"``).
    detected, missed : int or array of int64
        Numbers of events.
    delays : array of int64, shape (events,), or None for a batch
        -1 for events that are missed.
    """

    mean_delay: Any
    earliness: Any
    detected: Any
    missed: Any
    delays: Any = None
