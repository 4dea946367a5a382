"""Per-image overlap, best overlaps and single points of the ROC curve: published values, definitions, laws."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import anomalib_cpp as ac
from anomalib_cpp.metrics import aupimo, dice_max, f1_max, fpr_at_tpr, iou_max, roc_curve, tpr_at_fpr
from test_metrics_golden import modular_maps

EXACT = {"rel": 0, "abs": 1e-12}
TIES = [0.1, 0.4, 0.4, 0.8, 0.2, 0.9, 0.9, 0.4], [0, 0, 1, 1, 0, 1, 0, 1]


# --- published values ------------------------------------------------------------------------------------------------


def test_points_of_the_modular_maps(isa):
    maps, masks = modular_maps()
    best = iou_max(maps, masks)
    assert best.value == pytest.approx(0.4, **EXACT)
    assert best.threshold == f1_max(maps, masks).threshold == 0.515625
    step = fpr_at_tpr(maps, masks)
    assert step.value == pytest.approx(0.583050847458, **EXACT)
    assert step.threshold == 0.203125
    assert fpr_at_tpr(maps, masks, method="interp").value == pytest.approx(0.580508474576, **EXACT)
    assert fpr_at_tpr(maps, masks, method="closest").value == pytest.approx(0.583050847458, **EXACT)


def test_points_of_tied_scores(isa):
    assert float(iou_max(*TIES)) == pytest.approx(2 / 3, **EXACT)
    assert iou_max(*TIES).threshold == 0.4
    assert fpr_at_tpr(*TIES).value == 0.5
    assert fpr_at_tpr(*TIES, method="interp").value == pytest.approx(0.475, **EXACT)


def test_aupimo_of_the_modular_maps(isa):
    maps, masks = modular_maps()
    exact = aupimo(maps, masks, fpr_bounds=(0.05, 0.5))
    np.testing.assert_allclose(exact.scores[1:4], [0.497871321205, 0.651067066280, 0.371831308176], rtol=0, atol=1e-12)
    assert np.isnan(exact.scores[[0, 4]]).all()
    assert float(exact) == pytest.approx(0.506923231887, **EXACT)
    with pytest.warns(ac.UndefinedMetricWarning):
        coarse = aupimo(maps, masks, fpr_bounds=(0.05, 0.5), bounds="snap", num_thresholds=50, force=True)
    np.testing.assert_allclose(coarse.scores[1:4], [0.510328531694, 0.669706537411, 0.380015874989], rtol=0, atol=1e-12)
    assert len(coarse.thresholds) == 23
    assert coarse.shared_fpr[[0, -1]].tolist() == [0.5, 0.046875]
    with pytest.warns(ac.UndefinedMetricWarning):
        fine = aupimo(maps, masks, fpr_bounds=(0.05, 0.5), bounds="snap", num_thresholds=100_001)
    np.testing.assert_allclose(fine.scores[1:4], [0.510328531694, 0.667083479766, 0.381174216043], rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("fpr_bounds", "expected"),
    [((0.1, 1), [0.55, 1.0]), ((1e-3, 1e-1), [0.03025, 0.3025]), ((1e-5, 1e-4), [5.5e-5, 5.5e-4])],
)
def test_aupimo_of_stairs(isa, fpr_bounds, expected):
    stairs = np.ones(1_000_000, np.float32)
    for count in (10**5, 10**4, 10**3, 100, 10, 1):
        stairs[:count] += 1
    stairs = stairs.reshape(1000, 1000)
    masks = np.zeros((3, 1_000_000), bool)
    masks[1], masks[2, : 10**5] = True, True
    with pytest.warns(ac.UndefinedMetricWarning):
        result = aupimo(
            np.stack([stairs] * 3),
            masks.reshape(3, 1000, 1000),
            fpr_bounds=fpr_bounds,
            bounds="snap",
            num_thresholds=7,
            force=True,
            return_curves=True,
        )
    np.testing.assert_allclose(result.scores[1:], expected, rtol=1e-12)
    np.testing.assert_allclose(result.recalls[1], result.shared_fpr, rtol=1e-12)
    np.testing.assert_allclose(result.recalls[2], np.minimum(1, 10 * result.shared_fpr), rtol=1e-12)


# --- definitions -----------------------------------------------------------------------------------------------------


def oracle(maps, masks, low, high):
    """Recall over the logarithm of the shared rate, as a polyline through every distinct score."""
    normal = [m.ravel() for m, y in zip(maps, masks, strict=True) if not y.any()]
    levels = np.unique(np.concatenate([m.ravel() for m in maps]))[::-1]
    rate = np.array([np.mean([(m >= t).mean() for m in normal]) for t in levels])
    scores = []
    for m, y in zip(maps, masks, strict=True):
        if not y.any():
            scores.append(np.nan)
            continue
        recall = np.array([(m[y != 0] >= t).mean() for t in levels])
        x, known = np.log(rate[rate > 0]), recall[rate > 0]
        grid = np.unique(np.concatenate([x, [np.log(low), np.log(high)]]))
        grid = grid[(grid >= np.log(low)) & (grid <= np.log(high))]
        area = 0.0
        for a, b in itertools.pairwise(grid):
            area += (b - a) * (on_curve(x, known, a, "after") + on_curve(x, known, b, "before")) / 2
        scores.append(area / (np.log(high) - np.log(low)))
    return np.array(scores)


def on_curve(x, recall, z, side):
    """Value just after or just before z: several levels of one rate make a vertical step."""
    after, before = np.flatnonzero(x <= z), np.flatnonzero(x >= z)
    if len(after) and x[after[-1]] == z:
        same = np.flatnonzero(x == z)
        return recall[same[-1]] if side == "after" else recall[same[0]]
    left, right = after[-1], before[0]
    part = (z - x[left]) / (x[right] - x[left])
    return recall[left] + part * (recall[right] - recall[left])


@pytest.mark.parametrize("seed", range(4))
def test_aupimo_is_its_definition(seed):
    rng = np.random.default_rng(seed)
    maps = [rng.integers(0, 40, size).astype(np.float32) for size in [(9, 8), (6, 11), (9, 8), (10, 10), (7, 7)]]
    masks = [np.zeros(m.shape, bool) for m in maps]
    for i in (1, 3):
        masks[i][1:4, 2:5] = True
        maps[i][masks[i]] += rng.integers(0, 15, 9)
    expected = oracle(maps, masks, 0.08, 0.7)
    np.testing.assert_allclose(aupimo(maps, masks, fpr_bounds=(0.08, 0.7)).scores, expected, rtol=0, atol=1e-12)


scores_of = arrays(np.float32, 40, elements=st.integers(-4, 4))
labels_of = arrays(bool, 40).filter(lambda y: 0 < y.sum() < 40)


@settings(max_examples=60, deadline=None)
@given(scores_of, labels_of, st.floats(0.01, 1))
def test_points_lie_on_the_curve(scores, labels, rate):
    curve = roc_curve(scores, labels)
    reached = np.flatnonzero(curve.y >= rate - 1e-12)[0]
    step = fpr_at_tpr(scores, labels, rate)
    assert (step.value, step.threshold) == (curve.x[reached], curve.thresholds[reached])
    nearest = np.abs(curve.y[::-1] - rate)
    closest = curve.x[::-1][np.flatnonzero(nearest <= nearest.min() + 1e-12)[0]]
    assert fpr_at_tpr(scores, labels, rate, method="closest").value == closest
    allowed = np.flatnonzero(curve.x <= rate + 1e-12)[-1]
    assert tpr_at_fpr(scores, labels, rate).value == curve.y[allowed]
    assert tpr_at_fpr(scores, labels, rate, method="interp").value == pytest.approx(
        np.interp(rate, curve.x - np.arange(len(curve.x))[::-1] * 1e-15, curve.y), abs=1e-9
    )
    best = f1_max(scores, labels)
    assert iou_max(scores, labels).value == pytest.approx(best.value / (2 - best.value), rel=1e-12)
    assert dice_max(scores, labels).value == best.value


def test_overlap_does_not_depend_on_threads_order_or_layout():
    rng = np.random.default_rng(0)
    maps = rng.standard_normal((12, 90, 70)).astype(np.float32)
    masks = np.zeros(maps.shape, bool)
    masks[6:, 10:30, 20:50] = True
    expected = aupimo(maps, masks, fpr_bounds=(1e-3, 1e-1), threads=1).scores
    for threads in (2, 3, 8):
        assert aupimo(maps, masks, fpr_bounds=(1e-3, 1e-1), threads=threads).scores.tobytes() == expected.tobytes()
    order = rng.permutation(12)
    shuffled = aupimo(list(maps[order]), list(masks[order]), fpr_bounds=(1e-3, 1e-1)).scores
    assert shuffled.tobytes() == expected[order].tobytes()
    assert aupimo(maps.astype(float), masks, fpr_bounds=(1e-3, 1e-1)).scores.tobytes() == expected.tobytes()
    half = np.round(maps * 64).astype(np.int16)
    assert aupimo(half, masks, fpr_bounds=(1e-2, 1e-1)).value == aupimo(half / 2, masks, fpr_bounds=(1e-2, 1e-1)).value


def test_perfect_and_hopeless_images():
    maps = np.zeros((3, 20, 20), np.float32)
    maps[0].ravel()[:] = np.arange(400)
    masks = np.zeros(maps.shape, bool)
    masks[1:, :3, :3] = True
    maps[1][masks[1]], maps[2][masks[2]] = 1e4, -1
    assert aupimo(maps, masks, fpr_bounds=(0.01, 0.1)).scores[1:].tolist() == [1, 0]


# --- bad input -------------------------------------------------------------------------------------------------------

MAPS, MASKS = modular_maps()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: aupimo(MAPS, MASKS), ValueError, r"fpr_bounds must be reachable; got 1e-05 as lower bound"),
        (lambda: aupimo(MAPS, MASKS, fpr_bounds=(0.5, 0.1)), ValueError, "0 < lower < upper <= 1; got"),
        (lambda: aupimo(MAPS, MASKS, fpr_bounds=0.5), TypeError, "fpr_bounds must be a pair"),
        (lambda: aupimo(MAPS, MASKS, bounds="near"), ValueError, "bounds must be one of 'exact', 'snap'; got 'near'"),
        (lambda: aupimo(MAPS, MASKS, return_curves=True), ValueError, "belong to bounds='snap'"),
        (
            lambda: aupimo(MAPS, MASKS, bounds="snap", num_thresholds=1),
            ValueError,
            "num_thresholds must be an integer >=",
        ),
        (
            lambda: aupimo(MAPS, MASKS, bounds="snap", thresholds=np.ones(9)),
            ValueError,
            "thresholds must be finite and strictly ascending",
        ),
        (
            lambda: aupimo(MAPS, MASKS, bounds="snap", thresholds=np.arange(9)),
            TypeError,
            "thresholds must be float32 or float64; got dtype int64",
        ),
        (
            lambda: aupimo(MAPS, MASKS, bounds="snap", fpr_bounds=(0.05, 0.5), num_thresholds=50),
            ValueError,
            "more than 30 thresholds; got 23",
        ),
        (
            lambda: aupimo(1000 + MAPS * 1e-3, MASKS, bounds="snap"),
            ValueError,
            "num_thresholds must leave different thresholds",
        ),
        (lambda: aupimo(MAPS * np.nan, MASKS), ValueError, "maps contains 320 NaN, first at index"),
        (lambda: fpr_at_tpr(*TIES, rate=0), ValueError, r"rate must lie in \(0, 1\]"),
        (lambda: fpr_at_tpr(*TIES, method="best"), ValueError, "method must be one of 'step', 'interp', 'closest'"),
        (lambda: tpr_at_fpr(*TIES, rate=1.5), ValueError, r"rate must lie in \[0, 1\]; got 1.5"),
        (lambda: tpr_at_fpr(*TIES, rate="0.1"), TypeError, "rate must be a number"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_missing_class():
    for labels in (np.zeros(8), np.ones(8)):
        with pytest.warns(ac.UndefinedMetricWarning, match="fpr_at_tpr is undefined"):
            assert np.isnan(fpr_at_tpr(TIES[0], labels).value)
    with pytest.warns(ac.UndefinedMetricWarning, match="iou_max is undefined"):
        assert iou_max(TIES[0], np.zeros(8), undefined=0.0).value == 0
    for masks in (MASKS * 0, MASKS * 0 + 1):
        with pytest.warns(ac.UndefinedMetricWarning, match="aupimo is undefined: there is no"):
            result = aupimo(MAPS, masks)
        assert np.isnan(result.value)
        assert result.scores.shape == (5,)
        with pytest.raises(ValueError, match="aupimo is undefined"):
            aupimo(MAPS, masks, undefined="raise")


def test_scores_that_are_missing():
    maps = MAPS.astype(np.float64)
    maps[2, 2, 2] = maps[0, 0, 0] = np.nan
    result = aupimo(maps, MASKS, fpr_bounds=(0.05, 0.5), nan_policy="propagate")
    assert np.isnan(result.value)
    assert np.isfinite(aupimo(maps, MASKS, fpr_bounds=(0.05, 0.5), nan_policy="omit").scores[1:4]).all()
