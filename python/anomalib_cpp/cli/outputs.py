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
from .._errors import FormatError, InvalidInputError
from .failures import MissingPackageError
from .options import require_folder

_MOST_OBJECTS = 500_000

__all__ = [
    "MapFolder",
    "as_csv",
    "as_json",
    "as_markdown",
    "as_table",
    "json_of",
    "map_names",
    "write_archive",
    "write_or_print",
]


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


def json_of(path: Path, most_bytes: int, what: str) -> Any:
    """Parse a JSON file that :func:`as_json` may have written; `what` says in errors what it should be."""
    with path.open("rb") as file:
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes or not data.isascii():
        raise FormatError(f"not a {what}: it is not ASCII of at most {most_bytes} bytes")
    if data.count(b"{") + data.count(b"[") > _MOST_OBJECTS:
        raise FormatError(f"not a {what}: it holds more than {_MOST_OBJECTS} objects")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            raise FormatError(f"not a {what}: it has a duplicate key")
        return result

    def number(digits: str) -> float:
        if len(digits) > 40 or not math.isfinite(float(digits)):
            raise FormatError(f"not a {what}: it holds a number out of range")
        return float(digits) if digits.strip("-0123456789") else int(digits)

    def refuse(name: str) -> None:
        raise FormatError(f"not a {what}: it holds {name}")

    try:
        return json.loads(data, object_pairs_hook=unique, parse_float=number, parse_int=number, parse_constant=refuse)
    except FormatError:
        raise
    except (ValueError, RecursionError) as error:
        raise FormatError(f"not a {what}: it is not valid JSON ({str(error)[:80]})") from None


def as_csv(columns: dict[str, list[Any]]) -> str:
    """One line for the names of the columns, then one for each entry; numbers read back the same."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()


def as_table(rows: list[list[str]]) -> str:
    """Columns that are as wide as their widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(lines)


def as_markdown(rows: list[list[str]]) -> str:
    """Return the rows as a table in Markdown; the first column is text."""

    def line(cells: list[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    rule = "|" + "|".join([" --- ", *[" ---: "] * (len(rows[0]) - 1)]) + "|"
    return "\n".join([line(rows[0]), rule, *map(line, rows[1:])])


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


def write_archive(path: Path, content: NDArray[Any] | dict[str, NDArray[Any]]) -> None:
    """Write an array as .npy, or named arrays as .npz, all of it or nothing."""
    file = io.BytesIO()
    if isinstance(content, dict):
        np.savez(file, **content)  # type: ignore[arg-type]
    else:
        np.save(file, content, allow_pickle=False)
    data = file.getbuffer()
    write_atomically(path, [data], data.nbytes, overwrite=True, follow_symlinks=False)


class MapFolder:
    """A new folder of maps, written under another name until it is complete."""

    def __init__(self, path: Path, kind: str, option: str = "--maps") -> None:
        if path.exists() and not path.is_dir():
            raise InvalidInputError(f"{option} {str(path)!r} is a file; name a folder")
        if path.is_dir() and any(path.iterdir()):
            raise InvalidInputError(f"{option} {str(path)!r} is not empty; name a new folder")
        require_folder(path, option)
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

    def file(self, name: str) -> Path:
        """Where a file of the folder is to be written now."""
        path = self._temporary / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def write(self, name: str, scores: NDArray[Any]) -> None:
        """Write one map, as float32."""
        path = self.file(name)
        values = np.ascontiguousarray(scores, np.float32)
        if self._kind == "tiff":
            self._imwrite(path, values, metadata=None, software="anomalib_cpp")
        else:
            np.save(path, values, allow_pickle=False)
