"""Banks out of and into FAISS indexes. FAISS itself is imported when one of its objects is asked for."""

from __future__ import annotations

import importlib.util
import os
import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._errors import CompatibilityWarning, FormatError, InvalidInputError, InvalidTypeError

__all__ = ["flat_index", "read_flat_file", "rows_of_index"]

_TAGS = {b"IxF2": 1, b"IxFI": 0, b"IxFl": None}  # flat indexes, and the metric type each must have
_METRICS = {0: "inner_product", 1: "euclidean"}  # FAISS calls squared Euclidean distances L2
_HEADER = struct.Struct("<4siqqqBiQ")
_MAX_WIDTH = 1 << 20


def read_flat_header(raw: bytes, file_bytes: int) -> tuple[str, int, int]:
    """Validate the first bytes of a flat index file; return metric, rows and columns."""
    if len(raw) < _HEADER.size:
        raise FormatError(f"not a flat FAISS index: it has {file_bytes} bytes, the header alone takes {_HEADER.size}")
    tag, dim, rows, _, _, trained, metric_type, words = _HEADER.unpack(raw[: _HEADER.size])
    if tag not in _TAGS:
        raise FormatError(
            f"not a flat FAISS index: it starts with {tag.decode('latin-1')!a}, flat ones with 'IxF2', 'IxFI' or "
            "'IxFl'; other indexes hold compressed vectors or links: rebuild the bank from its features"
        )
    if not 1 <= dim <= _MAX_WIDTH:
        raise FormatError(f"not a valid flat FAISS index: {dim} columns")
    if metric_type not in _METRICS or _TAGS[tag] not in (None, metric_type):
        raise FormatError(f"not a valid flat FAISS index: metric type {metric_type} in a {tag.decode()} index")
    if trained not in (0, 1):
        raise FormatError(f"not a valid flat FAISS index: is_trained is {trained}")
    if rows < 0 or words != rows * dim:
        raise FormatError(f"not a valid flat FAISS index: {words} values for {rows} rows of {dim}")
    if _HEADER.size + 4 * words != file_bytes:
        raise FormatError(
            f"not a valid flat FAISS index: {rows} rows of {dim} need {_HEADER.size + 4 * words} bytes, the file has "
            f"{file_bytes} (truncated or extended file?)"
        )
    if rows == 0:
        raise FormatError("the flat FAISS index is empty")
    return _METRICS[metric_type], rows, dim


def read_flat_file(path: str | os.PathLike[str]) -> tuple[str, NDArray[np.float32]]:
    """Return metric and rows of a flat index file, checked before FAISS, if it is installed, may read it."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"path {os.fspath(path)!r} is not a file")
    with path.open("rb") as file:
        metric, rows, dim = read_flat_header(file.read(_HEADER.size), os.fstat(file.fileno()).st_size)
        if importlib.util.find_spec("faiss") is None:
            return metric, np.fromfile(file, np.dtype("<f4"), rows * dim).reshape(rows, dim)
    import faiss

    return metric, rows_of_index(faiss.read_index(os.fspath(path)))[1]


def rows_of_index(index: Any) -> tuple[str, NDArray[np.float32]]:
    """Return metric and rows of a FAISS index object that can give its vectors back."""
    if not hasattr(index, "ntotal") or not hasattr(index, "reconstruct_n"):
        raise InvalidTypeError(f"index must be a faiss.Index; got {type(index).__name__}")
    import faiss

    concrete = faiss.downcast_index(index)  # borrows from index
    if concrete.metric_type not in _METRICS:
        raise InvalidInputError(f"index has the metric type {concrete.metric_type}; a bank takes L2 or inner product")
    if concrete.ntotal == 0:
        raise InvalidInputError("index is empty; a bank needs at least one row")
    try:
        concrete.reconstruct(0)  # reconstruct_n ends the process where this raises
        rows = concrete.reconstruct_n(0, concrete.ntotal)
    except RuntimeError as error:
        raise InvalidInputError(
            f"index is a {type(concrete).__name__} that cannot give its vectors back: {str(error).strip()[-160:]}"
        ) from None
    if not isinstance(concrete, faiss.IndexFlat):
        warnings.warn(
            f"the rows of this {type(concrete).__name__} are what it reconstructs, which may be compressed copies",
            CompatibilityWarning,
            stacklevel=3,
        )
    return _METRICS[concrete.metric_type], rows


def flat_index(rows: NDArray[Any], metric: str) -> Any:
    """Return a faiss.IndexFlat with the rows of a bank."""
    if metric not in ("euclidean", "sqeuclidean", "inner_product"):
        raise InvalidInputError(
            f"FAISS has no flat index for metric={metric!r}; fit rows of length 1 with metric='inner_product'"
        )
    import faiss

    if rows.dtype != np.float32:
        warnings.warn("FAISS stores float32: the float64 rows are rounded", CompatibilityWarning, stacklevel=3)
    kind = faiss.IndexFlatIP if metric == "inner_product" else faiss.IndexFlatL2
    index = kind(rows.shape[1])
    index.add(np.ascontiguousarray(rows, dtype=np.float32))
    return index
