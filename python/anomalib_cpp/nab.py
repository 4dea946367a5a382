"""The optimise, score and normalise steps of the Numenta Anomaly Benchmark on a folder of results, without NAB.

Reads the CSV files that detectors leave in NAB's ``results`` folder and its ``labels/combined_windows.json``, and gives
what NAB writes to ``config/thresholds.json``, to ``<detector>_<profile>_scores.csv`` and to
``results/final_results.json``. What differs:

- A detector's corpus is the series that it has results for; NAB's perfect score counts the windows of all series. On
  NAB's whole corpus both are the same.
- The score that normalisation takes for 0 is computed; NAB reads it from the results of its ``null`` detector.
- Numbers agree with NAB's up to rounding, about 1e-13.
- A threshold below all scores of a series, where NAB fails, detects everything; so does one above 1.1 with nothing.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ._checks import number
from ._errors import FormatError, InvalidInputError, InvalidTypeError
from ._timestamps import microseconds
from .timeseries._nab import NAB_PROFILES, NabScore, NabSweep, read_probation, read_profile, swept
from .timeseries._nab_corpus import Corpus, Series, scored_series

__all__ = ["Runner", "read_profiles", "read_thresholds", "read_windows"]

Windows = Mapping[str, Sequence[Sequence[str]]]
Thresholds = Mapping[str, Mapping[str, Mapping[str, float]]]


class Runner:
    """Results of detectors on labelled series, ready to be scored.

    Parameters
    ----------
    results : path
        A folder with files ``<detector>_<series>.csv`` in it or below it, as NAB's ``results`` or one detector's part
        of it. They have the columns ``timestamp`` and ``anomaly_score``. NAB's own ``*_scores.csv`` are passed over.
    windows : path or mapping
        ``combined_windows.json``, or what :func:`read_windows` returns: for each series, as ``group/series.csv``, the
        first and the last timestamp of each window.
    detectors : sequence of str, optional
        Read these only.
    profiles : mapping of name to three numbers, optional
        Weights of true positives, false positives and false negatives; NAB's three profiles by default.
    probation : float in [0, 1], default 0.15
        Share of each series, of its first 5000 points at most, in which nothing counts.

    Attributes
    ----------
    detectors : list of str
    files : dict
        For each detector the series it has results for.

    Raises
    ------
    InvalidInputError
        For a folder without results, a file of no series of `windows`, two of the same, a detector that has none,
        windows that begin or end at no point, and options out of range.
    FormatError
        For files that do not hold what they should; it names them.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from anomalib_cpp import nab
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> with (folder / "mine_taxi.csv").open("w") as file:
    ...     print("timestamp,anomaly_score", file=file)
    ...     for i, score in enumerate([0, 0.2, 0.9, 0.1]):
    ...         print(f"2014-07-01 00:0{i}:00,{score}", file=file)
    >>> windows = {"real/taxi.csv": [["2014-07-01 00:02:00.000000", "2014-07-01 00:03:00.000000"]]}
    >>> runner = nab.Runner(folder, windows)
    >>> runner.optimize()["mine"]["standard"]
    {'score': 1.0, 'threshold': 0.9}
    >>> runner.normalize()["mine"]["standard"]
    100.0
    """

    def __init__(
        self,
        results: str | os.PathLike[str],
        windows: str | os.PathLike[str] | Windows,
        *,
        detectors: Sequence[str] | None = None,
        profiles: Mapping[str, Sequence[float]] | None = None,
        probation: float = 0.15,
    ) -> None:
        share = read_probation(probation)
        if isinstance(detectors, str):
            raise InvalidTypeError(f"detectors must be a sequence of names; got {detectors!r}")
        if profiles is not None and not isinstance(profiles, Mapping):
            raise InvalidTypeError(f"profiles must be a mapping of names to weights; got {type(profiles).__name__}")
        self._weights = {
            name: read_profile(weights) for name, weights in (NAB_PROFILES if profiles is None else profiles).items()
        }
        labels = windows if isinstance(windows, Mapping) else read_windows(windows)
        found = _find(Path(results), labels, detectors)
        self._series = {
            detector: {name: _read_series(path, labels[name], share) for name, path in sorted(paths.items())}
            for detector, paths in sorted(found.items())
        }
        self._corpora: dict[str, Corpus] = {}

    @property
    def detectors(self) -> list[str]:
        """The detectors that have results."""
        return list(self._series)

    @property
    def files(self) -> dict[str, list[str]]:
        """The series that each detector has results for."""
        return {detector: list(series) for detector, series in self._series.items()}

    def sweep(self, detector: str, profile: str = "standard") -> NabSweep:
        """Return the scores of one detector at all thresholds.

        Parameters
        ----------
        detector, profile : str

        Returns
        -------
        NabSweep
        """
        for name, of, known in ((detector, "detector", self._series), (profile, "profile", self._weights)):
            if name not in known:
                raise InvalidInputError(f"{of} must be one of {', '.join(map(repr, known))}; got {name!r}")
        if detector not in self._corpora:
            self._corpora[detector] = Corpus([one.series for one in self._series[detector].values()])
        return swept(self._corpora[detector], self._weights[profile])

    def optimize(self) -> dict[str, dict[str, dict[str, float]]]:
        """Find the best threshold of each detector for each profile.

        Returns
        -------
        dict
            ``{detector: {profile: {"score": raw score, "threshold": threshold}}}``, as in ``config/thresholds.json``.
        """
        return {
            detector: {profile: _entry(self.sweep(detector, profile).best) for profile in self._weights}
            for detector in self._series
        }

    def at(self, thresholds: Thresholds) -> dict[str, dict[str, dict[str, float]]]:
        """Return the raw scores at given thresholds.

        Parameters
        ----------
        thresholds : mapping
            ``{detector: {profile: {"threshold": threshold}}}``, as :func:`read_thresholds` returns it.

        Returns
        -------
        dict
            As :meth:`optimize`; the thresholds are those given.

        Raises
        ------
        InvalidInputError
            Where one is missing.
        """
        return {
            detector: {
                profile: {"score": self.sweep(detector, profile).at(threshold).value, "threshold": threshold}
                for profile, threshold in of_detector.items()
            }
            for detector, of_detector in self._thresholds(thresholds).items()
        }

    def score(self, thresholds: Thresholds | None = None) -> dict[str, dict[str, list[dict[str, Any]]]]:
        """Score each series at the threshold of its detector and profile.

        Parameters
        ----------
        thresholds : mapping, optional
            As :meth:`optimize` returns it, which is the default, or as :func:`read_thresholds` does.

        Returns
        -------
        dict
            ``{detector: {profile: rows}}``; the rows have the columns of NAB's ``<detector>_<profile>_scores.csv``:
            ``Detector``, ``Profile``, ``File``, ``Threshold``, ``Score``, ``TP``, ``TN``, ``FP``, ``FN`` and
            ``Total_Count``, the points of the series, probation included.
        """
        at = self._thresholds(thresholds)
        alone = {
            detector: {file: Corpus([one.series]) for file, one in of_detector.items()}
            for detector, of_detector in self._series.items()
        }
        rows: dict[str, dict[str, list[dict[str, Any]]]] = {}
        for detector, corpora in alone.items():
            rows[detector] = {}
            for profile, weights in self._weights.items():
                threshold = at[detector][profile]
                rows[detector][profile] = [
                    self._row(detector, profile, file, threshold, swept(corpus, weights))
                    for file, corpus in corpora.items()
                ]
        return rows

    def _row(self, detector: str, profile: str, file: str, threshold: float, sweep: NabSweep) -> dict[str, Any]:
        found = sweep.at(threshold)
        return {
            "Detector": detector,
            "Profile": profile,
            "File": file,
            "Threshold": threshold,
            "Score": found.value,
            "TP": found.tp,
            "TN": found.tn,
            "FP": found.fp,
            "FN": found.fn,
            "Total_Count": self._series[detector][file].length,
        }

    def normalize(self, thresholds: Thresholds | None = None) -> dict[str, dict[str, float]]:
        """Scale the raw scores: 100 is perfect, 0 a detector that never detects anything.

        Parameters
        ----------
        thresholds : mapping, optional
            As for :meth:`score`.

        Returns
        -------
        dict
            ``{detector: {profile: score}}``, as in ``results/final_results.json``.

        Raises
        ------
        InvalidInputError
            Where no series of a detector has a window behind its probation.
        """
        at = self._thresholds(thresholds)
        result: dict[str, dict[str, float]] = {}
        for detector in self._series:
            result[detector] = {}
            for profile in self._weights:
                sweep = self.sweep(detector, profile)
                result[detector][profile] = sweep.normalized(sweep.at(at[detector][profile]).value)
        return result

    def _thresholds(self, thresholds: Thresholds | None) -> dict[str, dict[str, float]]:
        given = self.optimize() if thresholds is None else thresholds
        result: dict[str, dict[str, float]] = {}
        for detector in self._series:
            result[detector] = {}
            for profile in self._weights:
                try:
                    value = given[detector][profile]["threshold"]
                except (KeyError, TypeError):
                    raise InvalidInputError(
                        f"thresholds must hold a 'threshold' for {detector!r} and {profile!r}; got none"
                    ) from None
                result[detector][profile] = number(value, f"thresholds[{detector!r}][{profile!r}]['threshold']")
        return result


def read_windows(path: str | os.PathLike[str]) -> dict[str, list[list[str]]]:
    """Read ``combined_windows.json``.

    Parameters
    ----------
    path : path

    Returns
    -------
    dict
        For each series, as ``group/series.csv``, pairs of timestamps, the first and the last of each window.

    Raises
    ------
    FormatError
        For a file that does not hold that.
    """
    content = _read_json(path)
    for name, pairs in content.items():
        if not isinstance(pairs, list) or not all(
            isinstance(pair, list) and len(pair) == 2 and all(isinstance(end, str) for end in pair) for pair in pairs
        ):
            raise FormatError(f"{os.fspath(path)!r}: the entry {name!r} is not a list of pairs of timestamps")
        for end in (end for pair in pairs for end in pair):
            if microseconds(end) is None:
                raise FormatError(f"{os.fspath(path)!r}: the entry {name!r} holds {end[:40]!a}, which is no timestamp")
    return content


def read_profiles(path: str | os.PathLike[str]) -> dict[str, tuple[float, float, float]]:
    """Read NAB's ``config/profiles.json``.

    Parameters
    ----------
    path : path

    Returns
    -------
    dict
        For each profile the weights of true positives, false positives and false negatives.

    Raises
    ------
    FormatError
        For a file that does not hold that.
    """
    profiles = {}
    for name, profile in _read_json(path).items():
        try:
            costs = profile["CostMatrix"]
            profiles[name] = read_profile([costs[key] for key in ("tpWeight", "fpWeight", "fnWeight")])
        except (KeyError, TypeError, InvalidInputError) as error:
            raise FormatError(
                f"{os.fspath(path)!r}: the profile {name!r} has no CostMatrix of weights: {error}"
            ) from None
    return profiles


def read_thresholds(path: str | os.PathLike[str]) -> dict[str, dict[str, dict[str, float]]]:
    """Read NAB's ``config/thresholds.json``.

    Parameters
    ----------
    path : path

    Returns
    -------
    dict
        ``{detector: {profile: {"threshold": threshold, ...}}}``.

    Raises
    ------
    FormatError
        For a file that does not hold that.
    """
    content = _read_json(path)
    for detector, profiles in content.items():
        entries = profiles.values() if isinstance(profiles, dict) else [None]
        if not all(isinstance(entry, dict) and isinstance(entry.get("threshold"), (int, float)) for entry in entries):
            raise FormatError(f"{os.fspath(path)!r}: the entry {detector!r} does not hold a threshold for each profile")
    return content


def _entry(found: NabScore) -> dict[str, float]:
    return {"score": found.value, "threshold": found.threshold}


def _read_json(path: str | os.PathLike[str]) -> dict[str, Any]:
    try:
        content = json.loads(Path(path).read_bytes())
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{os.fspath(path)!r} is not valid JSON: {str(error)[:80]}") from None
    if not isinstance(content, dict):
        raise FormatError(f"{os.fspath(path)!r} must hold an object with an entry for each name")
    return content


class _File(NamedTuple):
    series: Series
    length: int


def _find(folder: Path, windows: Windows, wanted: Sequence[str] | None) -> dict[str, dict[str, Path]]:
    """Return for each detector the files of its series, by the name that the series has in `windows`."""
    if not folder.is_dir():
        raise InvalidInputError(f"results {str(folder)!r} is not a folder")
    of_name: dict[str, list[str]] = {}
    for name in windows:
        of_name.setdefault(name.rpartition("/")[2], []).append(name)
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.rglob("*.csv")):
        if path.name.endswith("_scores.csv"):
            continue
        detector, name = _matched(path, of_name)
        if wanted is not None and detector not in wanted:
            continue
        first = found.setdefault(detector, {}).setdefault(name, path)
        if first != path:
            raise InvalidInputError(f"{str(first)!r} and {str(path)!r} are both results of {detector!r} on {name!r}")
    for detector in wanted or ():
        if detector not in found:
            raise InvalidInputError(f"results {str(folder)!r} holds no file of the detector {detector!r}")
    if not found:
        raise InvalidInputError(f"results {str(folder)!r} holds no file <detector>_<series>.csv")
    return found


def _matched(path: Path, of_name: dict[str, list[str]]) -> tuple[str, str]:
    """Tell detector and series by a file's name; the longest series' name that fits is meant."""
    marks = [i for i, mark in enumerate(path.name) if mark == "_" and i > 0 and path.name[i + 1 :] in of_name]
    if not marks:
        raise InvalidInputError(f"{str(path)!r} is not called <detector>_<series> after any series of windows")
    detector, names = path.name[: marks[0]], of_name[path.name[marks[0] + 1 :]]
    names = [name for name in names if len(names) == 1 or name.rpartition("/")[0] == path.parent.name]
    if len(names) != 1:
        raise InvalidInputError(
            f"{str(path)!r} may belong to several series of windows; put it into its group's folder"
        )
    return detector, names[0]


def _read_series(path: Path, windows: Sequence[Sequence[str]], probation: float) -> _File:
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        try:
            header = next(rows, [])
            columns = [header.index(name) for name in ("timestamp", "anomaly_score")]
            stamps, scores = [], []
            for row in rows:
                if row:
                    stamps.append(_stamp(row[columns[0]]))
                    scores.append(float(row[columns[1]]))
        except ValueError as error:
            what = f"line {rows.line_num}" if rows.line_num > 1 else "the header"
            raise FormatError(f"{str(path)!r}: {what}: {error}") from None
        except (IndexError, csv.Error) as error:
            raise FormatError(f"{str(path)!r}: line {rows.line_num}: {error}") from None
    try:
        dates = np.array(stamps, np.int64).view("datetime64[us]")
        return _File(scored_series(np.array(scores), windows, dates, probation), len(scores))
    except (InvalidInputError, InvalidTypeError, ValueError) as error:
        raise InvalidInputError(f"{str(path)!r}: {error}") from None


def _stamp(cell: str) -> int:
    found = microseconds(cell)
    if found is None:
        raise ValueError(f"no timestamp: {cell[:40]!a}; one is like 2014-07-01 00:30:00")
    return found
