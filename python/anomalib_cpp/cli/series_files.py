"""Time series and their scores from text files: columns by name or position, in the layouts of NAB, VUS and TSB-AD."""

from __future__ import annotations

import csv
import math
import os
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from glob import has_magic
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._errors import FormatError, InvalidInputError
from .arrays import SUFFIXES, read_array
from .failures import naming

__all__ = ["Columns", "Series", "find_series", "names_of", "read_series"]

_MOST_BYTES = 1 << 30
_LABELS = ("label", "labels", "is_anomaly", "anomaly")
_VALUES = ("value", "values", "data")
_SCORES = ("score", "scores")
_WORDS = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True)
class Columns:
    """Which columns are meant: names of the header or positions from 1; None where the layout says it."""

    label: str | None = None
    value: str | None = None
    scores: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Series:
    """One file.

    Attributes
    ----------
    name : str
        What results call it.
    values : array of float64, shape (n,), or None
        The series itself; NaN where it has no value.
    labels : array of float64, shape (n,)
        Above 0 for anomalous points.
    scores : dict of str to array, shape (n,)
        Of each detector.
    """

    name: str
    values: NDArray[np.float64] | None
    labels: NDArray[np.float64]
    scores: dict[str, NDArray[Any]]


def find_series(patterns: list[str]) -> list[Path]:
    """Return the files that names and glob patterns stand for, in the given order, the finds of a pattern sorted."""
    found: dict[Path, Path] = {}
    for pattern in patterns:
        path = Path(pattern)
        if path.is_dir():
            raise InvalidInputError(f"{pattern!r} is a folder; name its files, such as {str(path / '*.csv')!r}")
        files = [path] if path.exists() or not has_magic(pattern) else _matches(path, pattern)
        for file in files:
            found.setdefault(file.parent.resolve() / file.name, file)
    return list(found.values())


def _matches(path: Path, pattern: str) -> list[Path]:
    try:
        files = [file for file in Path(path.anchor).glob(str(path.relative_to(path.anchor))) if file.is_file()]
    except ValueError as error:
        raise InvalidInputError(f"{pattern!r} is not a pattern: {error}") from None
    files = sorted(file for file in files if not file.name.startswith("."))
    if not files:
        raise InvalidInputError(f"{pattern!r} fits no file")
    return files


def names_of(paths: list[Path]) -> list[str]:
    """Names below the folder that all files share, so that they do not depend on where that lies."""
    whole = [path.parent.resolve() / path.name for path in paths]
    root = os.path.commonpath([path.parent for path in whole])
    return [path.relative_to(root).as_posix() for path in whole]


def read_series(path: Path, name: str, columns: Columns, beside: Path | None) -> Series:
    """Read one file, and its scores from `beside` if that is given."""
    with naming(path):
        table = _Table(path)
        label = table.named(columns.label, "--label-column") if columns.label else table.default_label()
        value = table.named(columns.value, "--value-column") if columns.value else table.default_value(label)
        scores = [] if beside is not None else table.scores(columns.scores, {label, value})
        read = table.read({label: "label", **({} if value is None else {value: "value"}), **dict.fromkeys(scores, "")})
        found: dict[str, NDArray[Any]] = {table.name(at): read[at] for at in scores}
    if beside is not None:
        found = _scores_beside(_beside(path, beside), columns.scores)
        for detector, one in found.items():
            if len(one) != len(read[label]):
                raise InvalidInputError(
                    f"{str(path)!r} has {len(read[label])} points, but {str(_beside(path, beside))!r} {len(one)} "
                    f"scores of {detector!r}"
                )
    return Series(name, None if value is None else read[value], read[label], found)


def _beside(path: Path, beside: Path) -> Path:
    """Return the file of scores: `beside` itself, or the one in it that is called like the series."""
    if not beside.is_dir():
        return beside
    found = sorted(file for file in beside.iterdir() if file.stem == path.stem and file.is_file())
    if len(found) != 1:
        what = "no file" if not found else f"{len(found)} files"
        raise InvalidInputError(f"--scores {str(beside)!r} has {what} called {path.stem!r}, as {str(path)!r} is")
    return found[0]


