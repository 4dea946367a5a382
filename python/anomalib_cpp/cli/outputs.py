"""What commands write: scores as CSV or JSON, and a folder of maps that appears complete or not at all."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._atomic import write_atomically
from .._errors import InvalidInputError
from .failures import MissingPackageError

__all__ = ["MapFolder", "as_csv", "as_json", "as_table", "map_names", "write_or_print"]


def _json_number(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: _json_number(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_json_number(entry) for entry in value]
    return value


def as_json(content: dict[str, Any]) -> str:
    """JSON that depends on the content alone: sorted keys, shortest numbers that read back the same."""
    return json.dumps(_json_number(content), indent=2, sort_keys=True, allow_nan=False) + "\n"


def as_csv(names: list[str], scores: list[float], labels: list[int] | None = None) -> str:
    """Columns ``name``, ``label`` where there are `labels`, and ``score``."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns: dict[str, list[Any]] = {"name": names, "label": labels or [], "score": [repr(score) for score in scores]}
    if labels is None:
        del columns["label"]
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()


def as_table(rows: list[list[str]]) -> str:
    """Columns that are as wide as their widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(lines)


def write_or_print(text: str, path: Path | None) -> None:
    """Write `text` to a file, all of it or nothing, or to standard output."""
    if path is None:
        print(text, end="")
        return
    data = text.encode("utf-8", "surrogateescape")
    write_atomically(path, [data], len(data), overwrite=True, follow_symlinks=False)


def map_names(names: list[str], suffix: str) -> list[str]:
    """File names of maps: those of the images with another suffix; two that would coincide are refused."""
    renamed = [PurePosixPath(name).with_suffix(suffix).as_posix() for name in names]
    first: dict[str, str] = {}
    for name, new in zip(names, renamed, strict=True):
        if new in first:
            raise InvalidInputError(f"the maps of {first[new]!r} and {name!r} would both be called {new!r}")
        first[new] = name
    return renamed


class MapFolder:
    """A new folder of maps, written under another name until it is complete."""

    def __init__(self, path: Path, kind: str) -> None:
        if path.exists() and not path.is_dir():
            raise InvalidInputError(f"--maps {str(path)!r} is a file; name a folder")
        if path.is_dir() and any(path.iterdir()):
            raise InvalidInputError(f"--maps {str(path)!r} is not empty; name a new folder")
        if not path.parent.is_dir():
            raise InvalidInputError(f"--maps {str(path)!r}: the folder {str(path.parent)!r} does not exist")
        self._path, self._kind = path, kind
        self._temporary = path.with_name(f"{path.name}.tmp-{os.getpid()}-{secrets.token_hex(8)}")
        if kind == "tiff":
            try:
                import tifffile
            except ImportError as error:
                raise MissingPackageError("--maps-format tiff", error.name, "cli") from error
            self._imwrite = tifffile.imwrite

    @contextmanager
    def open(self) -> Iterator[MapFolder]:
        """Publish the folder at the end of the block, unless an exception ends it."""
        self._temporary.mkdir()
        try:
            yield self
            if self._path.is_dir():
                self._path.rmdir()  # empty, as checked above
            self._temporary.rename(self._path)
        except BaseException:
            shutil.rmtree(self._temporary, ignore_errors=True)
            raise

    def write(self, name: str, scores: NDArray[Any]) -> None:
        """Write one map, as float32."""
        path = self._temporary / name
        path.parent.mkdir(parents=True, exist_ok=True)
        values = np.ascontiguousarray(scores, np.float32)
        if self._kind == "tiff":
            self._imwrite(path, values, metadata=None, software="anomalib_cpp")
        else:
            np.save(path, values, allow_pickle=False)
