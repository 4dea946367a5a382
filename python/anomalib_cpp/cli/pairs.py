"""Anomaly maps and their masks: found in folders or stacks, paired by name, decoded one at a time."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import io
from .._errors import FormatError, InvalidInputError, InvalidTypeError
from .arrays import MOST_INFLATION, SUFFIXES, UNPACKED, read_array
from .failures import MissingPackageError, one_line

__all__ = ["Source", "about", "find_maps", "find_masks", "pair_up", "read_map", "read_mask"]

_MAPS = (".npy", ".npz", ".png", ".tif", ".tiff")
_MASKS = (".bmp", *_MAPS)
_TIFF = (".tif", ".tiff")
_ENDING = "_mask"  # what data sets put after the name of an image to name its mask


@dataclass(frozen=True)
class Source:
    """One map or mask that can be read.

    Attributes
    ----------
    name : str
        For pairing: the path relative to the folder without its suffix, or the number in the stack.
    where : str
        For messages: the file, and the place in it.
    read : callable
        Decodes it, into whatever its file holds.
    picture : bool
        Whether it is grey values, rather than an array.
    """

    name: str
    where: str
    read: Callable[[], NDArray[Any]]
    picture: bool


@contextmanager
def about(where: str) -> Iterator[None]:
    """Say what a value or type that is not accepted belongs to."""
    try:
        yield
    except (InvalidInputError, InvalidTypeError) as error:
        raise type(error)(f"{where}: {error}") from None


def find_maps(path: Path) -> list[Source]:
    """List the maps of a folder or a stack."""
    return _folder(path, "maps", _MAPS) if path.is_dir() else _stack(path, "maps")


def find_masks(path: Path) -> list[Source]:
    """List the masks of a folder or a stack."""
    return _folder(path, "masks", _MASKS) if path.is_dir() else _stack(path, "masks")


def _folder(path: Path, what: str, suffixes: tuple[str, ...]) -> list[Source]:
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
        found[name] = Source(name, where, _reader(file, what), file.suffix.lower() not in SUFFIXES)
    return list(found.values())


def _stack(path: Path, what: str) -> list[Source]:
    io.check_suffix(path)
    with path.open("rb"):  # the plain error for a file that is missing or not readable
        pass
    if path.suffix.lower() not in SUFFIXES:
        raise FormatError(f"{str(path)!r} is neither a folder of {what} nor a {', '.join(SUFFIXES)} file")
    where = repr(str(path))
    with about(where):
        array = _array(path, what)
        if array.ndim not in (2, 3, 4) or (array.ndim == 4 and array.shape[1] != 1) or 0 in array.shape:
            raise InvalidInputError(
                f"a stack of {what} has shape (images, height, width) or (images, 1, height, width); got {array.shape}"
            )

    def image(number: int) -> Callable[[], NDArray[Any]]:
        return lambda: stack[number]

    stack: NDArray[Any] = array.reshape(-1, *array.shape[-2:])
    return [Source(f"{i:06d}", f"{where}, image {i}", image(i), False) for i in range(len(stack))]


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


def _array(path: Path, what: str) -> NDArray[Any]:
    return read_array(path, None, what, f"one of them has to be called {what!r}")


def _reader(path: Path, what: str) -> Callable[[], NDArray[Any]]:
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return lambda: _array(path, what)
    if suffix in _TIFF:
        return lambda: _tiff(path)
    return lambda: _picture(path, grey=what == "masks")


@contextmanager
def _decoding(path: Path) -> Iterator[None]:
    """One kind of error for all that decoders raise over a damaged file; the system's errors stay what they are."""
    try:
        yield
    except (FormatError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        reason = "it is not an image" if "cannot identify" in str(error) else one_line(str(error))[:120]
        raise FormatError(f"cannot read {str(path)!r}: {reason or type(error).__name__}") from None


def _picture(path: Path, *, grey: bool) -> NDArray[Any]:
    """Read grey values with Pillow; `grey` makes them of colours."""
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingPackageError(f"reading {str(path)!r}", error.name, "cli") from error
    with _decoding(path), Image.open(path) as image:
        if image.mode in ("1", "L", "I", "F") or image.mode.startswith("I;16"):
            return np.asarray(image)
        if grey:
            return np.asarray(image.convert("L"))
        raise FormatError(f"{str(path)!r} is a picture of mode {image.mode}; a map has one number a pixel")


@contextmanager
def _logged(path: Path) -> Iterator[None]:
    """Make one warning of what tifffile logs about a file; where it cannot read the file the error is enough."""
    told: list[str] = []

    def keep(record: logging.LogRecord) -> bool:
        told.append(record.getMessage())
        return False

    logger = logging.getLogger("tifffile")
    logger.addFilter(keep)
    try:
        yield
    finally:
        logger.removeFilter(keep)
    if told:
        warnings.warn(f"{str(path)!r}: {one_line(told[0])[:200]}", stacklevel=2)


def _tiff(path: Path) -> NDArray[Any]:
    try:
        import tifffile
    except ImportError as error:
        raise MissingPackageError(f"reading {str(path)!r}", error.name, "cli") from error
    with _logged(path), _decoding(path), tifffile.TiffFile(path) as file:
        if not file.series:
            raise FormatError(f"cannot read {str(path)!r}: it holds no image")
        if file.series[0].nbytes > max(UNPACKED, MOST_INFLATION * path.stat().st_size):
            raise FormatError(f"{str(path)!r} would inflate to {file.series[0].nbytes} bytes")
        values: NDArray[Any] = file.series[0].asarray()
        return values
