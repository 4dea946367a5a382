"""anomalib_cpp.pate: worked examples, values that pate 0.1.1 gave, and where we differ on purpose."""

import inspect
import subprocess
import sys

import numpy as np
import pytest

import anomalib_cpp as ac
from anomalib_cpp import timeseries as ts
from anomalib_cpp.pate import PATE, PATE_F1, ACF_find_buffer_size
from timeseries_oracles.series import case, hashed, label_ranges, prediction, random_case

NAMES = ("A", "B", "C", "At")


def exactly(value):
    return pytest.approx(value, rel=0, abs=1e-12, nan_ok=True)


def integer_series(length, ranges, score):
    """Labels that are 1 on the ranges, and scores from a hash of the position and the label."""
    labels = label_ranges(length, ranges)
    return np.array([score(hashed(i), int(labels[i])) for i in range(length)]), labels


def spikes():
    scores, labels = integer_series(120, [(40, 44), (90, 91)], lambda h, y: h % 11)
    scores[[41, 42, 60, 91]] += 60
    return scores, labels


SERIES = {  # continuous; few levels and events at both ends; a few far above the mean; nothing to rank
    "plain": integer_series(90, [(10, 19), (23, 30), (70, 70)], lambda h, y: (h + 400 * y) / 1409),
    "tied": integer_series(40, [(0, 4), (17, 17), (19, 22), (36, 39)], lambda h, y: h % 7 + 2 * y - 3),
    "spikes": spikes(),
    "constant": integer_series(30, [(8, 12)], lambda h, y: 5),
}


