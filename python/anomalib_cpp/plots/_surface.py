"""The surface whose volume VUS is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import choice, integer
from .._errors import InvalidInputError
from ._axes import axes_or_new
from ._series import read_pair

__all__ = ["plot_vus_surface", "surface"]

_COLUMNS = 201  # places along the axis of rates
_ROWS = 51  # windows at most


def plot_vus_surface(
    scores: ArrayLike,
    labels: ArrayLike,
    *,
    window: int = 100,
    kind: str = "pr",
    num_thresholds: int = 250,
    ax: Any = None,
    label: str | None = None,
    **style: Any,
) -> Any:
    """Draw the surface under which VUS is the volume: precision over recall and window, or the ROC curves.

    Parameters
    ----------
    scores, labels, window, num_thresholds
        As in :func:`anomalib_cpp.timeseries.vus`, with ``variant="opt"``; one series.
    kind : {"pr", "roc"}, default "pr"
        Precision over recall, or true positive rate over false positive rate.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default. Axes with ``projection="3d"`` get a surface, others a heat map with a
        colour bar.
    label : str, optional
        Title of the axes.
    **style
        For :meth:`matplotlib.axes.Axes.pcolormesh`, or for ``plot_surface`` of three-dimensional axes.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, `ax` if given.

    Raises
    ------
    InvalidInputError (ValueError), InvalidTypeError (TypeError)
        For NaN, for options out of range, and for a series without an anomalous or without a normal point.
    ImportError
        If Matplotlib is missing.

    Notes
    -----
    The rates are those that :func:`~anomalib_cpp.timeseries.vus` integrates: soft labels around the events, and a
    recall that counts only as far as the events are found at all. Of more than 51 windows, 51 evenly spaced ones are
    drawn. Precision at a recall is that of the strictest threshold that reaches it.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from anomalib_cpp.plots import plot_vus_surface
    >>> ax = plot_vus_surface([1, 5, 7, 3, 6, 2, 0, 4], [0, 0, 1, 1, 0, 0, 0, 0], window=4, ax=Figure().subplots())
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('recall, soft labels', 'window, points')
    """
    choice(kind, "kind", ("pr", "roc"))
    last, count = integer(window, "window", 0), integer(num_thresholds, "num_thresholds", 1)
    found, truth = read_pair(scores, labels)
    if np.isnan(found).any():
        raise InvalidInputError(f"scores contains NaN, first at index {int(np.argmax(np.isnan(found)))}")
    if truth.min() == truth.max():
        raise InvalidInputError(f"labels contain no {'anomalous' if truth.max() == 0 else 'normal'} point")
    windows = np.unique(np.linspace(0, last, min(last + 1, _ROWS)).round().astype(np.int64))
    fpr, tpr, precision = surface(found, truth, windows, count)
    at = np.linspace(0, 1, _COLUMNS)
    if kind == "pr":
        reached = [np.searchsorted(recall, at).clip(max=count - 1) for recall in tpr]
        heights = np.take_along_axis(precision, np.array(reached), axis=1)
        names = ("recall, soft labels", "precision")
    else:
        ends = [(np.r_[0, x, 1], np.r_[0, y, 1]) for x, y in zip(fpr, tpr, strict=True)]
        heights = np.array([np.interp(at, x, y) for x, y in ends])
        names = ("false positive rate, soft labels", "true positive rate")
    ax = axes_or_new(ax)
    if ax.name == "3d":
        ax.plot_surface(at[None], windows[:, None], heights, **{"cmap": "viridis", "vmin": 0, "vmax": 1, **style})
        ax.set(zlabel=names[1], zlim=(0, 1))
    else:
        shown = {"cmap": "viridis", "vmin": 0, "vmax": 1, "rasterized": True, "shading": "nearest", **style}
        mesh = ax.pcolormesh(at, windows, heights, **shown)
        ax.figure.colorbar(mesh, ax=ax, label=names[1])
    ax.set(xlabel=names[0], ylabel="window, points")
    if label is not None:
        ax.set_title(label)
    return ax


def surface(
    scores: NDArray[np.float64], truth: NDArray[np.uint8], windows: NDArray[np.int64], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return false positive rates, recalls, precisions of VUS, of shape (windows, thresholds), thresholds falling."""
    ranks = np.trunc(np.arange(count) * ((scores.size - 1) / max(count - 1, 1))).astype(np.int64)
    ranks[-1] = scores.size - 1 if count > 1 else 0
    thresholds = np.sort(scores)[::-1][ranks]
    level = np.searchsorted(-thresholds, -scores)  # the first threshold that predicts the point

    def predicted(points: NDArray[Any], weights: NDArray[Any] | None = None) -> NDArray[np.float64]:
        return np.cumsum(np.bincount(level[points], weights, minlength=count + 1)[:count]).astype(np.float64)

    n, n_positive = scores.size, int(truth.sum())
    n_predicted, true_positive = predicted(np.arange(n)), predicted(np.flatnonzero(truth))
    first, last = np.flatnonzero(np.diff(truth, prepend=0, append=0).astype(np.int8)).reshape(-1, 2).T
    last = last - 1
    points, nearest, second = _distances(truth, first, last, int(windows[-1]) // 2)
    rates = []
    for window in windows.tolist():
        half = window // 2
        soft = np.where(nearest <= half, np.sqrt(np.maximum(1 - nearest / max(window, 1), 0)), 0.0)
        soft[second <= half] = 1  # of two weights of at least 0.7 each
        found = true_positive + predicted(points, soft)
        positive = n_positive + (found - true_positive) / 2
        recall = np.minimum(found / positive, 1) * _groups_found(level, first, last, half, count)
        with np.errstate(invalid="ignore", divide="ignore"):
            rates.append(((n_predicted - found) / (n - positive), recall, found / n_predicted))
    fpr, tpr, precision = (np.array(part) for part in zip(*rates, strict=True))
    return fpr, tpr, precision


def _distances(
    truth: NDArray[np.uint8], first: NDArray[np.int64], last: NDArray[np.int64], reach: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return normal points within `reach` of an event, and their distances to the two nearest events."""
    points = np.flatnonzero(truth == 0)
    far = np.int64(truth.size + reach + 1)
    before = np.searchsorted(last, points)  # events that end before the point
    ends, begins = np.r_[-far, -far, last], np.r_[first, 2 * far, 2 * far]
    around = np.stack([points - ends[before + 1], points - ends[before], begins[before] - points])
    around = np.sort(np.vstack([around, begins[before + 1] - points]), axis=0)
    near = around[0] <= reach
    return points[near], around[0, near], around[1, near]


def _groups_found(
    level: NDArray[np.int64], first: NDArray[np.int64], last: NDArray[np.int64], half: int, count: int
) -> NDArray[np.float64]:
    """Share of the groups of events, whose surroundings overlap, in which a point is predicted."""
    apart = last[:-1] + half < first[1:] - half
    begins = np.maximum(first[np.r_[True, apart]] - half, 0)
    ends = np.minimum(last[np.r_[apart, True]] + half, level.size - 1) + 1
    cuts = np.stack([begins, ends], axis=1).ravel()
    lowest = np.minimum.reduceat(np.r_[level, count], cuts)[::2]
    return np.cumsum(np.bincount(lowest, minlength=count + 1)[:count]) / len(begins)