def _scores_beside(path: Path, wanted: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    with naming(path):
        if path.suffix.lower() not in SUFFIXES:
            table = _Table(path)
            columns = table.scores(wanted, set(), all_of_them=True)
            read = table.read(dict.fromkeys(columns, ""))
            return {table.name(at): read[at] for at in columns}
        if wanted:
            raise FormatError("--score-column chooses columns of text files, not of arrays")
        found = read_array(path, None, "scores", "save one array, or call it scores")
        if found.ndim not in (1, 2) or found.size == 0 or found.dtype.kind not in "fui":
            got = f"{found.dtype} {found.shape}"
            raise FormatError(f"scores must be numbers of shape (n,) or (n, detectors); got {got}")
        if found.dtype.kind == "f" and (missing := np.isnan(found)).any():
            raise FormatError(f"scores hold {missing.sum()} NaN, first in row {np.argwhere(missing)[0][0]}")
        if found.ndim == 1:
            return {"score": found}
        return {f"score {i + 1}": np.ascontiguousarray(found[:, i]) for i in range(found.shape[1])}


class _Table:
    """A text file with columns; its first line is a header if no cell of it is a number."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if path.stat().st_size > _MOST_BYTES:
            raise FormatError(f"more than {_MOST_BYTES} bytes")
        with path.open("rb") as file:
            start = file.readline(1 << 20).decode("utf-8-sig", "surrogateescape")
        self._delimiter = next((mark for mark in ",;\t" if mark in start), ",")
        first = next((row for _, row in self._rows()), None)
        if first is None:
            raise FormatError("it is empty")
        self.width = len(first)
        self.header = None if any(_is_number(cell) for cell in first) else [cell.strip() for cell in first]
        if self.header is not None and len(set(self.header)) != self.width:
            raise FormatError(f"its header names a column twice: {self._shown()}")

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield lines that are not blank, with their number in the file."""
        with self._path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            rows = csv.reader(file, delimiter=self._delimiter, strict=True)
            try:
                for row in rows:
                    if row:
                        yield rows.line_num, row
            except csv.Error as error:
                raise FormatError(f"line {rows.line_num} is not valid CSV: {error}") from None

    def _shown(self) -> str:
        if self.header is None:
            return f"{self.width} without a name"
        return ", ".join(ascii(name)[:40] for name in self.header[:20]) + (", ..." if self.width > 20 else "")

    def name(self, column: int) -> str:
        """Name of a column: that of the header, else its position."""
        return f"column {column + 1}" if self.header is None else self.header[column]

    def named(self, text: str, option: str) -> int:
        """Find the column that an option names."""
        if self.header is not None and text in self.header:
            return self.header.index(text)
        if text.isascii() and text.isdigit() and 1 <= int(text) <= self.width:
            return int(text) - 1
        raise FormatError(f"{option} {text!r} is not a column; the columns are {self._shown()}")

    def _first(self, names: tuple[str, ...]) -> int | None:
        lower = [name.lower() for name in self.header or ()]
        return next((lower.index(name) for name in names if name in lower), None)

    def default_label(self) -> int:
        """Return the column of labels: called so, or the second one where there is no header."""
        found = (1 if self.width > 1 else None) if self.header is None else self._first(_LABELS)
        if found is None:
            raise FormatError(f"no column of labels; the columns are {self._shown()}; give --label-column")
        return found

    def default_value(self, label: int) -> int | None:
        """Return the column of the series itself, if there is one."""
        if self.header is None:
            return 0 if label != 0 else None
        return self._first(_VALUES)

    def scores(self, wanted: tuple[str, ...], taken: set[int | None], *, all_of_them: bool = False) -> list[int]:
        """Return the columns of scores: those that are wanted, or called so; without a header those that are left."""
        if wanted:
            return list(dict.fromkeys(self.named(text, "--score-column") for text in wanted))
        if self.header is None:
            found = [i for i in range(self.width) if i not in taken]
        elif (of_nab := self._first(("anomaly_score",))) is not None:
            found = [of_nab]  # its raw_score is what that was made of
        else:
            lower = [name.lower() for name in self.header]
            found = [i for i, name in enumerate(lower) if name in _SCORES or name.startswith("score_")]
            found += [i for i, name in enumerate(lower) if name.endswith("_score") and i not in found]
            if not found and all_of_them and self.width == 1:
                found = [0]
        if not found:
            more = "" if all_of_them else ", or --scores with a file of them"
            raise FormatError(f"no column of scores; the columns are {self._shown()}; give --score-column{more}")
        return sorted(found)

    def read(self, columns: dict[int, str]) -> dict[int, NDArray[np.float64]]:
        """Read columns; their kind is ``"label"``, ``"value"``, which may be missing, or ``""`` for scores."""
        found = {at: array("d") for at in columns}
        rows = self._rows()
        if self.header is not None:
            next(rows)
        for line, row in rows:
            if len(row) != self.width:
                raise FormatError(f"line {line} has {len(row)} columns, not {self.width}")
            for at, kind in columns.items():
                found[at].append(_number(row[at], kind, line, self.name(at)))
        if not all(map(len, found.values())):
            raise FormatError("it holds no point")
        return {at: np.array(numbers, np.float64) for at, numbers in found.items()}


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _number(cell: str, kind: str, line: int, column: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        text = cell.strip().lower()
        number = _WORDS.get(text, math.nan) if kind == "label" else math.nan
        if kind == "value" and not text:
            return math.nan
        if number != number:
            raise FormatError(f"line {line} has no number in {column!a}: {cell[:20]!a}") from None
    if number != number and kind != "value":
        raise FormatError(f"line {line} has no number in {column!a}: {cell[:20]!a}")
    if kind == "label" and number < 0:
        raise FormatError(f"line {line} has a label below 0 in {column!a}: {cell[:20]!a}")
    return number
