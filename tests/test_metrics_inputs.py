"""What the metrics accept, what they refuse, and what they say when a value does not exist."""

import signal
import threading
import warnings

import numpy as np
import pytest

import anomalib_cpp as ac
from anomalib_cpp import metrics
from anomalib_cpp.metrics import (
    aupr,
    aupro,
    auroc,
    average_precision,
    connected_components,
    f1_max,
    image_report,
    pixel_report,
    pr_curve,
    pro_curve,
    roc_curve,
)

RNG = np.random.default_rng(21)
MAPS = RNG.standard_normal((4, 24, 40)).astype(np.float32)
MASKS = np.zeros((4, 24, 40), bool)
MASKS[1, 3:9, 5:20] = True
MASKS[3, 10:12, 30:] = True
REPORT = pixel_report(MAPS, MASKS)


def test_layouts_give_the_same_bits():
    padded = np.zeros((4, 30, 64), np.float32)
    padded[:, 2:26, 7:47] = MAPS
    read_only = MAPS.copy()
    read_only.flags.writeable = False
    unaligned = np.zeros(MAPS.nbytes + 1, np.uint8)[1:].view(np.float32).reshape(MAPS.shape)
    unaligned[...] = MAPS
    for maps in [
        padded[:, 2:26, 7:47],
        np.repeat(MAPS, 2, axis=2)[:, :, ::2],
        np.asfortranarray(MAPS),
        MAPS[::-1, ::-1, ::-1].copy()[::-1, ::-1, ::-1],
        MAPS.astype(">f4"),
        read_only,
        unaligned,
        MAPS[:, None],
        list(MAPS),
        MAPS.astype(np.float64),
    ]:
        assert pixel_report(maps, MASKS) == REPORT
    assert pixel_report(MAPS, np.asfortranarray(MASKS)) == REPORT
    assert pixel_report(MAPS, MASKS[:, None]) == REPORT
    wide = np.zeros((4, 24, 50), bool)
    wide[:, :, :40] = MASKS
    assert pixel_report(MAPS, wide[:, :, :40]) == REPORT
    broadcast = np.broadcast_to(MAPS[0], MAPS.shape)
    assert pixel_report(broadcast, MASKS) == pixel_report(broadcast.copy(), MASKS)


@pytest.mark.parametrize(
    "dtype", [bool, np.uint8, np.int8, np.uint16, np.int16, np.int32, np.uint32, np.int64, np.uint64, "f2", "f4", "f8"]
)
def test_masks_of_every_dtype(dtype):
    assert pixel_report(MAPS, MASKS.astype(dtype)) == REPORT
    np.testing.assert_array_equal(connected_components(MASKS.astype(dtype))[0], connected_components(MASKS)[0])


def test_masks_from_image_files():
    assert pixel_report(MAPS, MASKS.astype(np.uint8) * 255) == REPORT


def test_torch_tensors():
    torch = pytest.importorskip("torch")
    assert pixel_report(torch.from_numpy(MAPS)[:, None], torch.from_numpy(MASKS)) == REPORT
    assert pixel_report(torch.from_numpy(MAPS).requires_grad_(), torch.from_numpy(MASKS).long()) == REPORT
    half = torch.from_numpy(MAPS).bfloat16()
    assert pixel_report(half, torch.from_numpy(MASKS)) == pixel_report(half.float(), MASKS)
    assert pixel_report(MAPS.astype(np.float16), MASKS) == pixel_report(torch.from_numpy(MAPS).half(), MASKS)
    labels, counts = connected_components(torch.from_numpy(MASKS))
    assert (labels.dtype, counts.dtype) == (torch.int32, torch.int64)
    curve = roc_curve(torch.tensor([0.1, 0.2]), torch.tensor([0, 1]))
    assert isinstance(curve.x, torch.Tensor)
    areas = aupro(torch.from_numpy(MAPS), torch.from_numpy(MASKS), integration_limit=[0.1, 0.2])
    assert isinstance(areas, torch.Tensor)


