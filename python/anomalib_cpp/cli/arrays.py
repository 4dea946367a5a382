"""Arrays from files: .npy, .npz and .safetensors, read as if they were hostile."""

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
from .._errors import FormatError, InvalidInputError
from .failures import naming

__all__ = ["MOST_INFLATION", "SUFFIXES", "UNPACKED", "array_names", "read_array"]

SUFFIXES = (".npy", ".npz", ".safetensors")
MOST_INFLATION = 100  # what a packed file unpacks to is at most this much larger than the file, or
UNPACKED = 64 << 20  # this large
_NUMBERS = ("BOOL", "U8", "I8", "U16", "I16", "U32", "I32", "U64", "I64", "F16", "F32", "F64")


def read_array(path: Path, key: str | None, preferred: str, hint: str) -> NDArray[Any]:
    """Read the array called `key`, or the only one, or the one called `preferred`; `hint` helps where none is that."""
    with naming(path):
        suffix = path.suffix.lower()
        if suffix == ".npy":
            return _npy(path)
        return (_npz if suffix == ".npz" else _safetensors)(path, key, preferred, hint)


def array_names(path: Path) -> list[str]:
    """Names of the arrays in an .npz or .safetensors file."""
    with naming(path):
        if path.suffix.lower() == ".npz":
            try:
                with zipfile.ZipFile(path) as archive:
                    return [entry.filename.removesuffix(".npy") for entry in archive.infolist()]
            except zipfile.BadZipFile as error:
                raise FormatError(f"not a valid .npz file: {str(error)[:120]}") from None
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="numpy") as file:
                return list(file.keys())
        except SafetensorError as error:
            raise FormatError(f"not a valid safetensors file: {error}") from None


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


def _npz(path: Path, key: str | None, preferred: str, hint: str) -> NDArray[Any]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
            entry = members[_chosen(list(members), key, preferred, hint)]
            if entry.file_size > max(UNPACKED, MOST_INFLATION * path.stat().st_size):
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


def _safetensors(path: Path, key: str | None, preferred: str, hint: str) -> NDArray[Any]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            if (file.metadata() or {}).get("format") == "anomalib_cpp":
                tensors = io.load(path, mmap=True).tensors
                return tensors[_chosen(list(tensors), key, preferred, hint)]
            name = _chosen(list(file.keys()), key, preferred, hint)
            dtype = file.get_slice(name).get_dtype()
            if dtype not in _NUMBERS:
                raise FormatError(f"{name[:60]!r} is {dtype}; save it as float16, float32 or float64")
            array: NDArray[Any] = file.get_tensor(name)
            return array
    except SafetensorError as error:
        raise FormatError(f"not a valid safetensors file: {error}") from None


def _chosen(names: list[str], key: str | None, preferred: str, hint: str) -> str:
    shown = ", ".join(ascii(name)[:60] for name in names[:10])
    if key is not None:
        if key not in names:
            raise InvalidInputError(f"--key {key!r} is not in the file; it holds {shown or 'nothing'}")
        return key
    if len(names) == 1:
        return names[0]
    if preferred in names:
        return preferred
    raise InvalidInputError(f"the file holds {shown or 'nothing'}; {hint}")
