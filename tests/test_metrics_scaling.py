"""Scores on other scales, overlap at one threshold, and the mean over the classes of a benchmark."""

from functools import partial

import numpy as np
import pytest

import anomalib_cpp as ac
from anomalib_cpp.metrics import (
    auroc,
    evaluate_many,
    image_report,
    normalize_scores,
    pixel_report,
    pro_score,
)
from test_metrics_golden import modular_maps

MAPS, MASKS = modular_maps()


# --- normalisation ---------------------------------------------------------------------------------------------------


def test_the_ties_of_a_published_normalisation():
    scores, labels = [0, 0.1, 0.15, 0.75, 0.8, 0.9, 0.85, 0.95], [0, 0, 0, 0, 1, 1, 0, 1]
    scaled = normalize_scores(scores, kind="anomalib", low=0, high=1, threshold=0.2)
    assert auroc(scores, labels) == pytest.approx(14 / 15)
    assert auroc(scaled.scores, labels) == pytest.approx(0.8)
    assert scaled.scores[3:].tolist() == [1] * 5
    assert (scaled.new_ties, scaled.low, scaled.high, scaled.threshold) == (4, 0, 1, 0.2)
    assert normalize_scores(scores, kind="anomalib").new_ties == 0  # about the middle nothing is cut off
    minmax = normalize_scores(scores)
    np.testing.assert_allclose(minmax.scores, np.array(scores) / 0.95)
    assert (minmax.new_ties, minmax.low, minmax.high, minmax.threshold) == (0, 0, 0.95, None)


def test_anomalib_itself_agrees():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    scores = rng.standard_normal(1000).astype(np.float32)
    scaled = normalize_scores(torch.from_numpy(scores), kind="anomalib", low=-2.5, high=3, threshold=0.3)
    tensors = (torch.tensor(value) for value in (0.3, -2.5, 3.0))
    threshold, low, high = tensors
    expected = (((torch.from_numpy(scores) - threshold) / (high - low)) + 0.5).clamp(min=0, max=1)
    assert torch.equal(scaled.scores, expected)
    assert scaled.new_ties == len(np.unique(scores)) - len(expected.unique())


def test_dtypes_and_lists():
    for dtype, result in (("f2", "f4"), ("f4", "f4"), ("f8", "f8"), ("u1", "f8")):
        assert normalize_scores(np.arange(5).astype(dtype)).scores.dtype == result
    parts = normalize_scores([MAPS[0], MAPS[1, :3]])
    assert [part.shape for part in parts.scores] == [(8, 8), (3, 8)]
    assert max(part.max() for part in parts.scores) == 1
    assert normalize_scores([1.0, np.nextafter(1, 2), 2.0], low=-1e9).new_ties == 1


# --- overlap at a threshold ------------------------------------------------------------------------------------------


def test_overlap_of_regions():
    masks = np.array([[[1, 1, 0, 1], [0, 0, 0, 1]], [[0, 0, 0, 0], [1, 0, 0, 0]]])
    maps = np.array([[[0.5, 0.6, 0.9, 0.7], [0, 0, 0, 0]], [[1, 1, 1, 1], [0.51, 0, 0, 0]]])
    assert pro_score(maps, masks) == pytest.approx((1 / 2 + 1 / 2 + 1) / 3)  # 0.5 itself is not found
    assert pro_score(maps, masks, threshold=0.49) == pytest.approx((1 + 1 / 2 + 1) / 3)
    assert pro_score(maps > 0.5, masks) == pro_score(maps, masks)
    assert pro_score(maps.astype(np.float32)[:, None], list(masks)) == pro_score(maps, masks)
    corner = np.array([[1, 0], [0, 1]])
    assert pro_score(np.array([[1.0, 0], [0, 0]]), corner) == 0.5
    assert pro_score(np.array([[1, 0], [0, 0], [0, 1]]), np.array([[1, 0], [0, 1], [0, 1]]), connectivity=4) == 0.75
    with pytest.warns(ac.UndefinedMetricWarning, match="pro_score is undefined: there is no region") as caught:
        assert pro_score(maps, masks * 0, undefined=1.0) == 1
    assert caught[0].filename == __file__
    assert np.isnan(pro_score(np.where(maps == 0.6, np.nan, maps), masks, nan_policy="propagate"))


