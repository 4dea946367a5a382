"""Evaluators: the laws of merging, the same values as the functions, files, spilling, bad input."""

import errno

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import anomalib_cpp as ac
from anomalib_cpp import io
from anomalib_cpp.evaluators import CurveAccumulator, ImageEvaluator, PixelEvaluator
from anomalib_cpp.metrics import image_report, pixel_report, pro_curve, roc_curve

METRICS = ("auroc", "average_precision", "aupr", "f1_max", "iou_max", "dice_max", "fpr_at_tpr", "aupro", "aupimo")
BOUNDS = {"fpr_bounds": (0.05, 0.3)}


def images(seed=0, count=9):
    """Maps of several sizes with ties, every other one with a region."""
    rng = np.random.default_rng(seed)
    maps, masks = [], []
    for i in range(count):
        shape = [(12, 9), (7, 16), (20, 20)][i % 3]
        mask = np.zeros(shape, bool)
        mask[2:5, 3:7] = i % 2
        maps.append((rng.integers(0, 60, shape) + 20 * mask).astype(np.float32))
        masks.append(mask)
    return maps, masks


def filled(maps, masks, *cuts, **settings_of):
    evaluator = PixelEvaluator(METRICS, **BOUNDS, **settings_of)
    for begin, end in zip((0, *cuts), (*cuts, len(maps)), strict=True):
        if begin < end:
            evaluator.update(maps[begin:end], masks[begin:end])
    return evaluator


EXPECTED = pixel_report(*images(), metrics=METRICS, **BOUNDS)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 9), max_size=4), st.permutations(range(9)))
def test_batches_and_order_change_nothing(cuts, order):
    maps, masks = images()
    evaluator = filled([maps[i] for i in order], [masks[i] for i in order], *sorted(cuts))
    assert evaluator.compute() == EXPECTED == evaluator.compute()
    assert evaluator.n_images == 9
    assert evaluator.n_items == sum(m.size for m in maps)


def test_merging_is_associative_commutative_and_has_a_unit():
    maps, masks = images()
    a, b, c = (filled(maps[i::3], masks[i::3]) for i in range(3))
    expected = EXPECTED
    assert a.clone().merge(b).merge(c).compute() == expected
    assert a.clone().merge(b.clone().merge(c)).compute() == expected
    assert c.clone().merge(a).merge(b).compute() == expected
    empty = PixelEvaluator(METRICS, **BOUNDS)
    assert empty.clone().merge(a).compute() == a.clone().merge(empty).compute() == a.compute()
    assert a.n_updates == 1
    assert a.n_images == 3
    assert a.clone().merge(b).n_updates == 2


def test_states_and_files_bring_everything_back(tmp_path):
    maps, masks = images()
    evaluator = filled(maps, masks, 4)
    evaluator.update(maps[0].astype(np.float64), masks[0])
    for twin in (PixelEvaluator.from_state(evaluator.state()), _saved(evaluator, tmp_path / "e.safetensors")):
        assert twin.compute() == evaluator.compute()
        assert twin.n_updates == evaluator.n_updates
        assert {key: value.tobytes() for key, value in twin.state().items()} == {
            key: value.tobytes() for key, value in evaluator.state().items()
        }
        twin.update(maps[1], masks[1])
        assert twin.n_images == evaluator.n_images + 1
    empty = PixelEvaluator.from_state(PixelEvaluator(METRICS, **BOUNDS).state())
    assert empty.merge(evaluator).compute() == evaluator.compute()


def _saved(evaluator, path):
    evaluator.save(path)
    return type(evaluator).load(path)


def test_images_beyond_the_budget_wait_in_a_file(tmp_path):
    maps, masks = images()
    evaluator = filled(maps, masks, 2, 5, memory_budget=2000, spill_dir=tmp_path)
    assert evaluator.nbytes <= 2000
    assert evaluator.compute() == EXPECTED
    assert evaluator.clone().compute() == EXPECTED
    assert PixelEvaluator.from_state(evaluator.state()).compute() == EXPECTED
    assert list(tmp_path.iterdir()) == []  # the file has no name
    evaluator.reset()
    assert evaluator.n_images == evaluator.n_updates == 0


def test_a_full_disk_leaves_the_evaluator_usable(tmp_path, monkeypatch):
    maps, masks = images()
    evaluator = filled(maps[:3], masks[:3], memory_budget=100, spill_dir=tmp_path)
    place = evaluator._pixels._spill

    class Full:
        def __getattr__(self, name):
            return getattr(real, name)

        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

    real = place._file
    monkeypatch.setattr(place, "_file", Full())
    with pytest.raises(OSError, match="No space left"):
        evaluator.update(maps[3:], masks[3:])
    assert evaluator.compute() == EXPECTED
    monkeypatch.undo()
    evaluator.merge(PixelEvaluator(METRICS, **BOUNDS))  # moves what is left
    assert evaluator.compute() == EXPECTED
    assert evaluator.nbytes <= 100


