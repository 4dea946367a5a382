"""anomalib_cpp.vus: worked examples, values that vus 0.0.6 gave, and where we differ on purpose."""

import inspect

import numpy as np
import pytest

import anomalib_cpp as ac
from anomalib_cpp import timeseries as ts
from anomalib_cpp.vus import find_length, get_metrics
from test_pate_dropin import SERIES, exactly
from timeseries_oracles.series import case, random_case

KEYS = [
    *("AUC_ROC", "AUC_PR", "Precision", "Recall", "F", "Precision_at_k", "Rprecision", "Rrecall", "RF"),
    *("R_AUC_ROC", "R_AUC_PR", "VUS_ROC", "VUS_PR", "Affiliation_Precision", "Affiliation_Recall"),
]


@pytest.mark.parametrize(
    ("name", "window", "thresholds", "expected"),
    [
        ("A", 10, 250, (0.8734949417510112, 0.7978829741676111)),
        ("B", 21, 250, (0.8695647224216567, 0.7245987676756619)),
        ("C", 40, 100, (0.9238077684077204, 0.7914260602458871)),
        ("At", 10, 250, (0.8636225007146034, 0.7414006729413525)),
    ],
)
def test_golden_volumes(name, window, thresholds, expected):
    for version in ("opt", "opt_mem"):
        found = get_metrics(*case(name), "vus", version, window, thresholds)
        assert list(found) == ["VUS_ROC", "VUS_PR"]
        assert tuple(found.values()) == exactly(expected)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "A",
            {
                "AUC_ROC": 0.8280189959294437,
                "AUC_PR": 0.7432331334802358,
                "R_AUC_ROC": 0.876415230013942,
                "R_AUC_PR": 0.8394165743050681,
                "VUS_ROC": 0.8734949417510112,
                "VUS_PR": 0.7978829741676111,
                "Affiliation_Precision": 0.7167256853342368,
                "Affiliation_Recall": 0.989462192393736,
            },
        ),
        (
            "C",
            {
                "AUC_ROC": 0.842,
                "AUC_PR": 0.6854815334268349,
                "R_AUC_ROC": 0.7870535410822584,
                "R_AUC_PR": 0.61622124436603,
                "VUS_ROC": 0.8539509869717996,
                "VUS_PR": 0.6928935026713599,
                "Affiliation_Precision": 0.583,
                "Affiliation_Recall": 0.9966666666666667,
            },
        ),
    ],
)
def test_golden_values(name, expected):
    found = get_metrics(*case(name), slidingWindow=10)
    assert list(found) == KEYS
    assert found == exactly({key: expected.get(key, 0.0) for key in KEYS})  # nothing lies three deviations above


RECORDED = {  # vus 0.0.6: get_metrics(score, labels, slidingWindow=7, thre=30)
    "plain": (
        *(0.7842846553002224, 0.588898832044084, 0, 0, 0, 0, 0, 0, 0),
        *(0.8396367711430712, 0.6517816454383469, 0.811264048609672, 0.5798396901088813),
        *(0.6204840524870148, 0.9909248863940122),
    ),
    "tied": (
        *(0.7925824175824175, 0.7069912543596755, 0, 0, 0, 0, 0, 0, 0),
        *(0.826390157426647, 0.8271255060265252, 0.8235328631178668, 0.7408233917276068),
        *(0.6655148423005566, 0.9590909090909091),
    ),
    "spikes": (
        *(0.8034134007585335, 0.48265306122448975, 0.75, 0.42857142857142855, 0.5454545454545454, 0),
        *(0.6666666666666666, 0.56, 0.6086956521739131),
        *(0.7772229459472063, 0.42151820119328803, 0.8451119715203514, 0.2824754263324958),
        *(0.5019945179753792, 1.0),
    ),
    "constant": (
        *(0.5, 0.16666666666666666, 0, 0, 0, 0, 0, 0, 0),
        *(0.5562206298115102, 0.6675634433506508, 0.5263738638193143, 0.24774280832613113),
        *(0.5138888888888888, 1.0),
    ),
}


@pytest.mark.parametrize("name", SERIES)
def test_recorded_values(name):
    found = get_metrics(*SERIES[name], slidingWindow=7, thre=30)
    assert found == exactly(dict(zip(KEYS, RECORDED[name], strict=True)))
    for key in KEYS:
        assert get_metrics(*SERIES[name], key, slidingWindow=7, thre=30) == found[key]


