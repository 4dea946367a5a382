"""Binned counts: published intervals, the exact value inside every interval, the laws of merging."""

import re
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import anomalib_cpp as ac
from anomalib_cpp.evaluators import CurveAccumulator
from anomalib_cpp.metrics import (
    aupimo,
    aupr,
    aupro,
    auroc,
    average_precision,
    f1_max,
    fpr_at_tpr,
    iou_max,
    pixel_report,
)
from test_metrics_golden import modular_maps

MAPS, MASKS = modular_maps()
EXACT = {
    "auroc": auroc,
    "average_precision": average_precision,
    "aupr": aupr,
    "f1_max": lambda s, y: f1_max(s, y).value,
    "iou_max": lambda s, y: iou_max(s, y).value,
    "fpr_at_tpr": lambda s, y: fpr_at_tpr(s, y).value,
    "aupro": aupro,
}
BOUNDS = {"fpr_bounds": (0.03, 0.3)}


def filled(maps, masks, **options):
    accumulator = CurveAccumulator(**options)
    accumulator.update(maps, masks)
    return accumulator


def test_published_intervals(isa):
    span = float(MAPS.min()), float(MAPS.max())
    report = filled(MAPS, MASKS, n_bins=64, score_range=span).compute()
    assert report["auroc"].value == pytest.approx(0.757084745763, abs=1e-11)
    assert report["auroc"].high - report["auroc"].low == pytest.approx(2 * 0.007118644068, abs=1e-11)
    for name, low, high in (
        ("average_precision", 0.494252488705, 0.515748588403),
        ("f1_max", 0.571428571429, 0.611111111111),
    ):
        assert (report[name].low, report[name].high) == pytest.approx((low, high), abs=1e-11)


def test_published_counts():
    scores = np.array([[-0.1, 0, 0.1, 0.25, 0.3, 0.49, 0.5, 0.75, 0.9, 1.0, 1.2, 0.25]])
    labels = np.array([[0, 0, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1]])
    whole = filled(scores, labels, n_bins=4, score_range=(0, 1))
    assert whole.state()["counts"].tolist() == [[1, 2, 2, 0, 1, 0], [0, 0, 2, 1, 2, 1]]
    options = {"n_bins": 4, "score_range": (0, 1)}
    first, second = (filled(scores[:, part], labels[:, part], **options) for part in (slice(5), slice(5, 12)))
    assert first.merge(second).state()["counts"].tolist() == whole.state()["counts"].tolist()
    assert whole.compute()["auroc"].value == 0.8333333333333334


@settings(max_examples=150, deadline=None)
@given(
    arrays(np.float32, (3, 5, 6), elements=st.integers(-3, 12).map(float)),
    arrays(bool, (3, 5, 6), elements=st.sampled_from([True, False, False])),
    st.integers(2, 9),
    st.sampled_from([None, (0.0, 9.0), (2.5, 5.0)]),
)
def test_the_exact_value_is_inside(maps, masks, n_bins, score_range):
    if not 0 < masks.sum() < masks.size:
        return
    report = filled(maps, masks, n_bins=n_bins, score_range=score_range, weighted=True).compute()
    for name, function in EXACT.items():
        assert report[name].low <= function(maps, masks) <= report[name].high, name
        assert report[name].low <= report[name].value <= report[name].high


def some_images(seed):
    """Images of three sizes with ties, about half of them normal."""
    rng = np.random.default_rng(seed)
    masks = [rng.random(shape) < 0.3 * (rng.random() < 0.5) for shape in [(6, 7), (4, 9), (12, 5)] * 4]
    return [rng.integers(0, 25, mask.shape) + 5.0 * mask for mask in masks], masks


@pytest.mark.parametrize("seed", range(60))
def test_overlaps_of_images_are_inside(seed):
    maps, masks = some_images(seed)
    try:
        exact = aupimo(maps, masks, **BOUNDS).value
    except ac.InvalidInputError as error:
        message = str(error)
        with pytest.raises(ac.InvalidInputError, match=re.escape(message)):
            filled(maps, masks, n_bins=9, per_image=True).compute(**BOUNDS)
        return
    for options in ({"n_bins": 2}, {"n_bins": 9}, {"n_bins": 500}, {"n_bins": 9, "score_range": (8, 20)}):
        found = filled(maps, masks, per_image=True, **options).compute(**BOUNDS)["aupimo"]
        assert found.low <= exact <= found.high
        assert found.low <= found.value <= found.high


