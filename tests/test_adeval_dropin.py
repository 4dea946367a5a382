"""anomalib_cpp.adeval: worked examples, ADEval itself where it is installed, and where we differ on purpose."""

import inspect
import subprocess
import sys

import numpy as np
import pytest

import anomalib_cpp as ac
from anomalib_cpp import adeval as ours
from anomalib_cpp import metrics
from test_metrics_golden import modular_maps

MAPS, MASKS = modular_maps()
SCORES, LABELS = MAPS.max(axis=(1, 2)), [0, 1, 1, 1, 0]
RNG = np.random.default_rng(5)


@pytest.fixture
def peer(monkeypatch):
    monkeypatch.setattr(np, "trapz", getattr(np, "trapezoid", None) or np.trapz, raising=False)  # noqa: NPY201
    return pytest.importorskip("adeval")


def random_case(n=6, size=40):
    masks = np.zeros((n, size, size), np.uint8)
    for mask in masks[1:]:
        for y, x in RNG.integers(0, size - 9, (3, 2)):
            mask[y : y + RNG.integers(2, 9), x : x + RNG.integers(2, 9)] = 1
    return (RNG.random(masks.shape) + 0.4 * masks).astype(np.float32), masks


def fed(accumulator, maps, masks, scores, labels):
    for one, mask in zip(maps, masks, strict=True):
        accumulator.add_anomap(one, mask)
    accumulator.add_image(scores, labels)
    accumulator.add_sample(scores[:3], labels[:3])
    return accumulator


@pytest.mark.parametrize(
    ("strips", "expected"),
    [(1000, (0.756610169492, 0.462341271424, 0.584110009505)), (50, (0.755186440678, 0.461760397195, 0.582010021685))],
)
def test_golden_values(strips, expected):
    got = ours.auroc_aupr_aupro(MAPS, MASKS, nstrips=strips)
    assert got[:2] == pytest.approx(expected[:2], abs=1e-12)
    assert got[2] == pytest.approx(expected[2], abs=1e-8)  # float32 weights there
    assert ours.auroc_and_aupr(MAPS, MASKS, nstrips=strips) == got[:2]
    assert ours.auroc(MAPS, MASKS, nstrips=strips) == got[0]
    assert got[2] == pytest.approx(metrics.aupro(MAPS, MASKS, variant="adeval", num_thresholds=strips), abs=1e-14)


def test_golden_values_of_the_accumulator():
    summary = fed(ours.EvalAccumulator(0, 1), MAPS, MASKS, SCORES, LABELS).summary()
    assert [summary[f"p_{m}"] for m in ("auroc", "aupr")] == pytest.approx([0.756610169492, 0.502341271424], abs=1e-12)
    assert summary["p_aupro"] == pytest.approx(0.584110009505, abs=1e-8)
    assert ours.auroc_and_aupr(SCORES, LABELS) == (1.0, pytest.approx(2 / 3, abs=1e-12))
    assert (summary["i_auroc"], summary["i_aupr"]) == (1.0, 1.0)


def test_exact_values():
    expected = (metrics.auroc(MAPS, MASKS), metrics.aupr(MAPS, MASKS), metrics.aupro(MAPS, MASKS))
    assert ours.auroc_aupr_aupro(MAPS, MASKS, variant="exact") == expected
    assert ours.auroc_and_aupr(iter(MAPS), iter(MASKS), variant="exact") == expected[:2]
    accumulator = fed(ours.EvalAccumulator(0, 0.1, variant="exact"), MAPS, MASKS, SCORES, LABELS)
    assert accumulator.summary() == {
        **dict.fromkeys(("s_auroc", "s_aupr", "i_auroc", "i_aupr"), 1.0),
        **dict(zip(("p_auroc", "p_aupr", "p_aupro"), expected, strict=True)),
    }


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.uint8])
@pytest.mark.parametrize("strips", [5, 64, 1000])
def test_functions_of_the_peer(peer, dtype, strips):
    maps, masks = random_case()
    maps = (150 * maps).astype(dtype)
    lists = list(maps), list(masks)
    for args in ((maps, masks), lists):
        theirs = peer.auroc_aupr_aupro(*args, nstrips=strips)
        assert ours.auroc_aupr_aupro(*args, nstrips=strips) == pytest.approx(theirs, abs=1e-7)
        assert ours.auroc_and_aupr(*args, nstrips=strips) == pytest.approx(theirs[:2], abs=1e-12)
        assert ours.auroc(*args, nstrips=strips) == pytest.approx(theirs[0], abs=1e-12)


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("bounds", [(0, 1), (0.1, 1.3), (-1.5, 2.0)])
def test_accumulator_of_the_peer(peer, bounds, skip):
    maps, masks = random_case()
    scores, labels = maps.mean(axis=(1, 2)), np.array([0, 1, 1, 1, 0, 1])
    args = (-1, 1, *bounds, skip)
    theirs, mine = (
        fed(module.EvalAccumulator(*args, nstrips=77), maps, masks, scores, labels) for module in (peer, ours)
    )
    with np.errstate(invalid="ignore"):
        expected = theirs.summary()
    assert mine.summary() == pytest.approx(expected, abs=1e-7, nan_ok=True)
    batch = ours.EvalAccumulator(*args, nstrips=77)
    batch.add_anomap_batch(maps, masks)
    assert batch.summary()["p_aupr"] == mine.summary()["p_aupr"]


