"""Figures of curves, scores and maps with Matplotlib, each drawn into one Axes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._errors import InvalidInputError, InvalidTypeError
from .maps import resize
from .metrics import Curve

__all__ = ["map_overlay", "plot_map_overlay", "plot_pr", "plot_pro", "plot_roc", "plot_score_histogram", "thin"]

_NORMAL, _ANOMALOUS = "#3b76af", "#c8452f"
_MOST_POINTS = 2000
_COLORMAP = "inferno"


def plot_roc(
    curve: Curve | tuple[ArrayLike, ArrayLike], *, ax: Any = None, label: str | None = None, **style: Any
) -> Any:
    """Draw a ROC curve: true positive rate over false positive rate.

    Parameters
    ----------
    curve : Curve, or pair of arrays of shape (n,)
        Of :func:`anomalib_cpp.metrics.roc_curve`, or the two rates, the false positive rate first.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    label : str, optional
        Of the curve; draw the legend with ``ax.legend()``.
    **style
        For :meth:`matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, `ax` if given.

    Raises
    ------
    InvalidInputError (ValueError)
        If the two arrays are not of the same length, or empty.
    ImportError
        If Matplotlib is missing.

    Notes
    -----
    A curve of more than 2000 points is reduced, its extremes in every strip kept.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from anomalib_cpp.metrics import roc_curve
    >>> from anomalib_cpp.plots import plot_roc
    >>> ax = plot_roc(roc_curve([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]), ax=Figure().subplots(), label="screws")
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('false positive rate', 'true positive rate')
    """
    ax = _curve(curve, ax, label, style)
    ax.plot([0, 1], [0, 1], color="0.75", linewidth=0.8, linestyle=":", zorder=0)
    return _named(ax, "false positive rate", "true positive rate")


def plot_pr(
    curve: Curve | tuple[ArrayLike, ArrayLike], *, ax: Any = None, label: str | None = None, **style: Any
) -> Any:
    """Draw a precision-recall curve.

    Parameters
    ----------
    curve : Curve, or pair of arrays of shape (n,)
        Of :func:`anomalib_cpp.metrics.pr_curve`, or recall and precision.
    ax, label, **style
        As in :func:`plot_roc`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, `ax` if given.

    Raises
    ------
    InvalidInputError (ValueError), ImportError
        As in :func:`plot_roc`.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from anomalib_cpp.metrics import pr_curve
    >>> from anomalib_cpp.plots import plot_pr
    >>> ax = plot_pr(pr_curve([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]), ax=Figure().subplots())
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('recall', 'precision')
    """
    return _named(_curve(curve, ax, label, {"drawstyle": "steps-pre", **style}), "recall", "precision")


def plot_pro(
    curve: Curve | tuple[ArrayLike, ArrayLike],
    *,
    integration_limit: float = 0.3,
    ax: Any = None,
    label: str | None = None,
    **style: Any,
) -> Any:
    """Draw a PRO curve: mean overlap with the regions over the false positive rate.

    Parameters
    ----------
    curve : Curve, or pair of arrays of shape (n,)
        Of :func:`anomalib_cpp.metrics.pro_curve`, or false positive rate and overlap.
    integration_limit : float, default 0.3
        Shade the false positive rates up to here, over which AUPRO integrates; 1 shades nothing.
    ax, label, **style
        As in :func:`plot_roc`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, `ax` if given.

    Raises
    ------
    InvalidInputError (ValueError), ImportError
        As in :func:`plot_roc`, and if `integration_limit` is not in (0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> from anomalib_cpp.metrics import pro_curve
    >>> from anomalib_cpp.plots import plot_pro
    >>> curve = pro_curve(np.array([[3.0, 2.0, 1.0, 0.0]]), np.array([[1, 0, 0, 1]]))
    >>> plot_pro(curve, ax=Figure().subplots()).get_ylabel()
    'per-region overlap'
    """
    if not 0 < integration_limit <= 1:
        raise InvalidInputError(f"integration_limit must lie in (0, 1]; got {integration_limit!r}")
    shaded = ax is None or not any(patch.get_gid() == "integration" for patch in ax.patches)
    ax = _curve(curve, ax, label, style)
    if integration_limit < 1 and shaded:  # once, however many curves share the axes
        ax.axvspan(0, integration_limit, color="0.93", zorder=0, gid="integration")
    return _named(ax, "false positive rate", "per-region overlap")


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
    ax = _axes(ax)
    edges = np.histogram_bin_edges(values, bins)
    prefix = "" if label is None else f"{label}, "
    shared = {"alpha": 0.65, "edgecolor": "white", "linewidth": 0.4, **style}
    ax.hist(values[~truth], edges, color=_NORMAL, label=f"{prefix}normal", **shared)
    ax.hist(values[truth], edges, color=_ANOMALOUS, label=f"{prefix}anomalous", **shared)
    if threshold is not None:
        ax.axvline(threshold, color="0.2", linewidth=1, linestyle="--", label="threshold")
    ax.yaxis.get_major_locator().set_params(integer=True)
    ax.set(xlabel="image score", ylabel="images")
    ax.legend(frameon=False)
    return ax


def plot_map_overlay(
    image: NDArray[Any],
    anomaly_map: NDArray[Any],
    *,
    mask: NDArray[Any] | None = None,
    limits: tuple[float, float] | None = None,
    ax: Any = None,
    label: str | None = None,
    **style: Any,
) -> Any:
    """Draw an anomaly map over its image, and the outline of the true defect.

    Parameters
    ----------
    image, anomaly_map, limits
        As in :func:`map_overlay`.
    mask : array of bool, shape (height, width), optional
        Outline this.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    label : str, optional
        Title of the axes.
    **style
        For :meth:`matplotlib.axes.Axes.imshow`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, `ax` if given.

    Raises
    ------
    InvalidInputError (ValueError)
        As in :func:`map_overlay`, and if `mask` has another size than `image`.
    ImportError
        If Matplotlib is missing.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> from anomalib_cpp.plots import plot_map_overlay
    >>> image = np.zeros((32, 48, 3), np.uint8)
    >>> ax = plot_map_overlay(image, np.random.default_rng(0).random((8, 12)), ax=Figure().subplots(), label="screw 3")
    >>> ax.get_title(), ax.images[0].get_array().shape
    ('screw 3', (32, 48, 3))
    """
    picture = map_overlay(image, anomaly_map, limits=limits)
    if mask is not None and np.shape(mask) != picture.shape[:2]:
        raise InvalidInputError(f"mask has shape {np.shape(mask)} but the image {picture.shape[:2]}")
    ax = _axes(ax)
    ax.imshow(picture, **style)
    if mask is not None and np.any(mask) and not np.all(mask):
        ax.contour(np.asarray(mask, float), [0.5], colors="#35d07f", linewidths=1.2)
    ax.set_axis_off()
    if label is not None:
        ax.set_title(label)
    return ax


def map_overlay(
    image: NDArray[Any],
    anomaly_map: NDArray[Any],
    *,
    limits: tuple[float, float] | None = None,
) -> NDArray[np.uint8]:
    """Blend an anomaly map over its image: the higher the value, the more colour.

    Parameters
    ----------
    image : array of uint8, shape (height, width) or (height, width, 3)
        Grey or RGB.
    anomaly_map : array of float, shape (rows, columns)
        Resized to the image if its size differs.
    limits : pair of float, optional
        Values that get the first and the last colour; the smallest and largest of the map by default. Give the same
        limits to maps that are to be compared.

    Returns
    -------
    array of uint8, shape (height, width, 3)
        RGB.

    Raises
    ------
    InvalidInputError (ValueError), InvalidTypeError (TypeError)
        For another kind of `image`, a map that is not 2-D or not finite, or limits that are not ascending.
    ImportError
        If Matplotlib is missing.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.plots import map_overlay
    >>> map_overlay(np.full((2, 2), 100, np.uint8), np.array([[0.0, 0.0], [0.0, 1.0]])).tolist()[0][0]
    [85, 85, 85]
    """
    _matplotlib()
    from matplotlib import colormaps

    pixels = np.asarray(image)
    if pixels.dtype != np.uint8:
        raise InvalidTypeError(f"image must hold uint8; got {pixels.dtype}")
    if 0 in pixels.shape or not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)):
        raise InvalidInputError(f"image must have shape (height, width) or (height, width, 3); got {pixels.shape}")
    values = np.asarray(anomaly_map, np.float32)
    if values.ndim != 2:
        raise InvalidInputError(f"anomaly_map must have shape (rows, columns); got {values.shape}")
    if values.shape != pixels.shape[:2]:
        values = resize(values, pixels.shape[:2])
    low, high = (float(values.min()), float(values.max())) if limits is None else limits
    if not (np.isfinite([low, high]).all() and low <= high):
        raise InvalidInputError(f"limits must be finite and ascending; got {low} and {high}")
    share = np.clip((values - low) / max(high - low, 1e-12), 0, 1)[..., None]
    colours = 255 * colormaps[_COLORMAP](share[..., 0])[..., :3]
    weight = 0.85 * np.sqrt(share)
    base = 0.85 * np.atleast_3d(pixels)  # a little darker than the image, so that the colours stand out
    blended: NDArray[np.uint8] = np.rint((1 - weight) * base + weight * colours).astype(np.uint8)
    return blended


def thin(x: NDArray[Any], y: NDArray[Any], most: int = _MOST_POINTS) -> NDArray[np.int64]:
    """Choose points of a curve that look like all of it: of every strip, both ends and both extremes.

    Parameters
    ----------
    x, y : array of float, shape (n,)
        The curve; `x` ascending or descending.
    most : int, default 2000
        How many points to keep at most, about.

    Returns
    -------
    array of int64
        Their numbers, ascending; all of them if there are few enough.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.plots import thin
    >>> x = np.linspace(0, 1, 100_000)
    >>> y = np.where(np.arange(100_000) == 777, 5.0, 0.0)
    >>> kept = thin(x, y)
    >>> len(kept) <= 2000, 777 in kept
    (True, True)
    """
    if len(x) <= most:
        return np.arange(len(x))
    # Strips of equal length along the curve, so that its steep part keeps as many points as its flat one.
    steps = np.abs(np.diff(np.nan_to_num(x), prepend=x[0])) + np.abs(np.diff(np.nan_to_num(y), prepend=y[0]))
    along = np.cumsum(steps)
    strip = np.minimum((along / max(along[-1], 1e-300) * (most // 4)).astype(np.int64), most // 4 - 1)
    starts = np.flatnonzero(np.diff(strip, prepend=-1))
    ends = np.append(starts[1:], len(x)) - 1
    order = np.lexsort((y, strip))
    return np.unique(np.concatenate([starts, ends, order[starts], order[ends]]))


def _curve(curve: Any, ax: Any, label: str | None, style: dict[str, Any]) -> Any:
    x, y = (curve.x, curve.y) if isinstance(curve, Curve) else curve
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if x.ndim != 1 or x.size == 0 or x.shape != y.shape:
        raise InvalidInputError(f"curve must be two arrays of the same shape (n,), n >= 1; got {x.shape} and {y.shape}")
    ax = _axes(ax)
    kept = thin(x, y)
    ax.plot(x[kept], y[kept], label=label, **style)
    return ax


def _named(ax: Any, x: str, y: str) -> Any:
    ax.set(xlabel=x, ylabel=y, xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    return ax


def _axes(ax: Any) -> Any:
    _matplotlib()
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.subplots()[1]


def _matplotlib() -> None:
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ModuleNotFoundError(
            'figures need the package matplotlib: pip install "anomalib-cpp[plots]"', name="matplotlib"
        ) from error