def test_curves_are_those_of_the_functions():
    maps, masks = images()
    evaluator = filled(maps, masks, 4)
    kept_maps, kept_masks = evaluator.images()
    for kept, original in zip(kept_maps + kept_masks, maps + masks, strict=True):
        np.testing.assert_array_equal(kept, original)
        assert not kept.flags.writeable
    curves = evaluator.curves()
    for name, function in (("roc", roc_curve), ("pro", pro_curve)):
        np.testing.assert_array_equal(curves[name].y, function(maps, masks, drop_collinear=True).y)


def test_the_caller_may_reuse_its_arrays():
    maps, masks = images()
    evaluator = PixelEvaluator(METRICS, **BOUNDS)
    for m, y in zip(maps, masks, strict=True):
        buffer, truth = m.copy(), (y * 255).astype(np.uint8)
        evaluator.update(buffer, truth)
        buffer[:], truth[:] = -1, 0
    assert evaluator.compute() == EXPECTED


def test_image_scores():
    rng = np.random.default_rng(0)
    scores, labels = rng.random(60).astype(np.float32), rng.random(60) < 0.4
    groups = rng.integers(0, 20, 60)
    for names in (None, groups, groups.astype(str)):
        evaluator = ImageEvaluator(["auroc", "f1_max"])
        for part in np.array_split(np.arange(60), 7):
            evaluator.update(scores[part], labels[part][:, None], None if names is None else names[part])
        expected = image_report(scores, labels, metrics=["auroc", "f1_max"], groups=names)
        assert evaluator.compute() == expected
        assert evaluator.n_items == 60
        twin = ImageEvaluator.from_state(evaluator.state())
        assert twin.compute() == expected
        assert twin.n_updates == 7
    first, second = ImageEvaluator(), ImageEvaluator()
    first.update(scores[:20], labels[:20])
    second.update(scores[20:], labels[20:])
    expected = image_report(scores, labels)
    assert first.clone().merge(second).compute() == second.clone().merge(first).compute() == expected
    assert first.nbytes == 20 * 5


def test_image_evaluators_in_files(tmp_path):
    evaluator = ImageEvaluator(group_reduce="mean")
    evaluator.update([0.1, 0.4, 0.9], [0, 0, 1], ["a", "ü", "längere"])
    assert _saved(evaluator, tmp_path / "e.safetensors").compute() == evaluator.compute()
    with pytest.raises(ac.FormatError, match="holds a 'ImageEvaluator', not a 'PixelEvaluator'"):
        PixelEvaluator.load(tmp_path / "e.safetensors")


# --- bins ------------------------------------------------------------------------------------------------------------

BINNED = {"mode": "binned", "n_bins": 40, "score_range": (0, 80)}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 9), max_size=4), st.permutations(range(9)))
def test_bins_hold_the_exact_values_whatever_the_batches(cuts, order):
    maps, masks = images()
    report = filled([maps[i] for i in order], [masks[i] for i in order], *sorted(cuts), **BINNED).compute()
    assert list(report) == list(METRICS)
    for name, found in report.items():
        assert found.low <= EXPECTED[name] <= found.high
    assert str(report) == str(filled(maps, masks, **BINNED).compute())


def test_bins_are_those_of_the_accumulator():
    maps, masks = images()
    accumulator = CurveAccumulator(40, (0, 80), weighted=True, per_image=True)
    accumulator.update(maps, masks)
    evaluator = filled(maps, masks, 5, **BINNED)
    found, expected = evaluator.compute(), accumulator.compute(**BOUNDS)
    assert {name: str(found[name]) for name in expected} == {name: str(value) for name, value in expected.items()}
    assert str(found["dice_max"]) == str(found["f1_max"])
    assert (evaluator.mode, evaluator.n_images, evaluator.n_updates) == ("binned", 9, 2)
    assert (evaluator.nbytes, evaluator.n_items) == (accumulator.nbytes, accumulator.n_items)
    for name, curve in evaluator.curves().items():
        np.testing.assert_array_equal(curve.y, accumulator.curves()[name].y)
    normal = PixelEvaluator(["aupro"], mode="binned", undefined=0.5)
    normal.update(maps[::2], masks[::2])
    with pytest.warns(ac.UndefinedMetricWarning, match="aupro is undefined: there is no region"):
        found = normal.compute()
    assert float(found["aupro"]) == 0.5