def test_lists_of_different_sizes():
    maps, masks = [MAPS[0], MAPS[1, :20, :30]], [MASKS[0], MASKS[1, :20, :30]]
    flat_maps, flat_masks = (np.concatenate([a.ravel() for a in stack]) for stack in (maps, masks))
    report = pixel_report(maps, masks)
    assert report["auroc"] == auroc(flat_maps, flat_masks)
    assert report["f1_max"] == f1_max(flat_maps, flat_masks).value
    assert pixel_report(list(MAPS), MASKS[:, None]) == pixel_report(MAPS, list(MASKS)) == REPORT
    integers = [np.array([[1, 2**53]]), np.array([[0, 2**53 + 2]], np.uint64).astype(np.float64)]
    assert auroc(integers, [np.array([[0, 0]]), np.array([[0, 1]])]) == 1
    mixed = pixel_report([MAPS[0], MAPS[1].astype(np.float64)], list(MASKS[:2]))
    assert mixed == pixel_report(MAPS[:2], MASKS[:2])


def test_inputs_stay_as_they_are():
    maps, masks = MAPS.copy(), MASKS.copy()
    pixel_report(maps, masks)
    pro_curve(maps, masks)
    np.testing.assert_array_equal(maps, MAPS)
    np.testing.assert_array_equal(masks, MASKS)


def test_image_scores_of_shape_n_1():
    assert auroc(np.array([[0.1], [0.9]]), [0, 1]) == 1
    assert auroc(np.array([[0.1], [0.9]]), np.array([[0], [1]])) == 1
    assert image_report(np.array([[0.1], [0.9]]), np.array([[0], [1]]))["auroc"] == 1


def nan_maps():
    maps = MAPS.copy()
    maps[2, 17, 4] = maps[1, 4, 6] = maps[1, 5, 7] = -np.nan
    return maps


def test_nan_is_refused_with_its_place():
    with pytest.raises(ac.InvalidInputError, match=r"maps contains 3 NaN, first at index \(1, 4, 6\)"):
        pixel_report(nan_maps(), MASKS)
    scores = np.zeros(100_000)
    scores[70_000] = np.nan
    with pytest.raises(ValueError, match=r"scores contains 1 NaN, first at index \(70000,\)"):
        auroc(scores, np.arange(100_000) % 2)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_nan_pixels_can_be_left_out(isa, dtype):
    maps = nan_maps().astype(dtype)
    keep = ~np.isnan(maps)
    names = ("auroc", "average_precision", "aupr", "f1_max")
    report = pixel_report(maps, MASKS, metrics=names, nan_policy="omit")
    assert report == image_report(maps[keep], MASKS[keep], metrics=names)
    result = aupro(maps, MASKS, nan_policy="omit", per_region=True)
    assert result.region_areas.tolist() == [88, 20]
    curve = pro_curve(maps, MASKS, nan_policy="omit")
    assert not np.isnan(curve.thresholds).any()
    assert (curve.x[-1], curve.y[-1]) == (1, 1)
    gone = np.where(MASKS[3], np.nan, MAPS[3])[None]
    assert np.isnan(aupro(gone, MASKS[3:], nan_policy="propagate"))
    result = aupro(np.concatenate([maps[:3], gone.astype(dtype)]), MASKS, nan_policy="omit", per_region=True)
    assert result.region_areas.tolist() == [88]
    assert result.region_images.tolist() == [1]


def test_the_place_of_a_nan_is_that_in_the_argument():
    maps = nan_maps()
    for given, masks, place in [
        (maps[:, None], MASKS, r"\(1, 0, 4, 6\)"),
        (maps[1], MASKS[1], r"\(4, 6\)"),
        (list(maps), MASKS, r"\(1, 4, 6\)"),
        ([maps[0], maps[2, :20]], [MASKS[0], MASKS[2, :20]], r"\(1, 17, 4\)"),
    ]:
        with pytest.raises(ac.InvalidInputError, match=rf"maps contains \d NaN, first at index {place}"):
            pixel_report(given, masks)