@pytest.mark.parametrize("size", [(13, 17), (80, 55)])
def test_resizing_of_the_peer(peer, size):
    _, masks = random_case()
    maps = RNG.random((len(masks), *size)).astype(np.float32)
    theirs, mine = peer.EvalAccumulator(0, 1), ours.EvalAccumulator(0, 1)
    for accumulator in (theirs, mine):
        accumulator.add_anomap_batch(list(maps), list(masks))
    with np.errstate(invalid="ignore"):
        expected = theirs.summary()
    assert mine.summary() == pytest.approx(expected, abs=2e-4, nan_ok=True)


def test_signatures_are_the_peers(peer):
    for name in ("auroc", "auroc_and_aupr", "auroc_aupr_aupro"):
        mine, theirs = (list(inspect.signature(getattr(m, name)).parameters.values()) for m in (ours, peer))
        assert [(p.name, p.kind, p.default) for p in mine[:3]] == [(p.name, p.kind, p.default) for p in theirs]
    for name in ("add_anomap", "add_anomap_batch", "add_image", "add_sample", "reset", "summary"):
        mine, theirs = (inspect.signature(getattr(m.EvalAccumulator, name)).parameters for m in (ours, peer))
        assert list(mine) == list(theirs)


@pytest.mark.parametrize("variant", ["adeval", "exact"])
def test_order_and_batches_do_not_matter(variant):
    maps, masks = random_case()
    scores, labels = SCORES.tolist(), LABELS
    one = fed(ours.EvalAccumulator(0, 1.5, variant=variant), maps, masks, scores, labels)
    other = ours.EvalAccumulator(0, 1.5, variant=variant)
    other.add_image(0.5, 1)
    other.reset()
    assert np.isnan(list(other.summary().values())).all()  # and no warning
    other.add_anomap_batch(maps[::-1][:4], list(masks[::-1][:4] * 255))
    other.add_anomap_batch([], [])
    other.add_anomap_batch(list(maps[:2]), masks[:2] > 0)
    for score, label in zip(scores, labels, strict=True):
        other.add_image(score, bool(label))
    other.add_image([], [])
    other.add_sample(np.reshape(scores[:3], (3, 1)), labels[:3])
    assert other.summary() == pytest.approx(one.summary(), abs=1e-14)


def test_a_refused_batch_adds_nothing():
    for variant in ("adeval", "exact"):
        accumulator = fed(ours.EvalAccumulator(0, 1, variant=variant), MAPS, MASKS, SCORES, LABELS)
        before = accumulator.summary()
        with pytest.raises(ValueError, match="anomap contains 64 NaN"):
            accumulator.add_anomap_batch([MAPS[0], MAPS[1] * np.nan], MASKS[:2])
        with pytest.raises(ValueError, match="gtlabel"):
            accumulator.add_image([0.1, 0.2], [0, 2])
        assert accumulator.summary() == before


def test_what_is_kept_is_copied():
    accumulator, buffer = ours.EvalAccumulator(0, 1, variant="exact"), MAPS.copy()
    accumulator.add_anomap_batch(buffer, MASKS)
    buffer[:] = 0
    assert accumulator.summary()["p_auroc"] == metrics.auroc(MAPS, MASKS)


@pytest.mark.parametrize("variant", ["adeval", "exact"])
def test_undefined(variant):
    with pytest.warns(ac.UndefinedMetricWarning, match="undefined: auroc, aupr, aupro;") as warned:
        assert np.isnan(ours.auroc_aupr_aupro(MAPS, MASKS * 0, variant=variant)).all()
    assert [warning.filename for warning in warned] == [__file__]
    with pytest.warns(ac.UndefinedMetricWarning, match="undefined: auroc;"):
        assert ours.auroc_and_aupr([1.0, 2.0], [1, 1], variant=variant)[1] > 0
    accumulator = ours.EvalAccumulator(0, 1, skip_pixel_aupro=True, variant=variant)
    accumulator.add_anomap(MAPS[0], MASKS[0])
    with pytest.warns(ac.UndefinedMetricWarning, match="undefined: p_auroc, p_aupr;") as warned:
        assert np.isnan(accumulator.summary()["p_auroc"])
    assert [warning.filename for warning in warned] == [__file__]


def test_bounds_that_leave_no_point_below_the_limit():
    accumulator = ours.EvalAccumulator(0, 0.2)
    accumulator.add_anomap_batch(MAPS, MASKS)
    with pytest.warns(ac.UndefinedMetricWarning, match="undefined: p_aupro;"):
        summary = accumulator.summary()
    assert np.isnan(summary["p_aupro"])
    assert summary["p_auroc"] > 0


