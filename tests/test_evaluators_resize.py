"""Maps of another resolution than their masks: the bits of maps that were resized first, in less memory."""

import numpy as np
import pytest

import anomalib_cpp as ac
from anomalib_cpp.evaluators import PixelEvaluator
from anomalib_cpp.maps import resize_to_masks
from anomalib_cpp.metrics import pixel_report

METRICS = ("auroc", "average_precision", "aupr", "f1_max", "iou_max", "dice_max", "fpr_at_tpr", "aupro", "aupimo")
OPTIONS = {"metrics": METRICS, "fpr_bounds": (0.05, 0.3)}
MODES = ("bilinear", "bilinear_corners", "nearest")
BINNED = {"mode": "binned", "n_bins": 200, "score_range": (-3, 6)}


def images(dtype=np.float32, seed=0, count=6):
    """Maps a quarter as high and wide as their masks, of two sizes, every other one with a region."""
    rng = np.random.default_rng(seed)
    maps, masks = [], []
    for i in range(count):
        height, width = [(6, 5), (4, 8)][i // 2 % 2]
        mask = np.zeros((4 * height, 4 * width), bool)
        mask[2:9, 3:12] = i % 2
        maps.append((rng.normal(size=(height, width)) + 2 * mask[::4, ::4]).astype(dtype))
        masks.append(mask)
    return maps, masks


def filled(maps, masks, cuts=(), **options):
    evaluator = PixelEvaluator(**OPTIONS, **options)
    for begin, end in zip((0, *cuts), (*cuts, len(maps)), strict=True):
        evaluator.update(maps[begin:end], masks[begin:end])
    return evaluator


def bits(evaluator):
    """Every number of a report, also the ends of intervals."""
    found = evaluator.compute()
    return {name: [getattr(value, end, value) for end in ("value", "low", "high")] for name, value in found.items()}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("counted", [{}, BINNED], ids=["exact", "binned"])
def test_the_bits_of_resizing_first(mode, dtype, counted):
    maps, masks = images(dtype)
    larger = resize_to_masks(maps, masks, mode=mode)
    expected = filled(larger, masks, **counted)
    found = filled(maps, masks, (2, 5), resize=mode, **counted)
    assert bits(found) == bits(expected)
    assert (found.n_images, found.n_items) == (6, expected.n_items)
    if not counted:
        assert found.compute() == pixel_report(maps, masks, resize=mode, **OPTIONS)
        for one, other in zip((*found.images()[0], *found.images()[1]), (*larger, *masks), strict=True):
            np.testing.assert_array_equal(one, other)
            assert not one.flags.writeable
    for name, curve in found.curves().items():
        for axis in ("x", "y", "thresholds"):
            np.testing.assert_array_equal(getattr(curve, axis), getattr(expected.curves()[name], axis))


@pytest.mark.parametrize("mode", MODES)
def test_each_batch_is_resized_in_its_own_dtype(mode):
    (maps, masks), (more, truth) = images(), images(np.float64, seed=1)
    found, expected = PixelEvaluator(**OPTIONS, resize=mode), PixelEvaluator(**OPTIONS)
    for batch in ((maps, masks), (more, truth)):
        found.update(*batch)
        expected.update(resize_to_masks(*batch, mode=mode), batch[1])
    assert found.compute() == expected.compute()


def test_maps_are_kept_as_they_came():
    maps, masks = images()
    found = filled(maps, masks, resize="bilinear")
    assert found.nbytes == sum(m.nbytes for m in maps) + sum(y.size for y in masks)
    whole = np.stack(maps[:2])
    for stack in (whole, whole[:, None]):
        twin = PixelEvaluator(**OPTIONS, resize="bilinear")
        twin.update(stack, np.stack(masks[:2])[:, None].astype(np.uint8) * 255)
        assert twin.compute() == filled(maps[:2], masks[:2], resize="bilinear").compute()
    larger = [np.ones((50, 60)) * np.arange(60), np.zeros((3, 3))]  # larger than its mask, and as large
    truth = [np.eye(7, dtype=bool), np.eye(3, dtype=bool)]
    expected = pixel_report(resize_to_masks(larger, truth), truth, metrics=["auroc"])
    shrinking = PixelEvaluator(["auroc"], resize="bilinear")
    shrinking.update(larger, truth)
    assert shrinking.compute() == expected


@pytest.mark.parametrize("counted", [{}, BINNED], ids=["exact", "binned"])
def test_states_copies_and_merging(tmp_path, counted):
    options = {"resize": "bilinear_corners", **counted}
    maps, masks = images()
    maps[4:] = [values.astype(np.float64) for values in maps[4:]]
    whole = filled(maps, masks, (4,), **options)
    expected = bits(whole)
    whole.save(tmp_path / "e.safetensors")
    first, second = filled(maps[:4], masks[:4], **options), filled(maps[4:], masks[4:], **options)
    twins = [
        PixelEvaluator.from_state(whole.state()),
        PixelEvaluator.load(tmp_path / "e.safetensors"),
        whole.clone(),
        first.clone().merge(second),
        second.clone().merge(first),
    ]
    for twin in twins:
        assert bits(twin) == expected
        assert twin.settings["resize"] == "bilinear_corners"
    twin = twins[0]
    twin.reset()
    twin.update(maps[:4], masks[:4])
    assert bits(twin) == bits(first)
    assert PixelEvaluator(**counted).settings["resize"] is None
    with pytest.raises(ac.InvalidInputError, match=r"different are resize \('bilinear_corners', 'nearest'\)"):
        whole.merge(PixelEvaluator(**OPTIONS, **{**options, "resize": "nearest"}))


def test_maps_beyond_the_budget_wait_in_a_file(tmp_path):
    maps, masks = images()
    found = filled(maps, masks, (1, 4), resize="bilinear", memory_budget=1500, spill_dir=tmp_path)
    assert found.nbytes <= 1500
    assert found.compute() == pixel_report(maps, masks, resize="bilinear", **OPTIONS)
    assert found.clone().compute() == found.compute()


def with_value(value):
    maps, masks = images()
    maps[3][1, 2] = value
    return maps, masks


@pytest.mark.parametrize("counted", [{}, BINNED], ids=["exact", "binned"])
@pytest.mark.parametrize(
    ("batch", "error", "message"),
    [
        (images(np.int64), TypeError, "floating-point numbers of at most 64 bits to be resized; got int64"),
        (images(np.longdouble), TypeError, "64 bits|float128|longdouble"),
        (with_value(np.nan), ValueError, "maps must be finite to be resized; got nan in image 3, row 1, column 2"),
        (with_value(-np.inf), ValueError, "maps must be finite to be resized; got -inf in image 3"),
        ((images()[0][:5], images()[1]), ValueError, "as many maps as masks; got 5 and 6"),
        ((images()[0][:1], [images()[1][0] * 2]), ValueError, "masks must be 0 or 1"),
        (([np.zeros((0, 4))], [np.zeros((2, 2))]), ValueError, r"maps\[0\] must have at least one row and one column"),
        (([np.zeros((4, 4))], [np.zeros((2, 0))]), ValueError, r"masks\[0\] must have at least one row and one column"),
    ],
)
def test_a_bad_batch_is_refused_and_changes_nothing(counted, batch, error, message):
    evaluator = filled(*images(), resize="bilinear", **counted)
    before = bits(evaluator)
    if "masks must" in message:
        batch = batch[0], [batch[1][0] + 2]
    with pytest.raises(error, match=message):
        evaluator.update(*batch)
    assert bits(evaluator) == before
    assert evaluator.n_updates == 1


@pytest.mark.parametrize("counted", [{}, BINNED], ids=["exact", "binned"])
def test_states_that_no_evaluator_has(counted):
    good = filled(*images(), resize="nearest", **counted).state()
    for old, new in ((b'"nearest"', b'"best"'), (b'"nearest"', b"3"), (b'"raise"', b'"omit"')):
        text = bytes(good["settings"]).replace(old, new)
        with pytest.raises(ac.FormatError, match="state must"):
            PixelEvaluator.from_state({**good, "settings": np.frombuffer(text, np.uint8)})
    if counted:
        return
    huge = np.full_like(good["map_shapes"], (1 << 31) - 1)
    scores = good["scores_float32"]
    for name, values in (
        ("map_shapes", [good["shapes"], good["map_shapes"][1:], -good["map_shapes"], huge]),
        ("shapes", [good["map_shapes"], huge]),
        ("settings", [np.frombuffer(bytes(good["settings"]).replace(b'"nearest"', b"null"), np.uint8)]),
        ("scores_float32", [scores[1:], scores * np.nan, scores * np.float32(np.inf)]),
    ):
        for value in values:
            with pytest.raises(ac.FormatError, match="state must hold"):
                PixelEvaluator.from_state({**good, name: value})
    with pytest.raises(ac.FormatError, match="state must hold map_shapes"):
        PixelEvaluator.from_state({name: value for name, value in good.items() if name != "map_shapes"})


def test_bad_options_are_named():
    with pytest.raises(ac.InvalidInputError, match=r"resize must be one of 'bilinear', .*; got 'best'"):
        PixelEvaluator(resize="best")
    for policy in ("omit", "propagate"):
        with pytest.raises(ac.InvalidInputError, match=f"nan_policy must be 'raise' with resize; got '{policy}'"):
            PixelEvaluator(resize="bilinear", nan_policy=policy)
    with ac.config_context(nan_policy="omit"), pytest.raises(ac.InvalidInputError, match="with resize; got 'omit'"):
        PixelEvaluator(resize="bilinear")
