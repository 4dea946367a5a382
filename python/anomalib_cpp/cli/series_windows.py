"""Labels of time series from the windows of ``combined_windows.json``, as the Numenta Anomaly Benchmark keeps them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .._errors import InvalidInputError

__all__ = ["Windows", "labels_in", "windows_of"]

Windows = list[list[str]]


def windows_of(paths: list[Path], file: Path) -> list[Windows]:
    """Return the windows of each series: those of the entry that is called like its file.

    A file of results, ``<detector>_<series>.csv``, is called like its series too. Where several groups have a series of
    the name, the file lies in a folder that is called like the group.
    """
    from ..nab import read_windows

    entries = read_windows(file)
    of_file: dict[str, list[str]] = {}
    for name in entries:
        of_file.setdefault(name.rpartition("/")[2], []).append(name)
    return [entries[_entry(path, of_file, file)] for path in paths]


def _entry(path: Path, of_file: dict[str, list[str]], file: Path) -> str:
    tails = [path.name, *(path.name[i + 1 :] for i, mark in enumerate(path.name) if mark == "_")]
    names = next((of_file[tail] for tail in tails if tail in of_file), [])
    if not names:
        known = ", ".join(map(repr, list(of_file)[:3])) + (", ..." if len(of_file) > 3 else "")
        raise InvalidInputError(f"{str(path)!r} is called like no series of {str(file)!r}; it has {known or 'none'}")
    fitting = [name for name in names if len(names) == 1 or name.rpartition("/")[0] == path.parent.name]
    if len(fitting) != 1:
        raise InvalidInputError(
            f"{str(path)!r} may be any of {', '.join(map(repr, names))}; put it into the folder of its group"
        )
    return fitting[0]


def labels_in(windows: Windows, stamps: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return 1 for the points in a window, its ends included, else 0; `stamps` are microseconds since 1970."""
    from ..timeseries._nab_windows import read_places

    labels = np.zeros(len(stamps))
    for first, last in read_places(windows, stamps.view("datetime64[us]"), len(stamps), ""):
        labels[first : last + 1] = 1
    return labels