def test_bins_of_one_value_each_leave_no_doubt():
    report = filled(MAPS, MASKS, n_bins=128, score_range=(0, 1), weighted=True).compute()
    for name, function in EXACT.items():
        if name in ("auroc", "f1_max", "iou_max"):
            assert report[name].value == pytest.approx(function(MAPS, MASKS), abs=1e-12)
    wide = filled(MAPS, MASKS, n_bins=16, score_range=(0, 1), weighted=True).compute()
    fine = filled(MAPS, MASKS, n_bins=32, score_range=(0, 1), weighted=True).compute()
    for name in ("auroc", "aupro"):
        assert fine[name].high - fine[name].low <= wide[name].high - wide[name].low


@pytest.mark.parametrize(("score_range", "n_bins"), [(None, 65536), ((0, 255), 255), ((-0.5, 255.5), 256)])
def test_integer_maps_leave_no_doubt(score_range, n_bins):
    maps = np.round(MAPS * 255).astype(np.uint8)
    exact = pixel_report(maps, MASKS, metrics=("auroc", "average_precision", "aupr", "f1_max", "iou_max", "aupro"))
    whole = CurveAccumulator(n_bins, score_range, weighted=True)
    whole.update(maps, MASKS)
    for accumulator in (whole, CurveAccumulator.from_state(whole.state()), whole.clone()):
        report = accumulator.compute()
        for name, value in exact.items():
            if name in report:
                assert report[name].value == pytest.approx(value, abs=1e-12)
                assert report[name].high - report[name].low <= 4e-12
    binned = pixel_report(maps, MASKS, metrics=("auroc", "aupro"), mode="binned")
    assert all(binned[name].high - binned[name].low <= 4e-12 for name in binned)
    whole.update(MAPS, MASKS)  # now scores can lie between two integers
    assert whole.compute()["auroc"].high - whole.compute()["auroc"].low > 1e-6


def test_many_anomalous_pixels_keep_the_bound(monkeypatch):
    from anomalib_cpp.metrics import _intervals

    rng = np.random.default_rng(0)
    masks = rng.random((2, 300, 300)) < 0.3
    maps = rng.random(masks.shape) + 0.3 * masks
    listed = filled(maps, masks, n_bins=50).compute()["average_precision"]
    monkeypatch.setattr(_intervals, "_MOST_LISTED", 0)
    added = filled(maps, masks, n_bins=50).compute()["average_precision"]
    assert added.low <= listed.low <= average_precision(maps, masks)
    assert listed.low - added.low < 1e-6


def test_laws_of_merging_and_states():
    maps, masks = some_images(0)
    options = {"n_bins": 32, "score_range": (0, 30), "weighted": True, "per_image": True}
    a, b, c = (filled(maps[i::3], masks[i::3], **options) for i in range(3))
    whole = filled(maps, masks, **options).state()
    for merged in (a.clone().merge(b).merge(c), c.clone().merge(b.clone().merge(a))):
        state = merged.state()
        for name in ("counts", "image_sizes", "highest_normal"):
            assert state[name].tolist() == whole[name].tolist()
        assert merged.n_updates == 3
        assert merged.n_items == sum(m.size for m in maps)
    assert whole["image_sizes"][:, 0].tolist() == [36, 42, 60]
    assert whole["image_sizes"][:, 1:3].sum() == 12
    empty = CurveAccumulator(**options)
    assert str(empty.clone().merge(a).compute(**BOUNDS)) == str(a.clone().merge(empty).compute(**BOUNDS))
    a.reset()
    assert a.n_items == 0
    free = CurveAccumulator(8)
    free.update(MAPS, MASKS)
    assert free.edges[0] < MAPS.min() < MAPS.max() < free.edges[-1]
    assert CurveAccumulator(8).merge(free).edges.tolist() == free.edges.tolist()
    free.reset()
    free.update(MAPS * 100, MASKS)
    assert free.edges[-1] > 50


