"""Whether labelled anomalies of a multivariate series show in single channels or only between channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._checks import choice, integer, number
from .._errors import InvalidInputError
from .._records import Record
from ._dependence import FLAT, best_lags, dependence, pair_correlations
from ._segments import deviations, find_segments, read_rows

__all__ = ["DiagnosticResult", "UnivariateIntensity", "cross_channel_diagnostic", "univariate_intensity"]

METHODS = ("pearson", "spearman", "distance")
INSUFFICIENT = "INSUFFICIENT_CONTEXT"
KINDS = {
    (True, True): "BOTH",
    (True, False): "UNIVARIATE",
    (False, True): "CROSS-CHANNEL",
    (False, False): "UNDETECTED",
}


@dataclass(frozen=True, repr=False, eq=False)
class DiagnosticResult(Record):
    """What each labelled segment is.

    Attributes
    ----------
    begin, end : array of int64, shape (segments,)
        First row, and the row behind the last one.
    kind : list of str
        ``"UNIVARIATE"``, ``"CROSS-CHANNEL"``, ``"BOTH"``, ``"UNDETECTED"`` or ``"INSUFFICIENT_CONTEXT"``.
    max_z : array of float64, shape (segments,)
        Largest distance from the context's mean, in its standard deviations; NaN without a context or a row.
    deviating : array of int64, shape (segments,)
        Channels in which that exceeds the threshold; -1 without a context.
    delta : array of float64, shape (segments,)
        Largest change of a dependence between two channels; NaN for short segments, without a context, and with fewer
        than three channels that vary.
    """

    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    kind: list[str]
    max_z: NDArray[np.float64]
    deviating: NDArray[np.int64]
    delta: NDArray[np.float64]

    @property
    def counts(self) -> dict[str, int]:
        """Number of segments of each kind that occurs."""
        return {kind: self.kind.count(kind) for kind in (*KINDS.values(), INSUFFICIENT) if kind in self.kind}


@dataclass(frozen=True, repr=False, eq=False)
class UnivariateIntensity(Record):
    """Share of the rows of each segment that deviate in some channel.

    Attributes
    ----------
    mean, median, least : float
        Over the segments.
    shares : array of float64, shape (segments,)
        In [0, 1].
    begin : array of int64, shape (segments,)
        First row of each segment that was long enough and had a context.
    """

    mean: float
    median: float
    least: float
    shares: NDArray[np.float64]
    begin: NDArray[np.int64]


class _Options(NamedTuple):
    context_size: int
    z_threshold: float
    min_length: int


def cross_channel_diagnostic(
    x: Any,
    labels: Any,
    *,
    train: Any = None,
    context_size: int = 300,
    z_threshold: float = 3.0,
    correlation_threshold: float = 0.1,
    min_length: int = 10,
    method: str = "pearson",
    max_lag: int | None = None,
) -> DiagnosticResult:
    """Tell labelled anomalies that show in a single channel from those that only change how channels go together.

    Each labelled segment is compared with its context, the last normal rows before it.

    Parameters
    ----------
    x : array of floats or integers, shape (n, channels)
        A series, standardised unless `train` is given. Rows with NaN are left out.
    labels : array of bool or numbers, shape (n,)
        Rows above 0 are anomalous; maximal runs of them are the segments.
    train : array of floats or integers, shape (m, channels), optional
        Normal data: `x` is standardised by its means and standard deviations, and `max_lag` looks for lags in it.
    context_size : int >= 2, default 300
        Rows of a context. A segment with fewer normal rows before it has none.
    z_threshold : float >= 0, default 3.0
        Standard deviations that a value must exceed to deviate.
    correlation_threshold : float >= 0, default 0.1
        Change of a dependence that counts. It lies far below what chance does to short segments: read ``delta`` too.
    min_length : int >= 2, default 10
        Rows of a segment from which on dependences are looked at. At least 4 for ``method="distance"``.
    method : {"pearson", "spearman", "distance"}, default "pearson"
        Dependence of two channels: correlation, correlation of ranks, or the bias-corrected squared distance
        correlation.
    max_lag : int >= 1, optional
        Compare pairs of channels at the lag, up to this one either way, at which they are correlated most in `train`,
        if that is more than at lag 0. Not for ``method="distance"``.

    Returns
    -------
    DiagnosticResult
        One entry for each segment.

    Raises
    ------
    InvalidInputError
        For shapes that do not fit, infinities, NaN labels, options out of range or that do not go together; where
        `train` has no run of ``2 * max_lag`` rows without NaN.
    InvalidTypeError
        For arguments of another kind.

    Notes
    -----
    Short segments are UNIVARIATE or UNDETECTED. O(n c) time, and for each segment O(rows c^2) (``"distance"``: O(rows^2
    c^2)) for c channels; `max_lag` takes O(m c^2 max_lag) once.

    References
    ----------
    "Anomalies in Multivariate Time Series Benchmarks Are Mostly Univariate", the repository
    marcpinet/mtsad-benchmarks-are-mostly-univariate.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.timeseries import cross_channel_diagnostic
    >>> t = np.arange(600)[:, None]
    >>> x = np.sin(2 * np.pi * t / 50 + np.arange(4))
    >>> labels = np.zeros(600)
    >>> labels[400:450] = labels[500:520] = 1
    >>> x[400:450, 2] *= -1
    >>> x[500:520, 1] += 6
    >>> cross_channel_diagnostic(x, labels).kind
    ['CROSS-CHANNEL', 'BOTH']
    """
    choice(method, "method", METHODS)
    limit = _at_least_zero(correlation_threshold, "correlation_threshold")
    options = _options(context_size, z_threshold, min_length)
    if method == "distance" and options.min_length < 4:
        raise InvalidInputError(f"min_length must be at least 4 with method='distance'; got {options.min_length}")
    if max_lag is not None and (train is None or method == "distance"):
        why = "needs train" if train is None else "does not go with method='distance'"
        raise InvalidInputError(f"max_lag {why}; got {max_lag!r}")
    longest = None if max_lag is None else integer(max_lag, "max_lag", 1)
    values, normal, past = read_rows(x, labels, train)
    lags = None if longest is None or past is None else _lags(past, longest, method)

    segments = find_segments(values, normal, options.context_size)
    kinds: list[str] = []
    count = len(segments)
    max_z, delta, deviating = np.full(count, np.nan), np.full(count, np.nan), np.full(count, -1)
    for i, segment in enumerate(segments):
        if segment.context is None:
            kinds.append(INSUFFICIENT)
            continue
        highest = deviations(segment.rows, segment.context).max(axis=0, initial=-np.inf)
        deviating[i] = (highest > options.z_threshold).sum()
        if len(segment.rows):
            max_z[i] = highest.max()
        if len(segment.rows) >= options.min_length:
            delta[i] = _change(segment.rows, segment.context, method, lags, options.min_length)
        kinds.append(KINDS[bool(deviating[i]), bool(delta[i] > limit)])
    begin, end = (np.array([segment[k] for segment in segments], np.int64) for k in (0, 1))
    return DiagnosticResult(begin, end, kinds, max_z, deviating, delta)


def univariate_intensity(
    x: Any,
    labels: Any,
    *,
    train: Any = None,
    context_size: int = 300,
    z_threshold: float = 3.0,
    min_length: int = 10,
) -> UnivariateIntensity:
    """Share of the rows of each labelled segment in which some channel deviates.

    Parameters
    ----------
    x, labels, train, context_size, z_threshold, min_length
        As in :func:`cross_channel_diagnostic`; shorter segments and those without a context are left out.

    Returns
    -------
    UnivariateIntensity

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`cross_channel_diagnostic`; where no segment is left.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.timeseries import univariate_intensity
    >>> x = np.sin(np.arange(400)[:, None] + np.arange(3))
    >>> labels = np.zeros(400)
    >>> labels[350:370] = 1
    >>> x[350:360, 1] += 6
    >>> univariate_intensity(x, labels).mean
    0.5
    """
    options = _options(context_size, z_threshold, min_length)
    begin, shares = [], []
    values, normal, _ = read_rows(x, labels, train)
    for segment in find_segments(values, normal, options.context_size):
        if segment.context is not None and len(segment.rows) >= options.min_length:
            begin.append(segment.begin)
            highest = deviations(segment.rows, segment.context).max(axis=1)
            shares.append(float((highest > options.z_threshold).mean()))
    if not shares:
        raise InvalidInputError(
            f"univariate_intensity is undefined: labels contains no segment of at least {options.min_length} rows with "
            f"{options.context_size} normal rows before it"
        )
    found = np.array(shares)
    return UnivariateIntensity(
        float(found.mean()), float(np.median(found)), float(found.min()), found, np.array(begin, np.int64)
    )


def _at_least_zero(value: Any, name: str) -> float:
    result = number(value, name)
    if not result >= 0:
        raise InvalidInputError(f"{name} must be a number >= 0; got {result}")
    return result


def _options(context_size: Any, z_threshold: Any, min_length: Any) -> _Options:
    return _Options(
        integer(context_size, "context_size", 2),
        _at_least_zero(z_threshold, "z_threshold"),
        integer(min_length, "min_length", 2),
    )


def _lags(train: NDArray[np.float64], longest: int, method: str) -> NDArray[np.int64]:
    whole = np.flatnonzero(~np.isnan(train).any(axis=1))
    runs = np.split(whole, np.flatnonzero(np.diff(whole) != 1) + 1)
    segments = [train[run] for run in runs if len(run) >= 2 * longest]
    if not segments:
        raise InvalidInputError(f"train must have a run of at least {2 * longest} rows without NaN, 2 * max_lag")
    return best_lags(segments, longest, method)


def _change(
    rows: NDArray[np.float64],
    context: NDArray[np.float64],
    method: str,
    lags: NDArray[np.int64] | None,
    min_length: int,
) -> float:
    """Largest change of a dependence between two channels that vary in both; NaN with fewer than three of those."""
    vary = np.flatnonzero((rows.std(axis=0) > FLAT) & (context.std(axis=0) > FLAT))
    if vary.size < 3:
        return np.nan
    rows, context = rows[:, vary], context[:, vary]
    change = np.abs(dependence(rows, method) - dependence(context, method))
    if lags is not None:
        _compare_at_lags(change, rows, context, method, lags[np.ix_(vary, vary)], min_length)
    upper = change[np.triu_indices(vary.size, 1)]
    return float(upper[np.isfinite(upper)].max(initial=-np.inf)) if np.isfinite(upper).any() else np.nan


def _compare_at_lags(
    change: NDArray[np.float64],
    rows: NDArray[np.float64],
    context: NDArray[np.float64],
    method: str,
    lags: NDArray[np.int64],
    min_length: int,
) -> None:
    """Replace the change of those pairs above the diagonal that have a lag and enough rows for it."""
    first, second = np.triu_indices(len(lags), 1)
    of_pair = lags[first, second]
    for lag in np.unique(of_pair[of_pair != 0]).tolist():
        if min(len(rows), len(context)) - abs(lag) < min_length:
            continue
        i, j = first[of_pair == lag], second[of_pair == lag]
        correlations, vary = [], np.ones(i.size, bool)
        for table in (rows, context):
            n = len(table) - abs(lag)
            leading, following = table[max(0, -lag) :][:n, i], table[max(0, lag) :][:n, j]
            vary &= np.minimum(leading.std(axis=0), following.std(axis=0)) >= FLAT
            correlations.append(pair_correlations(leading, following, method))
        found = np.abs(correlations[0] - correlations[1])
        usable = vary & np.isfinite(found)
        change[i[usable], j[usable]] = found[usable]
