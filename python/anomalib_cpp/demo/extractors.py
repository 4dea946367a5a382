"""From images to feature maps: the built-in filters, a small network, or a function of the user's."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import integer
from .._errors import InvalidInputError, InvalidTypeError
from ..maps import resize

__all__ = ["EXTRACTORS", "Extractor", "make_extractor"]

EXTRACTORS = ("filters", "efficientnet-lite0")
_SMALLEST = 32

Images = list[NDArray[np.uint8]]
Layers = list[NDArray[np.float32]]


class Extractor:
    """Turns images into feature maps; made by :func:`make_extractor`.

    Attributes
    ----------
    name : str
        What it was made from.
    image_size : int
        Side to which images are resized.
    """

    def __init__(self, name: str, image_size: int, layers: Callable[[Images], Any]) -> None:
        self.name = name
        self.image_size = image_size
        self._layers = layers

    def __repr__(self) -> str:
        return f"<Extractor {self.name!r}, {self.image_size} px>"

    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> Layers:
        """Extract feature maps.

        Parameters
        ----------
        images : sequence of arrays of uint8, shape (height, width) or (height, width, 3)
            Grey or RGB, of any sizes.

        Returns
        -------
        list of arrays of float32, shape (n, channels, rows, columns)
            One for each layer, that of the finest grid first.

        Raises
        ------
        InvalidInputError (ValueError), InvalidTypeError (TypeError)
            For other arrays, no images, or a user's function that returns anything else.
        """
        checked = _checked(images)
        return _as_layers(self._layers(checked), len(checked), self.name)


def make_extractor(name: str, *, image_size: int = 256) -> Extractor:
    """Make what turns images into feature maps.

    Parameters
    ----------
    name : str
        - ``"filters"``: Gaussian derivatives in four directions at four scales, local means and deviations, pooled
          to cells of 8 and 16 pixels. Needs no network.
        - ``"efficientnet-lite0"``: two layers of EfficientNet-Lite0 (40 channels at stride 8, 112 at stride 16) with
          ImageNet weights from a package, on the CPU.
        - ``"module:function"``: a function of yours, also from a module in the current folder. It gets a list of
          uint8 arrays (image_size, image_size, 3), and returns a list of floating-point arrays
          (n, channels, rows, columns), that of the finest grid first.
    image_size : int, default 256
        Side in pixels to which images are resized (bilinear), at least 32.

    Returns
    -------
    Extractor
        To be called with a list of images.

    Raises
    ------
    InvalidInputError (ValueError)
        If there is no such extractor, module or function, or `image_size` is too small.
    ImportError
        If ``"efficientnet-lite0"`` misses a package.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.demo.extractors import make_extractor
    >>> extractor = make_extractor("filters", image_size=128)
    >>> [layer.shape for layer in extractor([np.zeros((100, 80), np.uint8), np.zeros((64, 64, 3), np.uint8)])]
    [(2, 40, 16, 16), (2, 38, 8, 8)]
    """
    if not isinstance(name, str):
        raise InvalidTypeError(f"extractor must be a string; got {type(name).__name__}")
    size = integer(image_size, "image_size")
    if not _SMALLEST <= size <= 1 << 14:
        raise InvalidInputError(f"image_size must lie between {_SMALLEST} and {1 << 14} pixels; got {size}")
    if name == "filters":
        from .filters import filter_maps

        return Extractor(name, size, lambda images: filter_maps(images, size))
    if name == "efficientnet-lite0":
        from .efficientnet import EfficientNetLite0

        return Extractor(name, size, EfficientNetLite0(size))
    module, separator, function = name.partition(":")
    if not (separator and module and function):
        raise InvalidInputError(f"extractor must be one of {', '.join(EXTRACTORS)} or module:function; got {name!r}")
    layers = _imported(name, module, function)
    return Extractor(name, size, lambda images: layers([as_square(image, size) for image in images]))


def as_square(image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Resize an image to (size, size, 3)."""
    planes = np.moveaxis(np.atleast_3d(image), 2, 0).astype(np.float32)
    resized = np.rint(resize(planes, size)).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(np.moveaxis(resized, 0, 2), (size, size, 3)))


def _imported(name: str, module: str, function: str) -> Callable[[Images], Any]:
    here = str(Path.cwd())
    sys.path.append(here)  # last: what is installed goes first
    try:
        found = importlib.import_module(module)
    except ImportError as error:
        raise InvalidInputError(f"extractor {name!r}: importing {module!r} failed: {error}") from error
    finally:
        sys.path.remove(here) if here not in sys.path[:-1] else sys.path.pop()
    layers = getattr(found, function, None)
    if not callable(layers):
        raise InvalidInputError(f"extractor {name!r}: {module!r} has no function {function!r}")
    return layers  # type: ignore[no-any-return]


def _checked(images: Any) -> Images:
    if isinstance(images, np.ndarray) or not isinstance(images, Sequence):
        raise InvalidTypeError(f"images must be a list of arrays; got {type(images).__name__}")
    if not images:
        raise InvalidInputError("images must hold at least one image; got none")
    for i, image in enumerate(images):
        if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
            raise InvalidTypeError(f"images[{i}] must be a NumPy array of uint8; got {_kind(image)}")
        if 0 in image.shape or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)):
            raise InvalidInputError(
                f"images[{i}] must have shape (height, width) or (height, width, 3), none of them 0; got {image.shape}"
            )
    return list(images)


def _kind(value: Any) -> str:
    return f"dtype {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__


def _as_layers(layers: Any, count: int, name: str) -> Layers:
    if not isinstance(layers, (list, tuple)) or not layers:
        raise InvalidTypeError(f"extractor {name!r} must return a list of arrays; got {type(layers).__name__}")
    arrays = [np.asarray(layer) for layer in layers]
    for i, array in enumerate(arrays):
        if array.dtype.kind != "f":
            raise InvalidTypeError(f"extractor {name!r}: layer {i} must hold floating-point numbers; got {array.dtype}")
        if array.ndim != 4 or array.shape[0] != count or 0 in array.shape:
            raise InvalidInputError(
                f"extractor {name!r}: layer {i} must have shape (n, channels, rows, columns) with n = {count}; "
                f"got {array.shape}"
            )
        if array.shape[2] > arrays[0].shape[2] or array.shape[3] > arrays[0].shape[3]:
            raise InvalidInputError(
                f"extractor {name!r}: layer 0 must have the finest grid; layer {i} is {array.shape[2:]} but layer 0 "
                f"is {arrays[0].shape[2:]}"
            )
    return [np.ascontiguousarray(array, np.float32) for array in arrays]