@pytest.mark.parametrize("free", [False, True])
def test_bins_merge_and_travel(tmp_path, free):
    maps, masks = images()
    options = {"mode": "binned", "n_bins": 40} if free else BINNED
    whole = filled(maps, masks, **options)
    empty = PixelEvaluator(METRICS, **BOUNDS, **options)
    twins = [
        PixelEvaluator.from_state(whole.state()),
        _saved(whole, tmp_path / "e.safetensors"),
        whole.clone(),
        empty.clone().merge(whole),
        whole.clone().merge(empty),
    ]
    if not free:
        a, b, c = (filled(maps[i::3], masks[i::3], **options) for i in range(3))
        twins += [a.clone().merge(b).merge(c), c.clone().merge(b.clone().merge(a))]
    for twin in twins:
        assert str(twin.compute()) == str(whole.compute())
        assert (twin.mode, twin.n_images, twin.n_items) == ("binned", 9, whole.n_items)
        assert twin.state()["counts"].tobytes() == whole.state()["counts"].tobytes()
    whole.clone().update(maps, masks)
    assert whole.n_images == 9
    whole.reset()
    assert (whole.n_images, whole.n_items, whole.n_updates) == (0, 0, 0)
    whole.update(maps, masks)
    assert str(whole.compute()) == str(twins[0].compute())
    with pytest.raises(ac.InvalidInputError, match="mode='binned' does not keep images"):
        whole.images()


def test_a_range_that_later_maps_leave_is_told():
    maps, masks = images()
    evaluator = PixelEvaluator(["auroc"], mode="binned", n_bins=40)
    evaluator.update(maps[0], masks[0])
    evaluator.update(maps[1] + 40, masks[1])
    with pytest.warns(ac.ReproducibilityWarning, match="pixels lie outside of") as caught:
        evaluator.compute()
    assert caught[0].filename == __file__


# --- bad input -------------------------------------------------------------------------------------------------------

MAPS, MASKS = images()