def test_aupimo_looks_at_pixels_that_no_rate_counts():
    image, row, column = np.argwhere(~MASKS & MASKS.any(axis=(1, 2), keepdims=True))[-1]  # beside an anomaly
    maps = MAPS.copy()
    maps[image, row, column] = np.nan
    with pytest.raises(ac.InvalidInputError, match=rf"contains 1 NaN, first at index \({image}, {row}, {column}\)"):
        metrics.aupimo(maps, MASKS, fpr_bounds=(0.01, 0.5))
    omitted = metrics.aupimo(maps, MASKS, fpr_bounds=(0.01, 0.5), nan_policy="omit")
    np.testing.assert_array_equal(omitted.scores, metrics.aupimo(MAPS, MASKS, fpr_bounds=(0.01, 0.5)).scores)


def test_nan_everywhere_leaves_nothing():
    gone = np.full_like(MAPS, np.nan)
    with pytest.warns(ac.UndefinedMetricWarning, match="there is no"):
        report = pixel_report(gone, MASKS, nan_policy="omit")
    assert all(np.isnan(value) for value in report.values())
    with pytest.warns(ac.UndefinedMetricWarning, match="roc_curve"):
        assert len(roc_curve(gone, MASKS, nan_policy="omit").x) == 1


def test_nan_can_propagate():
    report = pixel_report(nan_maps(), MASKS, nan_policy="propagate")
    assert all(np.isnan(value) for value in report.values())
    assert np.isnan(f1_max(nan_maps(), MASKS, nan_policy="propagate").threshold)
    assert np.isnan(roc_curve(nan_maps(), MASKS, nan_policy="propagate").x).all()
    with ac.config_context(nan_policy="propagate"):
        assert np.isnan(auroc(nan_maps(), MASKS))


IGNORED = MASKS.astype(np.uint8)
IGNORED[0, :5] = IGNORED[1, 4, 6:9] = IGNORED[3, 10:12, 30:] = 255  # normal pixels, a part of a region, a whole one
KEPT = IGNORED != 255
AS_NAN = np.where(KEPT, MAPS, np.nan)
FUNCTIONS = {
    "auroc": auroc,
    "average_precision": average_precision,
    "ap_in": lambda *a, **o: average_precision(*a, positive="normal", **o),
    "aupr": aupr,
    "f1_max": lambda *a, **o: f1_max(*a, **o)._asdict(),
    "iou_max": lambda *a, **o: metrics.iou_max(*a, **o)._asdict(),
    "fpr_at_tpr": lambda *a, **o: metrics.fpr_at_tpr(*a, **o)._asdict(),
    "tpr_at_fpr": lambda *a, **o: metrics.tpr_at_fpr(*a, **o)._asdict(),
    "roc_curve": lambda *a, **o: roc_curve(*a, **o)._asdict(),
    "pr_curve": lambda *a, **o: pr_curve(*a, **o)._asdict(),
    "confusion_counts": lambda *a, **o: metrics.confusion_counts(*a, [0.1, 1.2], **o)._asdict(),
}
BOUNDS = {"fpr_bounds": (0.01, 0.1)}
OF_IMAGES = {
    "aupro": aupro,
    "pro_score": lambda *a, **o: metrics.pro_score(*a, threshold=0.1, **o),
    "aupimo": lambda *a, **o: metrics.aupimo(*a, **BOUNDS, **o)._asdict(),
    "pro_curve": lambda *a, **o: pro_curve(*a, **o)._asdict(),
    "by_size": lambda *a, **o: metrics.aupro_by_size(*a, edges=[50], **o)._asdict(),
    "report": lambda *a, **o: pixel_report(*a, metrics=("f1_max", "aupro", "aupimo"), **BOUNDS, **o),
    **{
        name: lambda *a, _name=name, **o: aupro(*a, variant=_name, **o)
        for name in ("quantile", "compute_pro", "adeval")
    },
}


@pytest.mark.parametrize("name", [*FUNCTIONS, *OF_IMAGES])
def test_ignored_pixels_are_in_no_count(name):
    masks = IGNORED.astype(np.int16)
    if name in FUNCTIONS:
        found, expected = FUNCTIONS[name](MAPS, masks, ignore_value=255), FUNCTIONS[name](MAPS[KEPT], MASKS[KEPT])
    else:
        found = OF_IMAGES[name](MAPS, masks, ignore_value=255)
        expected = OF_IMAGES[name](AS_NAN, np.where(KEPT, MASKS, 0), nan_policy="omit")
        assert str(OF_IMAGES[name](list(MAPS), masks[:, None], ignore_value=255)) == str(found)
    np.testing.assert_equal(found, expected)


