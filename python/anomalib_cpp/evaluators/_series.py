"""Metrics of time series that come one after the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import choice, integer, number
from .._errors import FormatError, InvalidInputError
from ..timeseries import series_report
from ..timeseries._plan import batch
from ..timeseries._report import GROUPS, chosen_groups
from ._protocol import Mergeable, part, read_config, reading_state

__all__ = ["TimeSeriesEvaluator"]

SETTINGS = ("metrics", "window", "num_thresholds", "early_buffer", "delay_buffer", "threshold", "on_error")


class TimeSeriesEvaluator(Mergeable):
    """Metrics of any number of series that come one after the other, or in batches.

    Parameters
    ----------
    metrics, window, num_thresholds, early_buffer, delay_buffer, threshold
        As in :func:`anomalib_cpp.timeseries.series_report`; a finite threshold.
    on_error : {"raise", "nan"}, default "raise"
        A series without a result (no event, no normal point) fails :meth:`compute`, or has NaN for everything.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        For options out of range.

    Notes
    -----
    9 bytes a point: scores are kept as float64, which holds every order that float16 to float64 can have.

    Examples
    --------
    >>> from anomalib_cpp.evaluators import TimeSeriesEvaluator
    >>> evaluator = TimeSeriesEvaluator(["rank"])
    >>> evaluator.update([0.1, 0.9, 0.2], [0, 1, 0])
    >>> evaluator.update([0.3, 0.1, 0.2], [0, 0, 1])
    >>> evaluator.compute()["auroc"], evaluator.per_series()["auroc"]
    (0.75, array([1. , 0.5]))
    """

    def __init__(
        self,
        metrics: Sequence[str] = GROUPS,
        *,
        window: int = 100,
        num_thresholds: int = 250,
        early_buffer: int = 100,
        delay_buffer: int = 100,
        threshold: float | None = None,
        on_error: str = "raise",
    ) -> None:
        self._options: dict[str, Any] = {
            "metrics": chosen_groups(metrics),
            "window": integer(window, "window", 0),
            "num_thresholds": integer(num_thresholds, "num_thresholds", 1),
            "early_buffer": integer(early_buffer, "early_buffer", 0),
            "delay_buffer": integer(delay_buffer, "delay_buffer", 0),
            "threshold": None if threshold is None else _finite(threshold),
            "on_error": choice(on_error, "on_error", ("raise", "nan")),
        }
        self.reset()

    def reset(self) -> None:
        """Forget all series."""
        self._scores: list[NDArray[np.float64]] = []
        self._labels: list[NDArray[np.bool_]] = []
        self._sizes: list[int] = []
        self._updates = 0
        self._report: dict[str, NDArray[np.float64]] | None = None

    @property
    def n_items(self) -> int:
        """Series so far."""
        return len(self._sizes)

    @property
    def nbytes(self) -> int:
        """Bytes of scores and labels."""
        return sum(array.nbytes for array in (*self._scores, *self._labels))

    def update(self, scores: Any, labels: Any, offsets: Any = None) -> None:
        """Add one series, a list of series, or series back to back.

        Parameters
        ----------
        scores : array of floats or integers, shape (n,), or list of such arrays
            Higher means more anomalous.
        labels : array of bool or numbers, shape (n,), or list of such arrays
            Points above 0 are anomalous.
        offsets : array of int, shape (series + 1,), optional
            Begin of each series in `scores` and `labels`, and the end.

        Raises
        ------
        InvalidInputError, InvalidTypeError
            As :func:`~anomalib_cpp.timeseries.series_report`, for NaN scores too; nothing is added then.
        """
        data = batch(scores, labels, offsets=offsets)
        values = data.scores.astype(np.float64)
        if (missing := np.isnan(values)).any():
            raise InvalidInputError(f"scores contains NaN, first at index {int(np.argmax(missing))}")
        self._scores.append(values)
        self._labels.append(data.labels > 0)
        self._sizes += np.diff(data.offsets).tolist()
        self._updates += 1
        self._report = None

    def per_series(self) -> dict[str, NDArray[np.float64]]:
        """Report every metric of every series so far, in the order in which they came.

        Returns
        -------
        dict of str to array of float64, shape (series,)
            As :func:`~anomalib_cpp.timeseries.series_report`, bit for bit.

        Raises
        ------
        InvalidInputError
            Before the first update, and as :func:`~anomalib_cpp.timeseries.series_report`.
        """
        self._require_data()
        if self._report is None:
            self._report = series_report(
                np.concatenate(self._scores),
                np.concatenate(self._labels),
                offsets=np.cumsum([0, *self._sizes]),
                **self._options,
            )
        return {name: values.copy() for name, values in self._report.items()}

    def compute(self) -> dict[str, float]:
        """Report the mean of every metric over the series so far; the evaluator goes on afterwards.

        Returns
        -------
        dict of str to float
            NaN where a series has no value. The order of the series changes no bit. Thresholds, which have no mean, are
            in :meth:`per_series`.

        Raises
        ------
        InvalidInputError
            As :meth:`per_series`.
        """
        found = self.per_series()  # sums are rounded once, so that series may come in any order
        return {
            name: math.fsum(values.tolist()) / len(values)
            for name, values in found.items()
            if not name.endswith("threshold")
        }

    def merge(self, other: TimeSeriesEvaluator) -> TimeSeriesEvaluator:
        """Add everything that another evaluator has seen; its series come after those of this one.

        Parameters
        ----------
        other : TimeSeriesEvaluator
            With the same settings; not changed.

        Returns
        -------
        TimeSeriesEvaluator
            This one.

        Raises
        ------
        InvalidInputError
            For other settings, which are listed.
        InvalidTypeError
            For another kind of evaluator.
        """
        self._require_mergeable(other)
        self._scores += list(other._scores)
        self._labels += list(other._labels)
        self._sizes += list(other._sizes)
        self._updates += other._updates
        self._report = None
        return self

    def _configuration(self) -> dict[str, Any]:
        return dict(self._options)

    def state(self) -> dict[str, NDArray[Any]]:
        """Return everything as arrays, for gathering over processes or keeping elsewhere.

        Returns
        -------
        dict of str to array
            ``scores``, float64; ``labels``, bool; ``sizes``, int64, points of each series; ``settings``.
        """
        return {
            "scores": np.concatenate([np.zeros(0), *self._scores]),
            "labels": np.concatenate([np.zeros(0, bool), *self._labels]),
            "sizes": np.array(self._sizes, np.int64),
            "settings": self._settings_array(),
        }

    @classmethod
    def _from_parts(cls, parts: dict[str, Any], config: Any) -> TimeSeriesEvaluator:
        known, updates = read_config(config, SETTINGS, cls.__name__)
        with reading_state(cls.__name__):
            evaluator = cls(known.pop("metrics"), **known)
            scores = part(parts, "scores", np.float64, (None,))
            labels = part(parts, "labels", np.bool_, (len(scores),))
            sizes = part(parts, "sizes", np.int64, (None,))
            if set(parts) != {"scores", "labels", "sizes"} or (sizes < 1).any() or sum(sizes.tolist()) != len(scores):
                raise FormatError(
                    "state must hold scores, labels and the sizes of series, which add up to their number"
                )
            if len(sizes):
                evaluator.update(scores, labels, np.cumsum([0, *sizes.tolist()]))
        return evaluator._restored(updates)


def _finite(threshold: Any) -> float:
    result = number(threshold, "threshold")
    if not math.isfinite(result):  # files hold no others
        raise InvalidInputError(f"threshold must be finite; got {threshold!r}")
    return result
