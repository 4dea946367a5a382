"""Text files with columns, by name or position: the layouts of NAB, VUS and TSB-AD."""

from __future__ import annotations

import csv
import math
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._errors import FormatError
from .._timestamps import microseconds

__all__ = ["TextTable"]

_MOST_BYTES = 1 << 30
_LABELS = ("label", "labels", "is_anomaly", "anomaly")
_VALUES = ("value", "values", "data")
_SCORES = ("score", "scores")
_TIMES = ("timestamp", "timestamps", "time", "datetime", "date")
_WORDS = {"true": 1.0, "false": 0.0}


class TextTable:
    """A text file with columns; its first line is a header if no cell of it is a number."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if path.stat().st_size > _MOST_BYTES:
            raise FormatError(f"more than {_MOST_BYTES} bytes")
        with path.open("rb") as file:
            start = file.readline(1 << 20).decode("utf-8-sig", "surrogateescape")
        if "\0" in start:
            raise FormatError("it is not a text file")
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
            raise FormatError(f"no column of labels; the columns are {self._shown()}; give --label-column or --windows")
        return found

    def default_time(self) -> int:
        """Return the column of timestamps."""
        found = self._first(_TIMES)
        if found is None:
            raise FormatError(f"no column of timestamps; the columns are {self._shown()}; give --time-column")
        return found

    def default_value(self, label: int | None, time: int | None) -> int | None:
        """Return the column of the series itself, if there is one."""
        if self.header is not None:
            return self._first(_VALUES)
        others = [i for i in range(self.width) if i != time]
        if time is not None and len(others) == 1:  # of two columns, the other one holds scores
            return None
        return others[0] if others[0] != label else None

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

    def read(self, columns: dict[int, str]) -> dict[int, NDArray[Any]]:
        """Read columns; their kind is ``"label"``, ``"time"``, ``"value"``, which may be missing, or ``""`` for scores.

        Timestamps are int64, microseconds; all others float64.
        """
        found = {at: array("q" if kind == "time" else "d") for at, kind in columns.items()}
        rows = self._rows()
        if self.header is not None:
            next(rows)
        for line, row in rows:
            if len(row) != self.width:
                raise FormatError(f"line {line} has {len(row)} columns, not {self.width}")
            for at, kind in columns.items():
                read = _stamp if kind == "time" else _number
                found[at].append(read(row[at], kind, line, self.name(at)))  # type: ignore[arg-type]
        if not all(map(len, found.values())):
            raise FormatError("it holds no point")
        return {at: np.array(numbers) for at, numbers in found.items()}


def _stamp(cell: str, kind: str, line: int, column: str) -> int:
    found = microseconds(cell)
    if found is None:
        raise FormatError(f"line {line} has no timestamp in {column!a}: {cell[:40]!a}; one is like 2014-07-01 00:30:00")
    return found


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