def test_ignored_pixels_hide_nan_but_no_others():
    assert auroc(AS_NAN, IGNORED, ignore_value=255) == auroc(MAPS[KEPT], MASKS[KEPT])
    assert aupro(AS_NAN, IGNORED, ignore_value=255, nan_policy="propagate") == aupro(MAPS, IGNORED, ignore_value=255)
    maps = AS_NAN.copy()
    maps[2, 3, 4] = np.nan
    for call in (auroc, aupro, lambda *a, **o: aupro(*a, variant="compute_pro", **o)):
        assert np.isnan(call(maps, IGNORED, ignore_value=255, nan_policy="propagate"))
        for given in (maps, list(maps)):
            with pytest.raises(ac.InvalidInputError, match=r"contains 1 NaN, first at index \(2, 3, 4\)"):
                call(given, IGNORED, ignore_value=255)
    integers = (MAPS * 100).astype(np.int32)
    assert aupro(integers, IGNORED, ignore_value=255) == aupro(integers.astype(np.float64), IGNORED, ignore_value=255)


def test_positive_class_of_average_precision():
    for scores in (MAPS, (MAPS * 50).astype(np.int16), ((MAPS + 5) * 20).astype(np.uint8), list(MAPS)):
        flat = np.asarray(scores).astype(np.float64)
        for function in (average_precision, aupr):
            assert function(scores, MASKS, positive="normal") == function(-flat, ~MASKS)
    assert average_precision([1, 2, 3], np.array([0, 255, 255], np.uint8), positive="normal") == 1
    with pytest.warns(ac.UndefinedMetricWarning, match="average_precision is undefined: there is no normal"):
        assert np.isnan(average_precision([1, 2], [1, 1], positive="normal"))


# --- weights ---------------------------------------------------------------------------------------------------------


def weighted(seed, n=60, ties=12):
    rng = np.random.default_rng(seed)
    labels = rng.random(n) < 0.4
    return rng.integers(0, ties, n) / 4 + labels, labels, rng.integers(0, 4, n) * 1.0


@pytest.mark.parametrize("seed", range(5))
def test_whole_weights_are_repetitions(seed):
    scores, labels, weights = weighted(seed)
    repeats = weights.astype(int)
    many = np.repeat(scores, repeats), np.repeat(labels, repeats)
    for call in (
        auroc,
        lambda *a, **o: auroc(*a, max_fpr=0.3, standardize="mcclish", **o),
        average_precision,
        lambda *a, **o: average_precision(*a, positive="normal", **o),
    ):
        assert call(scores, labels, sample_weight=weights) == pytest.approx(call(*many), abs=1e-14)
    for curve in (roc_curve, pr_curve, lambda *a, **o: roc_curve(*a, drop_collinear=True, **o)):
        found, expected = curve(scores, labels, sample_weight=weights), curve(*many)
        np.testing.assert_allclose(found.x, expected.x, atol=1e-15)
        np.testing.assert_allclose(found.y, expected.y, atol=1e-15)
        np.testing.assert_array_equal(found.thresholds, expected.thresholds)


@pytest.mark.parametrize("seed", range(5))
def test_weights_as_scikit_learn(seed):
    sklearn = pytest.importorskip("sklearn.metrics")
    scores, labels, _ = weighted(seed)
    weights = np.random.default_rng(seed).random(len(scores)) * (np.arange(len(scores)) % 7 > 0)
    given = {"sample_weight": weights}
    assert auroc(scores, labels, **given) == pytest.approx(sklearn.roc_auc_score(labels, scores, **given), abs=1e-14)
    partial = sklearn.roc_auc_score(labels, scores, max_fpr=0.2, **given)
    assert auroc(scores, labels, max_fpr=0.2, standardize="mcclish", **given) == pytest.approx(partial, abs=1e-14)
    expected = sklearn.average_precision_score(labels, scores, **given)
    assert average_precision(scores, labels, **given) == pytest.approx(expected, abs=1e-14)
    fpr, tpr, _ = sklearn.roc_curve(labels, scores, drop_intermediate=False, **given)
    curve = roc_curve(scores, labels, **given)
    np.testing.assert_allclose([curve.x, curve.y], [fpr, tpr], atol=1e-14)
    precision, recall, thresholds = sklearn.precision_recall_curve(labels, scores, **given)
    curve = pr_curve(scores, labels, **given)
    np.testing.assert_allclose([curve.x, curve.y], [recall, precision], atol=1e-14)
    np.testing.assert_array_equal(curve.thresholds[:-1], thresholds)


