"""Files of arrays and settings: safetensors with a checksum, written atomically, read as if they were hostile.

No code is executed and no pickle is read, ever. `inspect` and `verify` answer questions about a file without
building the object in it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._arrays import locate
from ._atomic import write_atomically
from ._checks import integer
from ._config import threads_or_default
from ._container import (
    DTYPES,
    FileInfo,
    TensorInfo,
    canonical_json,
    check_names,
    encode_header,
    header_length,
    parse_header,
    parse_json,
    tensor_dtype,
    tensor_order,
    tree_hash,
)
from ._errors import ChecksumError, FormatError, InvalidInputError

__all__ = ["FileContent", "FileInfo", "TensorInfo", "inspect", "load", "save", "verify"]

_SUFFIXES_THAT_RUN_CODE = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".ckpt")


@dataclass(frozen=True)
class FileContent:
    """What :func:`load` returns.

    Attributes
    ----------
    kind : str
        Name of the class that wrote the file.
    config : dict
        Its settings.
    tensors : dict of str to array
        Its arrays; read-only memory maps with ``mmap=True``.
    checksum : str
        What the file records as the checksum of its data.
    """

    kind: str
    config: dict[str, Any]
    tensors: dict[str, NDArray[Any]]
    checksum: str


def check_suffix(path: Path) -> None:
    """Refuse names of formats that execute code or that another function reads."""
    suffix = path.suffix.lower()
    if suffix in _SUFFIXES_THAT_RUN_CODE:
        raise FormatError(
            f"{suffix} files can execute code when they are read, so anomalib_cpp does not touch them; if you trust "
            "the file, read it with the library that wrote it and pass its arrays on: "
            "bank.PatchMemoryBank().fit(array).save('bank.safetensors')"
        )
    if suffix == ".faiss":
        raise FormatError(".faiss files are not containers; read one with bank.PatchMemoryBank.from_faiss_file(path)")


def _bytes_of(array: NDArray[Any]) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


def save(
    path: str | os.PathLike[str],
    tensors: Mapping[str, Any],
    *,
    kind: str,
    config: Mapping[str, Any] | None = None,
    overwrite: bool = True,
    follow_symlinks: bool = False,
    library_version: str | None = None,
    threads: int | None = None,
) -> None:
    """Write arrays and settings to a safetensors file, all of it or nothing.

    The bytes depend on the arguments only (no times, names of hosts or users), so equal content gives equal files.

    Parameters
    ----------
    path : path
        Where to write; ``.safetensors`` by convention.
    tensors : mapping of str to array
        Booleans, integers, float16, float32 or float64, NumPy or torch on the CPU; bfloat16 is widened to float32.
    kind : str
        What the file holds, for example a class name; :func:`load` can insist on it.
    config : mapping, optional
        Settings that JSON can hold: strings, finite numbers, booleans, None, and lists and mappings of them, four
        levels deep at most.
    overwrite : bool, default True
        Replace an existing file; with False an existing one is an error, also one that appears meanwhile.
    follow_symlinks : bool, default False
        Where `path` is a symbolic link: write to the file it points to, instead of replacing the link.
    library_version : str, optional
        Written down in the file when given.
    threads : int, optional
        Threads that compute the checksum.

    Raises
    ------
    TypeError, ValueError
        For arrays, names or settings that the format does not hold, and for the suffixes of pickle files.
    FileExistsError
        With ``overwrite=False``.
    OSError
        If the disk is too small or refuses; no partial file is left.

    Notes
    -----
    Written to a temporary file in the same folder, flushed to the disk, then renamed: readers never see a part.
    The checksum is SHA-256 over the SHA-256 of 64 MiB chunks, so that it is computed in parallel.

    Examples
    --------
    >>> import numpy as np, tempfile, pathlib
    >>> from anomalib_cpp import io
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "thresholds.safetensors"
    >>> io.save(path, {"values": np.array([0.5, 0.75])}, kind="Thresholds", config={"unit": "score"})
    >>> io.load(path).tensors["values"]
    array([0.5 , 0.75])
    """
    check_suffix(Path(path))
    check_names(tensors)
    if not isinstance(kind, str) or not kind:
        raise InvalidInputError(f"kind must be a non-empty string; got {kind!r}")
    config = dict(config or {})
    try:
        parse_json(canonical_json(config), "config")
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"config must hold what JSON can hold, four levels deep at most: {error}") from error
    arrays = {}
    for name, tensor in tensors.items():
        array = locate(tensor, f"tensors[{name!r}]").data
        tensor_dtype(array, name)
        arrays[name] = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(array.shape)
    parts = [_bytes_of(arrays[name]) for name in tensor_order(arrays)]
    checksum = tree_hash(parts, threads_or_default(threads))
    header = encode_header(arrays, kind, config, checksum, library_version)
    size = len(header) + sum(part.nbytes for part in parts)
    write_atomically(path, [header, *parts], size, overwrite=overwrite, follow_symlinks=follow_symlinks)


@contextmanager
def _opened(path: str | os.PathLike[str], max_bytes: int | None) -> Iterator[tuple[FileIO, FileInfo, int]]:
    """Open a file and validate its header: yields the file, the header and where the data starts."""
    check_suffix(Path(path))
    if Path(path).is_dir():
        raise FormatError(f"{os.fspath(path)!r} is a folder, not a file")
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(handle, "rb", buffering=0) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise FormatError(f"{os.fspath(path)!r} is not a regular file")
        length = header_length(file.read(8), status.st_size)
        raw = file.read(length)
        if len(raw) != length:
            raise FormatError("the file shrank while it was read")
        data_bytes = status.st_size - 8 - length
        yield file, parse_header(raw, data_bytes, status.st_size if max_bytes is None else max_bytes), 8 + length


def _mapped(file: FileIO, dtype: np.dtype[Any], shape: tuple[int, ...], offset: int) -> NDArray[Any]:
    if 0 in shape:
        empty = np.empty(shape, dtype)
        empty.flags.writeable = False
        return empty
    return np.memmap(file, dtype=dtype, mode="r", offset=offset, shape=shape)


def _checked(buffers: list[memoryview], header: FileInfo, threads: int | None) -> None:
    found = tree_hash(buffers, threads_or_default(threads))
    if found != header.checksum:
        raise ChecksumError(
            f"the content does not match its checksum: recorded {header.checksum[:16]}..., found {found[:16]}...; "
            "the file is damaged or was changed"
        )


def _widened(bits: NDArray[np.uint16]) -> NDArray[np.float32]:
    return (bits.astype(np.uint32) << 16).view(np.float32)


def _read(path: str | os.PathLike[str], file: FileIO, header: FileInfo, start: int) -> dict[str, NDArray[Any]]:
    """Read every tensor into memory through the safetensors package, in the order of the data."""
    from safetensors import SafetensorError, safe_open

    # The open file itself where the system has a name for it: `path` may be replaced by a newer file at any time.
    same_file = f"/proc/self/fd/{file.fileno()}"
    arrays = {}
    try:
        with safe_open(same_file if Path(same_file).exists() else os.fspath(path), framework="numpy") as tensors:
            for name, info in header.tensors.items():
                if info.dtype == "BF16":  # not among the dtypes of NumPy
                    arrays[name] = np.array(_mapped(file, DTYPES["BF16"], info.shape, start + info.begin))
                    continue
                arrays[name] = tensors.get_tensor(name)
                if arrays[name].shape != info.shape or arrays[name].dtype != DTYPES[info.dtype]:
                    raise FormatError("the file changed while it was read")
    except SafetensorError as error:
        raise FormatError(f"not a valid safetensors file: {error}") from error
    return arrays


def load(
    path: str | os.PathLike[str],
    *,
    kind: str | None = None,
    mmap: bool = False,
    verify: bool = True,
    max_bytes: int | None = None,
    threads: int | None = None,
) -> FileContent:
    """Read a file written by :func:`save`.

    The file is taken to be hostile: its header is validated against every rule before anything of the declared sizes
    is allocated, and the worst outcome is an error.

    Parameters
    ----------
    path : path
        The file.
    kind : str, optional
        Insist on this kind.
    mmap : bool, default False
        Return read-only memory maps instead of arrays, for files larger than memory. The file must not be changed
        while they are in use.
    verify : bool, default True
        Compare the content with its checksum; this reads the whole file.
    max_bytes : int, optional
        Refuse files with more data than this; by default their own size is the limit.
    threads : int, optional
        Threads that compute the checksum.

    Returns
    -------
    FileContent
        With `kind`, `config`, `tensors` and `checksum`; bfloat16 tensors are widened to float32, which is in memory
        also with ``mmap=True``.

    Raises
    ------
    FormatError
        Naming the rule that the file breaks; also for pickle, torch and FAISS suffixes, with what to do instead.
    ChecksumError
        If the content does not match the checksum.
    OSError
        If the file cannot be opened.

    Examples
    --------
    >>> import numpy as np, tempfile, pathlib
    >>> from anomalib_cpp import io
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "rows.safetensors"
    >>> io.save(path, {"rows": np.zeros((2, 3), np.float32)}, kind="Rows")
    >>> content = io.load(path, kind="Rows", mmap=True)
    >>> content.tensors["rows"].shape, content.tensors["rows"].flags.writeable
    ((2, 3), False)
    """
    if max_bytes is not None:
        integer(max_bytes, "max_bytes")
    with _opened(path, max_bytes) as (file, header, start):
        if kind is not None and header.kind != kind:
            raise FormatError(f"the file holds a {header.kind[:60]!a}, not a {kind!r}")
        if mmap:
            tensors = {}
            for name, info in header.tensors.items():
                if (start + info.begin) % DTYPES[info.dtype].itemsize:
                    raise FormatError(f"tensor {name[:60]!a} is not aligned; load it with mmap=False")
                tensors[name] = _mapped(file, DTYPES[info.dtype], info.shape, start + info.begin)
        else:
            tensors = _read(path, file, header, start)
        if verify:
            _checked([_bytes_of(array) for array in tensors.values()], header, threads)
    for name, info in header.tensors.items():
        if info.dtype == "BF16":
            tensors[name] = _widened(tensors[name])
    return FileContent(header.kind, header.config, tensors, header.checksum)


def inspect(path: str | os.PathLike[str]) -> FileInfo:
    """Validate the header of a file and return what it says, without reading the data.

    Parameters
    ----------
    path : path
        A file written by :func:`save`.

    Returns
    -------
    FileInfo
        With `kind`, `format_version`, `config`, `tensors` (name to dtype, shape and position), `data_bytes`,
        `checksum` and `library_version`.

    Raises
    ------
    FormatError
        Naming the rule that the file breaks.
    OSError
        If the file cannot be opened.

    Examples
    --------
    >>> import numpy as np, tempfile, pathlib
    >>> from anomalib_cpp import io
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "rows.safetensors"
    >>> io.save(path, {"rows": np.zeros((2, 3), np.float32)}, kind="Rows")
    >>> io.inspect(path).tensors["rows"].shape
    (2, 3)
    """
    with _opened(path, None) as (_, header, _start):
        return header


def verify(path: str | os.PathLike[str], *, threads: int | None = None) -> FileInfo:
    """Check a file in full, header and checksum, without keeping its data.

    Parameters
    ----------
    path : path
        A file written by :func:`save`.
    threads : int, optional
        Threads that compute the checksum.

    Returns
    -------
    FileInfo
        As :func:`inspect`.

    Raises
    ------
    FormatError
        Naming the rule that the file breaks.
    ChecksumError
        If the content does not match the checksum.
    OSError
        If the file cannot be opened.

    Examples
    --------
    >>> import numpy as np, tempfile, pathlib
    >>> from anomalib_cpp import io
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "rows.safetensors"
    >>> io.save(path, {"rows": np.zeros((2, 3), np.float32)}, kind="Rows")
    >>> io.verify(path).kind
    'Rows'
    """
    with _opened(path, None) as (file, header, start):
        data = _mapped(file, np.dtype(np.uint8), (header.data_bytes,), start)
        _checked([_bytes_of(data)], header, threads)
        return header
