"""NAB: published values, a sweep point by point on made-up and on real results, files, and the command."""

import argparse
import csv
import json
import math
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomalib_cpp import nab
from anomalib_cpp.cli import nab as command
from anomalib_cpp.timeseries._nab import NAB_PROFILES, nab_point_scores, nab_sweep
from anomalib_cpp.timeseries._nab_corpus import _running_sum
from anomalib_cpp.timeseries._skab import skab_score

EXACT = {"rel": 0, "abs": 1e-13}
DATA = Path(__file__).parents[2] / "shared" / "data" / "timeseries" / "nab"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the NAB results are not here")
SCORES = (37 * np.arange(100) % 101) / 101
WINDOWS = [(40, 49), (70, 79)]
FINE = 1 << 80
LOW_FP, LOW_FN = "reward_low_FP_rate", "reward_low_FN_rate"


# The definition


def sigmoid(x):
    return -1.0 if x > 3 else 2 / (1 + math.exp(5 * x)) - 1


def points_by_definition(n, windows, weights):
    """Score and window (None outside) of each point of a series."""
    result = []
    for i in range(n):
        inside = [(left, right) for left, right in windows if left <= i <= right]
        past = [(left, right) for left, right in windows if right < i]
        if inside:
            ((left, right),) = inside
            at = -(right - i + 1) / (right - left + 1)
            result.append((sigmoid(at) * weights[0] / sigmoid(-1), inside[0]))
        elif not past or past[-1][0] == past[-1][1]:
            result.append((-weights[1], None))
        else:
            left, right = past[-1]
            result.append((sigmoid((i - right) / (right - left)) * weights[1], None))
    return result


def sweep_by_definition(corpus, weights, probation):
    """Rows (threshold, raw, tp, tn, fp, fn) of a corpus of (scores, windows)."""
    points, parts, alarms = [], {}, 0  # an exact sum: a plain one is off by 1e-9 in the end
    for k, (scores, windows) in enumerate(corpus):
        skipped = min(math.floor(probation * len(scores)), probation * 5000)
        of_series = points_by_definition(len(scores), windows, weights)
        for i, (score, (value, window)) in enumerate(zip(scores, of_series, strict=True)):
            if i >= skipped:
                points.append((score, value, None if window is None else (k, window)))
                if window is not None:
                    parts[k, window] = -weights[2]
    fn = sum(window is not None for _, _, window in points)
    tp, fp, tn = 0, 0, len(points) - fn
    rows, threshold = [], 1.1 if max(p[0] for p in points) < 1.1 else math.inf
    for score, value, window in sorted(points, key=lambda point: -point[0]):
        if score != threshold:
            rows.append((threshold, sum(parts.values(), alarms / FINE), tp, tn, fp, fn))
            threshold = score
        if window is None:
            fp, tn, alarms = fp + 1, tn - 1, alarms + int(value * FINE)
        else:
            tp, fn, parts[window] = tp + 1, fn - 1, max(parts[window], value)
    return [*rows, (threshold, sum(parts.values(), alarms / FINE), tp, tn, fp, fn)]


def assert_same(sweep, rows):
    assert sweep.thresholds.tolist() == [row[0] for row in rows]
    np.testing.assert_allclose(sweep.raw, [row[1] for row in rows], rtol=1e-14, atol=1e-13)
    counts = np.stack([sweep.tp, sweep.tn, sweep.fp, sweep.fn], axis=1)
    assert counts.tolist() == [list(row[2:]) for row in rows]


# Published values


def test_published_point_scores():
    for profile, total in (("standard", 7.308254419233731), (LOW_FP, -1.0476759752954639), (LOW_FN, 7.308254419233731)):
        assert nab_point_scores(100, WINDOWS, profile=profile).sum() == pytest.approx(total, **EXACT)
    found = nab_point_scores(100, WINDOWS)
    expected = [1, 0.24824154977542992, -0.029793183036839352, -0.10951310130369775, -0.1099967120746637]
    assert found[[40, 49, 50, 60, 99]] == pytest.approx(expected, **EXACT)
    assert nab_point_scores(3, [(0, 0)]).tolist() == [1, -0.11, -0.11]  # no distance behind a single point
    assert nab_point_scores(8, [(0, 1)], profile=(1, 1, 1))[4:6] == pytest.approx([sigmoid(3), -1], abs=1e-15)


