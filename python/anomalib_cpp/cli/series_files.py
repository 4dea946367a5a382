"""Time series and their scores from files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from glob import has_magic
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._errors import FormatError, InvalidInputError
from .arrays import SUFFIXES, read_array
from .failures import naming
from .pairs import about
from .series_text import TextTable
from .series_windows import Windows, labels_in

__all__ = ["Columns", "Series", "find_series", "names_of", "read_series"]


@dataclass(frozen=True)
class Columns:
    """Which columns are meant: names of the header or positions from 1; None where the layout says it."""

    label: str | None = None
    value: str | None = None
    scores: tuple[str, ...] = ()
    time: str | None = None


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


def read_series(path: Path, name: str, columns: Columns, beside: Path | None, windows: Windows | None = None) -> Series:
    """Read one file: its scores from `beside` if that is given, its labels from `windows` if they are."""
    with naming(path):
        table = TextTable(path)
        label = time = None
        if windows is None:
            label = table.default_label() if columns.label is None else table.named(columns.label, "--label-column")
        else:
            time = table.default_time() if columns.time is None else table.named(columns.time, "--time-column")
        if columns.value is None:
            value = table.default_value(label, time)
        else:
            value = table.named(columns.value, "--value-column")
        scores = [] if beside is not None else table.scores(columns.scores, {label, value, time})
        kinds: dict[int | None, str] = {label: "label", value: "value", **dict.fromkeys(scores, ""), time: "time"}
        read = table.read({at: kind for at, kind in kinds.items() if at is not None})
        found: dict[str, NDArray[Any]] = {table.name(at): read[at] for at in scores}
    if windows is None:
        assert label is not None
        labels = read[label]
    else:
        assert time is not None
        with about(repr(str(path))):
            labels = labels_in(windows, read[time])
    if beside is not None:
        found = _scores_beside(_beside(path, beside), columns.scores)
        for detector, one in found.items():
            if len(one) != len(labels):
                raise InvalidInputError(
                    f"{str(path)!r} has {len(labels)} points, but {str(_beside(path, beside))!r} {len(one)} "
                    f"scores of {detector!r}"
                )
    return Series(name, None if value is None else read[value], labels, found)


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
            table = TextTable(path)
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
