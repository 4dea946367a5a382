"""Ranking metrics and curves against their definitions, scikit-learn, and their own laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as peer

import metrics_oracle as oracle
from anomalib_cpp import _core
from anomalib_cpp.metrics import (
    aupr,
    auroc,
    average_precision,
    confusion_counts,
    f1_max,
    image_report,
    pr_curve,
    roc_curve,
)

EXACT = {"rel": 0, "abs": 1e-12}


@st.composite
def tied_samples(draw):
    """Scores from a few values, both classes present."""
    n = draw(st.integers(2, 60))
    dtype = draw(st.sampled_from([np.float16, np.float32, np.float64, np.uint8, np.int32, np.int64]))
    signed = np.dtype(dtype).kind != "u"
    palette = draw(st.lists(st.integers(-100 if signed else 0, 100), min_size=1, max_size=8))
    scores = np.array(draw(st.lists(st.sampled_from(palette), min_size=n, max_size=n))).astype(dtype)
    if scores.dtype.kind == "f":
        scores /= dtype(8)
        if draw(st.booleans()):
            scores[0], scores[-1] = np.inf, -np.inf
    labels = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    labels[draw(st.integers(0, n - 1))] = True
    if labels.all():
        labels[draw(st.integers(0, n - 1))] = False
    return scores, labels


@settings(max_examples=150, deadline=None)
@given(tied_samples(), st.sampled_from([0.05, 0.3, 0.5, 1.0]))
def test_matches_the_definitions(sample, limit):
    scores, labels = sample
    assert auroc(scores, labels) == pytest.approx(float(oracle.auroc(scores, labels)), **EXACT)
    assert auroc(scores, labels, max_fpr=limit) == pytest.approx(float(oracle.auroc(scores, labels, limit)), **EXACT)
    assert average_precision(scores, labels) == pytest.approx(float(oracle.average_precision(scores, labels)), **EXACT)
    assert aupr(scores, labels) == pytest.approx(float(oracle.aupr(scores, labels)), **EXACT)
    reordered = aupr(scores, labels, variant="anomalib")
    assert reordered == pytest.approx(float(oracle.aupr_reordered(scores, labels)), **EXACT)
    value, at, thresholds = oracle.f1_max(scores, labels)
    best = f1_max(scores, labels)
    assert best.value == pytest.approx(float(value), **EXACT)
    assert best.threshold == thresholds[at]


@settings(max_examples=60, deadline=None)
@given(tied_samples())
def test_curves_count_every_threshold(sample):
    scores, labels = sample
    thresholds, tp, fp = oracle.confusion(scores, labels)
    roc, pr = roc_curve(scores, labels), pr_curve(scores, labels)
    assert roc.thresholds.tolist() == [np.inf, *thresholds.tolist()]
    assert roc.x.tolist() == [0, *(np.array(fp) / fp[-1]).tolist()]
    assert roc.y.tolist() == [0, *(np.array(tp) / tp[-1]).tolist()]
    assert pr.thresholds.tolist() == [*thresholds[::-1].tolist(), np.inf]
    assert pr.x.tolist() == [*(np.array(tp)[::-1] / tp[-1]).tolist(), 0]
    assert pr.y.tolist() == [*(np.array(tp) / (np.array(tp) + np.array(fp)))[::-1].tolist(), 1]


def maps_of(kind, n, rng):
    if kind == "white":
        return rng.random(n, dtype=np.float32)
    if kind == "quantised":
        return (rng.integers(0, 256, n) / 255).astype(np.float32)
    if kind == "uint8":
        return rng.integers(0, 256, n, dtype=np.uint8)
    if kind == "heavy tails":  # a few enormous scores must not spoil the tables' resolution
        scores = rng.standard_normal(n).astype(np.float32)
        scores[:50] *= np.float32(1e30)
        return scores
    if kind == "narrow":  # one ulp apart, far from zero
        return np.float32(1000) + rng.integers(0, 3000, n).astype(np.float32) * np.spacing(np.float32(1000))
    return rng.standard_normal(n)  # float64


KINDS = ["white", "quantised", "uint8", "heavy tails", "narrow", "float64"]


# 0.5 and 0.1 of 200,000 give more distinct anomalous scores than fit one bucket; 0.001 gives fewer.
@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.98])
@pytest.mark.parametrize("kind", KINDS)
def test_large_samples_match_scikit_learn(kind, share):
    rng = np.random.default_rng(7)
    scores = maps_of(kind, 200_000, rng)
    labels = rng.random(scores.size) < share
    scores[labels] += np.asarray(scores[labels] // 4, scores.dtype)
    report = image_report(scores, labels, metrics=("auroc", "average_precision", "aupr", "f1_max"))
    assert report["auroc"] == pytest.approx(peer.roc_auc_score(labels, scores), **EXACT)
    assert report["average_precision"] == pytest.approx(peer.average_precision_score(labels, scores), **EXACT)
    precision, recall, thresholds = peer.precision_recall_curve(labels, scores)
    assert report["aupr"] == pytest.approx(peer.auc(recall, precision), **EXACT)
    with np.errstate(invalid="ignore"):
        f1 = np.nan_to_num(2 * precision * recall / (precision + recall))
    assert report["f1_max"] == pytest.approx(f1.max(), **EXACT)
    assert f1[np.flatnonzero(thresholds == report["f1_max_threshold"])[0]] == pytest.approx(f1.max(), **EXACT)
    mcclish = auroc(scores, labels, max_fpr=0.2, standardize="mcclish")
    assert mcclish == pytest.approx(peer.roc_auc_score(labels, scores, max_fpr=0.2), **EXACT)


@pytest.mark.parametrize("kind", KINDS)
def test_large_curves_match_scikit_learn(kind):
    rng = np.random.default_rng(3)
    scores = maps_of(kind, 400_000, rng)
    labels = rng.random(scores.size) < 0.2
    for drop in (False, True):
        fpr, tpr, thresholds = peer.roc_curve(labels, scores, drop_intermediate=drop)
        curve = roc_curve(scores, labels, drop_collinear=drop, threads=2)
        np.testing.assert_array_equal(curve.thresholds, thresholds)
        np.testing.assert_allclose(curve.x, fpr, rtol=0, atol=1e-15)
        np.testing.assert_allclose(curve.y, tpr, rtol=0, atol=1e-15)
    precision, recall, thresholds = peer.precision_recall_curve(labels, scores)
    curve = pr_curve(scores, labels)
    np.testing.assert_array_equal(curve.thresholds[:-1], thresholds)
    np.testing.assert_allclose(curve.x, recall, rtol=0, atol=1e-15)
    np.testing.assert_allclose(curve.y, precision, rtol=0, atol=1e-15)


@pytest.mark.parametrize("kind", KINDS)
def test_same_bits_for_every_isa_and_thread_count(isa, kind):
    rng = np.random.default_rng(11)
    scores = maps_of(kind, 300_000, rng)
    labels = rng.random(scores.size) < 0.05
    metrics = ("auroc", "average_precision", "aupr", "f1_max")
    got = [image_report(scores, labels, metrics=metrics, threads=threads) for threads in (1, 2, 3, 8)]
    _core.set_isa("baseline")
    expected = image_report(scores, labels, metrics=metrics, threads=1)
    assert all(report == expected for report in got)


@pytest.mark.parametrize("kind", KINDS)
def test_curves_have_the_same_bits_for_every_thread_count(kind):
    rng = np.random.default_rng(17)
    scores = maps_of(kind, 150_000, rng)  # three strips
    labels = rng.random(scores.size) < 0.05
    for make in (roc_curve, pr_curve):
        first, *others = (make(scores, labels, threads=threads) for threads in (1, 2, 3, 8))
        for curve in others:
            for axis in ("x", "y", "thresholds"):
                np.testing.assert_array_equal(getattr(curve, axis), getattr(first, axis))


@settings(max_examples=60, deadline=None)
@given(tied_samples(), st.randoms(use_true_random=False))
def test_laws(sample, random):
    scores, labels = sample
    metrics = ("auroc", "average_precision", "aupr", "f1_max")
    report = image_report(scores, labels, metrics=metrics)
    order = list(range(len(scores)))
    random.shuffle(order)
    assert image_report(scores[order], labels[order], metrics=metrics) == report
    twice = image_report(np.tile(scores, 2), np.tile(labels, 2), metrics=metrics)
    assert twice == pytest.approx(report, rel=1e-14)
    assert auroc(scores, labels) + auroc(scores, ~labels) == pytest.approx(1, rel=0, abs=1e-14)
    if scores.dtype.kind != "u":  # the lowest integer, which has no negative, is not among the samples
        assert auroc(-scores, labels) == pytest.approx(1 - auroc(scores, labels), rel=0, abs=1e-14)
    best = f1_max(scores, labels)
    called = scores >= scores.dtype.type(best.threshold)
    assert best.precision == (labels & called).sum() / called.sum()
    assert best.recall == (labels & called).sum() / labels.sum()
    # A strictly increasing map changes nothing but the threshold, which is mapped along.
    ranks = np.unique(scores, return_inverse=True)[1].reshape(-1)
    ranked = image_report(ranks, labels, metrics=metrics)
    assert np.unique(scores)[int(ranked["f1_max_threshold"])] == report["f1_max_threshold"]
    assert {k: v for k, v in ranked.items() if "threshold" not in k} == {
        k: v for k, v in report.items() if "threshold" not in k
    }


def test_perfect_and_constant_rankings():
    labels = np.arange(1000) % 4 == 0
    perfect = image_report(labels.astype(float), labels)
    assert (perfect["auroc"], perfect["average_precision"], perfect["f1_max"]) == (1, 1, 1)
    constant = image_report(np.ones(1000), labels)
    assert constant["auroc"] == 0.5
    assert constant["average_precision"] == 0.25
    assert constant["f1_max"] == 2 * 250 / (2 * 250 + 750)


def test_signed_zeros_tie_and_subnormals_do_not():
    tiny = np.float32(1e-45)
    assert auroc(np.float32([-0.0, 0.0]), [1, 0]) == auroc(np.float32([0.0, -0.0]), [1, 0]) == 0.5
    assert auroc(np.float32([tiny, 0.0]), [1, 0]) == 1
    assert auroc(np.float32([-tiny, -0.0]), [1, 0]) == 0
    assert auroc(np.float64([5e-324, -0.0]), [1, 0]) == 1


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64])
def test_integers_keep_their_order(dtype):
    info = np.iinfo(dtype)
    scores = np.array([info.min, info.min + 1, info.max - 1, info.max], dtype)
    assert auroc(scores, [0, 0, 1, 1]) == 1
    assert auroc(scores, [0, 1, 0, 1]) == 0.75
    assert auroc(scores[[3, 3]], [0, 1]) == 0.5


def test_half_precision_is_ordered_exactly():
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    every = every[~np.isnan(every)]
    labels = np.random.default_rng(0).random(every.size) < 0.3
    report, wide = image_report(every, labels), image_report(every.astype(np.float32), labels)
    assert report == wide
    curve = roc_curve(every, labels)
    np.testing.assert_array_equal(curve.thresholds[1:], np.unique(every)[::-1].astype(np.float64))


@pytest.mark.slow
def test_counts_beyond_32_bits():
    block, mask = np.full((512, 512), 5, np.uint8), np.zeros((512, 512), bool)
    special, truth = block.copy(), mask.copy()
    truth[0, :10], special[0, :6] = True, 7  # six above all, four that tie
    blocks = 2**31 // block.size + 5
    maps, masks = [block] * blocks + [special], [mask] * blocks + [truth]
    negatives = (blocks + 1) * block.size - 10
    assert negatives > 2**31
    assert auroc(maps, masks) == 0.8
    counts = confusion_counts(maps, masks, [5.0])
    assert (counts.tp[0], counts.fp[0], counts.tn[0]) == (10, negatives, 0)
    assert average_precision(maps, masks) == pytest.approx(0.6 + 0.4 * 10 / (10 + negatives), rel=1e-15)