def test_laws_of_weights():
    scores, labels, weights = weighted(9)
    order = np.random.default_rng(0).permutation(len(scores))
    for call in (auroc, average_precision):
        value = call(scores, labels, sample_weight=weights)
        assert call(scores[order], labels[order], sample_weight=weights[order]) == value
        assert call(scores[:, None], labels[:, None], sample_weight=weights[:, None].astype(np.float32)) == value
        assert call(scores, labels, sample_weight=np.full(len(scores), 0.1)) == call(scores, labels)
        assert call(scores, labels, sample_weight=weights / 8) == value  # a power of two rounds nothing
        ignored = np.where(weights == 2, 7, labels)
        left = np.where(weights == 2, 0, weights)
        assert call(scores, ignored, sample_weight=weights, ignore_value=7) == call(scores, labels, sample_weight=left)
        missing = np.where(weights == 3, np.nan, scores)
        left = np.where(weights == 3, 0, weights)
        found = call(missing, labels, sample_weight=weights, nan_policy="omit")
        assert found == call(scores, labels, sample_weight=left)
        assert np.isnan(call(missing, labels, sample_weight=weights, nan_policy="propagate"))
        with pytest.warns(ac.UndefinedMetricWarning, match="there is no anomalous"):
            assert np.isnan(call(scores, labels, sample_weight=~labels * weights))
    with pytest.warns(ac.UndefinedMetricWarning, match="roc_curve is undefined: there is no normal"):
        assert np.isnan(roc_curve(scores, labels, sample_weight=labels * weights).x).all()
    with pytest.warns(ac.UndefinedMetricWarning, match="auroc is undefined"):
        assert np.isnan(auroc(scores, labels, sample_weight=np.zeros(len(scores))))


NOTHING = np.zeros((2, 8, 8), bool)
SCORES = np.arange(128.0).reshape(2, 8, 8)


@pytest.mark.parametrize(
    ("call", "name", "why"),
    [
        (lambda **o: auroc(SCORES, NOTHING, **o), "auroc", "no anomalous"),
        (lambda **o: auroc(SCORES, ~NOTHING, **o), "auroc", "no normal"),
        (lambda **o: average_precision(SCORES, NOTHING, **o), "average_precision", "no anomalous"),
        (lambda **o: aupr(SCORES, NOTHING, **o), "aupr", "no anomalous"),
        (lambda **o: f1_max(SCORES, NOTHING, **o).value, "f1_max", "no anomalous"),
        (lambda **o: aupro(SCORES, NOTHING, **o), "aupro", "no region"),
        (lambda **o: aupro(SCORES, ~NOTHING, **o), "aupro", "no normal"),
        (lambda **o: roc_curve(SCORES, NOTHING, **o).y[-1], "roc_curve", "no anomalous"),
        (lambda **o: pr_curve(SCORES, NOTHING, **o).x[0], "pr_curve", "no anomalous"),
        (lambda **o: pro_curve(SCORES, NOTHING, **o).y[-1], "pro_curve", "no region"),
        (lambda **o: pixel_report(SCORES, NOTHING, metrics="aupro", **o)["aupro"], "aupro", "no region"),
    ],
)
def test_undefined_values(call, name, why):
    with pytest.warns(ac.UndefinedMetricWarning, match=f"{name} is undefined: there is {why}") as caught:
        assert np.isnan(call())
    assert caught[0].filename == __file__
    with pytest.warns(ac.UndefinedMetricWarning):
        assert call(undefined=0.5) == 0.5
    with pytest.raises(ac.InvalidInputError, match=f"{name} is undefined: there is {why}"):
        call(undefined="raise")
    with ac.config_context(undefined=0.25), pytest.warns(ac.UndefinedMetricWarning):
        assert call() == 0.25


