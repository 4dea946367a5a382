"""Anomaly maps over their images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._errors import InvalidInputError, InvalidTypeError
from ..maps import resize
from ._axes import axes_or_new, require_matplotlib

__all__ = ["map_colours", "map_overlay", "plot_map_overlay"]

_COLORMAP = "inferno"


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
    ax = axes_or_new(ax)
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
    pixels = np.asarray(image)
    if pixels.dtype != np.uint8:
        raise InvalidTypeError(f"image must hold uint8; got {pixels.dtype}")
    if 0 in pixels.shape or not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)):
        raise InvalidInputError(f"image must have shape (height, width) or (height, width, 3); got {pixels.shape}")
    values = _values(anomaly_map)
    if values.shape != pixels.shape[:2]:
        values = resize(values, pixels.shape[:2])
    share, colours = _coloured(values, limits)
    weight = 0.85 * np.sqrt(share)[..., None]
    base = 0.85 * np.atleast_3d(pixels)  # a little darker than the image, so that the colours stand out
    blended: NDArray[np.uint8] = np.rint((1 - weight) * base + weight * colours).astype(np.uint8)
    return blended


def map_colours(anomaly_map: NDArray[Any], limits: tuple[float, float]) -> NDArray[np.uint8]:
    """Colour an anomaly map that has no image below it; RGB."""
    return np.rint(_coloured(_values(anomaly_map), limits)[1]).astype(np.uint8)


def _values(anomaly_map: NDArray[Any]) -> NDArray[np.float32]:
    values = np.asarray(anomaly_map, np.float32)
    if values.ndim != 2:
        raise InvalidInputError(f"anomaly_map must have shape (rows, columns); got {values.shape}")
    return values


def _coloured(
    values: NDArray[np.float32], limits: tuple[float, float] | None
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return where values lie between the limits, from 0 to 1, and their colours, from 0 to 255."""
    require_matplotlib()
    from matplotlib import colormaps

    low, high = (float(values.min()), float(values.max())) if limits is None else limits
    if not (np.isfinite([low, high]).all() and low <= high):
        raise InvalidInputError(f"limits must be finite and ascending; got {low} and {high}")
    share = np.clip((values - low) / max(high - low, 1e-12), 0, 1)
    return share, 255 * colormaps[_COLORMAP](share)[..., :3]
