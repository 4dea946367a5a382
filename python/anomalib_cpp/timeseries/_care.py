"""CARE: coverage, accuracy, reliability and earliness of predicted faults, as wind turbines are evaluated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._checks import as_integer, choice, flag, number
from .._errors import InvalidInputError, InvalidTypeError
from .._records import Scalar
from ._plan import read_labels, read_series

__all__ = ["CareEvent", "CareResult", "care_score"]

HIGHEST = 1000  # cap of the criticality


@dataclass(frozen=True, eq=False)
class CareEvent:
    """One period of predictions.

    Attributes
    ----------
    predictions : array of bool or numbers, shape (n,)
        Steps above 0 are predicted to be anomalous.
    normal : array of bool or numbers, shape (n,), or None
        Above 0 where the machine runs normally; only those steps are evaluated. None: everywhere.
    label : {"anomaly", "normal"}
        Whether the period ends in a fault.
    window : tuple of int, or None
        First and last step of the event, inclusive: where predictions of an anomaly are right. None, for normal events
        only: the whole period.
    """

    predictions: Any
    normal: Any
    label: str
    window: tuple[int, int] | None = None


@dataclass(frozen=True, repr=False, eq=False)
class CareResult(Scalar):
    """A CARE score and its parts; ``float(result)`` is the score.

    Attributes
    ----------
    value : float
        In [0, 1].
    coverage, earliness : float
        Means over the anomaly events.
    reliability : float
        F score of the detected events.
    accuracy : float
        Mean over the normal events.
    event_coverage, event_earliness, event_accuracy : array of float64, shape (events,)
        NaN for events of the other label.
    max_criticality : array of int64, shape (events,)
        Highest count of predicted over other steps, at most 1000.
    detected : array of bool, shape (events,)
    tp, fp, tn, fn : array of int64, shape (events,)
        Steps of normal operation.
    """

    value: float
    coverage: float
    earliness: float
    reliability: float
    accuracy: float
    event_coverage: NDArray[np.float64]
    event_earliness: NDArray[np.float64]
    event_accuracy: NDArray[np.float64]
    max_criticality: NDArray[np.int64]
    detected: NDArray[np.bool_]
    tp: NDArray[np.int64]
    fp: NDArray[np.int64]
    tn: NDArray[np.int64]
    fn: NDArray[np.int64]


class _Event(NamedTuple):
    predicted: NDArray[np.bool_]
    normal: NDArray[np.bool_]
    anomalous: bool
    window: slice


def care_score(
    events: Sequence[CareEvent],
    *,
    beta: float = 0.5,
    reliability_beta: float = 0.5,
    criticality_threshold: float = 72,
    detection: str = "criticality",
    min_fraction: float = 0.1,
    weights: Sequence[float] = (1, 1, 1, 2),
    allow_degenerate: bool = False,
) -> CareResult:
    """Score early fault detection over a list of events, some of which end in a fault and some of which do not.

    Parameters
    ----------
    events : sequence of CareEvent
        At least one of each label.
    beta, reliability_beta : float > 0, default 0.5
        Weight of recall against precision in the F scores of steps (coverage) and of events (reliability).
    criticality_threshold : float, default 72
        An event is detected if its criticality exceeds this. The criticality rises by 1 at each predicted step of
        normal operation, falls by 1 at each other one, and stays within 0 and 1000.
    detection : {"criticality", "fraction"}, default "criticality"
        ``"fraction"``: an event is detected if `min_fraction` of the normal steps in its window are predicted.
    min_fraction : float in [0, 1], default 0.1
        Belongs to ``detection="fraction"``.
    weights : four numbers >= 0, default (1, 1, 1, 2)
        Of coverage, earliness, reliability and accuracy.
    allow_degenerate : bool, default False
        Where an event or a label is missing that a part is a mean over, return NaN for it and for the score instead of
        raising.

    Returns
    -------
    CareResult
        ``value``: 0 if no event is detected; the accuracy if that is at most 0.5; otherwise the weighted mean.

    Raises
    ------
    InvalidInputError
        For arrays of different lengths, windows outside their period, options out of range; where a label is missing
        or a normal event has no step of normal operation.
    InvalidTypeError
        For arguments of another kind.

    Notes
    -----
    Coverage: F score of the predictions over the normal steps of the whole period, those in the window being true.
    Earliness: share of the window that is predicted, each step with a weight that is 1 in the first quarter and falls
    to nearly 0 at the end. Accuracy: share of the normal steps of a normal event that are not predicted. O(steps) time.

    References
    ----------
    C. Gueck, C. M. A. Roelofs, S. Faulstich, "CARE to Compare: A Real-World Benchmark Dataset for Early Fault Detection
    in Wind Turbine Data", Data 9(12), 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.timeseries import CareEvent, care_score
    >>> late, quiet = np.zeros(200), np.zeros(200)
    >>> late[120:] = 1
    >>> result = care_score([CareEvent(late, None, "anomaly", (100, 199)), CareEvent(quiet, None, "normal")])
    >>> round(result.value, 4), round(result.earliness, 4), result.max_criticality.tolist()
    (0.9268, 0.6818, [80, 0])
    """
    betas = [number(value, name) for value, name in ((beta, "beta"), (reliability_beta, "reliability_beta"))]
    for value, name in zip(betas, ("beta", "reliability_beta"), strict=True):
        if not 0 < value < np.inf:
            raise InvalidInputError(f"{name} must be a finite number above 0; got {value}")
    threshold, least = number(criticality_threshold, "criticality_threshold"), number(min_fraction, "min_fraction")
    if threshold != threshold:
        raise InvalidInputError("criticality_threshold must be a number; got nan")
    if not 0 <= least <= 1:
        raise InvalidInputError(f"min_fraction must lie in [0, 1]; got {least}")
    choice(detection, "detection", ("criticality", "fraction"))
    for given, name in ((weights, "weights"), (events, "events")):
        if isinstance(given, (str, bytes)) or not hasattr(given, "__len__"):
            raise InvalidTypeError(f"{name} must be a sequence; got {type(given).__name__}")
    importance = [number(weight, f"weights[{i}]") for i, weight in enumerate(weights)]
    if len(importance) != 4 or not all(0 <= weight < np.inf for weight in importance) or sum(importance) == 0:
        raise InvalidInputError(f"weights must be four finite numbers >= 0, not all of them 0; got {importance}")
    degenerate = flag(allow_degenerate, "allow_degenerate")
    periods = [_read(event, i) for i, event in enumerate(events)]
    for label, wanted in (("anomaly", True), ("normal", False)):
        if not degenerate and not any(period.anomalous == wanted for period in periods):
            raise InvalidInputError(f"care_score is undefined: events contains no event with the label {label!r}")
    for i, period in enumerate(periods):
        if not (degenerate or period.anomalous or period.normal.any()):
            raise InvalidInputError(f"care_score is undefined: the normal event events[{i}] has no step that is normal")

    counts = np.array([_counts(period) for period in periods], np.int64).reshape(-1, 4)
    tp, fp, tn, fn = np.ascontiguousarray(counts.T)
    anomalous = np.array([period.anomalous for period in periods], bool)
    coverage = np.where(anomalous, _f_score(tp, fp, fn, betas[0]), np.nan)
    accuracy = np.where(anomalous, np.nan, _ratio(tn, tn + fp, np.nan))
    earliness = np.array([_earliness(period) if period.anomalous else np.nan for period in periods])
    highest = np.array([_criticality(period) for period in periods], np.int64)
    if detection == "criticality":
        detected = highest > threshold
    else:
        detected = np.array([_fraction(period) for period in periods], np.float64) >= least
    parts = _parts(anomalous, coverage, earliness, accuracy, detected, betas[1])
    value = _combined(parts, bool(detected.any()), importance)
    return CareResult(value, *parts, coverage, earliness, accuracy, highest, detected, tp, fp, tn, fn)


def _read(event: Any, i: int) -> _Event:
    if not isinstance(event, CareEvent):
        raise InvalidTypeError(f"events[{i}] must be a CareEvent; got {type(event).__name__}")
    at = f"events[{i}]"
    predicted = read_labels(read_series(event.predictions, f"{at}.predictions"), f"{at}.predictions") > 0
    if predicted.size == 0:
        raise InvalidInputError(f"{at}.predictions is empty; a period needs at least one step")
    normal = np.ones(predicted.size, bool)
    if event.normal is not None:
        normal = read_labels(read_series(event.normal, f"{at}.normal"), f"{at}.normal") > 0
    if normal.size != predicted.size:
        raise InvalidInputError(f"{at}.normal has {normal.size} steps but {at}.predictions has {predicted.size}")
    anomalous = choice(event.label, f"{at}.label", ("anomaly", "normal")) == "anomaly"
    if event.window is None:
        if anomalous:
            raise InvalidInputError(f"{at}.window must be a pair (first, last) of steps for an anomaly; got None")
        return _Event(predicted, normal, anomalous, slice(0, predicted.size))
    if not isinstance(event.window, (tuple, list)) or len(event.window) != 2:
        raise InvalidTypeError(f"{at}.window must be a pair (first, last) of steps; got {event.window!r}")
    first, last = (as_integer(step) for step in event.window)
    if first is None or last is None or not 0 <= first <= last < predicted.size:
        raise InvalidInputError(
            f"{at}.window must be a pair of steps, 0 <= first <= last < {predicted.size}; got {event.window!r}"
        )
    return _Event(predicted, normal, anomalous, slice(first, last + 1))


def _counts(event: _Event) -> tuple[int, int, int, int]:
    """tp, fp, tn, fn of the steps of normal operation."""
    truth = np.zeros(event.predicted.size, bool)
    if event.anomalous:
        truth[event.window] = True
    predicted, truth = event.predicted[event.normal], truth[event.normal]
    tp, fp = int((predicted & truth).sum()), int((predicted & ~truth).sum())
    return tp, fp, truth.size - int(truth.sum()) - fp, int(truth.sum()) - tp


def _ratio(part: NDArray[Any], whole: NDArray[Any], otherwise: float) -> NDArray[np.float64]:
    result: NDArray[np.float64] = np.divide(part, whole, out=np.full(part.shape, otherwise), where=whole > 0)
    return result


def _f_score(tp: NDArray[Any], fp: NDArray[Any], fn: NDArray[Any], beta: float) -> NDArray[np.float64]:
    square = beta * beta
    return _ratio((1 + square) * tp, (1 + square) * tp + square * fn + fp, 0.0)


def _earliness(event: _Event) -> float:
    predicted = event.predicted[event.window]
    steps = 4 * np.arange(predicted.size)
    # Falls from the first quarter on to the step behind the last one, less a quarter of a step.
    weights = np.where(steps < predicted.size, 1.0, (1 - steps / (4 * predicted.size - 1)) / 0.75)
    return float(weights[predicted].sum() / weights.sum())


def _criticality(event: _Event) -> int:
    """Return the highest value of a counter that neither falls below 0 nor rises above the cap."""
    walk = np.cumsum(np.where(event.normal, np.where(event.predicted, 1, -1), 0))
    # The counter without its cap; the two agree until the cap is reached, which is then the maximum.
    counter = walk - np.minimum(np.minimum.accumulate(walk), 0)
    return min(int(counter.max()), HIGHEST)


def _fraction(event: _Event) -> float:
    """Return the share of the normal steps in the window that are predicted; NaN, never detected, without any."""
    predicted = event.predicted[event.window][event.normal[event.window]]
    return float(predicted.mean()) if predicted.size else np.nan


def _parts(
    anomalous: NDArray[np.bool_],
    coverage: NDArray[np.float64],
    earliness: NDArray[np.float64],
    accuracy: NDArray[np.float64],
    detected: NDArray[np.bool_],
    beta: float,
) -> tuple[float, float, float, float]:
    """Coverage, earliness, reliability and accuracy over all events."""

    def mean(values: NDArray[np.float64]) -> float:
        return float(values.mean()) if values.size else np.nan

    tp, fp, fn = (
        np.array([kind.sum()]) for kind in (detected & anomalous, detected & ~anomalous, ~detected & anomalous)
    )
    reliability = float(_f_score(tp, fp, fn, beta)[0]) if anomalous.any() else np.nan
    return mean(coverage[anomalous]), mean(earliness[anomalous]), reliability, mean(accuracy[~anomalous])


def _combined(parts: tuple[float, float, float, float], any_detected: bool, weights: Sequence[float]) -> float:
    if np.isnan(parts).any():
        return np.nan
    if not any_detected:
        return 0.0
    if parts[3] <= 0.5:
        return parts[3]
    return sum(weight * part for weight, part in zip(weights, parts, strict=True)) / sum(weights)
