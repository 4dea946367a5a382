"""A time series, its events and its scores."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._errors import InvalidInputError
from ..timeseries._plan import read_labels
from ._axes import axes_or_new
from ._points import thin

__all__ = ["plot_series", "read_pair"]

_VALUES, _SCORES, _EVENTS = "0.35", "#3b76af", "#c8452f"
_SHARE = 0.42  # of the height, that the scores take below the values


def plot_series(
    values: ArrayLike | None,
    scores: ArrayLike,
    labels: ArrayLike,
    *,
    threshold: float | None = None,
    ax: Any = None,
    label: str | None = None,
    **style: Any,
) -> Any:
    """Draw a time series with its events shaded, and the anomaly scores below it.

    Parameters
    ----------
    values : array of numbers, shape (n,), or None
        The series itself; None draws the scores alone, over the whole height.
    scores : array of numbers, shape (n,)
        Higher means more anomalous.
    labels : array of bool or numbers, shape (n,)
        Points above 0 are anomalous; a run of them is an event.
    threshold : float, optional
        Mark it with a line across the scores.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    label : str, optional
        Title of the axes.
    **style
        For :meth:`matplotlib.axes.Axes.plot` of the scores.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, `ax` if given: that of the values. The scores have an axis of their own on the right, which
        ``ax.child_axes`` holds; without `values` they are drawn into `ax`.

    Raises
    ------
    InvalidInputError (ValueError)
        If the arrays are empty or not of one length, if `labels` holds NaN, or if `threshold` is not finite.
    ImportError
        If Matplotlib is missing.

    Notes
    -----
    Lines of more than 2000 points are reduced, their extremes in every strip kept. Points that are not finite are left
    out. Slice the arrays to see a part in full.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from anomalib_cpp.plots import plot_series
    >>> ax = plot_series([3, 3, 9, 3], [0.1, 0.2, 0.9, 0.3], [0, 0, 1, 0], threshold=0.5, ax=Figure().subplots())
    >>> ax.get_ylabel(), ax.child_axes[0].get_ylabel()
    ('value', 'score')
    """
    found, truth = read_pair(scores, labels)
    shown = None if values is None else np.asarray(values, np.float64)
    if shown is not None and shown.shape != found.shape:
        raise InvalidInputError(f"values must have the shape of scores, {found.shape}; got {shown.shape}")
    if threshold is not None and not np.isfinite(threshold):
        raise InvalidInputError(f"threshold must be finite; got {threshold!r}")
    ax = axes_or_new(ax)
    _shade(ax, truth)
    ax.set(xlabel="point", xlim=(0, max(len(found) - 1, 1)))
    lane = ax
    if shown is not None:
        # An axis of its own, so that scores keep their numbers, whatever the unit of the values.
        lane = ax.inset_axes([0, 0, 1, _SHARE], sharex=ax, zorder=3)
        lane.patch.set_visible(False)
        lane.spines[:].set_visible(False)
        lane.yaxis.tick_right()
        lane.yaxis.set_label_position("right")
        lane.tick_params(axis="x", bottom=False, labelbottom=False)
        _line(ax, shown, {"color": _VALUES, "linewidth": 0.8})
        low, high = ax.get_ylim()
        ax.set_ylim(low - (high - low) * _SHARE / (1 - _SHARE), high)
        ax.set_yticks([tick for tick in ax.get_yticks() if low <= tick <= high])
        ax.set_ylabel("value")
    _line(lane, found, {"color": _SCORES, "linewidth": 0.8, **style})
    if threshold is not None:
        lane.axhline(threshold, color="0.2", linewidth=0.9, linestyle="--", gid="threshold")
    lane.set_ylabel("score")
    if label is not None:
        ax.set_title(label)
    return ax


def read_pair(scores: Any, labels: Any) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Read scores and labels of one series."""
    found, truth = np.asarray(scores, np.float64), np.asarray(labels)
    if found.ndim != 1 or found.size == 0 or truth.shape != found.shape:
        raise InvalidInputError(
            f"scores and labels must have the same shape (n,), n >= 1; got {found.shape} and {truth.shape}"
        )
    return found, read_labels(truth)


def _shade(ax: Any, truth: NDArray[np.uint8]) -> None:
    """Shade the events in one collection, at least a hair wide each: one point of many would not be seen."""
    ends = np.flatnonzero(np.diff(truth, prepend=0, append=0).astype(np.int8)).reshape(-1, 2)
    spans = [(first - 0.5, last - first) for first, last in ends.tolist()]
    shade = {"facecolor": _EVENTS, "edgecolor": _EVENTS, "linewidth": 0.4, "alpha": 0.25, "zorder": 0}
    ax.broken_barh(spans, (0, 1), transform=ax.get_xaxis_transform(), gid="events", **shade)


def _line(ax: Any, values: NDArray[np.float64], style: dict[str, Any]) -> None:
    points = np.flatnonzero(np.isfinite(values))
    if points.size:
        points = points[thin(points.astype(np.float64), values[points])]
    ax.plot(points, values[points], **style)
