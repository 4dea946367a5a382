"""The NAB score as SKAB computes it: predicted points against windows that begin at change points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import choice, number
from .._errors import InvalidInputError
from .._records import Scalar
from ._nab import read_profile
from ._nab_windows import read_stamps
from ._plan import is_batch, read_labels, read_series

__all__ = ["SkabScore", "skab_score"]

STEPS = 1000  # values that the reward takes over a window


@dataclass(frozen=True, repr=False, eq=False)
class SkabScore(Scalar):
    """SKAB's NAB score; ``float(result)`` is the normalized score.

    Attributes
    ----------
    value : float
        100 for every change point found at once without a false alarm, 0 for no prediction.
    raw : float
        Before scaling.
    detected, missed : int
        Change points with and without a prediction in their window.
    false_alarms : int
        Predicted points outside all windows.
    """

    value: float
    raw: float
    detected: int
    missed: int
    false_alarms: int


def skab_score(
    predictions: Any,
    change_points: Any,
    *,
    timestamps: Any = None,
    window: float = 60,
    overlap: str = "right",
    profile: str | Sequence[float] = "standard",
) -> SkabScore:
    """NAB score of predicted points against change points, as the SKAB benchmark defines it.

    A window of time begins at each change point. Its first prediction earns a reward that falls from the weight of true
    positives to minus that of false positives along the window; windows without one and predictions outside cost.

    Parameters
    ----------
    predictions : array of bool or numbers, shape (n,), or list of such arrays
        Points above 0 are predicted. A list is a corpus, whose raw scores are added up.
    change_points : array of bool or numbers, shape (n,), or list of such arrays
        Above 0 at each change point.
    timestamps : array, shape (n,), or list of such arrays, optional
        Rising dates or numbers; positions by default.
    window : float > 0, default 60
        Length of a window, both of its ends included: in seconds where `timestamps` are dates.
    overlap : {"right", "left", "both"}, default "right"
        Which of two overlapping neighbours is cut; with ``"both"`` neither keeps what they share.
    profile : str or three numbers >= 0, default "standard"
        As in :func:`nab_sweep`.

    Returns
    -------
    SkabScore

    Raises
    ------
    InvalidInputError
        For empty series, lengths that differ, timestamps that do not rise, options out of range; where there is no
        change point; where ``overlap="both"`` leaves nothing of a window.
    InvalidTypeError
        For arguments of another kind.

    Notes
    -----
    Windows that were cut still share their ends: a prediction there counts in both. O(n log n) time.

    References
    ----------
    I. D. Katser, V. O. Kozitsin, "Skoltech Anomaly Benchmark (SKAB)", 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.timeseries import skab_score
    >>> change, late = np.zeros(300), np.zeros(300)
    >>> change[100] = late[115] = late[200] = 1
    >>> score = skab_score(late, change)
    >>> round(score.value, 3), score.detected, score.false_alarms
    (86.579, 1, 1)
    """
    tp, fp, fn = read_profile(profile)
    length = number(window, "window")
    if not 0 < length < np.inf:
        raise InvalidInputError(f"window must be a finite number above 0; got {window!r}")
    choice(overlap, "overlap", ("right", "left", "both"))
    if is_batch(predictions) != is_batch(change_points):
        raise InvalidInputError("predictions and change_points must both be arrays or both be lists of series")
    if not is_batch(predictions):
        parts = [(predictions, change_points, timestamps)]
    else:
        times = [None] * len(predictions) if timestamps is None else timestamps
        for given, name in ((change_points, "change_points"), (times, "timestamps")):
            if not isinstance(given, (list, tuple)) or len(given) != len(predictions):
                raise InvalidInputError(f"{name} must be a list with one entry for each of {len(predictions)} series")
        parts = list(zip(predictions, change_points, times, strict=True))

    x = np.linspace(-np.pi / 2, np.pi / 2, STEPS)
    reward = -(tp + fp) / 2 * np.tanh(x) / np.tanh(np.pi / 2) + (tp - fp) / 2
    earned, detected, windows, false_alarms = 0.0, 0, 0, 0
    for i, part in enumerate(parts):
        hits, begins, ends = _windows(*part, length, overlap, f"[{i}]" if len(parts) > 1 else "")
        first = np.searchsorted(hits, begins)  # the first prediction that is not before the window
        found = first < np.searchsorted(hits, ends, side="right")
        offset = (hits[first[found]] - begins[found]) / (ends[found] - begins[found])
        earned += float(reward[np.minimum((offset * STEPS).astype(np.int64), STEPS - 1)].sum())
        detected += int(found.sum())
        windows += begins.size
        opened, closed = np.searchsorted(begins, hits, side="right"), np.searchsorted(ends, hits)
        false_alarms += int((opened == closed).sum())  # all windows that have begun have ended
    if windows == 0 or tp + fn == 0:
        why = "there is no change point" if windows == 0 else f"the weights are {(tp, fp, fn)}"
        raise InvalidInputError(f"the SKAB score is undefined: {why}")
    raw = earned - fp * false_alarms - fn * (windows - detected)
    value = 100 * (raw + fn * windows) / ((tp + fn) * windows)
    return SkabScore(value, raw, detected, windows - detected, false_alarms)


def _windows(
    predictions: Any, change_points: Any, timestamps: Any, length: float, overlap: str, at: str
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return the times of the predictions, and where windows begin and end."""
    predicted = read_labels(read_series(predictions, f"predictions{at}"), f"predictions{at}") > 0
    truth = read_labels(read_series(change_points, f"change_points{at}"), f"change_points{at}") > 0
    if truth.size != predicted.size:
        raise InvalidInputError(f"change_points{at} has {truth.size} points but predictions{at} has {predicted.size}")
    if truth.size == 0:
        raise InvalidInputError(f"predictions{at} is empty; a series needs at least one point")
    times = np.arange(truth.size) if timestamps is None else read_stamps(timestamps, f"timestamps{at}")
    if times.shape != truth.shape:
        raise InvalidInputError(f"timestamps{at} has shape {times.shape} but there are {truth.size} points")
    if times.dtype.kind == "M":
        times = (times - times[0]) / np.timedelta64(1, "s")
    times = np.asarray(times, np.float64)
    if not (np.diff(times) > 0).all():
        raise InvalidInputError(
            f"timestamps{at} must rise; they do not at index {int(np.argmin(np.diff(times) > 0)) + 1}"
        )
    begins = times[truth]
    ends = begins + length
    shared = ends[:-1] >= begins[1:]
    cut_begins, cut_ends = begins.copy(), ends.copy()
    if overlap != "left":
        cut_begins[1:][shared] = ends[:-1][shared]
    if overlap != "right":
        cut_ends[:-1][shared] = begins[1:][shared]
    if (cut_begins >= cut_ends).any():
        k = int(np.argmax(cut_begins >= cut_ends))
        raise InvalidInputError(
            f"overlap='both' leaves nothing of the window of change point {k} of change_points{at}, which overlaps two "
            "others; pass 'right' or 'left', or a shorter window"
        )
    return times[predicted], cut_begins, cut_ends
