"""The header of our safetensors files: written byte for byte the same every time, read as if it were hostile."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from ._errors import FormatError, InvalidInputError, InvalidTypeError

__all__ = [
    "DTYPES",
    "FileInfo",
    "TensorInfo",
    "canonical_json",
    "check_names",
    "encode_header",
    "header_length",
    "parse_header",
    "parse_json",
    "tensor_dtype",
    "tensor_order",
    "tree_hash",
]

FORMAT_VERSION = 1
HASH_CHUNK = 64 << 20
MAX_HEADER = 100 << 20
MAX_WIDE_HEADER = 16 << 20  # one character outside ASCII makes four bytes of each
MAX_TENSORS = 10_000
MAX_NAME = 512
MAX_DEPTH = 4
MAX_RANK = 32
MAX_EXTENT = 1 << 53

# BF16 has no NumPy type: it is read as its bits and widened by the caller.
DTYPES: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U64": np.dtype("<u8"),
    "U32": np.dtype("<u4"),
    "U16": np.dtype("<u2"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("bool"),
}
_NAMES = {dtype: name for name, dtype in DTYPES.items() if name != "BF16"}
_METADATA_KEYS = {"format", "format_version", "kind", "config", "library_version", "payload_sha256_tree"}


@dataclass(frozen=True)
class TensorInfo:
    """What a file says about one tensor.

    Attributes
    ----------
    dtype : str
        Its name in the file, such as ``"F32"``.
    shape : tuple of int
        Extents.
    begin, end : int
        Bytes from the start of the data.
    """

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(frozen=True)
class FileInfo:
    """What a file says about itself.

    Attributes
    ----------
    kind : str
        Name of the class that wrote the file.
    format_version : int
        Version of the container.
    config : dict
        Settings.
    tensors : dict of str to TensorInfo
        The arrays, in the order of the data.
    data_bytes : int
        Bytes of all arrays.
    checksum : str
        SHA-256 over the SHA-256 of the 64 MiB chunks of the data.
    library_version : str or None
        Version of the library that wrote the file, if it was written down.
    """

    kind: str
    format_version: int
    config: dict[str, Any]
    tensors: dict[str, TensorInfo]
    data_bytes: int
    checksum: str
    library_version: str | None


def _fail(rule: str) -> NoReturn:
    raise FormatError(f"not a valid anomalib_cpp file: {rule}")


def _short(text: str) -> str:
    return ascii(text if len(text) <= 60 else text[:57] + "...")


def tensor_order(tensors: Mapping[str, NDArray[Any]]) -> list[str]:
    """Names by descending item size, then name: every tensor is then aligned to its item size."""
    return sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, name))


def tensor_dtype(array: NDArray[Any], name: str) -> str:
    """Return the file's name of the array's dtype."""
    try:
        return _NAMES[array.dtype.newbyteorder("<")]
    except KeyError:
        raise InvalidTypeError(
            f"tensors[{name!r}] has dtype {array.dtype}; the file format holds {', '.join(map(str, _NAMES))}"
        ) from None


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, no spaces, ASCII only, finite numbers only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def encode_header(
    tensors: Mapping[str, NDArray[Any]], kind: str, config: Mapping[str, Any], checksum: str, version: str | None
) -> bytes:
    """Return the length word and the header, so padded that the data starts at a multiple of 64 bytes."""
    header: dict[str, Any] = {}
    offset = 0
    for name in tensor_order(tensors):
        array = tensors[name]
        header[name] = {
            "dtype": tensor_dtype(array, name),
            "shape": list(array.shape),
            "data_offsets": [offset, offset + array.nbytes],
        }
        offset += array.nbytes
    metadata = {
        "format": "anomalib_cpp",
        "format_version": str(FORMAT_VERSION),
        "kind": kind,
        "config": canonical_json(config),
        "payload_sha256_tree": checksum,
    }
    if version is not None:
        metadata["library_version"] = version
    text = canonical_json({**header, "__metadata__": metadata}).encode("ascii")
    text += b" " * (-(8 + len(text)) % 64)
    return len(text).to_bytes(8, "little") + text


def _pieces(buffers: Sequence[memoryview], begin: int, end: int) -> Iterator[memoryview]:
    start = 0
    for buffer in buffers:
        stop = start + buffer.nbytes
        if start < end and stop > begin:
            yield buffer[max(begin - start, 0) : min(end, stop) - start]
        start = stop


def tree_hash(buffers: Sequence[memoryview], threads: int) -> str:
    """SHA-256 over the SHA-256 digests of the 64 MiB chunks of the concatenated buffers, hashed in parallel."""
    total = sum(buffer.nbytes for buffer in buffers)

    def digest(begin: int) -> bytes:
        chunk = hashlib.sha256()
        for piece in _pieces(buffers, begin, min(begin + HASH_CHUNK, total)):
            chunk.update(piece)
        return chunk.digest()

    starts = range(0, max(total, 1), HASH_CHUNK)
    if threads == 1 or len(starts) == 1:
        return hashlib.sha256(b"".join(map(digest, starts))).hexdigest()
    with ThreadPoolExecutor(min(threads, len(starts))) as pool:
        return hashlib.sha256(b"".join(pool.map(digest, starts))).hexdigest()


def _check_structure(text: str, what: str) -> None:
    """Bound what parsing can build, before parsing: nesting, and the numbers of objects, lists and entries."""
    text = text.replace("\\\\", "").replace('\\"', "")  # what is left of quotes opens and closes strings
    if text.count('"') > 10 * MAX_TENSORS + 100:
        _fail(f"{what} has too many strings")
    structure = "".join(text.split('"')[::2])
    if structure.count("{") > MAX_TENSORS + 2 or structure.count("[") > 2 * MAX_TENSORS:
        _fail(f"{what} describes more than {MAX_TENSORS} tensors")
    if structure.count(",") > MAX_TENSORS * (MAX_RANK + 4):
        _fail(f"{what} has too many entries")
    depth = 0
    for bracket in re.findall(r"[][{}]", structure):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            _fail(f"{what} is nested deeper than {MAX_DEPTH} levels")


def parse_json(text: str, what: str) -> Any:
    """Parse JSON without duplicate keys, NaN, infinity or deep nesting; `what` names it in errors."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            _fail(f"{what} has a duplicate key")
        return result

    def number(digits: str) -> float:
        value = float(digits)
        if not np.isfinite(value):
            _fail(f"{what} holds a number out of range")
        return value

    def integer(digits: str) -> int:
        if len(digits) > 20:
            _fail(f"{what} holds a number out of range")
        return int(digits)

    _check_structure(text, what)
    try:
        return json.loads(
            text,
            object_pairs_hook=unique,
            parse_float=number,
            parse_int=integer,
            parse_constant=lambda name: _fail(f"{what} holds {name}"),
        )
    except FormatError:
        raise
    except (ValueError, RecursionError) as error:
        raise FormatError(f"not a valid anomalib_cpp file: {what} is not valid JSON ({error})") from None


