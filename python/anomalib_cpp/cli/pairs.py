"""Anomaly maps and their masks: found in folders or stacks, paired by name, decoded one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import io
from .._errors import FormatError, InvalidInputError, InvalidTypeError
from .arrays import SUFFIXES, array_names, read_array
from .decoders import MOST_PIXELS, read_stack, read_values, require_pixels

__all__ = ["Source", "about", "find_maps", "find_masks", "pair_up", "read_map", "read_mask", "same_names"]

_MAPS = (".npy", ".npz", ".png", ".tif", ".tiff")
_MASKS = (".bmp", *_MAPS)
_ENDING = "_mask"  # what data sets put after the name of an image to name its mask


@dataclass(frozen=True)
class Source:
    """One map or mask that can be read.

    Attributes
    ----------
    name : str
        For pairing: the path relative to the folder without its suffix, the name that its stack gives it, or its number
        in the stack.
    where : str
        For messages: the file, and the place in it.
    read : callable
        Decodes it, into whatever its file holds.
    picture : bool
        Whether it is grey values, rather than an array.
    stacked : bool
        Whether it comes from a stack.
    numbered : bool
        Whether its name is nothing but its number there.
    """

    name: str
    where: str
    read: Callable[[], NDArray[Any]]
    picture: bool
    stacked: bool = False
    numbered: bool = False


@contextmanager
def about(where: str) -> Iterator[None]:
    """Say what a value or type that is not accepted belongs to."""
    try:
        yield
    except (InvalidInputError, InvalidTypeError) as error:
        raise type(error)(f"{where}: {error}") from None


def find_maps(path: Path, most: int = MOST_PIXELS) -> list[Source]:
    """List the maps of a folder or a stack; `most` is how many pixels one may have when it is read."""
    return _folder(path, "maps", _MAPS, most) if path.is_dir() else _stack(path, "maps", most)


def find_masks(path: Path, most: int = MOST_PIXELS) -> list[Source]:
    """List the masks of a folder or a stack."""
    return _folder(path, "masks", _MASKS, most) if path.is_dir() else _stack(path, "masks", most)


def _folder(path: Path, what: str, suffixes: tuple[str, ...], most: int) -> list[Source]:
    files = [
        file
        for file in path.rglob("*")
        if file.suffix.lower() in suffixes and not file.name.startswith(".") and file.is_file()
    ]
    if not files:
        raise InvalidInputError(f"{str(path)!r} holds no {what} ({', '.join(suffixes)})")
    found: dict[str, Source] = {}
    for file in sorted(files, key=lambda file: file.relative_to(path).parts):
        name = file.relative_to(path).with_suffix("").as_posix()
        where = repr(str(file))
        if name in found:
            raise InvalidInputError(f"{found[name].where} and {where} are both {what} of {name!r}; keep one of them")
        found[name] = Source(name, where, _reader(file, what, most), file.suffix.lower() not in SUFFIXES)
    return list(found.values())


def _reader(path: Path, what: str, most: int) -> Callable[[], NDArray[Any]]:
    return lambda: read_values(path, what, most)


def _stack(path: Path, what: str, most: int) -> list[Source]:
    io.check_suffix(path)
    with path.open("rb"):  # the plain error for a file that is missing or not readable
        pass
    if path.suffix.lower() not in SUFFIXES:
        raise FormatError(f"{str(path)!r} is neither a folder of {what} nor a {', '.join(SUFFIXES)} file")
    where = repr(str(path))
    with about(where):
        array = read_stack(path, what)
        if array.ndim not in (2, 3, 4) or (array.ndim == 4 and array.shape[1] != 1) or 0 in array.shape:
            raise InvalidInputError(
                f"a stack of {what} has shape (images, height, width) or (images, 1, height, width); got {array.shape}"
            )
        stack: NDArray[Any] = array.reshape(-1, *array.shape[-2:])
        names = _stack_names(path, len(stack))
    require_pixels(f"an image of {where}", stack[0].size, most)

    def image(number: int) -> Callable[[], NDArray[Any]]:
        return lambda: stack[number]

    return [
        Source(f"{i:06d}" if names is None else names[i], f"{where}, image {i}", image(i), False, True, names is None)
        for i in range(len(stack))
    ]


def _stack_names(path: Path, count: int) -> list[str] | None:
    """Names of the images of a stack: an array of strings, or the settings of a file of ours."""
    names: Any = None
    if path.suffix.lower() == ".npz" and "names" in array_names(path):
        array = read_array(path, "names", "names", "")
        names = array.tolist() if array.dtype.kind == "U" and array.ndim == 1 else names
    elif path.suffix.lower() == ".safetensors":
        names = _recorded_names(path)
    if names is None:
        return None
    if not isinstance(names, list) or not all(isinstance(name, str) and _is_name(name) for name in names):
        raise FormatError("its names are not a list of strings of 1 to 4096 printable characters")
    if len(names) != count or len(set(names)) != count:
        raise InvalidInputError(
            f"it names {len(names)} images, {len(set(names))} of them differently, but holds {count}"
        )
    return names


def _is_name(text: str) -> bool:
    return 0 < len(text) <= 4096 and text.isprintable()


def _recorded_names(path: Path) -> Any:
    try:
        return io.inspect(path).config.get("names")
    except FormatError:  # a file of others; it was read as such
        return None


def same_names(maps: list[Source], masks: list[Source]) -> tuple[list[Source], list[Source]]:
    """Give a stack without names those of an equally long stack that has some: their order tells which is which."""

    def named(one: list[Source], other: list[Source]) -> list[Source]:
        if not one[0].numbered or not other[0].stacked or len(one) != len(other):
            return one
        return [replace(source, name=twin.name) for source, twin in zip(one, other, strict=True)]

    return named(maps, masks), named(masks, maps)


def pair_up(maps: list[Source], masks: list[Source]) -> tuple[list[Source | None], list[Source]]:
    """Return the mask of every map, None where there is none, and the masks that belong to no map."""
    of_name = {mask.name: mask for mask in masks}
    taken = {map_.name for map_ in maps}
    found: list[Source | None] = []
    for name in (map_.name for map_ in maps):
        longer = name + _ENDING
        found.append(of_name.get(name) or (None if longer in taken else of_name.get(longer)))
    used = {mask.name for mask in found if mask}
    return found, [mask for mask in masks if mask.name not in used]


def read_map(source: Source) -> NDArray[Any]:
    """Read a map: floats or integers as they are in the file, shape (height, width)."""
    with about(source.where):
        values = _single(source.read(), "map")
        if values.dtype.kind not in "fui" or values.dtype.itemsize > 8:
            raise InvalidTypeError(f"a map holds floating-point numbers or integers; got {values.dtype}")
        return values


def read_mask(source: Source, threshold: float | None) -> NDArray[Any]:
    """Read a mask of shape (height, width).

    Arrays are returned as they are, for the metrics to check. In a picture, 8-bit values above 127 are anomalous, and
    those above 0 where there are none such or where values have more bits. `threshold` overrides both.
    """
    with about(source.where):
        values = _single(source.read(), "mask")
        if values.dtype.kind not in "bfui" or values.dtype.itemsize > 8:
            raise InvalidTypeError(f"a mask holds booleans or numbers; got {values.dtype}")
        if threshold is None:
            if not source.picture or values.dtype == bool:
                return values
            threshold = 127 if values.dtype == np.uint8 and values.max() > 127 else 0
        if values.dtype.kind == "f" and np.isnan(values).any():
            raise InvalidInputError("a mask does not hold NaN")
        truth: NDArray[np.bool_] = values > threshold
        return truth


def _single(values: NDArray[Any], what: str) -> NDArray[Any]:
    if values.ndim < 2 or 0 in values.shape or values.shape[:-2].count(1) != values.ndim - 2:
        raise InvalidInputError(f"a {what} has shape (height, width); got {values.shape}")
    return values.reshape(values.shape[-2:])