@pytest.mark.parametrize(
    ("update", "error", "message"),
    [
        ((MAPS[0], MASKS[1]), ValueError, r"same shapes; got 1 of \(12, 9\) and 1 of \(7, 16\)"),
        ((MAPS[0], MASKS[0] * 3), ValueError, "masks must be 0 or 1"),
        ((MAPS[1], MASKS[1] * 3.5), ValueError, "masks must be 0 or 1 .*; got 3.5"),
        ((MAPS[0] * np.nan, MASKS[0]), ValueError, r"maps contains 108 NaN, first at index \(0, 0\)"),
        ((MAPS[0].astype(complex), MASKS[0]), TypeError, "maps must hold numbers|complex"),
        ((MAPS[0][0], MASKS[0][0]), ValueError, "maps must have shape"),
        ((MAPS[0][:0], MASKS[0][:0]), ValueError, "at least one row"),
    ],
)
def test_a_bad_batch_is_refused_and_changes_nothing(update, error, message):
    evaluator = filled(MAPS, MASKS)
    if message == "masks must be 0 or 1":
        evaluator.update(*update)  # no anomalous pixel: 0 times 3
        return
    with pytest.raises(error, match=message):
        evaluator.update(*update)
    assert evaluator.compute() == EXPECTED
    assert evaluator.n_updates == 1


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: PixelEvaluator().compute(), ValueError, "has no data: call update first"),
        (lambda: PixelEvaluator(mode="binned").compute(), ValueError, "PixelEvaluator has no data: call update first"),
        (lambda: PixelEvaluator().images(), ValueError, "has no data: call update first"),
        (lambda: PixelEvaluator(mode="auto"), ValueError, "mode must be one of 'exact', 'binned'; got 'auto'"),
        (lambda: PixelEvaluator(n_bins=9), ValueError, "n_bins belongs to mode='binned'; got 9"),
        (lambda: PixelEvaluator(score_range=(0, 1)), ValueError, r"score_range belongs to mode='binned'; got \(0, 1\)"),
        (
            lambda: PixelEvaluator(mode="binned", memory_budget="1GiB"),
            ValueError,
            "memory_budget belongs to mode='exact'",
        ),
        (
            lambda: PixelEvaluator(mode="binned", spill_dir="."),
            ValueError,
            "spill_dir belongs to mode='exact'; got '.'",
        ),
        (lambda: PixelEvaluator(mode="binned", n_bins=1), ValueError, "n_bins must be an integer >= 2; got 1"),
        (
            lambda: PixelEvaluator(mode="binned", score_range=(1, 0)),
            ValueError,
            "score_range must be finite and ascend",
        ),
        (
            lambda: PixelEvaluator(mode="binned", nan_policy="omit"),
            ValueError,
            "nan_policy must be 'raise' with mode='bi",
        ),
        (
            lambda: PixelEvaluator().merge(PixelEvaluator(mode="binned")),
            ValueError,
            r"different are mode \('exact', 'binned'\)",
        ),
        (
            lambda: filled(MAPS, MASKS, **BINNED).merge(filled(MAPS, MASKS, **{**BINNED, "score_range": (0, 81)})),
            ValueError,
            r"different are score_range \(\[0.0, 80.0\], \[0.0, 81.0\]\)",
        ),
        (lambda: ImageEvaluator().compute(), ValueError, "has no data: call update first"),
        (lambda: PixelEvaluator(["auroc", "best"]), ValueError, "metrics must be one of"),
        (lambda: PixelEvaluator(connectivity=6), ValueError, "connectivity must be one of 4, 8; got 6"),
        (lambda: PixelEvaluator(memory_budget="much"), ValueError, "memory_budget must be"),
        (lambda: PixelEvaluator().merge(ImageEvaluator()), TypeError, "other must be a PixelEvaluator; got ImageEval"),
        (
            lambda: PixelEvaluator().merge(PixelEvaluator(connectivity=4, integration_limit=0.05)),
            ValueError,
            r"different are integration_limit \(0.3, 0.05\), connectivity \(8, 4\)",
        ),
        (lambda: ImageEvaluator().update([[1.0, 2.0]], [[0, 1]]), ValueError, r"scores must have shape \(n,\)"),
        (lambda: ImageEvaluator().update([1.0], [0, 1]), ValueError, r"same shape; got \(1,\) and \(2,\)"),
        (lambda: ImageEvaluator().update([1.0], [0], [1.5]), TypeError, "groups must hold integers or strings"),
        (lambda: ImageEvaluator(group_reduce="sum"), ValueError, "group_reduce must be one of"),
    ],
)
def test_bad_calls_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_hostile_states_are_refused():
    good = filled(MAPS, MASKS).state()
    huge, scores = good["shapes"].copy(), good["scores_float32"]
    huge[0] = 1 << 40
    changes = {
        "labels": [good["labels"][:-1], good["labels"].astype(np.int64), good["labels"][None]],
        "shapes": [good["shapes"][:-1], -good["shapes"], huge, good["shapes"].astype(float), good["shapes"].ravel()],
        "dtypes": [good["dtypes"] + 1, good["dtypes"] - 1, good["dtypes"][1:]],
        "scores_float32": [scores[1:], scores.astype(float), scores * np.nan],
        "settings": [np.frombuffer(b"{}", np.uint8), np.frombuffer(b"[1", np.uint8), good["settings"][:-1], np.ones(3)],
    }
    for name, values in changes.items():
        for value in values:
            with pytest.raises(ValueError, match="state"):
                PixelEvaluator.from_state({**good, name: value})
        with pytest.raises(ac.FormatError, match="state must hold"):
            PixelEvaluator.from_state({key: value for key, value in good.items() if key != name})
    text = bytes(good["settings"]).replace(b'"format": 1', b'"format": 2')
    with pytest.raises(ac.FormatError, match="format 1; got 2"):
        PixelEvaluator.from_state({**good, "settings": np.frombuffer(text, np.uint8)})
    good = filled(MAPS, MASKS, **BINNED).state()
    few, many, none = np.array([0]), np.array([10**9]), np.array([1.0])
    for change in ({"n_images": few}, {"n_images": many}, {"n_images": none}, {"counts": good["counts"][:2]}):
        with pytest.raises(ac.FormatError, match="state must hold"):
            PixelEvaluator.from_state({**good, **change})
    for old, new in ((b'"binned"', b'"other"'), (b'"raise"', b'"omit"'), (b'"n_bins": 40', b'"n_bins": 1')):
        text = bytes(good["settings"]).replace(old, new)
        with pytest.raises(ac.FormatError, match="state must"):
            PixelEvaluator.from_state({**good, "settings": np.frombuffer(text, np.uint8)})
    images_of = ImageEvaluator()
    images_of.update([0.5], [1], ["a"])
    state = images_of.state()
    for change in ({"group_lengths": np.array([2])}, {"groups": np.array([0xD800], np.uint32)}, {"more": np.zeros(1)}):
        with pytest.raises(ac.FormatError, match="state"):
            ImageEvaluator.from_state({**state, **change})


def test_a_saved_evaluator_is_a_plain_file(tmp_path):
    evaluator = filled(MAPS, MASKS)
    evaluator.save(tmp_path / "a.safetensors")
    evaluator.save(tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    assert io.inspect(tmp_path / "a.safetensors").kind == "PixelEvaluator"