def _tensor(name: str, entry: Any) -> TensorInfo:
    label = f"tensor {_short(name)}"
    if len(name) > MAX_NAME:
        _fail(f"{label} has a name longer than {MAX_NAME} characters")
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        _fail(f"{label} must have exactly the keys dtype, shape and data_offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        _fail(f"{label} has the unknown dtype {_short(str(dtype))}")
    if not isinstance(shape, list) or len(shape) > MAX_RANK:
        _fail(f"{label} must have a shape of at most {MAX_RANK} extents")
    if not all(type(n) is int and 0 <= n <= MAX_EXTENT for n in shape):
        _fail(f"{label} has an extent that is not an integer from 0 to 2**53")
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(type(n) is int and n >= 0 for n in offsets):
        _fail(f"{label} must have two data_offsets")
    begin, end = offsets
    if math.prod(n or 1 for n in shape) >= 1 << 60:
        _fail(f"{label} has a shape too large for any machine")
    size = math.prod(shape) * DTYPES[dtype].itemsize
    if size != end - begin:
        _fail(f"{label} of dtype {dtype} and shape {shape} needs {size} bytes, its data_offsets span {end - begin}")
    return TensorInfo(dtype, tuple(shape), begin, end)


def _metadata(header: dict[str, Any]) -> dict[str, str]:
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        _fail("__metadata__ must map strings to strings")
    if metadata.get("format") != "anomalib_cpp":
        _fail("__metadata__ must hold format='anomalib_cpp' (was the file written by another program?)")
    version = metadata.get("format_version", "")
    if not re.fullmatch(r"[1-9][0-9]{0,8}", version):
        _fail("format_version must be a positive integer")
    if int(version) > FORMAT_VERSION:
        raise FormatError(
            f"written by a newer version of anomalib_cpp: format_version is {version}, known up to {FORMAT_VERSION}"
        )
    unknown = sorted(set(metadata) - _METADATA_KEYS)
    if unknown:
        _fail(f"__metadata__ has the unknown key {_short(unknown[0])}")
    for key in ("kind", "config", "payload_sha256_tree"):
        if key not in metadata:
            _fail(f"__metadata__ lacks {key}")
    if not re.fullmatch(r"[0-9a-f]{64}", metadata["payload_sha256_tree"]):
        _fail("payload_sha256_tree must be 64 lower-case hexadecimal digits")
    return metadata


def header_length(first: bytes, file_bytes: int) -> int:
    """Return the length of the header after the 8 bytes `first`, for a file of `file_bytes`."""
    if len(first) < 8:
        _fail(f"it has {file_bytes} bytes, the header length alone takes 8")
    length = int.from_bytes(first, "little")
    if length > MAX_HEADER:
        _fail(f"the header length {length} exceeds {MAX_HEADER}")
    if length > file_bytes - 8:
        _fail(f"the header length {length} exceeds the {file_bytes - 8} bytes that follow it (truncated file?)")
    return length


def parse_header(raw: bytes, data_bytes: int, max_bytes: int) -> FileInfo:
    """Validate the header `raw` of a file with `data_bytes` after it; nothing of the declared sizes is allocated."""
    if len(raw) > MAX_WIDE_HEADER and not raw.isascii():
        _fail(f"a header of more than {MAX_WIDE_HEADER} bytes must be ASCII")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        _fail("the header is not UTF-8")
    if not text.startswith("{"):
        _fail("the header must start with '{'")
    header = parse_json(text, "the header")
    metadata = _metadata(header)
    if len(header) > MAX_TENSORS:
        _fail(f"the header describes more than {MAX_TENSORS} tensors")
    tensors = {name: _tensor(name, entry) for name, entry in header.items()}
    tensors = dict(sorted(tensors.items(), key=lambda item: (item[1].begin, item[1].end)))
    position = 0
    for name, info in tensors.items():
        if info.begin != position:
            _fail(
                f"tensor {_short(name)} begins at byte {info.begin}, not at {position}: holes and overlaps are refused"
            )
        position = info.end
    if position > max_bytes:
        _fail(f"the tensors take {position} bytes, max_bytes is {max_bytes}")
    if position != data_bytes:
        _fail(f"the tensors take {position} bytes, the file has {data_bytes} (truncated or extended file?)")
    config = parse_json(metadata["config"], "config")
    if not isinstance(config, dict):
        _fail("config must be a JSON object")
    return FileInfo(
        kind=metadata["kind"],
        format_version=int(metadata["format_version"]),
        config=config,
        tensors=tensors,
        data_bytes=data_bytes,
        checksum=metadata["payload_sha256_tree"],
        library_version=metadata.get("library_version"),
    )


def check_names(tensors: Mapping[str, Any]) -> None:
    """Refuse names that a reader would refuse."""
    if len(tensors) > MAX_TENSORS:
        raise InvalidInputError(f"tensors has {len(tensors)} entries; a file holds at most {MAX_TENSORS}")
    for name in tensors:
        if not isinstance(name, str):
            raise InvalidTypeError(f"tensors must have strings as keys; got {type(name).__name__}")
        if name == "__metadata__" or not 0 < len(name) <= MAX_NAME:
            raise InvalidInputError(f"tensors has the key {name[:60]!r}; names have 1 to {MAX_NAME} characters")
