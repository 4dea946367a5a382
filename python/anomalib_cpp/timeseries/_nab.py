"""NAB score: detections in labelled windows, the earlier the better, against false alarms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import choice, integer, number
from .._errors import InvalidInputError, InvalidTypeError
from .._records import Record, Scalar
from ._nab_corpus import Corpus, scored_series
from ._nab_windows import TOP, read_places, relative_scores
from ._plan import is_batch

__all__ = ["NAB_PROFILES", "NabScore", "NabSweep", "nab_point_scores", "nab_sweep"]

NAB_PROFILES = {  # weights of (true positives, false positives, false negatives)
    "standard": (1.0, 0.11, 1.0),
    "reward_low_FP_rate": (1.0, 0.22, 1.0),
    "reward_low_FN_rate": (1.0, 0.11, 2.0),
}


@dataclass(frozen=True, repr=False, eq=False)
class NabScore(Scalar):
    """What one threshold makes of a corpus; ``float(result)`` is the raw score.

    Attributes
    ----------
    value : float
        Raw score.
    normalized : float
        100 for every window found at its first point without a false alarm, 0 for no detection; NaN without a window.
    threshold : float
        Scores at or above it are detections.
    tp, tn, fp, fn : int
        Points behind the probation: detected in a window, not detected outside, detected outside, not detected inside.
    """

    value: float
    normalized: float
    threshold: float
    tp: int
    tn: int
    fp: int
    fn: int


@dataclass(frozen=True, repr=False, eq=False)
class NabSweep(Record):
    """Raw scores at all thresholds; ``float(result)`` is the best one.

    Attributes
    ----------
    best : NabScore
        At the threshold with the largest raw score; of equals the highest.
    thresholds : array of float64, shape (k + 1,)
        One that no score reaches, then the k distinct scores in falling order.
    raw : array of float64, shape (k + 1,)
        Raw score at each.
    tp, tn, fp, fn : array of int64, shape (k + 1,)
        Points, as in :class:`NabScore`.
    windows : int
        Windows with a point behind the probation.
    weights : tuple of float
        Of true positives, false positives and false negatives.
    """

    best: NabScore
    thresholds: NDArray[np.float64]
    raw: NDArray[np.float64]
    tp: NDArray[np.int64]
    tn: NDArray[np.int64]
    fp: NDArray[np.int64]
    fn: NDArray[np.int64]
    windows: int
    weights: tuple[float, float, float]

    def __float__(self) -> float:
        return float(self.best)

    def at(self, threshold: float) -> NabScore:
        """Return what `threshold` makes of the corpus: the row of the lowest threshold that is not below it.

        Below all scores that is the last row, above them the first.

        Parameters
        ----------
        threshold : float

        Returns
        -------
        NabScore

        Raises
        ------
        InvalidInputError
            For NaN.

        Examples
        --------
        >>> from anomalib_cpp.timeseries import nab_sweep
        >>> sweep = nab_sweep([0.1, 0.2, 0.9, 0.8], [(2, 3)], probation=0)
        >>> sweep.at(0.85).tp, sweep.at(0.8).tp, sweep.at(0).fp
        (1, 2, 2)
        """
        wanted = number(threshold, "threshold")
        if wanted != wanted:
            raise InvalidInputError("threshold must be a number; got nan")
        row = int(np.searchsorted(-self.thresholds, -wanted, side="right")) - 1
        return _row(self.weights, self.windows, self.thresholds, self.raw, self._counts(), max(row, 0))

    def _counts(self) -> tuple[NDArray[np.int64], ...]:
        return self.tp, self.tn, self.fp, self.fn

    def normalized(self, raw: Any = None) -> Any:
        """Scale raw scores: 100 is perfect, 0 is a detector that never detects anything.

        Parameters
        ----------
        raw : float or array, optional
            Raw scores of this corpus and these weights; those of all thresholds by default.

        Returns
        -------
        float or array of float64

        Raises
        ------
        InvalidInputError
            Where there is no window, so that nothing can be found.

        Examples
        --------
        >>> from anomalib_cpp.timeseries import nab_sweep
        >>> sweep = nab_sweep([0.1, 0.2, 0.9, 0.8], [(2, 3)], probation=0)
        >>> sweep.normalized().tolist()
        [0.0, 100.0, 100.0, 94.5, 89.0]
        """
        lowest, highest = _ends(self.weights, self.windows)
        if highest == lowest:
            why = "no window lies behind the probation" if self.windows == 0 else f"the weights are {self.weights}"
            raise InvalidInputError(f"the normalized score is undefined: {why}")
        values = self.raw if raw is None else np.asarray(raw, np.float64)
        scaled = 100 * (values - lowest) / (highest - lowest)
        return scaled if np.ndim(scaled) else float(scaled)


def nab_point_scores(
    length: int, windows: Any, *, timestamps: Any = None, profile: str | Sequence[float] = "standard"
) -> NDArray[np.float64]:
    """Score of each point of a series, were it the only detection.

    Parameters
    ----------
    length : int >= 1
        Points of the series.
    windows, timestamps, profile
        As in :func:`nab_sweep`, for one series.

    Returns
    -------
    array of float64, shape (length,)
        Within a window from the weight of true positives at its first point down to nearly 0 at its last; elsewhere
        from 0 behind a window down to minus the weight of false positives.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`nab_sweep`.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import nab_point_scores
    >>> nab_point_scores(8, [(2, 4)]).round(3).tolist()
    [-0.11, -0.11, 1.0, 0.944, 0.692, -0.093, -0.109, -0.11]
    """
    count = integer(length, "length", 1)
    weights = read_profile(profile)
    places = read_places(windows, timestamps, count, "")
    values, inside = relative_scores(count, places)
    return np.where(inside, values * weights[0] / TOP, values * weights[1])


def nab_sweep(
    scores: Any,
    windows: Any,
    *,
    timestamps: Any = None,
    profile: str | Sequence[float] = "standard",
    probation: float = 0.15,
) -> NabSweep:
    """NAB score of a series, or of a corpus at one common threshold, at all thresholds.

    A window is worth its first detected point, the more the earlier that is, and costs a penalty if none is detected;
    every detection outside windows costs, little shortly after a window and more farther away.

    Parameters
    ----------
    scores : array of floats or integers, shape (n,), or list of such arrays
        Higher means more anomalous; infinities are ordinary values. A list is a corpus.
    windows : sequence of pairs (first, last), or list of such sequences
        Inclusive, in order, without overlap: positions, or timestamps if those are given. Of a corpus one sequence for
        each series; it may be empty.
    timestamps : array, shape (n,), or list of such arrays, optional
        Dates (datetime64, or text such as ``"2014-07-01 00:30:00"``) or numbers. A window begins and ends at the first
        point whose timestamp equals its own.
    profile : {"standard", "reward_low_FP_rate", "reward_low_FN_rate"} or three numbers >= 0, default "standard"
        Weights of true positives, false positives and false negatives.
    probation : float in [0, 1], default 0.15
        Share of each series, of its first 5000 points at most, in which nothing counts.

    Returns
    -------
    NabSweep
        ``best``, and a raw score for each threshold.

    Raises
    ------
    InvalidInputError
        For an empty series, NaN scores, windows that begin or end at no point of their series, overlap or are out of
        order, and options out of range.
    InvalidTypeError
        For arguments of another kind.

    Notes
    -----
    With S(x) = 2 / (1 + exp(5 x)) - 1, point i of a window from l to r scores S(-(r - i + 1) / (r - l + 1)) / S(-1),
    and a point after it S((i - r) / (r - l)), but -1 beyond 3, behind a window of one point and before the first one.
    Windows that lie within the probation count nowhere, also not in the ends of the normalized scale; NAB's corpus has
    none such. O(n log n) time for all thresholds.

    References
    ----------
    A. Lavin, S. Ahmad, "Evaluating Real-Time Anomaly Detection Algorithms - the Numenta Anomaly Benchmark",
    ICMLA 2015.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import nab_sweep
    >>> sweep = nab_sweep([0.0, 0.4, 0.9, 0.8, 0.1, 0.5], [(2, 3)], probation=0)
    >>> sweep.thresholds.tolist()
    [1.1, 0.9, 0.8, 0.5, 0.4, 0.1, 0.0]
    >>> sweep.best.threshold, sweep.best.value, sweep.best.normalized
    (0.9, 1.0, 100.0)
    >>> dates = [f"2014-07-01 0{hour}:00:00" for hour in range(6)]
    >>> both = nab_sweep([[0, 1, 2, 3, 4, 5]] * 2, [[], [(dates[4], dates[5])]], timestamps=[dates, dates])
    >>> round(both.at(5).value, 3)
    0.75
    """
    weights = read_profile(profile)
    share = read_probation(probation)
    if not is_batch(scores):
        series = [scored_series(scores, windows, timestamps, share)]
    else:
        parts: list[Any] = [windows, [None] * len(scores) if timestamps is None else timestamps]
        for part, name in zip(parts, ("windows", "timestamps"), strict=True):
            if not isinstance(part, (list, tuple)) or len(part) != len(scores):
                got = f"{len(part)} entries" if isinstance(part, (list, tuple)) else type(part).__name__
                raise InvalidInputError(
                    f"{name} must be a list with one entry for each of {len(scores)} series; got {got}"
                )
        series = [
            scored_series(one, pairs, times, share, f"[{i}]")
            for i, (one, pairs, times) in enumerate(zip(scores, *parts, strict=True))
        ]
    return swept(Corpus(series), weights)


def read_profile(profile: Any) -> tuple[float, float, float]:
    """Return the weights of true positives, false positives and false negatives."""
    if isinstance(profile, str):
        return NAB_PROFILES[choice(profile, "profile", tuple(NAB_PROFILES))]
    if not isinstance(profile, (list, tuple, np.ndarray)):
        raise InvalidTypeError(f"profile must be a name or three numbers; got {profile!r}")
    weights = tuple(number(weight, f"profile[{i}]") for i, weight in enumerate(profile))
    if len(weights) != 3 or not all(0 <= weight < math.inf for weight in weights):
        raise InvalidInputError(f"profile must be a name or three finite numbers >= 0, (tp, fp, fn); got {weights}")
    return weights


def read_probation(probation: Any) -> float:
    """Return a share in [0, 1]."""
    share = number(probation, "probation")
    if not 0 <= share <= 1:
        raise InvalidInputError(f"probation must lie in [0, 1]; got {share}")
    return share


def _ends(weights: tuple[float, float, float], windows: int) -> tuple[float, float]:
    """Raw scores of detecting nothing and of a perfect detector."""
    return -weights[2] * windows, weights[0] * windows


def _row(
    weights: tuple[float, float, float],
    windows: int,
    thresholds: NDArray[np.float64],
    raw: NDArray[np.float64],
    counts: tuple[NDArray[np.int64], ...],
    row: int,
) -> NabScore:
    lowest, highest = _ends(weights, windows)
    value = float(raw[row])
    normalized = math.nan if highest == lowest else 100 * (value - lowest) / (highest - lowest)
    return NabScore(value, normalized, float(thresholds[row]), *(int(count[row]) for count in counts))


def swept(corpus: Corpus, weights: tuple[float, float, float]) -> NabSweep:
    """Sweep over all thresholds for one set of weights."""
    raw = corpus.raw(weights)
    counts = (corpus.tp, corpus.fp[-1] - corpus.fp, corpus.fp, corpus.tp[-1] - corpus.tp)
    best = _row(weights, corpus.windows, corpus.thresholds, raw, counts, int(np.argmax(raw)))
    return NabSweep(best, corpus.thresholds, raw, *counts, corpus.windows, weights)