def test_tensors():
    torch = pytest.importorskip("torch")
    assert ours.auroc_aupr_aupro(torch.from_numpy(MAPS), torch.from_numpy(MASKS)) == ours.auroc_aupr_aupro(MAPS, MASKS)
    accumulator = ours.EvalAccumulatorCuda(0, 1)
    accumulator.add_anomap_batch(torch.from_numpy(MAPS), torch.from_numpy(MASKS))
    accumulator.add_image(torch.from_numpy(SCORES), torch.tensor(LABELS))
    assert accumulator.summary()["p_auroc"] == pytest.approx(0.756610169492, abs=1e-12)


ACCUMULATOR = ours.EvalAccumulator(0, 1)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ours.auroc(MAPS, MASKS, nstrips=4), ValueError, "nstrips must be an integer >= 5; got 4"),
        (lambda: ours.auroc(MAPS, MASKS, nstrips=9.5), TypeError, "nstrips must be an integer"),
        (
            lambda: ours.auroc(MAPS, MASKS, nstrips=9, variant="exact"),
            ValueError,
            "nstrips belongs to variant='ad",
        ),
        (lambda: ours.auroc(MAPS, MASKS, variant="best"), ValueError, "variant must be one of 'adeval', 'exact'"),
        (lambda: ours.auroc(MAPS * 0, MASKS), ValueError, "preds must not all be equal .*; got 0 everywhere"),
        (lambda: ours.auroc([1, np.inf], [0, 1]), ValueError, "preds must be finite .*; got 1 values"),
        (lambda: ours.auroc([], []), ValueError, "preds must have at least one score; got none"),
        (lambda: ours.auroc([1, np.nan], [0, 1], variant="exact"), ValueError, "preds contains 1 NaN"),
        (lambda: ours.auroc([0.0, 1e39], [0, 1]), ValueError, "must lie within the range of float32"),
        (lambda: ours.auroc([1, 2, 3], [0, 1]), ValueError, "preds"),
        (lambda: ours.auroc([1, 2, 3], [0, 1, 2]), ValueError, "targets"),
        (lambda: ours.auroc("maps", [0, 1]), TypeError, "preds must hold real numbers"),
        (lambda: ours.auroc_aupr_aupro([1.0, 2.0], [0, 1]), ValueError, r"preds must have shape \(h, w\)"),
        (lambda: ours.EvalAccumulator(1, 1), ValueError, "score_lower must lie below score_upper.* got 1 and 1"),
        (lambda: ours.EvalAccumulator(0, 1, 2), ValueError, "anomap_lower must lie below anomap_upper.* 2 and 1"),
        (lambda: ours.EvalAccumulator(0, np.inf), ValueError, "both finite; got 0 and inf"),
        (lambda: ours.EvalAccumulator("a", 1), TypeError, "score_lower must be a number; got 'a'"),
        (lambda: ours.EvalAccumulator(0, 1, skip_pixel_aupro=1), TypeError, "skip_pixel_aupro must be True or False"),
        (lambda: ours.EvalAccumulator(0, 1, nstrips=3), ValueError, "nstrips must be an integer >= 5"),
        (lambda: ours.EvalAccumulator(0, 1, nstrips=9, variant="exact"), ValueError, "nstrips belongs to"),
        (lambda: ACCUMULATOR.add_anomap(MAPS, MASKS), ValueError, r"anomap must have shape \(h, w\).*\(5, 8, 8\)"),
        (lambda: ACCUMULATOR.add_anomap(MAPS[0], MASKS), ValueError, r"gtmap must have shape \(h, w\)"),
        (lambda: ACCUMULATOR.add_anomap(MASKS[0], MASKS[0][:4]), TypeError, "anomap must be float16, .* got uint8"),
        (
            lambda: ACCUMULATOR.add_anomap(MAPS[0] / 0, MASKS[0][:4]),
            ValueError,
            r"anomap must be finite .*\(4, 8\)",
        ),
        (lambda: ACCUMULATOR.add_anomap(MAPS[0], MASKS[0] + 5), ValueError, "gtmap"),
        (lambda: ACCUMULATOR.add_anomap_batch(MAPS, MASKS[1:]), ValueError, "the same length; got 5 and 4"),
        (lambda: ACCUMULATOR.add_anomap_batch(MAPS[0], MASKS[0]), ValueError, r"anomap\[0\] must have shape \(h, w\)"),
        (
            lambda: ACCUMULATOR.add_image([1, 2], [1]),
            ValueError,
            "must have the same size; got 2 and 1",
        ),
        (lambda: ACCUMULATOR.add_sample("a", 1), TypeError, "score must hold real numbers"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert isinstance(caught.value, ac.AnomalibCppError)


def test_no_other_library_is_imported():
    code = "import sys, anomalib_cpp.adeval; print(*(m in sys.modules for m in ('adeval', 'cv2', 'torch')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["False"] * 3
