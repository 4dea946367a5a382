"""The built-in filter bank: how an image varies at several scales and in several directions, without a network."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import NDArray

from .._config import threads_or_default
from ..maps import resize

__all__ = ["filter_maps"]

_FINE, _COARSE = 8, 16  # strides of the two layers
_SCALES = {_FINE: (1.0, 2.0), _COARSE: (4.0, 8.0)}  # standard deviations of the derivatives, in pixels
_DIRECTIONS = [(np.cos(angle), np.sin(angle)) for angle in np.arange(4) * np.pi / 4]

Plane = NDArray[np.float32]


def filter_maps(images: list[NDArray[np.uint8]], size: int) -> list[NDArray[np.float32]]:
    """Filter images; return two layers of shape (n, channels, size / 8, size / 8) and (..., size / 16, size / 16)."""
    with ThreadPoolExecutor(threads_or_default(None)) as pool:  # SciPy's filters release the GIL
        layers = list(pool.map(partial(_layers, size=size), images))
    return [np.stack(layer) for layer in zip(*layers, strict=True)]


def _layers(image: NDArray[np.uint8], size: int) -> tuple[Plane, Plane]:
    planes = np.moveaxis(np.atleast_3d(image), 2, 0).astype(np.float32) / 255
    red, green, blue = resize(planes, size, threads=1)[[0, -1 if len(planes) == 1 else 1, -1]]
    grey = 0.299 * red + 0.587 * green + 0.114 * blue
    grey *= 0.5 / max(float(grey.mean()), 0.02)  # how bright the whole image is depends on the lamp
    fine, coarse = _channels(grey, _FINE), _channels(grey, _COARSE)
    colour = [_pooled(red - green, _FINE), _pooled((red + green) / 2 - blue, _FINE)]
    return np.stack(fine + colour), np.stack(coarse)


def _channels(grey: Plane, stride: int) -> list[Plane]:
    """Mean and deviation of the cells, and how strongly each derivative answers in them on average and at most.

    Square roots of all of them: otherwise a few strong edges, which every texture has, outweigh the rest.
    """
    mean = _pooled(grey, stride)
    deviation = np.sqrt(np.maximum(_pooled(grey * grey, stride) - mean * mean, 0))
    channels = [mean, deviation]
    for sigma in _SCALES[stride]:
        for answer in _answers(grey, sigma):
            strength = np.abs(answer)
            channels += [_pooled(strength, stride), 0.5 * _strongest(strength, stride)]
    return [np.sqrt(channel) for channel in channels]


def _answers(grey: Plane, sigma: float) -> list[Plane]:
    """First and second Gaussian derivatives in four directions, and the Laplacian, on one scale of contrast."""
    from scipy.ndimage import gaussian_filter

    def derivative(rows: int, columns: int) -> Plane:
        order = sigma ** (rows + columns)
        answer: Plane = order * gaussian_filter(grey, sigma, order=(rows, columns), truncate=3)
        return answer

    y, x = derivative(1, 0), derivative(0, 1)
    yy, xy, xx = derivative(2, 0), derivative(1, 1), derivative(0, 2)
    first = [c * x + s * y for c, s in _DIRECTIONS]
    second = [c * c * xx + 2 * c * s * xy + s * s * yy for c, s in _DIRECTIONS]
    return [*first, *second, xx + yy]


def _cells(plane: Plane, stride: int) -> Plane:
    rows, columns = (side // stride for side in plane.shape)
    return plane[: rows * stride, : columns * stride].reshape(rows, stride, columns, stride)


def _pooled(plane: Plane, stride: int) -> Plane:
    mean: Plane = _cells(plane, stride).mean(axis=(1, 3), dtype=np.float32)
    return mean


def _strongest(plane: Plane, stride: int) -> Plane:
    most: Plane = _cells(plane, stride).max(axis=(1, 3))
    return most