@pytest.mark.parametrize(
    ("name", "area", "ranges"),
    [
        ("plain", 0.5817240517049997, (0.8330791203818304, 0.6770120082350026)),
        ("tied", 0.7454852165378482, (0.9511803344292546, 0.9610388428055973)),
        ("spikes", 0.5158653975424161, (0.7581993889657261, 0.4165662794163023)),
        ("constant", 0.5833333333333334, (0.6257411722299719, 0.7507896472885434)),
    ],
)
def test_recorded_areas(name, area, ranges):
    """The area under precision and recall by trapezoids; R-AUC whatever the number of thresholds."""
    scores, labels = SERIES[name]
    assert get_metrics(scores, labels, "auc") == exactly({"AUC_ROC": RECORDED[name][0], "AUC_PR": area})
    found = get_metrics(scores, labels, "range_auc", slidingWindow=12, thre=5)
    assert found == exactly({"R_AUC_ROC": ranges[0], "R_AUC_PR": ranges[1]})


@pytest.mark.parametrize(("change", "expected"), [(lambda s: s - 30, 1.0), (lambda s: s / 100, 3 / 7), (abs, 0.0)])
def test_precision_at_k_compares_predictions_with_scores(change, expected):
    scores, labels = SERIES["spikes"]
    assert get_metrics(change(scores), labels, "Precision_at_k") == exactly(expected)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("all", (np.nan, 1, 0, 0, 0, 0, 0, 0, 0, np.nan, 1, np.nan, 1, 1, 0.9791666666666666)),
        ("vus", (np.nan, 1)),
        ("range_auc", (np.nan, 1)),
        ("auc", (np.nan, 1)),
    ],
)
def test_only_anomalous_points(metric, expected):
    with pytest.warns(ac.UndefinedMetricWarning, match="_ROC; labels contain no normal point"):
        found = get_metrics(np.arange(6.0), np.ones(6), metric, slidingWindow=3)
    assert tuple(found.values()) == exactly(expected)


def test_nothing_predicted():
    scores, labels = SERIES["plain"]
    found = get_metrics(scores / 4, labels, slidingWindow=3)
    assert (found["Affiliation_Precision"], found["Affiliation_Recall"]) == exactly((np.nan, 0.0))


@pytest.mark.parametrize("seed", range(3))
def test_kinds_of_input(seed):
    scores, labels = random_case(seed, levels=9)
    expected = get_metrics(scores, labels, slidingWindow=6)
    for s, y in ((scores.tolist(), labels.tolist()), (scores, labels > 0), (scores, 2 * labels)):
        assert get_metrics(s, y, slidingWindow=np.int64(6)) == expected
    assert expected["VUS_PR"] == ts.vus_pr(scores, labels, window=6)


def test_signature_is_the_peers():
    expected = "score, labels, metric='all', version='opt', slidingWindow=None, thre=250"
    parameters = inspect.signature(get_metrics).parameters.values()
    assert ", ".join(str(p.replace(annotation=p.empty)) for p in parameters) == expected


def test_window_from_the_autocorrelation():
    wave = np.sin(2 * np.pi * np.arange(2000) / 50)
    assert (find_length(wave), find_length(np.arange(900)), find_length(np.ones((9, 2)))) == (50, 125, 0)


SCORES, LABELS = SERIES["plain"]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: get_metrics(SCORES, LABELS, "pr"), ValueError, "metric must be one of 'all', 'vus', .*; got 'pr'"),
        (lambda: get_metrics(SCORES, LABELS, "vus", "opt_time", 3), ValueError, "version must be one of 'opt', 'opt_m"),
        (lambda: get_metrics(SCORES, LABELS), TypeError, "slidingWindow must be an integer >= 0; got None"),
        (lambda: get_metrics(SCORES, LABELS, "vus", slidingWindow=-1), ValueError, "slidingWindow .* >= 0; got -1"),
        (lambda: get_metrics(SCORES, LABELS, "vus", slidingWindow=3, thre=0), ValueError, "thre must be .* >= 1"),
        (lambda: get_metrics(SCORES, 0 * LABELS, "auc"), ValueError, "metric auc is undefined: labels contain no anom"),
        (lambda: get_metrics(SCORES, LABELS[1:], "auc"), ValueError, "labels has 89 points but score has 90"),
        (lambda: get_metrics([1, np.nan], [0, 1], "auc"), ValueError, "contains NaN, first at index 1"),
        (lambda: get_metrics([0, np.inf], [0, 1], "F"), ValueError, "score must be finite for F, which needs its mean"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert isinstance(caught.value, ac.AnomalibCppError)