@pytest.mark.parametrize(
    ("profile", "raw", "best", "threshold", "counts", "normalized"),
    [
        ("standard", -0.27253164207447456, 0.3399463572527761, 85 / 101, (4, 54, 11, 16), 58.498658931319405),
        (LOW_FP, -1.0415463836998087, -0.3815693056639312, 95 / 101, (2, 61, 4, 18), 40.46076735840172),
        (LOW_FN, -0.27253164207447456, 0.3399463572527761, 85 / 101, (4, 54, 11, 16), 72.33243928754626),
    ],
)
def test_published_sweep(profile, raw, best, threshold, counts, normalized):
    sweep = nab_sweep(SCORES, WINDOWS, profile=profile)
    at = sweep.at(0.9)
    assert (at.value, at.tp, at.tn, at.fp, at.fn) == (pytest.approx(raw, **EXACT), 2, 58, 7, 18)
    found = sweep.best
    assert float(sweep) == float(found) == pytest.approx(best, **EXACT)
    assert (found.threshold, found.tp, found.tn, found.fp, found.fn) == (threshold, *counts)
    assert found.normalized == sweep.normalized(found.value) == pytest.approx(normalized, rel=0, abs=1e-11)
    assert sweep.raw[0] == -NAB_PROFILES[profile][2] * 2
    assert_same(sweep, sweep_by_definition([(SCORES, WINDOWS)], NAB_PROFILES[profile], 0.15))


# Properties


