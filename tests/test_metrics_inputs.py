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
