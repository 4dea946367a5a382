"""anomalib_cpp.affiliation and .prts: worked examples, values that the authors' code gave, and differences.

Recorded values are those of affiliation-metrics-py, as inside vus 0.0.6, and of prts 1.0.0.3.
"""

import inspect
import math

import numpy as np
import pytest

import anomalib_cpp as ac
from anomalib_cpp import timeseries as ts
from anomalib_cpp.affiliation import convert_vector_to_events, infer_Trange, pr_from_events
from anomalib_cpp.prts import ts_fscore, ts_precision, ts_recall
from test_pate_dropin import SERIES, above_quarter, exactly
from timeseries_oracles.series import prediction, random_case

NAN, INF = math.nan, math.inf
KEYS = [
    "Affiliation_Precision",
    "Affiliation_Recall",
    "individual_precision_probabilities",
    "individual_recall_probabilities",
    "individual_precision_distances",
    "individual_recall_distances",
]
REAL = [(0.5, 2.0), (4.0, 5.0)]
AFFILIATIONS = [  # events that are predicted and true, range, values
    (
        *(convert_vector_to_events(points) for points in above_quarter("tied")),
        (0, 40),
        (1.0, 0.6765455898268398),
        [1.0, NAN, 1.0, 1.0],
        [0.9136363636363637, 0, 0.8877840909090908, 0.9047619047619048],
        [0.0, NAN, 0.0, 0.0],
        [0.5, INF, 0.625, 0.5],
    ),
    (
        *(convert_vector_to_events(points) for points in above_quarter("plain")),
        (0, 90),
        (0.6634939325548687, 0.9454822798344719),
        [0.7383720930232558, 0.75, 0.5021097046413502],
        [0.969767441860465, 0.9806034482758621, 0.8860759493670887],
        [1.4375, 3.6875, 9.333333333333334],
        [0.325, 0.28125, 2.25],
    ),
    (
        [(1.5, 2.25), (7.0, 9.5)],
        REAL,
        (0.0, 10.0),
        (0.5277777777777779, 0.6101190476190477),
        [0.8055555555555557, 0.25],
        [0.7916666666666666, 0.4285714285714286],
        [0.041666666666666664, 3.25],
        [0.3333333333333333, 2.5],
    ),
    (
        [],
        REAL,
        (0, 10),
        (NAN, 0.0),
        [NAN, NAN],
        [0.0, 0.0],
        [NAN, NAN],
        [INF, INF],
    ),
]


@pytest.mark.parametrize(("predicted", "events", "span", "both", "pp", "pr", "dp", "dr"), AFFILIATIONS)
def test_recorded_affiliations(predicted, events, span, both, pp, pr, dp, dr):
    found = pr_from_events(predicted, events, span)
    assert list(found) == KEYS
    assert (found[KEYS[0]], found[KEYS[1]]) == exactly(both)
    for key, expected in zip(KEYS[2:], (pp, pr, dp, dr), strict=True):
        assert isinstance(found[key], list)
        assert found[key] == exactly(expected)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("A", (0.8254209180669795, 0.9467349052160604)),
        ("B", (0.6920426826844808, 0.9854203938377276)),
        ("C", (0.6352941176470589, 0.9925)),
    ],
)
def test_golden_affiliations(name, expected):
    points, labels = prediction(name)
    events = convert_vector_to_events(points), convert_vector_to_events(labels.tolist())
    found = pr_from_events(*events, (0, len(labels)))
    assert (found["Affiliation_Precision"], found["Affiliation_Recall"]) == exactly(expected)


def test_events_of_vectors():
    assert convert_vector_to_events([1, 1, 0, 0, 1]) == [(0, 2), (4, 5)]
    assert convert_vector_to_events(np.array([False, True, True])) == [(1, 3)]
    assert convert_vector_to_events([0, 0]) == convert_vector_to_events([]) == []
    assert convert_vector_to_events(above_quarter("tied")[0]) == [(1, 3), (20, 21), (38, 40)]
    assert infer_Trange([(1.5, 2.25), (7.0, 9.5)], REAL) == (0.5, 9.5)
    assert infer_Trange([], [(2, 4)]) == (2, 4)


REAL_POINTS = SERIES["tied"][1]
BLOCKS = [int(i // 4 % 3 != 2) for i in range(40)]  # 8 points predicted, 4 not
RECORDED = {  # cardinality, bias: ts_precision and ts_recall with alpha=0.25
    ("one", "flat"): (0.5390625, 0.859375),
    ("one", "front"): (0.5520833333333333, 0.8875),
    ("one", "middle"): (0.54375, 0.84375),
    ("one", "back"): (0.5260416666666666, 0.83125),
    ("reciprocal", "flat"): (0.515625, 0.859375),
    ("reciprocal", "front"): (0.5416666666666667, 0.8875),
    ("reciprocal", "middle"): (0.5249999999999999, 0.84375),
    ("reciprocal", "back"): (0.4895833333333333, 0.83125),
    ("udf_gamma", "flat"): (0.5390625, 0.859375),
    ("udf_gamma", "back"): (0.5260416666666666, 0.83125),
}


@pytest.mark.parametrize("rule", RECORDED)
def test_recorded_ranges(rule):
    found = ts_precision(REAL_POINTS, BLOCKS, 0.25, *rule), ts_recall(REAL_POINTS, BLOCKS, 0.25, *rule)
    assert found == exactly(RECORDED[rule])


def test_recorded_f_scores():
    assert ts_fscore(*reversed(above_quarter("plain"))) == exactly(0.3)
    expected = {1.0: 0.5945121951219512, 2.0: 0.7817869415807559, 0.0: 0.5}
    assert ts_fscore(REAL_POINTS, BLOCKS) == exactly(expected.pop(1.0))
    for beta, value in expected.items():
        assert ts_fscore(REAL_POINTS, BLOCKS, beta, 0.1, 0.6, "reciprocal", "front", "back") == exactly(value)


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("A", (0.0, "one", "flat"), (0.4880952380952381, 0.3770833333333333)),
        ("B", (0.2, "reciprocal", "flat"), (0.26176470588235295, 0.26536848713119904)),
        ("C", (0.0, "reciprocal", "front"), (0.2222222222222222, 0.36363636363636365)),
        ("A", (0.5, "one", "middle"), (0.503968253968254, 0.5924107142857142)),
    ],
)
def test_golden_ranges(name, options, expected):
    points, labels = prediction(name)
    assert (ts_precision(labels, points, *options), ts_recall(labels, points, *options)) == exactly(expected)


