"""Features from files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from .. import io
from .._errors import FormatError, InvalidInputError, InvalidTypeError
from .arrays import SUFFIXES, read_array

__all__ = ["read_features"]


def read_features(path: Path, key: str | None) -> NDArray[Any]:
    """Read the array called `key`, or the only one, or the one called ``features``: (n, d) or (N, P, d)."""
    suffix = path.suffix.lower()
    io.check_suffix(path)
    with path.open("rb"):  # the plain error for a file that is missing or not readable
        pass
    if suffix not in SUFFIXES:
        raise FormatError(f"{str(path)!r} is neither a folder of images nor a {', '.join(SUFFIXES)} file")
    if suffix == ".npy" and key is not None:
        raise InvalidInputError(f"--key names an array of an .npz or .safetensors file; {str(path)!r} holds one array")
    array = read_array(path, key, "features", "choose an array with --key")
    if array.dtype.kind != "f" or array.dtype.itemsize > 8:
        raise InvalidTypeError(f"features in {str(path)!r} must be float16, float32 or float64; got {array.dtype}")
    if array.ndim not in (2, 3):
        raise InvalidInputError(
            f"features in {str(path)!r} must have shape (rows, columns) or (images, patches, columns); "
            f"got {array.shape}"
        )
    if 0 in array.shape:
        raise InvalidInputError(f"features in {str(path)!r} are empty: shape {array.shape}")
    return array