def test_undefined_values_of_several_limits_and_of_regions():
    with pytest.warns(ac.UndefinedMetricWarning, match="there is no region") as caught:
        result = aupro(SCORES, NOTHING, integration_limit=[0.1, 0.3], per_region=True, undefined=0.5)
    assert len(caught) == 1
    assert result.value.tolist() == [0.5, 0.5]
    assert (result.region_scores.shape, result.region_areas.shape) == ((2, 0), (0,))
    with pytest.warns(ac.UndefinedMetricWarning, match="there is no normal"):
        result = aupro(SCORES, ~NOTHING, per_region=True)
    assert np.isnan(result.value)
    assert np.isnan(result.region_scores).all()
    assert result.region_areas.tolist() == [64, 64]


def test_reports_of_one_class():
    with pytest.warns(ac.UndefinedMetricWarning) as caught:
        report = pixel_report(SCORES, NOTHING, undefined=0.0)
    assert len(caught) == 4
    assert {report[name] for name in ("auroc", "average_precision", "f1_max", "aupro")} == {0.0}
    assert np.isnan(report["f1_max_threshold"])
    with pytest.raises(ac.InvalidInputError, match="average_precision is undefined"):
        image_report([0.1, 0.2], [0, 0], metrics=("average_precision",), undefined="raise")
    with pytest.warns(ac.UndefinedMetricWarning, match="there is no normal"):
        report = image_report([0.1, 0.2], [1, 1])
    assert np.isnan(report["auroc"])
    assert (report["average_precision"], report["f1_max"], report["f1_max_threshold"]) == (1, 1, 0.1)


def test_one_class_still_has_what_exists():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert average_precision(SCORES, ~NOTHING) == 1
        assert f1_max(SCORES, ~NOTHING).value == 1


