"""Scores of images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._errors import InvalidInputError
from ._axes import axes_or_new

__all__ = ["plot_score_histogram"]

_NORMAL, _ANOMALOUS = "#3b76af", "#c8452f"


def plot_score_histogram(
    scores: ArrayLike,
    labels: ArrayLike,
    *,
    threshold: float | None = None,
    bins: int = 30,
    ax: Any = None,
    label: str | None = None,
    **style: Any,
) -> Any:
    """Draw how the scores of normal and of anomalous images are distributed.

    Parameters
    ----------
    scores : array of numbers, shape (n,)
        Higher means more anomalous; finite.
    labels : array of bool or of 0 and 1, shape (n,)
        1 for anomalous.
    threshold : float, optional
        Mark it with a line.
    bins : int, default 30
        Bars over the whole range.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    label : str, optional
        Put before "normal" and "anomalous" in the legend.
    **style
        For :meth:`matplotlib.axes.Axes.hist`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, `ax` if given.

    Raises
    ------
    InvalidInputError (ValueError)
        If `scores` and `labels` differ in length, are empty, or `scores` is not finite.
    ImportError
        If Matplotlib is missing.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from anomalib_cpp.plots import plot_score_histogram
    >>> ax = plot_score_histogram([0.1, 0.2, 0.7], [0, 0, 1], threshold=0.5, ax=Figure().subplots())
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['normal', 'anomalous', 'threshold']
    """
    values, truth = np.asarray(scores, np.float64), np.asarray(labels).astype(bool)
    if values.ndim != 1 or values.size == 0 or truth.shape != values.shape:
        raise InvalidInputError(
            f"scores and labels must have the same shape (n,), n >= 1; got {values.shape} and {truth.shape}"
        )
    if not np.isfinite(values).all():
        raise InvalidInputError("scores must be finite")
    ax = axes_or_new(ax)
    edges = np.histogram_bin_edges(values, bins)
    prefix = "" if label is None else f"{label}, "
    shared = {"alpha": 0.65, "edgecolor": "white", "linewidth": 0.4, **style}
    ax.hist(values[~truth], edges, color=_NORMAL, label=f"{prefix}normal", **shared)
    ax.hist(values[truth], edges, color=_ANOMALOUS, label=f"{prefix}anomalous", **shared)
    if threshold is not None:
        ax.axvline(threshold, color="0.2", linewidth=1, linestyle="--", label="threshold")
    ax.yaxis.get_major_locator().set_params(integer=True)
    ax.set(xlabel="image score", ylabel="images")
    ax.legend(frameon=False, loc="best")  # said, so that Matplotlib does not warn of the time it takes
    return ax