@pytest.mark.parametrize("seed", range(3))
def test_ranges_of_our_own_function(seed):
    scores, labels = random_case(seed)
    points = scores > 0.9
    own = ts.range_pr(points, labels, threshold=1, alpha=0.1, bias="back", recall_alpha=0.4, recall_bias="front")
    assert ts_fscore(labels > 0, points, 1, 0.1, 0.4, "one", "back", "front") == exactly(2 / sum(1 / v for v in own))


def test_nothing_predicted():
    assert (ts_precision([0, 1], [0, 0]), ts_recall([0, 1], [0, 0]), ts_fscore([0, 1], [0, 0])) == (0.0, 0.0, 0.0)


def test_signatures_are_the_peers():
    single = "real, pred, alpha=0.0, cardinality='one', bias='flat'"
    expected = {
        ts_precision: single,
        ts_recall: single,
        ts_fscore: "real, pred, beta=1.0, p_alpha=0.0, r_alpha=0.0, cardinality='one', p_bias='flat', r_bias='flat'",
        pr_from_events: "events_pred, events_gt, Trange",
        infer_Trange: "events_pred, events_gt",
    }
    for function, parameters in expected.items():
        found = inspect.signature(function).parameters.values()
        assert ", ".join(str(p.replace(annotation=p.empty)) for p in found) == parameters


ONE = [(1, 3)]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: pr_from_events([(1, 2), (2, 3)], ONE, (0, 9)),
            ValueError,
            r"must not touch; events_pred\[0\] ends at 2",
        ),
        (lambda: pr_from_events([(1, 1)], ONE, (0, 9)), ValueError, r"events_pred\[0\] is empty or reversed"),
        (lambda: pr_from_events([(3, 2)], ONE, (0, 9)), ValueError, r"events_pred\[0\] is empty or reversed"),
        (lambda: pr_from_events([], [], (0, 9)), ValueError, "events_gt must hold at least one event"),
        (lambda: pr_from_events(ONE, [(1, 20)], (0, 9)), ValueError, r"events_gt must lie within Trange \(0.0, 9.0\)"),
        (lambda: pr_from_events([(0, 1, 2)], ONE, (0, 9)), ValueError, r"events_pred\[0\] must be a pair"),
        (lambda: pr_from_events([[1, 2]], ONE, (0, 9)), TypeError, "events_pred must be a list of tuples"),
        (lambda: pr_from_events(ONE, ((1, 2),), (0, 9)), TypeError, "events_gt must be a list of tuples"),
        (lambda: pr_from_events(ONE, ONE, None), TypeError, "Trange must be a pair .* got None"),
        (lambda: infer_Trange(ONE, []), ValueError, "events_gt must hold at least one event"),
        (lambda: convert_vector_to_events([0.0, NAN]), ValueError, "vector contains NaN, first at index 1"),
        (lambda: convert_vector_to_events("0110"), TypeError, "vector must be an array"),
        (lambda: ts_recall([0, 0], [0, 1]), ValueError, "real must hold at least one anomalous point"),
        (lambda: ts_recall([0, 1], [0, 0.5]), ValueError, "pred must hold 0 and 1 only; got 0.5"),
        (lambda: ts_precision([0, 2], [0, 1]), ValueError, "real must hold 0 and 1 only; got 2"),
        (lambda: ts_precision([0, 1], [0, 1, 1]), ValueError, "real has 2 points but pred has 3"),
        (lambda: ts_precision([0, 1], [0, 1], 1.5), ValueError, r"alpha must lie in \[0, 1\]; got 1.5"),
        (lambda: ts_fscore([0, 1], [0, 1], r_alpha=-1), ValueError, r"r_alpha must lie in \[0, 1\]; got -1"),
        (lambda: ts_fscore([0, 1], [0, 1], -1), ValueError, "beta must be a finite number >= 0; got -1"),
        (lambda: ts_fscore([0, 1], [0, 1], cardinality="two"), ValueError, "cardinality must be one of 'one'"),
        (lambda: ts_fscore([0, 1], [0, 1], p_bias="left"), ValueError, "p_bias must be one of 'flat', 'front'"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert isinstance(caught.value, ac.AnomalibCppError)
