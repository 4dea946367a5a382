"""Reading one argument: an array of any library, or a list of images; and checks of what is in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._arrays import contiguous, locate
from .._errors import InvalidInputError, InvalidTypeError
from ..maps import resize_to_masks


class Argument(NamedTuple):
    """One argument as the extension takes it."""

    data: Any  # an array, or a list of 2-D arrays
    like_input: Callable[[Any], Any]
    size: int


def _is_stack(value: Any) -> bool:
    """Tell a sequence of images from a sequence of numbers."""
    return isinstance(value, (list, tuple)) and len(value) > 0 and getattr(value[0], "ndim", 0) >= 2


def _array(value: Any, name: str) -> Argument:
    if type(value) is np.ndarray and value.flags.c_contiguous and value.flags.aligned and value.dtype.isnative:
        return Argument(value, _same, value.size)
    place = locate(value, name)
    return Argument(contiguous(place.data, name, place.data.dtype.newbyteorder("=")), place.like_input, place.data.size)


def _same(value: Any) -> Any:
    return value


def argument(value: Any, name: str) -> Argument:
    """Read an array, or a sequence of 2-D arrays of possibly different sizes."""
    if not _is_stack(value):
        return _array(value, name)
    images = [_array(image, f"{name}[{i}]") for i, image in enumerate(value)]
    for i, image in enumerate(images):
        if image.data.ndim != 2:
            raise InvalidInputError(f"{name}[{i}] must have shape (h, w); got {image.data.shape}")
    kinds = {image.data.dtype for image in images}
    data = [image.data for image in images]
    if len(kinds) > 1:  # one order for all: the type that holds every value
        common = np.result_type(*kinds)
        for i, values in enumerate(data):
            if common.kind == "f" and values.dtype.kind in "iu" and values.size and not float64_holds(values):
                raise InvalidTypeError(
                    f"{name} mixes dtypes, and {name}[{i}] of {values.dtype} has values that {common} does not hold"
                )
        data = [np.ascontiguousarray(values, dtype=common) for values in data]
    return Argument(data, images[0].like_input, sum(image.size for image in images))


def hold_integers(images: list[NDArray[Any]]) -> bool:
    """Tell whether no score can lie between two integers."""
    return all(image.dtype.kind in "biu" for image in images)


def float64_holds(values: NDArray[Any]) -> bool:
    """Tell whether float64 holds these integers exactly: of 32 bits at most, or below 2^53."""
    return values.dtype.itemsize < 8 or (int(values.max()) <= 1 << 53 and int(values.min()) >= -(1 << 53))


def flat(arg: Argument) -> Argument:
    """Flatten an image-level argument of shape (n, 1)."""
    data = arg.data
    if isinstance(data, list) or data.ndim == 1:
        return arg
    if data.ndim == 2 and data.shape[1] == 1:
        return arg._replace(data=data.reshape(-1))
    return arg


def as_list_like(arg: Argument, other: Argument) -> Argument:
    """Take a stack apart where the other argument is a list of images."""
    data = arg.data
    if isinstance(data, list) or not isinstance(other.data, list) or data.ndim < 3:
        return arg
    return arg._replace(data=[image[0] if image.ndim == 3 and len(image) == 1 else image for image in data])


def resized(given: Argument, truth: Argument, name: str, opts: Any) -> Argument:
    """Return maps of the size of their masks: made while they are counted, or at once if pixels are to be ignored."""
    data = given.data if isinstance(given.data, list) else [given.data]
    for values in data:
        if values.dtype.kind != "f":
            raise InvalidTypeError(f"{name} must hold floating-point numbers to be resized; got {values.dtype}")
    if data and data[0].dtype.itemsize == 2:
        data = [values.astype(np.float32) for values in data]
    whole = data if isinstance(given.data, list) else data[0]
    if opts.ignore is not None:
        return given._replace(data=resize_to_masks(whole, truth.data, mode=opts.resize, threads=opts.threads))
    return given._replace(data=_core.ResizedMaps(whole, opts.resize))


def place_of(data: Any, image: int, row: int, column: int) -> tuple[int, ...]:
    """Return the index in the caller's shape of what the extension found there."""
    if isinstance(data, list):
        return (image, row, column)
    if data.ndim == 1:
        return (image * 65536 + column,)
    return {2: (row, column), 3: (image, row, column), 4: (image, 0, row, column)}[data.ndim]


def image_stack(value: Any, name: str) -> list[NDArray[Any]]:
    """Read images one by one: of a stack of any accepted shape, or of a list."""
    data = argument(value, name).data
    if isinstance(data, list):
        return data
    if data.ndim not in (2, 3, 4) or (data.ndim == 4 and data.shape[1] != 1):
        raise InvalidInputError(
            f"{name} must have shape (h, w), (n, h, w) or (n, 1, h, w), or be a list of (h, w) arrays; got {data.shape}"
        )
    if 0 in data.shape[-2:]:
        raise InvalidInputError(f"{name} must have at least one row and one column; got {data.shape}")
    return list(data.reshape((-1, *data.shape[-2:])))


def binary(labels: NDArray[Any], name: str) -> NDArray[np.bool_]:
    """Labels as booleans, which they must be in one of the accepted ways."""
    if labels.dtype == bool:
        return labels
    one = labels == 1
    accepted = bool((one | (labels == 0)).all())
    if not accepted and labels.dtype == np.uint8:
        one = labels == 255
        accepted = bool((one | (labels == 0)).all())
    if not accepted:
        odd = np.unique(labels[(labels != 0) & (labels != 1)])[:5].tolist()
        raise InvalidInputError(f"{name} must be 0 or 1 (or 0 and 255 in uint8); got {', '.join(map(str, odd))}")
    return one  # type: ignore[no-any-return]


def refuse_nan(scores: NDArray[Any], name: str, policy: str) -> None:
    """Raise where NaN are not allowed, with their number and the first place."""
    if policy == "raise" and scores.dtype.kind == "f" and np.isnan(scores).any():
        at = tuple(int(i[0]) for i in np.nonzero(np.isnan(scores)))
        raise InvalidInputError(f"{name} contains {int(np.isnan(scores).sum())} NaN, first at index {at}")
