"""Maps and masks from files of one image: pictures, TIFF and arrays, decoded as if they were hostile."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._errors import FormatError
from .arrays import MOST_INFLATION, SUFFIXES, UNPACKED, read_array
from .failures import MissingPackageError, one_line

__all__ = ["MOST_PIXELS", "read_stack", "read_values", "require_pixels"]

MOST_PIXELS = 1_000_000_000
_TIFF = (".tif", ".tiff")


def read_values(path: Path, what: str, most: int) -> NDArray[Any]:
    """Read whatever a file of one image holds, of at most `most` pixels; `what` is ``"maps"`` or ``"masks"``."""
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        values = read_stack(path, what)
        require_pixels(repr(str(path)), math.prod(values.shape), most)
        return values
    if suffix in _TIFF:
        return _tiff(path, most)
    return _picture(path, most, grey=what == "masks")


def read_stack(path: Path, what: str) -> NDArray[Any]:
    """Read the array called `what`, or the only one."""
    return read_array(path, None, what, f"one of them has to be called {what!r}")


def require_pixels(where: str, pixels: int, most: int) -> None:
    """Refuse an image that is larger than the user wants to decode."""
    if pixels > most:
        raise FormatError(f"{where} holds {pixels} pixels; --max-pixels allows {most}")


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


def _picture(path: Path, most: int, *, grey: bool) -> NDArray[Any]:
    """Read grey values with Pillow; `grey` makes them of colours."""
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingPackageError(f"reading {str(path)!r}", error.name, "cli") from error
    with _decoding(path), Image.open(path) as image:
        require_pixels(repr(str(path)), math.prod(image.size), most)
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


def _tiff(path: Path, most: int) -> NDArray[Any]:
    try:
        import tifffile
    except ImportError as error:
        raise MissingPackageError(f"reading {str(path)!r}", error.name, "cli") from error
    with _logged(path), _decoding(path), tifffile.TiffFile(path) as file:
        if not file.series:
            raise FormatError(f"cannot read {str(path)!r}: it holds no image")
        if file.series[0].nbytes > max(UNPACKED, MOST_INFLATION * path.stat().st_size):
            raise FormatError(f"{str(path)!r} would inflate to {file.series[0].nbytes} bytes")
        require_pixels(repr(str(path)), math.prod(file.series[0].shape), most)
        values: NDArray[Any] = file.series[0].asarray()
        return values
