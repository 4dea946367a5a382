"""Presorting and the F1 threshold against rational arithmetic and their published examples."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import anomalib_cpp as ac
from anomalib_cpp.metrics import f1_adaptive_threshold, f1_max, pbn, pgn

S, Y = [0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]


def test_the_published_examples():
    assert [pgn(S, Y, fnr=rate) for rate in (0.05, 0.2, 0.5)] == [0.5, 1, 1]
    assert [pbn(S, Y, fpr=rate) for rate in (0.05, 0.2, 0.5)] == [0.5, 1, 1]
    assert (pgn(S, Y), pbn(S, Y)) == (0.5, 0.5)
    assert f1_adaptive_threshold([2.3, 1.6, 2.6, 7.9, 3.3], [0, 0, 0, 1, 1]) == 3.3
    assert f1_adaptive_threshold(S, Y) == 0.35


def exact_quantile(values, rate):
    place = rate * (len(values) - 1)
    ordered = sorted(map(Fraction, values))
    low = ordered[place.__floor__()]
    return low + (ordered[place.__ceil__()] - low) * (place - place.__floor__())


eighths = st.lists(st.integers(-16, 16).map(lambda value: value / 8), min_size=1, max_size=40)


@given(eighths, eighths, st.integers(0, 20))
def test_presorting_matches_rational_arithmetic(normal, anomalous, twentieths):
    scores, labels = normal + anomalous, [0] * len(normal) + [1] * len(anomalous)
    rate, given_rate = Fraction(twentieths, 20), twentieths / 20
    accept = exact_quantile(anomalous, rate)
    assert pgn(scores, labels, fnr=given_rate) == sum(s < accept for s in normal) / len(normal)
    reject = exact_quantile(normal, 1 - rate)
    assert pbn(scores, labels, fpr=given_rate) == sum(s > reject for s in anomalous) / len(anomalous)
    flipped = [-s for s in scores], [1 - y for y in labels]
    assert pgn(*flipped, fnr=given_rate) == pbn(scores, labels, fpr=given_rate)


def test_ties_with_the_quantile_do_not_count():
    # 0.05 of the way between 0 and 2.5, at place 21 * 0.05: exactly the score of the normal item.
    anomalous = [0.0, 0.0, *[2.5] * 20]
    assert pgn([0.125, *anomalous], [0, *[1] * 22]) == 0
    assert pgn([0.1, *anomalous], [0, *[1] * 22]) == 1


def test_maps_lists_and_missing_scores():
    rng = np.random.default_rng(2)
    maps = rng.standard_normal((3, 8, 9)).astype(np.float32)
    masks = rng.random(maps.shape) < 0.3
    for pick in (pgn, pbn, f1_adaptive_threshold):
        whole = pick(maps.ravel(), masks.ravel())
        assert (
            pick(maps, masks) == pick(list(maps), masks[:, None]) == pick(maps, masks.astype(np.uint8) * 255) == whole
        )
        gaps = maps.copy()
        gaps[1, 2, 3] = np.nan
        keep = ~np.isnan(gaps)
        assert pick(gaps, masks, nan_policy="omit") == pick(gaps[keep], masks[keep])
        assert np.isnan(pick(gaps, masks, nan_policy="propagate"))
        with pytest.raises(ac.InvalidInputError, match="scores contains 1 NaN"):
            pick(gaps, masks)


def test_infinite_scores_are_ordinary_until_a_quantile_needs_their_mean():
    assert pgn([0, 5, 1, np.inf], Y, fnr=0.5) == 1
    assert pgn([-np.inf, 5, -np.inf, 1], Y, fnr=0.5) == 0
    assert pbn([0, 5, 1, np.inf], Y, fpr=0) == 0.5
    with pytest.raises(ac.InvalidInputError, match="quantile fall between -inf and inf"):
        pgn([0, 1, -np.inf, np.inf], Y, fnr=0.5)


@given(eighths, eighths, st.sampled_from([np.float16, np.float32, np.float64]), st.booleans())
def test_f1_threshold_is_the_lowest_best_candidate(normal, anomalous, dtype, even):
    scores = np.array(normal + anomalous, dtype) / dtype(3)
    labels = np.array([0] * len(normal) + [1] * len(anomalous))
    assert f1_adaptive_threshold(scores, labels) == f1_max(scores, labels).threshold
    candidates = np.linspace(0, 1, 7) if even else np.array([-0.7, -0.1, 0.0, 0.1, 0.7])
    if dtype != np.float64:
        candidates = candidates.astype(np.float32)
    f1 = [
        Fraction(2 * int((labels * (scores >= t)).sum()), int(labels.sum() + (scores >= t).sum())) for t in candidates
    ]
    expected = candidates[f1.index(max(f1))]
    assert f1_adaptive_threshold(scores, labels, thresholds=7 if even else candidates.tolist()) == expected


def test_candidates_have_the_precision_of_the_scores():
    scores = np.array([0.2, 0.7], np.float32)  # float32 of 0.7 lies below 0.7
    assert f1_adaptive_threshold(scores, [0, 1], thresholds=[0.3, 0.7]) == np.float32(0.3)
    assert f1_adaptive_threshold(scores, [0, 1], thresholds=[0.1, 0.7]) == np.float32(0.7)
    assert f1_adaptive_threshold(np.array([10, 200], np.uint8), [0, 1], thresholds=[5, 99.5, 150]) == 99.5


@pytest.mark.parametrize(("labels", "missing", "at"), [([0, 0, 0], "anomalous", -1), ([1, 1, 1], "normal", 0)])
def test_f1_threshold_without_a_class(labels, missing, at):
    for thresholds, ends, what in [
        (None, [0.2, 0.9], "score"),
        (5, [0, 1], "candidate"),
        ([3, 4], [3, 4], "candidate"),
    ]:
        message = f"no {missing} pixel or sample to go by and takes the .*est {what}"
        with pytest.warns(ac.UndefinedMetricWarning, match=message) as caught:
            assert f1_adaptive_threshold([0.5, 0.2, 0.9], labels, thresholds=thresholds) == ends[at]
        assert caught[0].filename == __file__


def test_f1_threshold_of_nothing():
    with pytest.warns(ac.UndefinedMetricWarning, match="no score is left"):
        assert np.isnan(f1_adaptive_threshold([np.nan], [1], nan_policy="omit"))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: pgn(S, Y, fnr=1.5), ValueError, r"fnr must lie in \[0, 1\]; got 1.5"),
        (lambda: pbn(S, Y, fpr=float("nan")), ValueError, r"fpr must lie in \[0, 1\]; got nan"),
        (lambda: pbn(S, Y, fpr="5%"), TypeError, "fpr must be a number; got '5%'"),
        (lambda: pgn(S, [1] * 4), ValueError, "pgn needs both classes in labels; there is no normal"),
        (lambda: pbn(S, [0] * 4), ValueError, "pbn needs both classes in labels; there is no anomalous"),
        (lambda: pgn(S, Y[:3]), ValueError, r"labels has shape \(3,\) but scores has shape \(4,\)"),
        (lambda: pgn(S, Y, nan_policy="drop"), ValueError, "nan_policy must be one of"),
        (lambda: f1_adaptive_threshold(S, Y, thresholds=1), ValueError, "thresholds must be an integer >= 2; got 1"),
        (lambda: f1_adaptive_threshold(S, Y, thresholds=0.5), TypeError, "thresholds must be an integer >= 2; got 0.5"),
        (lambda: f1_adaptive_threshold(S, Y, thresholds=[]), ValueError, r"shape \(k,\) with k >= 1; got \(0,\)"),
        (lambda: f1_adaptive_threshold(S, Y, thresholds=[[1]]), ValueError, r"shape \(k,\) with k >= 1; got \(1, 1\)"),
        (lambda: f1_adaptive_threshold(S, Y, thresholds=[0.5, 0.5]), ValueError, "strictly ascending, without NaN"),
        (lambda: f1_adaptive_threshold(S, Y, thresholds=["a"]), TypeError, "thresholds must hold real numbers"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert isinstance(caught.value, ac.AnomalibCppError)