def test_overlap_is_a_point_of_the_curve():
    curve = ac.metrics.pro_curve(MAPS, MASKS)
    for at in (3, 20, 50):
        assert pro_score(MAPS, MASKS, threshold=np.nextafter(curve.thresholds[at], 0)) == pytest.approx(curve.y[at])


# --- several classes -------------------------------------------------------------------------------------------------


def test_rows_and_their_mean():
    classes = {"first": (MAPS, MASKS), "second": (MAPS[:3], MASKS[:3]), "third": (MAPS**2, MASKS)}
    names = ("aupro", "auroc", "f1_max")
    result = evaluate_many(classes, partial(pixel_report, metrics=names))
    assert list(result.rows) == list(classes)
    assert result.rows["second"] == pixel_report(MAPS[:3], MASKS[:3], metrics=names)
    assert list(result.mean) == list(names)  # thresholds have no mean
    for name in names:
        assert result.mean[name] == pytest.approx(np.mean([row[name] for row in result.rows.values()]))


def test_one_class_without_a_metric():
    classes = {"nut": ([1.0, 2.0], [0, 1]), "ok": ([1.0, 2.0], [0, 0]), "screw": ([3.0, 3.0], [0, 1])}
    report = partial(image_report, metrics="auroc")
    with pytest.warns(ac.UndefinedMetricWarning) as caught:
        result = evaluate_many(classes, report)
    assert str(caught[-1].message) == "the mean auroc is undefined because of 'ok'"
    assert caught[-1].filename == __file__
    assert np.isnan(result.mean["auroc"])
    for chosen, value, message in (
        (classes, 0.75, "leaves out"),
        ({"ok": classes["ok"]}, None, "is undefined because of"),
    ):
        with pytest.warns(ac.UndefinedMetricWarning) as caught:
            result = evaluate_many(chosen, report, skip_undefined=True)
        assert str(caught[-1].message) == f"the mean auroc {message} 'ok'"
        assert result.mean["auroc"] == value if value else np.isnan(result.mean["auroc"])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: normalize_scores(MAPS, kind="zscore"), ValueError, "kind must be one of 'minmax', 'anomalib'"),
        (lambda: normalize_scores(MAPS, threshold=1), ValueError, "threshold belongs to kind='anomalib'"),
        (lambda: normalize_scores(MAPS * 0), ValueError, "low must be below high, and both finite; got 0, 0"),
        (lambda: normalize_scores(MAPS, high=np.inf), ValueError, "both finite; got 0.*, inf"),
        (lambda: normalize_scores(MAPS * np.nan), ValueError, "scores must be finite"),
        (lambda: normalize_scores([]), ValueError, "scores must have at least one value"),
        (lambda: normalize_scores(MASKS > 0), TypeError, "scores must hold numbers; got dtype bool"),
        (lambda: normalize_scores(MAPS, kind="anomalib", threshold=np.nan), ValueError, "threshold must be finite"),
        (lambda: pro_score(MAPS > 0.5, MASKS, threshold=0.5), ValueError, "threshold must not be given with maps of"),
        (lambda: pro_score(MAPS, MASKS, threshold=np.nan), ValueError, "threshold must not be NaN"),
        (lambda: pro_score(MAPS[0, 0], MASKS[0, 0]), ValueError, "maps must have shape"),
        (lambda: evaluate_many([(MAPS, MASKS)]), TypeError, "classes must be a mapping"),
        (lambda: evaluate_many({}), ValueError, "classes must name at least one class"),
        (lambda: evaluate_many({"a": MAPS}), TypeError, r"classes\['a'\] must be a tuple of arguments; got ndarray"),
        (
            lambda: evaluate_many({"a": (1,), "b": (2,)}, lambda n: {f"m{n}": 0.0}),
            ValueError,
            "the same metrics; those of 'b' and 'a' differ",
        ),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert isinstance(caught.value, ac.AnomalibCppError)