Y = np.array([0, 1, 0, 1])
S = np.array([0.1, 0.2, 0.3, 0.4])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: auroc(S, Y[:3]), ValueError, r"labels has shape \(3,\) but scores has shape \(4,\)"),
        (
            lambda: pixel_report(MAPS, MASKS[:, :20]),
            ValueError,
            r"masks has shape \(4, 20, 40\) but maps has shape \(4, 24, 40\); resize one of them",
        ),
        (lambda: auroc(S, [0, 1, 2, 3]), ValueError, "labels must be 0 or 1 .*; got 2, 3"),
        (lambda: auroc(S, [0, 0.5, 1, np.nan]), ValueError, "labels must be 0 or 1 .*; got 0.5, nan"),
        (lambda: auroc(S, np.array([0, 1, 255, 0], np.uint8)), ValueError, "labels must be 0 or 1 .*; got 255"),
        (lambda: auroc(S, np.array([0, 1, 0, 255], np.int16)), ValueError, "got 255"),
        (lambda: auroc(S, [0, 1, 0, np.inf]), ValueError, "labels must be 0 or 1 .*; got inf"),
        (lambda: auroc(S, np.array([0, -1, 1, 0])), ValueError, "got -1"),
        (lambda: pixel_report(MAPS, MAPS), ValueError, "masks must be 0 or 1"),
        (lambda: connected_components(MAPS), ValueError, "masks must be 0 or 1"),
        (lambda: auroc(Y, S), ValueError, r"looks like labels .*; native order is \(scores, labels\)"),
        (lambda: pixel_report(MASKS, MAPS), ValueError, r"native order is \(maps, masks\)"),
        (lambda: auroc(["a", "b"], [0, 1]), TypeError, "scores must hold real numbers"),
        (lambda: auroc(np.array([1j, 2]), [0, 1]), TypeError, "got dtype complex128"),
        (lambda: auroc(np.array([None, 1], object), [0, 1]), TypeError, "got dtype object"),
        (lambda: auroc(np.array(["2020", "2021"], "M8[Y]"), [0, 1]), TypeError, "got dtype datetime64"),
        (lambda: auroc(S, None), TypeError, "labels must hold real numbers"),
        (lambda: auroc(S, ["0", "1", "0", "1"]), TypeError, "labels must hold real numbers"),
        (lambda: auroc([[1, 2], [3]], [[0, 1], [0]]), ValueError, "scores must be rectangular"),
        (lambda: auroc(np.ones((2, 2)), Y), ValueError, r"labels has shape \(4,\) but scores has shape \(2, 2\)"),
        (lambda: aupro([], []), ValueError, "maps must have shape"),
        (lambda: aupro([MAPS[0, :0]], [MASKS[0, :0]]), ValueError, r"maps\[0\] is empty"),
        (
            lambda: auroc([np.array([[2**63 - 1, 2]]), np.array([[2**63, 1]], np.uint64)], [Y[None, :2], Y[None, 2:]]),
            TypeError,
            r"scores mixes dtypes, and scores\[0\] of int64 has values that float64 does not hold",
        ),
        (lambda: connected_components(Y), ValueError, r"masks must have shape \(h, w\)"),
        (lambda: connected_components(MASKS[:0]), ValueError, "masks is empty"),
        (lambda: auroc(S.astype(np.longdouble), Y), TypeError, "scores must hold bool, integer or floating-point"),
        (lambda: auroc([], []), ValueError, "scores is empty"),
        (lambda: auroc(0.5, 1), ValueError, r"scores must have shape \(n,\)"),
        (lambda: auroc(np.ones((2, 3, 4, 5)), np.ones((2, 3, 4, 5))), ValueError, r"got \(2, 3, 4, 5\)"),
        (lambda: aupro(S, Y), ValueError, r"maps must have shape \(h, w\), .*; got \(4,\)"),
        (lambda: aupro([MAPS], [MASKS]), ValueError, r"maps\[0\] must have shape \(h, w\)"),
        (lambda: aupro(list(MAPS), list(MASKS)[:3]), ValueError, "masks has 3 images but maps has 4"),
        (lambda: aupro([MAPS[0]], [MASKS[0, :5]]), ValueError, r"masks\[0\] has shape \(5, 40\)"),
        (lambda: aupro(list(MAPS), MASKS[0]), ValueError, "both be arrays or both be lists"),
        (lambda: aupro(MAPS[:, :0], MASKS[:, :0]), ValueError, "maps is empty"),
        (lambda: aupro(MAPS, MASKS, integration_limit=0), ValueError, r"integration_limit must lie in \(0, 1\]"),
        (lambda: aupro(MAPS, MASKS, integration_limit=[0.1, 1.5]), ValueError, "integration_limit must lie in"),
        (lambda: aupro(MAPS, MASKS, integration_limit=[]), ValueError, "integration_limit must be a number"),
        (lambda: aupro(MAPS, MASKS, integration_limit="all"), TypeError, "integration_limit must be a number"),
        (lambda: auroc(S, Y, max_fpr=np.nan), ValueError, "max_fpr must lie in"),
        (lambda: auroc(S, Y, standardize="yes"), ValueError, "standardize must be one of 'none', 'mcclish'; got 'yes'"),
        (lambda: aupr(S, Y, variant="adeval"), ValueError, "variant must be one of 'trapezoid', 'anomalib'"),
        (lambda: aupro(MAPS, MASKS, connectivity=6), ValueError, "connectivity must be one of 4, 8; got 6"),
        (lambda: connected_components(MASKS, connectivity="8"), ValueError, "connectivity must be one of 4, 8"),
        (lambda: auroc(S, Y, nan_policy="drop"), ValueError, "nan_policy must be one of 'raise', 'propagate', 'omit'"),
        (lambda: auroc(S, Y, undefined="zero"), ValueError, "undefined must be 'nan', 'raise' or a number"),
        (lambda: auroc(S, Y, threads=0), ValueError, "threads must be an integer >= 1"),
        (lambda: aupro(MAPS, MASKS, connectivity=np.array([4, 8])), ValueError, "connectivity must be one of 4, 8"),
        (lambda: pixel_report(MAPS, MASKS, integration_limit=[0.1]), TypeError, "integration_limit must be a number"),
        (lambda: pixel_report(MAPS, MASKS, metrics=3), TypeError, "metrics must be a sequence of names; got int"),
        (lambda: pixel_report(MAPS, MASKS, metrics=("auc",)), ValueError, "metrics must be one of 'auroc'"),
        (lambda: image_report(MAPS, MASKS), ValueError, r"scores must have shape \(n,\) or \(n, 1\), one value for"),
        (lambda: image_report(list(MAPS), list(MASKS)), ValueError, "one value for each image; got a list of images"),
        (lambda: image_report(S, Y[:, None, None]), ValueError, r"labels must have shape .*; got \(4, 1, 1\)"),
        (lambda: image_report(S, Y, metrics=("aupro",)), ValueError, "metrics must be one of 'auroc'"),
        (lambda: image_report(S, Y, metrics=()), ValueError, "metrics must name at least one"),
        (lambda: auroc(np.ma.masked_array(S), Y), TypeError, "masked array"),
        (lambda: auroc(S, Y, ignore_value=1), ValueError, "ignore_value must not be a label, 0 or 1; got 1"),
        (lambda: auroc(S, Y, ignore_value=2.5), TypeError, "ignore_value must be an integer; got 2.5"),
        (lambda: auroc(S, Y.astype(bool), ignore_value=2), TypeError, "labels must hold integers with ignore_value"),
        (lambda: aupro(list(MAPS), list(MASKS), ignore_value=2), TypeError, r"masks\[0\] must hold integers with"),
        (lambda: aupro(MAPS, MASKS[:, :9] * 1, ignore_value=2), ValueError, r"masks has shape \(4, 9, 40\) but maps"),
        (lambda: aupro(list(MAPS), [MASKS[0] * 1], ignore_value=2), ValueError, "masks has 1 images but maps has 4"),
        (lambda: auroc(S, Y * 3, ignore_value=2), ValueError, "labels must be 0 or 1 .*; got 3"),
        (lambda: auroc([2**53 + 1], [1], ignore_value=2), TypeError, r"integers of at most 2\^53 with ignore_value"),
        (lambda: average_precision(S, Y, positive="good"), ValueError, "positive must be one of 'anomalous', 'normal'"),
        (lambda: average_precision(S, Y * 3, positive="normal"), ValueError, "labels must be 0 or 1 .*; got 3"),
        (lambda: auroc(S, Y, sample_weight=[1, 2]), ValueError, r"sample_weight must have shape \(4,\), as scores"),
        (lambda: auroc(S, Y, sample_weight=S - 1), ValueError, "sample_weight must be finite and not negative; got"),
        (lambda: auroc(S, Y, sample_weight=S * np.nan), ValueError, "sample_weight must be finite"),
        (lambda: auroc(MAPS, MASKS, sample_weight=MAPS), ValueError, r"scores must have shape \(n,\) or \(n, 1\)"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert isinstance(caught.value, ac.AnomalibCppError)


def test_arrays_on_a_gpu_are_named():
    class OnDevice:
        __cuda_array_interface__ = {"shape": (4,), "typestr": "<f4", "data": (0, False), "version": 3}  # noqa: RUF012

    for call, name in (
        (lambda: auroc(OnDevice(), Y), "scores"),
        (lambda: auroc(S, OnDevice()), "labels"),
        (lambda: pixel_report(OnDevice(), MASKS), "maps"),
        (lambda: connected_components(OnDevice()), "masks"),
    ):
        with pytest.raises(ac.DeviceError, match=f"{name} is on a CUDA device"):
            call()


def test_results_convert_and_print():
    best = f1_max(S, Y)
    assert float(best) == best.value
    assert list(best._asdict()) == ["value", "threshold", "precision", "recall"]
    assert repr(best) == "F1Result(value=0.8, threshold=0.2, precision=0.666667, recall=1)"
    with pytest.raises(TypeError):
        iter(best)
    with pytest.raises(AttributeError):
        best.value = 1


def test_every_public_name_is_documented():
    for name in metrics.__all__:
        assert getattr(metrics, name).__doc__


def test_ctrl_c_stops_a_long_count():
    scores = np.random.default_rng(0).random((60, 1024, 1024), dtype=np.float32)
    labels = np.zeros(scores.shape, bool)
    labels[:, ::16] = True
    timer = threading.Timer(0.15, lambda: signal.raise_signal(signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        roc_curve(scores, labels)
    assert auroc(S, Y) == 0.75