@given(st.integers(0, 2**32))
def test_random_corpora_are_those_of_the_definition(seed):
    random = np.random.default_rng(seed)
    corpus = []
    for _ in range(random.integers(1, 4)):
        n = int(random.integers(1, 60))
        ends = np.sort(random.choice(n, min(n, 2 * int(random.integers(0, 4))) // 2 * 2, replace=False)).reshape(-1, 2)
        if n > 40 and random.random() < 0.5:
            ends = np.array([[5, 5], [6, 9], [30, 33]])
        corpus.append((random.integers(0, random.choice([3, 50]), n) / 7, [tuple(pair) for pair in ends.tolist()]))
    weights, probation = tuple(random.choice([0, 0.11, 0.5, 1, 2], 3)), random.choice([0, 0.15, 0.3])
    scores, windows = [part[0] for part in corpus], [part[1] for part in corpus]
    sweep = nab_sweep(scores, windows, profile=weights, probation=probation)
    assert_same(sweep, sweep_by_definition(corpus, weights, probation))
    moved = nab_sweep([2 * one + 1 for one in scores], windows, profile=weights, probation=probation)
    assert moved.raw.tolist() == sweep.raw.tolist()
    narrow = [np.float32(one) for one in scores]
    wide = nab_sweep([np.float64(one) for one in narrow], windows, profile=weights, probation=probation)
    assert nab_sweep(narrow, windows, profile=weights, probation=probation).raw.tolist() == wide.raw.tolist()


def test_lookup():
    sweep = nab_sweep([0.1, 0.5, 0.5, 0.9], [(2, 3)], probation=0)
    assert sweep.thresholds.tolist() == [1.1, 0.9, 0.5, 0.1]
    assert [sweep.at(t).threshold for t in (2, 1.0, 0.9, 0.7, 0.5, 0.1, 0.0, -math.inf)] == [
        1.1, 1.1, 0.9, 0.9, 0.5, 0.1, 0.1, 0.1,
    ]  # fmt: skip
    assert nab_sweep([1.1, -math.inf, math.inf], [(2, 2)], probation=0).thresholds.tolist() == [
        math.inf, math.inf, 1.1, -math.inf,
    ]  # fmt: skip


def test_probation_is_capped_and_hides_windows():
    scores = np.zeros(10000)
    scores[[749, 750]] = 1
    sweep = nab_sweep(scores, [(10, 20), (740, 760)])
    assert (sweep.windows, sweep.tp[1], sweep.fn[0]) == (1, 1, 11)
    assert nab_sweep(scores[:100], [(10, 20)], probation=1).thresholds.tolist() == [1.1]
    alone = nab_sweep(scores, [])
    assert (alone.windows, alone.best.value) == (0, 0)
    assert math.isnan(alone.best.normalized)
    with pytest.raises(ValueError, match="the normalized score is undefined: no window lies behind the probation"):
        alone.normalized()


def test_timestamps_of_all_kinds():
    start = datetime(2014, 7, 1)
    dates = [start + timedelta(minutes=30 * i) for i in range(100)]
    text = [str(date) for date in dates]
    expected = nab_sweep(SCORES, WINDOWS).raw.tolist()
    for times in (dates, text, np.array(text, "datetime64[s]"), np.arange(100) * 1800.0):
        windows = [(times[first], times[last]) for first, last in WINDOWS]
        assert nab_sweep(SCORES, windows, timestamps=times).raw.tolist() == expected
    fractions = [(f"{text[first]}.000000", f"{text[last]}.000000") for first, last in WINDOWS]
    assert nab_sweep(SCORES, fractions, timestamps=text).raw.tolist() == expected
    repeated = [0, 1, 1, 2, 3, 3, 4]  # the first of equals counts
    assert nab_point_scores(7, [(1, 3)], timestamps=repeated).tolist() == nab_point_scores(7, [(1, 4)]).tolist()


def test_the_running_sum_is_right_to_the_last_bits():
    random = np.random.default_rng(0)
    values = random.normal(size=20000) * 10.0 ** random.integers(-6, 4, 20000)
    found = _running_sum(values)
    for i in range(0, 20000, 997):
        assert found[i] == pytest.approx(math.fsum(values[: i + 1]), rel=4e-16)


@pytest.mark.parametrize(
    ("scores", "windows", "options", "error", "message"),
    [
        ([], [], {}, ValueError, "scores is empty; a series needs at least one point"),
        ([[0.1], []], [[], []], {}, ValueError, r"scores\[1\] is empty"),
        ([0.1, math.nan], [], {}, ValueError, "scores contains 1 NaN, first at index 1"),
        (
            [[0.1]],
            [[(0, 0)]],
            {"timestamps": [[1, 2]]},
            ValueError,
            r"timestamps\[0\] has shape \(2,\) but there are 1",
        ),
        (np.zeros((2, 2)), [], {}, ValueError, r"scores must have shape \(n,\); got \(2, 2\)"),
        ([0.1] * 5, [(1, 5)], {}, ValueError, r"windows\[0\]\[1\] must be a position in a series of 5 points; got 5"),
        ([0.1] * 5, [("a", "b")], {}, TypeError, r"windows\[0\]\[0\] must be a position if there are no timestamps"),
        ([0.1] * 5, [(2, 1)], {}, ValueError, r"windows\[0\] ends before it begins; got \(2, 1\)"),
        ([0.1] * 5, [(0, 2), (2, 3)], {}, ValueError, r"windows\[1\] begins before windows\[0\] has ended"),
        ([0.1] * 5, [(0, 2, 3)], {}, ValueError, r"windows\[0\] must be a pair \(first, last\)"),
        ([0.1] * 5, 3, {}, TypeError, "windows must be a sequence of pairs"),
        ([[0.1], [0.2]], [[]], {}, ValueError, "windows must be a list with one entry for each of 2 series; got 1"),
        (
            [0.1] * 2,
            [(0, 3)],
            {"timestamps": [0, 1]},
            ValueError,
            r"windows\[0\]\[1\] is 3, which is the timestamp of no",
        ),
        ([0.1] * 2, [(0, 1)], {"timestamps": ["2014-01-01", "x"]}, ValueError, "timestamps must hold dates or numbers"),
        ([0.1] * 2, [("2014-01-01", "2014-01-02")], {"timestamps": [0, 1]}, TypeError, "but the timestamps are int64"),
        ([0.1], [], {"profile": "low"}, ValueError, "profile must be one of 'standard', 'reward_low_FP_rate'"),
        ([0.1], [], {"profile": (1, 2)}, ValueError, "profile must be a name or three finite numbers >= 0"),
        ([0.1], [], {"profile": (1, -2, 1)}, ValueError, "profile must be a name or three finite numbers >= 0"),
        ([0.1], [], {"profile": 1}, TypeError, "profile must be a name or three numbers; got 1"),
        ([0.1], [], {"probation": 1.5}, ValueError, r"probation must lie in \[0, 1\]; got 1.5"),
    ],
)
def test_bad_input_is_named(scores, windows, options, error, message):
    with pytest.raises(error, match=message):
        nab_sweep(scores, windows, **options)


# SKAB


def skab_by_definition(times, predicted, changes, width, overlap, weights):
    tp, fp, fn = weights
    windows = [[times[i], times[i] + width] for i in np.flatnonzero(changes)]
    for i in range(len(windows) - 1):
        end, begin = windows[i][1], windows[i + 1][0]
        if end >= begin:
            windows[i][1] = end if overlap == "right" else begin
            windows[i + 1][0] = begin if overlap == "left" else end
    x = np.linspace(-np.pi / 2, np.pi / 2, 1000)
    reward = -(tp + fp) / 2 * np.tanh(x) / np.tanh(np.pi / 2) + (tp + fp) / 2 - fp
    hits, raw, outside = times[predicted], 0.0, 0
    for left, right in windows:
        inside = [t for t in hits if left <= t <= right]
        raw += reward[min(int(1000 * (inside[0] - left) / (right - left)), 999)] if inside else -fn
    for t in hits:
        outside += not any(left <= t <= right for left, right in windows)
    return raw - fp * outside, len(windows), outside


@pytest.mark.parametrize("overlap", ["right", "left", "both"])
def test_skab_is_the_definition(overlap):
    random = np.random.default_rng(1)
    start = np.datetime64("2020-03-09T10:14:33")
    for profile, weights in NAB_PROFILES.items():
        series = []
        for _ in range(3):
            times = np.cumsum(random.integers(1, 3, 600))
            changes = np.zeros(600, bool)
            # At most two windows share a time, or "both" would cut one away.
            changes[np.cumsum(random.choice([31, 40, 90], 6))] = True
            series.append((times, random.random(600) < 0.03, changes))
        expected = [skab_by_definition(*one, 60, overlap, weights) for one in series]
        raw, windows, outside = map(sum, zip(*expected, strict=True))
        found = skab_score(
            [one[1] for one in series],
            [one[2] for one in series],
            timestamps=[start + one[0].astype("timedelta64[s]") for one in series],
            overlap=overlap,
            profile=profile,
        )
        assert found.raw == pytest.approx(raw, **EXACT)
        assert (found.detected + found.missed, found.false_alarms) == (windows, outside)
        null, perfect = -weights[2] * windows, weights[0] * windows
        assert float(found) == pytest.approx(100 * (raw - null) / (perfect - null), **EXACT)
    change = np.zeros(200)
    change[10] = 1
    assert skab_score(np.zeros(200), change).value == 0
    assert skab_score(change, change).value == pytest.approx(100)


@pytest.mark.parametrize(
    ("predictions", "changes", "options", "error", "message"),
    [
        ([0, 1], [0, 0], {}, ValueError, "the SKAB score is undefined: there is no change point"),
        ([0, 1], [0, 1, 0], {}, ValueError, "change_points has 3 points but predictions has 2"),
        ([], [], {}, ValueError, "predictions is empty"),
        ([0, 1], [0, 1], {"window": 0}, ValueError, "window must be a finite number above 0; got 0"),
        ([0, 1], [0, 1], {"overlap": "none"}, ValueError, "overlap must be one of 'right', 'left', 'both'"),
        ([0, 1], [0, 1], {"timestamps": [1, 1]}, ValueError, "timestamps must rise; they do not at index 1"),
        ([0, 1], [0, 1], {"timestamps": [1]}, ValueError, r"timestamps has shape \(1,\) but there are 2 points"),
        ([1, 1, 1], [1, 1, 1], {"overlap": "both"}, ValueError, "leaves nothing of the window of change point 1"),
        ([[1], [1]], [[1]], {}, ValueError, "change_points must be a list with one entry for each of 2 series"),
        ([[1], [1]], [1], {}, ValueError, "must both be arrays or both be lists"),
    ],
)
def test_bad_skab_input_is_named(predictions, changes, options, error, message):
    with pytest.raises(error, match=message):
        skab_score(predictions, changes, **options)


# Real results


@pytest.fixture(scope="module")
def real():
    if not DATA.is_dir():
        pytest.skip("the NAB results are not here")
    return nab.Runner(DATA, DATA / "combined_windows.json")


def read_corpus(detector):
    """(scores, windows as positions) by series, read without the package."""
    labels = json.loads((DATA / "combined_windows.json").read_text())
    corpus = {}
    for path in sorted(DATA.glob(f"{detector}_*.csv")):
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        name = f"realKnownCause/{path.name.removeprefix(f'{detector}_')}"
        stamps = [row["timestamp"] for row in rows]
        windows = [tuple(stamps.index(end.removesuffix(".000000")) for end in pair) for pair in labels[name]]
        corpus[name] = ([float(row["anomaly_score"]) for row in rows], windows)
    return corpus


@needs_data
@pytest.mark.parametrize("detector", ["numentaTM", "relativeEntropy", "windowedGaussian"])
def test_real_results_are_those_of_the_definition(real, detector):
    corpus = read_corpus(detector)
    assert real.files[detector] == list(corpus)
    thresholds, final, rows = real.optimize(), real.normalize(), real.score()
    for profile, weights in NAB_PROFILES.items():
        expected = sweep_by_definition(list(corpus.values()), weights, 0.15)
        assert_same(real.sweep(detector, profile), expected)
        best = max(expected, key=lambda row: row[1])
        assert thresholds[detector][profile]["threshold"] == best[0]
        assert thresholds[detector][profile]["score"] == pytest.approx(best[1], **EXACT)
        windows = sum(len(part[1]) for part in corpus.values())
        null, perfect = -weights[2] * windows, weights[0] * windows
        normalized = 100 * (best[1] - null) / (perfect - null)
        assert final[detector][profile] == pytest.approx(normalized, rel=0, abs=1e-11)
        of_files = rows[detector][profile]
        assert sum(row["Score"] for row in of_files) == pytest.approx(best[1], **EXACT)
        assert [sum(row[key] for row in of_files) for key in ("TP", "TN", "FP", "FN")] == list(best[2:])


@needs_data
@pytest.mark.parametrize(
    ("detector", "profile", "threshold", "published"),
    [
        (
            "numentaTM",
            "standard",
            0.5126953125,
            [(1.10977284159, 4, 5785, 6, 722), (1.58440215352, 5, 19665, 12, 2263), (0.471136230981, 5, 8534, 1, 1030)],
        ),
        (
            "relativeEntropy",
            LOW_FN,
            0.5,
            [
                (-2.39979253026, 3, 5779, 12, 723),
                (-2.91610148994, 18, 19670, 7, 2250),
                (3.83335967699, 7, 8534, 1, 1028),
            ],
        ),
        ("windowedGaussian", "standard", 1.0, [(-2, 0, 5791, 0, 726), (-4, 0, 19677, 0, 2268), (-5, 0, 8535, 0, 1035)]),
    ],
)
def test_scores_that_nab_published_for_these_files(real, detector, profile, threshold, published):
    given_thresholds = {name: {key: {"threshold": threshold} for key in NAB_PROFILES} for name in real.detectors}
    rows = real.score(given_thresholds)[detector][profile]
    assert [row["Total_Count"] for row in rows] == [7267, 22695, 10320]
    for row, expected in zip(rows, published, strict=True):
        assert row["Score"] == pytest.approx(expected[0], rel=0, abs=1e-11)  # as many digits as the files have
        assert (row["TP"], row["TN"], row["FP"], row["FN"]) == expected[1:]


# Files


def write_results(path, scores):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{datetime(2014, 7, 1) + timedelta(hours=i)},1.0,{score!r}" for i, score in enumerate(scores.tolist())]
    path.write_text("\n".join(["timestamp,value,anomaly_score", *lines]) + "\n")


@pytest.fixture
def folder(tmp_path):
    """Two detectors with an underscore in their names, two series of which one's name ends like the other's."""
    random = np.random.default_rng(0)
    for detector in ("one_of", "two"):
        for group, series in (("real", "taxi.csv"), ("made", "yellow_taxi.csv")):
            write_results(tmp_path / "results" / detector / group / f"{detector}_{series}", random.random(48).round(3))
        (tmp_path / "results" / detector / f"{detector}_standard_scores.csv").write_text("not read")
    stamps = [f"2014-07-01 {hour}:00:00.000000" for hour in (10, 15)]
    (tmp_path / "windows.json").write_text(json.dumps({"real/taxi.csv": [stamps], "made/yellow_taxi.csv": []}))
    return tmp_path


def test_a_results_folder(folder):
    runner = nab.Runner(folder / "results", folder / "windows.json")
    assert runner.files == {name: ["made/yellow_taxi.csv", "real/taxi.csv"] for name in ("one_of", "two")}
    flat = folder / "flat"
    flat.mkdir()
    for path in (folder / "results").rglob("*taxi.csv"):
        shutil.copy(path, flat)
    again = nab.Runner(flat, nab.read_windows(folder / "windows.json"))
    assert again.optimize() == runner.optimize()
    assert again.normalize() == runner.normalize(runner.optimize())
    assert again.at(runner.optimize()) == runner.optimize()
    (folder / "profiles.json").write_text(
        json.dumps({"mine": {"CostMatrix": {"tpWeight": 1.0, "fpWeight": 0.5, "fnWeight": 2.0, "tnWeight": 1.0}}})
    )
    profiles = nab.read_profiles(folder / "profiles.json")
    only = nab.Runner(folder / "results" / "two", folder / "windows.json", detectors=["two"], profiles=profiles)
    scores = np.loadtxt(flat / "two_taxi.csv", delimiter=",", skiprows=1, usecols=2)
    other = np.loadtxt(flat / "two_yellow_taxi.csv", delimiter=",", skiprows=1, usecols=2)
    expected = nab_sweep([other, scores], [[], [(10, 15)]], profile=(1, 0.5, 2)).best
    assert only.optimize() == {"two": {"mine": {"score": expected.value, "threshold": expected.threshold}}}


def test_bad_files_are_named(folder):
    results, windows = folder / "results", folder / "windows.json"
    bad = results / "two_taxi.csv"

    def refused(error, message, text=None, **options):
        if text is not None:
            bad.write_text(text)
        with pytest.raises(error, match=message):
            nab.Runner(bad.parent, windows, **options)
        bad.unlink(missing_ok=True)

    refused(ValueError, "are both results of 'two' on 'real/taxi.csv'", "timestamp,anomaly_score\n")
    refused(ValueError, "holds no file of the detector 'three'", detectors=["three"])
    shutil.rmtree(results / "two")
    refused(nab.FormatError, r"two_taxi.csv': the header: 'anomaly_score' is not in list", "timestamp,score\n")
    refused(nab.FormatError, r"two_taxi.csv': line 2: could not convert", "timestamp,anomaly_score\n2014-07-01,x\n")
    refused(nab.FormatError, r"two_taxi.csv': line 2: list index", "timestamp,anomaly_score\n2014-07-01\n")
    refused(
        ValueError, r"two_taxi.csv': windows\[0\]\[0\] is .* timestamp of no", "timestamp,anomaly_score\n2014-07-01,1\n"
    )
    refused(ValueError, r"two_taxi.csv': scores contains 1 NaN", "timestamp,anomaly_score\n2014-07-01,nan\n")
    refused(nab.FormatError, r"two_taxi.csv': line 2: no timestamp: 'now'", "timestamp,anomaly_score\nnow,1\n")
    refused(nab.FormatError, "line 3: no timestamp: '5'", "timestamp,anomaly_score\n2014-07-01,1\n5,1\n")
    (results / "two_other.csv").write_text("")
    refused(ValueError, "two_other.csv' is not called <detector>_<series> after any series of windows")
    (results / "two_other.csv").unlink()
    runner = nab.Runner(results, windows)
    for call, message in (
        (lambda: runner.normalize({}), "thresholds must hold a 'threshold' for 'one_of' and 'standard'"),
        (lambda: runner.sweep("two"), "detector must be one of 'one_of'; got 'two'"),
        (lambda: nab.Runner(folder / "none", windows), "none' is not a folder"),
        (lambda: nab.Runner(folder / "results", windows, profiles={"a": (1, 2)}), "profile must be a name or three"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(TypeError, match="detectors must be a sequence of names; got 'one_of'"):
        nab.Runner(results, windows, detectors="one_of")
    for text, read, message in (
        ("{", nab.read_windows, "is not valid JSON"),
        ("[]", nab.read_windows, "must hold an object"),
        ('{"a": [["x"]]}', nab.read_windows, "entry 'a' is not a list of pairs"),
        ('{"a": [["2014-07-01", "5"]]}', nab.read_windows, "entry 'a' holds '5', which is no timestamp"),
        ('{"a": {"CostMatrix": {}}}', nab.read_profiles, "profile 'a' has no CostMatrix"),
        ('{"a": {"standard": 1}}', nab.read_thresholds, "entry 'a' does not hold a threshold"),
    ):
        windows.write_text(text)
        with pytest.raises(nab.FormatError, match=message):
            read(windows)


# The command


def run(capsys, *words):
    parser = argparse.ArgumentParser()
    command.add_command(parser.add_subparsers())
    assert command.run(parser.parse_args(["nab", *map(str, words)])) == 0
    return capsys.readouterr().out


def test_the_command_prints_what_the_python_api_returns(folder, capsys):
    runner = nab.Runner(folder / "results", folder / "windows.json")
    thresholds, final = runner.optimize(), runner.normalize()
    words = (folder / "results", folder / "windows.json")
    content = json.loads(run(capsys, *words, "--format", "json"))
    assert (content["thresholds"], content["final_results"], content["files"]) == (thresholds, final, runner.files)
    assert run(capsys, *words).splitlines()[0].split() == [
        "detector", "profile", "files", "threshold", "raw", "normalized",
    ]  # fmt: skip
    saved = [folder / name for name in ("thresholds.json", "final.json", "rows.csv", "out.csv")]
    options = ("--save-thresholds", saved[0], "--save-results", saved[1], "--per-file", saved[2], "-o", saved[3])
    assert run(capsys, *words, *options) == ""
    assert json.loads(saved[0].read_text()) == thresholds == nab.read_thresholds(saved[0])
    assert json.loads(saved[1].read_text()) == final
    rows = list(csv.DictReader(saved[2].read_text().splitlines()))
    assert [float(row["Score"]) for row in rows if row["Detector"] == "two" and row["Profile"] == "standard"] == [
        row["Score"] for row in runner.score()["two"]["standard"]
    ]
    assert (
        float(next(csv.DictReader(saved[3].read_text().splitlines()))["raw"])
        == thresholds["one_of"]["standard"]["score"]
    )
    # At given thresholds, here those of another share.
    given_there = run(
        capsys, *words, "--thresholds", saved[0], "--probation", "0", "--detector", "two", "--format", "csv"
    )
    (first, *_) = csv.DictReader(given_there.splitlines())
    assert float(first["threshold"]) == thresholds["two"]["standard"]["threshold"]
    everything = nab.Runner(folder / "results", folder / "windows.json", probation=0).at(thresholds)
    assert float(first["raw"]) == everything["two"]["standard"]["score"]