def above_quarter(name):
    """The quarter of the highest scores, as predictions."""
    scores, labels = SERIES[name]
    return (scores > np.sort(scores)[len(scores) * 3 // 4]).astype(int), labels


GOLDEN = [
    ({}, (0.832231177036967, 0.7467778182882263, 0.7858732097612193, 0.8269396034257217)),
    (
        {"e_buffer": 20, "d_buffer": 20, "Big_Data": False},
        (0.8097233339614269, 0.7045633382398548, 0.7677146571897879, 0.8038031601921125),
    ),
    (
        {"e_buffer": 20, "d_buffer": 20, "Big_Data": False, "drop_intermediate": False},
        (0.8096935947601029, 0.704565539221741, 0.7681282327582359, 0.8038031601921125),
    ),
    (
        {"e_buffer": 20, "d_buffer": 30, "num_splits_MaxBuffer": 4, "num_desired_thresholds": 25},
        (0.8237703125148366, 0.7089017870022565, 0.7670905723185016, 0.8174093190182218),
    ),
    (
        {"e_buffer": 20, "d_buffer": 20, "Big_Data": False, "include_zero": False},
        (0.8613084188695576, 0.7201772433311777, 0.8061410573859142, 0.855458088088284),
    ),
    (
        {"e_buffer": 7, "d_buffer": 0, "num_splits_MaxBuffer": 3},
        (0.7536479760715007, 0.6870242624300238, 0.7279057583070366, 0.7485870480013779),
    ),
]


@pytest.mark.parametrize(("options", "expected"), GOLDEN)
def test_golden_values(options, expected):
    for name, value in zip(NAMES, expected, strict=True):
        scores, labels = case(name)
        assert PATE(labels, scores, **options) == exactly(value)


@pytest.mark.parametrize(
    ("splits", "expected"),
    [
        (1, (0.6650104984682552, 0.5875165894579952, 0.6018780281900713)),
        (4, (0.6665199054556308, 0.5867403232662216, 0.5849438461606282)),
    ],
)
def test_golden_values_of_predictions(splits, expected):
    for name, value in zip("ABC", expected, strict=True):
        points, labels = prediction(name)
        found = PATE(labels, points, 20, 20, num_splits_MaxBuffer=splits, binary_scores=True)
        assert found == exactly(value)
        assert PATE_F1(labels, points, 20, 20, splits) == found


ALL = {"e_buffer": 6, "d_buffer": 9, "Big_Data": False}
RECORDED = {  # pate 0.1.1: options, and the value of each of SERIES
    "defaults": ({}, (0.716819330616953, 0.8575852703679833, 0.7358476731296532, 0.6663157894736842)),
    "all": (ALL, (0.6540029437752656, 0.8344977531527444, 0.6023830888562386, 0.6262310606060606)),
    "none dropped": (
        ALL | {"drop_intermediate": False},
        (0.651518288178825, 0.8344977531527444, 0.6023078674594063, 0.6262310606060606),
    ),
    "weights": (
        ALL | {"sample_weight": True},
        (0.6567351546656918, 0.8323944580496994, 0.6341817414715682, 0.6262310606060606),
    ),
    "weights, none dropped": (
        {
            "e_buffer": 6,
            "d_buffer": 9,
            "sample_weight": True,
            "drop_intermediate": False,
            "num_desired_thresholds": 20,
        },
        (0.6483157040357874, 0.8344977531527444, 0.6023078674594065, 0.6262310606060606),
    ),
    "normal points": (
        ALL | {"pos_label": 0},
        (0.651518288178825, 0.8344977531527444, 0.6023078674594063, 0.6262310606060606),
    ),
    "no zero": (
        {
            "e_buffer": 7,
            "d_buffer": 5,
            "num_desired_thresholds": 10,
            "num_splits_MaxBuffer": 3,
            "include_zero": False,
        },
        (0.6227743486899959, 0.8245272717346885, 0.5944081073553751, 0.6145105820105821),
    ),
}


@pytest.mark.parametrize("setting", RECORDED)
def test_recorded_values(setting):
    options, expected = RECORDED[setting]
    for (scores, labels), value in zip(SERIES.values(), expected, strict=True):
        weights = [i % 3 / 2 for i in range(len(scores))] if "sample_weight" in options else None
        assert PATE(labels, scores, **options | {"sample_weight": weights}) == exactly(value)


def test_recorded_values_of_predictions():
    expected = (0.5282110681012488, 0.6185567010309279, 0.33785652278380174, 0.0)
    for name, value in zip(SERIES, expected, strict=True):
        points, labels = above_quarter(name)
        assert PATE_F1(labels, points, 6, 9, 2) == exactly(value)


def test_labels_of_0_and_2_leave_two_thresholds():
    expected = (0.6580132084480352, 0.8092937694903881, 0.6297325745941899, 0.6262310606060606)
    for (scores, labels), value in zip(SERIES.values(), expected, strict=True):
        assert PATE(2 * labels, scores, **ALL) == exactly(value)
        assert PATE(2 * labels, scores, **ALL, pos_label=2) == PATE(labels, scores, **ALL)


def test_degenerate_series():
    ramp = np.arange(6.0)
    assert PATE(np.zeros(6), ramp) == 0.0
    assert PATE(np.ones(6), ramp) == 1.0
    assert PATE([0, 1, 1, 0], [1.0] * 4) == 0.75
    assert PATE_F1([0, 1, 1, 0], [0, 0, 0, 0]) == 0.0


@pytest.mark.parametrize("seed", range(5))
def test_options_of_our_own_function(seed):
    scores, labels = random_case(seed, levels=None if seed % 2 else 20)
    renamed = {
        "early_buffer": 9,
        "delay_buffer": 4,
        "num_splits": 2,
        "include_zero": seed > 2,
        "percentile_thresholds": seed > 0,
        "num_thresholds": 40,
        "drop_intermediate": seed < 4,
    }
    found = PATE(
        labels.tolist(),
        tuple(scores),
        9,
        4,
        n_jobs=-1 - seed,
        drop_intermediate=seed < 4,
        Big_Data=seed > 0,
        num_desired_thresholds=40,
        num_splits_MaxBuffer=2,
        include_zero=seed > 2,
    )
    assert found == ts.pate(scores, labels, **renamed)
    assert PATE(labels, scores.astype(np.float32)) == PATE(labels, scores.astype(np.float32).astype(float), n_jobs=3)


def test_signature_is_the_peers():
    expected = (
        "y_true, y_score, e_buffer=100, d_buffer=100, pos_label=1, sample_weight=None, n_jobs=1, "
        "drop_intermediate=True, Big_Data=True, num_desired_thresholds=250, num_splits_MaxBuffer=1, "
        "include_zero=True, binary_scores=False"
    )
    parameters = inspect.signature(PATE).parameters.values()
    assert ", ".join(str(p.replace(annotation=p.empty)) for p in parameters) == expected


def test_buffer_from_the_autocorrelation():
    wave = np.sin(2 * np.pi * np.arange(2000) / 50)
    assert (ACF_find_buffer_size(wave), ACF_find_buffer_size(np.arange(900)), ACF_find_buffer_size([[1, 2]])) == (
        50,
        100,
        0,
    )


SCORES, LABELS = SERIES["plain"]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: PATE([], []), ValueError, "y_score is empty"),
        (lambda: PATE([0, 1], [1.0]), ValueError, "y_true has 2 points but y_score has 1"),
        (lambda: PATE_F1([0, 1], [1]), ValueError, "y_true has 2 points but y_score has 1"),
        (lambda: PATE([0, 1], [1.0, np.nan]), ValueError, "contains NaN, first at index 1"),
        (lambda: PATE([0, 1], [1.0, np.inf], Big_Data=False), ValueError, "y_score must be finite; got inf at index 1"),
        (lambda: PATE([[0, 1]], [[1, 2], [3, 4]]), ValueError, "y_true has 1 series but y_score has 2"),
        (lambda: PATE([[0, 1], [0, 1]], [[1, 2], [3, 4]]), ValueError, "PATE takes one series at a time"),
        (lambda: PATE("0110", SCORES), TypeError, r"y_true must be an array of shape \(n,\); got '0110'"),
        (lambda: PATE(LABELS, SCORES, -3), ValueError, "e_buffer must be an integer >= 0; got -3"),
        (lambda: PATE(LABELS, SCORES, 3, 2.5), TypeError, "d_buffer must be an integer >= 0; got 2.5"),
        (lambda: PATE(LABELS, SCORES, Big_Data=1), TypeError, "Big_Data must be True or False; got 1"),
        (lambda: PATE(LABELS, SCORES, pos_label="1"), TypeError, "pos_label must be a number; got '1'"),
        (lambda: PATE(LABELS, SCORES, num_desired_thresholds=0), ValueError, "num_desired_thresholds must be .* >= 1"),
        (
            lambda: PATE(LABELS, SCORES, num_splits_MaxBuffer=0, include_zero=False),
            ValueError,
            "num_splits_MaxBuffer must be an integer >= 1; got 0",
        ),
        (lambda: PATE(LABELS, SCORES, n_jobs=1.5), TypeError, "n_jobs must be an integer; got 1.5"),
        (lambda: PATE(LABELS, SCORES, sample_weight=[1.0]), ValueError, r"shape \(90,\); got \(1,\)"),
        (lambda: PATE(LABELS, SCORES, sample_weight=-SCORES), ValueError, "finite numbers >= 0, at least one above 0"),
        (lambda: PATE(LABELS, SCORES, sample_weight=0 * SCORES), ValueError, "at least one above 0"),
        (lambda: PATE(LABELS, SCORES, sample_weight=SCORES, binary_scores=True), ValueError, "leave it out with bin"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert isinstance(caught.value, ac.AnomalibCppError)


@pytest.mark.parametrize(
    ("room", "libraries"),
    [
        ("pate", ("pate", "sklearn", "joblib")),
        ("vus", ("vus", "sklearn", "tensorflow")),
        ("tsb", ("TSB_AD", "sklearn", "torch")),
        ("affiliation", ("affiliation", "scipy", "torch")),
        ("prts", ("prts", "scipy", "torch")),
    ],
)
def test_no_other_library_is_imported(room, libraries):
    code = f"import sys, anomalib_cpp.{room}; print(*(m in sys.modules for m in {libraries}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["False"] * 3
