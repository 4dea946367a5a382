"""How much the metrics of series would vary with other series, or with other events in them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import choice, integer, number
from .._errors import InvalidInputError, InvalidTypeError
from .._resampling import BootstrapResult, generator, summary
from ._affiliation import affiliation_f1
from ._events import event_f1, point_adjusted_f1, range_f1
from ._pate import pate
from ._plan import Batch, batch
from ._range_auc import vus_pr, vus_roc
from ._rank import auroc, average_precision, best_f1

__all__ = ["bootstrap"]

METRICS: dict[str, Callable[..., Any]] = {
    "affiliation_f1": affiliation_f1,
    "auroc": auroc,
    "average_precision": average_precision,
    "best_f1": best_f1,
    "event_f1": event_f1,
    "pate": pate,
    "point_adjusted_f1": point_adjusted_f1,
    "range_f1": range_f1,
    "vus_pr": vus_pr,
    "vus_roc": vus_roc,
}
AT_ONCE = 1 << 24  # points of resampled series


def bootstrap(
    metric: str,
    scores: Any,
    labels: Any,
    *,
    by: str = "series",
    paired_with: Any = None,
    n_resamples: int = 1000,
    confidence: float = 0.95,
    method: str = "percentile",
    random_state: int | np.random.Generator | str | None = None,
    offsets: Any = None,
    threads: int | None = None,
    **options: Any,
) -> BootstrapResult:
    """Estimate how much a metric would vary with other data: an interval from resampled series or events.

    Parameters
    ----------
    metric : {"affiliation_f1", "auroc", "average_precision", "best_f1", "event_f1", "pate", "point_adjusted_f1", \
"range_f1", "vus_pr", "vus_roc"}
    scores, labels, offsets, threads
        As in :func:`pate`.
    by : {"series", "events"}, default "series"
        Of a batch, draw series with replacement; the metric is the mean over them. Of one series, draw stretches around
        its events, each up to half-way to the next one, and put them one after the other.
    paired_with : array or list, optional
        Scores of another detector for the same series: both are evaluated on the same resamples, and the result is
        about the difference, `scores` less `paired_with`.
    n_resamples : int >= 1, default 1000
    confidence : float in (0, 1), default 0.95
        Of the interval.
    method : {"percentile", "bca"}, default "percentile"
        Quantiles of the resamples; or the same, corrected for bias and acceleration.
    random_state : int, numpy.random.Generator, "entropy" or None, default None
        Seed of the resamples; None means 0.
    **options
        Of the metric: ``window``, ``early_buffer``, ``threshold`` and the like.

    Returns
    -------
    BootstrapResult
        ``value``, ``low``, ``high``, ``standard_error``, ``samples``; ``p_value`` with `paired_with`.

    Raises
    ------
    InvalidInputError
        As the metric; for fewer than two series or events, options out of range.

    Notes
    -----
    By series every series is evaluated once. By events every resample is a new series: about `n_resamples` times the
    cost of the metric, shared by the threads.

    References
    ----------
    B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap", 1993.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.timeseries import bootstrap
    >>> labels = np.arange(400) % 50 < 5
    >>> scores = np.random.default_rng(0).normal(2.0 * labels)
    >>> found = bootstrap("vus_pr", scores, labels, by="events", n_resamples=200, window=4)
    >>> bool(found.low < found.value < found.high)
    True
    """
    choice(metric, "metric", tuple(METRICS))
    choice(by, "by", ("series", "events"))
    choice(method, "method", ("percentile", "bca"))
    size = integer(n_resamples, "n_resamples", 1)
    level = number(confidence, "confidence")
    if not 0 < level < 1:
        raise InvalidInputError(f"confidence must lie in (0, 1); got {confidence!r}")
    rng = generator(random_state)
    given = [scores] if paired_with is None else [scores, paired_with]
    names = ("scores", "paired_with")
    detectors = [
        batch(values, labels, offsets=offsets, threads=threads, names=(name, "labels"))
        for values, name in zip(given, names, strict=False)
    ]

    def evaluate(data: Batch) -> NDArray[np.float64]:
        try:
            found = METRICS[metric](data.scores, data.labels, offsets=data.offsets, threads=threads, **options)
        except TypeError as error:
            raise InvalidTypeError(f"{metric}: {error}") from None
        return np.asarray(getattr(found, "value", found), np.float64)

    draw = _by_series if by == "series" else _by_events
    value, samples, left_out = draw(detectors, evaluate, rng, size, method == "bca")
    return summary(value, samples, left_out, level, metric, paired_with is not None)


Parts = tuple[float, NDArray[np.float64], "NDArray[np.float64] | None"]


def _by_series(
    detectors: list[Batch], evaluate: Callable[[Batch], NDArray[Any]], rng: Any, size: int, leave_out: bool
) -> Parts:
    if detectors[0].single or len(detectors[0].offsets) < 3:
        raise InvalidInputError('by="series" needs at least two series; for one series use by="events"')
    first, *second = map(evaluate, detectors)
    values = first - second[0] if second else first
    n = len(values)
    samples = values[rng.integers(0, n, (size, n))].mean(axis=1)
    return float(values.mean()), samples, (values.sum() - values) / (n - 1) if leave_out else None


def _by_events(
    detectors: list[Batch], evaluate: Callable[[Batch], NDArray[Any]], rng: Any, size: int, leave_out: bool
) -> Parts:
    data = detectors[0]
    events = data.only('bootstrap with by="events"').events(0)
    if len(events) < 2:
        raise InvalidInputError(f'by="events" needs at least two events to resample; got {len(events)}')
    cuts = np.concatenate([[0], (events[:-1, 1] + events[1:, 0] + 1) // 2, [len(data.scores)]])
    stretches = [np.arange(a, b) for a, b in pairwise(cuts)]
    everything = list(range(len(stretches)))

    def values(draws: list[Any]) -> NDArray[np.float64]:
        found = []
        longest = max(len(stretch) for stretch in stretches) * len(stretches)
        at_once = max(1, AT_ONCE // longest)
        for begin in range(0, len(draws), at_once):
            points = [np.concatenate([stretches[i] for i in draw]) for draw in draws[begin : begin + at_once]]
            offsets = np.cumsum([0, *map(len, points)])
            index = np.concatenate(points)
            first, *second = (
                evaluate(one._replace(scores=one.scores[index], labels=one.labels[index], offsets=offsets))
                for one in detectors
            )
            found.append(first - second[0] if second else first)
        return np.concatenate(found)

    samples = values(list(rng.integers(0, len(stretches), (size, len(stretches)))))
    left_out = values([[i for i in everything if i != k] for k in everything]) if leave_out else None
    return float(values([everything])[0]), samples, left_out
