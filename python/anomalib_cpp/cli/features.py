"""Features from files: .npy, .npz and .safetensors, read as if they were hostile."""

from __future__ import annotations

import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from .. import io
from .._errors import FormatError, InvalidInputError, InvalidTypeError
from .failures import naming

__all__ = ["read_features"]

SUFFIXES = (".npy", ".npz", ".safetensors")
_MOST_INFLATION = 100  # an entry of an .npz file is at most this much larger than the file, or 64 MiB


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
    with naming(path):
        if suffix == ".npy":
            array = _npy(path)
        elif suffix == ".npz":
            array = _npz(path, key)
        else:
            array = _safetensors(path, key)
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


def _header(stream: Any, size: int) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Read the header of an .npy stream of `size` bytes, and check that the data it declares are there."""
    try:
        version = npy.read_magic(stream)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read(stream)
    except ValueError as error:
        raise FormatError(f"not a valid .npy header: {str(error)[:120]}") from None
    if dtype.hasobject:
        raise FormatError("it holds Python objects, which can execute code when they are read; save numbers")
    if any(extent < 0 for extent in shape):
        raise FormatError(f"not a valid .npy header: shape {shape}")
    if stream.tell() + math.prod(shape) * dtype.itemsize > size:
        raise FormatError(f"truncated: {dtype} of shape {shape} needs more than its {size} bytes")
    return shape, dtype


def _npy(path: Path) -> NDArray[Any]:
    with path.open("rb") as stream:
        shape, dtype = _header(stream, path.stat().st_size)
    if 0 in shape:
        return np.empty(shape, dtype)
    mapped: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return np.asarray(mapped)


def _npz(path: Path, key: str | None) -> NDArray[Any]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
            entry = members[_chosen(list(members), key)]
            if entry.file_size > max(64 << 20, _MOST_INFLATION * path.stat().st_size):
                raise FormatError(f"{entry.filename[:60]!r} would inflate to {entry.file_size} bytes")
            with archive.open(entry) as stream:
                _header(stream, entry.file_size)
            with archive.open(entry) as stream:
                array: NDArray[Any] = npy.read_array(stream, allow_pickle=False)
                return array
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        if isinstance(error, (FormatError, InvalidInputError)):
            raise
        raise FormatError(f"not a valid .npz file: {str(error)[:120]}") from None


def _safetensors(path: Path, key: str | None) -> NDArray[Any]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            if (file.metadata() or {}).get("format") == "anomalib_cpp":
                tensors = io.load(path, mmap=True).tensors
                return tensors[_chosen(list(tensors), key)]
            name = _chosen(list(file.keys()), key)
            dtype = file.get_slice(name).get_dtype()
            if dtype not in ("F16", "F32", "F64"):
                raise FormatError(f"{name[:60]!r} is {dtype}; save it as float16, float32 or float64")
            array: NDArray[Any] = file.get_tensor(name)
            return array
    except SafetensorError as error:
        raise FormatError(f"not a valid safetensors file: {error}") from None


def _chosen(names: list[str], key: str | None) -> str:
    shown = ", ".join(ascii(name)[:60] for name in names[:10])
    if key is not None:
        if key not in names:
            raise InvalidInputError(f"--key {key!r} is not in the file; it holds {shown or 'nothing'}")
        return key
    if len(names) == 1:
        return names[0]
    if "features" in names:
        return "features"
    raise InvalidInputError(f"the file holds {shown or 'nothing'}; choose an array with --key")