@pytest.mark.parametrize("outside", [3, 4])
def test_a_range_that_more_than_one_in_a_thousand_pixels_leave_is_told(outside):
    scores, labels = np.linspace(0, 1, 1000).reshape(20, 50), np.arange(1000).reshape(20, 50) % 7 == 0
    later = np.full((40, 50), 0.5)
    later.flat[:outside] = [-3, 7, 8, 9][:outside]
    chosen, given = CurveAccumulator(8), CurveAccumulator(8, score_range=(0, 1))
    for accumulator in (chosen, given):
        accumulator.update(scores, labels)
        accumulator.update(later, later < 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        given.compute()
        if outside == 3:  # of 3000
            chosen.compute()
            return
    for told in (chosen, CurveAccumulator.from_state(chosen.state()), CurveAccumulator(8).merge(chosen)):
        with pytest.warns(ac.ReproducibilityWarning, match="4 of 3000 pixels lie outside of .* give a score_range"):
            told.compute()


def test_curves_have_a_point_for_each_edge():
    curves = filled(MAPS, MASKS, n_bins=16, score_range=(0.05, 0.9), weighted=True).curves()
    fpr, recall, precision = (np.array(values) for values in zip(*map(at, curves["roc"].thresholds), strict=True))
    assert len(fpr) == 19
    np.testing.assert_array_equal(curves["roc"].x, fpr)
    np.testing.assert_array_equal(curves["roc"].y, recall)
    np.testing.assert_array_equal(curves["pr"].y, precision)
    np.testing.assert_array_equal(curves["pro"].thresholds, curves["pr"].thresholds)
    assert curves["pro"].y[[0, -1]].tolist() == [0, 1]
    assert filled(MAPS, MASKS & False, score_range=(0, 1)).curves() == {}


def at(threshold):
    """Return false positive rate, recall and precision of scores that reach a threshold."""
    reached, truth = threshold <= MAPS, MASKS.astype(bool)
    hits = (reached & truth).sum()
    return (reached & ~truth).sum() / (~truth).sum(), hits / truth.sum(), hits / reached.sum() if reached.any() else 1.0


def test_states_whose_images_do_not_fit_are_refused():
    good = filled(*some_images(1), n_bins=9, per_image=True).state()
    assert CurveAccumulator.from_state(good).state()["counts"].tolist() == good["counts"].tolist()
    table, counts = good["image_sizes"], good["counts"]
    changes = {
        "image_sizes": [
            table[1:],
            table[::-1],
            -table,
            table[:, :3],
            table * 1.0,
            table + np.eye(4, dtype=np.int64)[1],
            table * 0,
        ],
        "highest_normal": [np.array([np.nan]), np.zeros(2), np.zeros(1, np.float32)],
        "counts": [counts[:2], counts[:, 1:], counts * [[1], [1], [0], [0], [1], [1]], counts * 2],
    }
    for name, values in changes.items():
        for value in values:
            with pytest.raises(ac.FormatError, match="state"):
                CurveAccumulator.from_state({**good, name: value})


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: CurveAccumulator(1), ValueError, "n_bins must be an integer >= 2; got 1"),
        (lambda: CurveAccumulator(score_range=(1, 0)), ValueError, "score_range must be finite and ascend"),
        (lambda: CurveAccumulator(score_range=3), TypeError, "score_range must be a pair"),
        (lambda: CurveAccumulator().compute(), ValueError, "has no data: call update first"),
        (lambda: filled(MAPS * np.nan, MASKS, score_range=(0, 1)), ValueError, "maps contains 320 NaN"),
        (lambda: filled(MAPS * np.nan, MASKS), ValueError, "maps must hold a finite score"),
        (lambda: CurveAccumulator(8).merge(CurveAccumulator(9)), ValueError, r"different are n_bins \(8, 9\)"),
        (
            lambda: CurveAccumulator(8).merge(CurveAccumulator(8, per_image=True)),
            ValueError,
            r"different are per_image \(False, True\)",
        ),
        (lambda: CurveAccumulator(8, per_image=1), TypeError, "per_image must be True or False; got 1"),
        (lambda: CurveAccumulator(8).merge(3), TypeError, "other must be a CurveAccumulator; got int"),
        (lambda: CurveAccumulator.from_state({}), ValueError, "state must hold the settings of CurveAccumulator"),
        (
            lambda: CurveAccumulator.from_state({**CurveAccumulator(8).state(), "counts": np.zeros((2, 9), np.int64)}),
            ac.FormatError,
            r"int64 counts of shape \(2, 10\); got int64, \(2, 9\)",
        ),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
