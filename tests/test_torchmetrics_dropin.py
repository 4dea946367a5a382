"""anomalib_cpp.torchmetrics against torchmetrics, in one process and in two, and where it differs on purpose."""

import copy
import importlib
import importlib.util
import pathlib
import subprocess
import sys
import warnings

import numpy as np
import pytest

import anomalib_cpp as ac

ROOT = pathlib.Path(__file__).parents[1]


def mend_torchvision():
    """torchmetrics imports torchvision where it is installed, which a build for another torch does not survive."""
    try:
        import torchvision  # noqa: F401
    except ImportError:
        return
    except RuntimeError:
        spec = importlib.util.spec_from_file_location("peers", ROOT / "benchmarks" / "peers.py")
        peers = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(peers)
        peers.declare_torchvision_operators(torch)
        mend_torchvision.kept = peers  # the declarations live as long as it does


def two_ranks(rank, world, start):
    """Print, from each process, what all metrics say about data that the processes share unevenly."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=start, rank=rank, world_size=world)
    for name, (metric, updates) in shared_cases().items():
        for owner, preds, target in updates:
            if owner == rank:
                metric.update(preds, target)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a rank without data has never called update
            value = metric.compute()
        values = value if isinstance(value, tuple) else (value,)
        print(name, *(part.double().sum().item().hex() for part in values), flush=True)
        if "preds" in metric._defaults:
            assert isinstance(metric.preds, list)  # this rank's own data is back
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    import torch

    mend_torchvision()
else:
    torch = pytest.importorskip("torch")
    mend_torchvision()
    torchmetrics = pytest.importorskip("torchmetrics", minversion="1.4")
    peer = importlib.import_module("torchmetrics.classification")

from anomalib_cpp import torchmetrics as ours  # noqa: E402

NAMES = ["BinaryAUROC", "BinaryAveragePrecision", "BinaryPrecisionRecallCurve", "BinaryROC"]


def scores_and_labels(kind="random", n=600, seed=3):
    rng = np.random.default_rng(seed)
    labels = (rng.random(n) < 0.3).astype(np.int64)
    scores = np.clip(rng.normal(size=n) / 8 + 0.4 + labels / 8, 0, 1)
    if kind == "tied":
        scores = scores.round(1)
    elif kind == "constant":
        scores = np.full(n, 0.5)
    elif kind == "perfect":
        scores = labels / 2 + rng.random(n) / 3
    elif kind == "inverted":
        scores = 1.0 - labels
    elif kind == "two items":
        labels, scores = np.array([0, 1]), np.array([0.75, 0.25])
    dtype = {"float64": torch.float64, "float16": torch.float16, "bfloat16": torch.bfloat16}.get(kind, torch.float32)
    return torch.tensor(scores).to(dtype), torch.tensor(labels)


KINDS = ["random", "tied", "constant", "perfect", "inverted", "two items", "float64", "float16", "bfloat16"]
THRESHOLDS = [None, 2, 50, [0.0, 0.25, 0.5, 1.0], [0.9, 0.1, 0.5], "tensor"]


def shared_cases():
    """Return metric and updates (rank, preds, target) by name: all in order of rank, which is the order of joining."""
    scores, labels = scores_and_labels("tied")
    parts = [(0, scores[:100], labels[:100]), (0, scores[100:350], labels[100:350]), (1, scores[350:], labels[350:])]
    only_first = [(0, *part[1:]) for part in parts]
    only_second = [(1, *part[1:]) for part in parts]
    mixed = [(0, scores[:300], labels[:300]), (1, scores[300:].double() + 1e-12, labels[300:])]
    half = [(rank, preds.half(), target) for rank, preds, target in parts]
    maps = scores.reshape(-1, 10, 10)
    masks = labels.reshape(-1, 10, 10)
    images = [(0, maps[:2], masks[:2]), (1, maps[2:, :7, :], masks[2:, :7, :])]
    cases = {}
    for name in [*NAMES, "BinaryF1Max"]:
        for kind, updates in {
            "parts": parts,
            "only_first": only_first,
            "only_second": only_second,
            "mixed": mixed,
            "half": half,
        }.items():
            cases[f"{name}_{kind}"] = (getattr(ours, name)(), updates)
    cases["binned"] = (ours.BinaryAUROC(thresholds=20), parts)
    cases["binned_only_second"] = (ours.BinaryAUROC(thresholds=20), only_second)
    cases["double_only_second"] = (ours.BinaryROC(), [(1, scores.double() + 1e-12, labels)])
    cases["aupro"] = (ours.BinaryAUPRO(), images)
    cases["aupro_only_first"] = (ours.BinaryAUPRO(), [(0, *image[1:]) for image in images])
    return cases


def quiet(metric, *data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return metric(*data)


def same(mine, theirs, rtol=2e-6, atol=2e-6):
    mine, theirs = (value if isinstance(value, tuple) else (value,) for value in (mine, theirs))
    assert len(mine) == len(theirs)
    for a, b in zip(mine, theirs, strict=True):
        assert isinstance(a, torch.Tensor)
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        torch.testing.assert_close(a, b, rtol=rtol, atol=atol, equal_nan=True)


def given(thresholds):
    return torch.tensor([0.1, 0.3, 0.30000001192, 0.8]) if thresholds == "tensor" else thresholds


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("thresholds", THRESHOLDS, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_same_as_torchmetrics(name, thresholds, kind):
    preds, target = scores_and_labels(kind)
    thresholds = given(thresholds)
    same(
        quiet(getattr(ours, name)(thresholds=thresholds), preds, target),
        quiet(getattr(peer, name)(thresholds=thresholds), preds, target),
    )


@pytest.mark.parametrize("labels", [0, 1])
@pytest.mark.parametrize("thresholds", [None, 10])
@pytest.mark.parametrize("name", NAMES)
def test_one_class(name, labels, thresholds):
    preds, target = scores_and_labels()
    target = torch.full_like(target, labels)
    theirs = quiet(getattr(peer, name)(thresholds=thresholds), preds, target)
    same(quiet(getattr(ours, name)(thresholds=thresholds), preds, target), theirs)


@pytest.mark.parametrize(
    ("name", "labels", "message"),
    [
        ("BinaryAUROC", 1, "BinaryAUROC is undefined and set to zero: no label is 0"),
        ("BinaryAUROC", 0, "BinaryAUROC is undefined and set to zero: no label is 1"),
        ("BinaryAveragePrecision", 0, "BinaryAveragePrecision is undefined"),
        ("BinaryROC", 1, "the false positive rate is undefined"),
        ("BinaryROC", 0, "the true positive rate is undefined"),
        ("BinaryPrecisionRecallCurve", 0, "recall is undefined"),
        ("BinaryF1Max", 0, "BinaryF1Max is undefined and set to zero: no label is 1"),
    ],
)
def test_a_missing_class_warns_where_compute_is_called(name, labels, message):
    metric = getattr(ours, name)()
    metric.update(torch.tensor([0.1, 0.4]), torch.tensor([labels, labels]))
    with pytest.warns(ac.UndefinedMetricWarning, match=message) as caught:
        metric.compute()
    assert caught[0].filename == __file__


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("max_fpr", [0.05, 0.3, 0.5, 1.0])
def test_same_partial_area(kind, max_fpr):
    preds, target = scores_and_labels(kind)
    same(ours.BinaryAUROC(max_fpr=max_fpr)(preds, target), peer.BinaryAUROC(max_fpr=max_fpr)(preds, target), rtol=1e-5)


def test_same_partial_area_at_given_thresholds():
    preds, target = scores_and_labels()
    for max_fpr in (0.1, 0.5):
        same(
            ours.BinaryAUROC(max_fpr=max_fpr, thresholds=30)(preds, target),
            peer.BinaryAUROC(max_fpr=max_fpr, thresholds=30)(preds, target),
        )
    with pytest.raises(ValueError, match=r"max_fpr must lie between .* got 0.1, with rates from .* to 1"):
        ours.BinaryAUROC(max_fpr=0.1, thresholds=[0.0, 0.1])(preds, target)


@pytest.mark.parametrize("ignore_index", [-1, 255, 7])
@pytest.mark.parametrize("thresholds", [None, 20])
@pytest.mark.parametrize("name", NAMES)
def test_ignored_items(name, thresholds, ignore_index):
    preds, target = scores_and_labels()
    target[::5] = ignore_index
    metric = getattr(ours, name)(thresholds=thresholds, ignore_index=ignore_index)
    same(metric(preds, target), getattr(peer, name)(thresholds=thresholds, ignore_index=ignore_index)(preds, target))
    kept = target != ignore_index
    same(metric.compute(), getattr(ours, name)(thresholds=thresholds)(preds[kept], target[kept]), rtol=0, atol=0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("thresholds", [None, 20])
def test_any_shape_and_any_batching(name, thresholds):
    preds, target = scores_and_labels("tied")
    whole = getattr(ours, name)(thresholds=thresholds)
    batched, theirs = (getattr(module, name)(thresholds=thresholds) for module in (ours, peer))
    whole.update(preds, target)
    for part in (slice(0, 1), slice(1, 1), slice(1, 7), slice(7, 600)):
        batched.update(preds[part], target[part].bool())
    theirs.update(preds.reshape(2, 3, 100), target.reshape(2, 3, 100))
    same(batched.compute(), whole.compute(), rtol=0, atol=0)
    same(batched.compute(), theirs.compute())
    images = getattr(ours, name)(thresholds=thresholds)
    images.update(preds.reshape(6, 1, 10, 10), target.to(torch.uint8).reshape(6, 1, 10, 10))
    same(images.compute(), whole.compute(), rtol=0, atol=0)


def test_forward_accumulates_and_merge_state_joins():
    preds, target = scores_and_labels()
    whole, forward, left, right = (ours.BinaryAUROC() for _ in range(4))
    whole.update(preds, target)
    first = forward(preds[:200], target[:200])
    same(first, ours.BinaryAUROC()(preds[:200], target[:200]), rtol=0, atol=0)
    forward(preds[200:], target[200:])
    left.update(preds[:200], target[:200])
    right.update(preds[200:], target[200:])
    left.merge_state(right)
    assert whole.compute() == forward.compute() == left.compute()
    forward.reset()
    assert forward.preds == []
    forward.update(preds[:50], target[:50])
    same(forward.compute(), ours.BinaryAUROC()(preds[:50], target[:50]), rtol=0, atol=0)
    same(copy.deepcopy(whole).compute(), whole.compute(), rtol=0, atol=0)
    assert not whole.state_dict()


def test_collections_with_compute_groups():
    preds, target = scores_and_labels()
    makers = {name: getattr(ours, name) for name in ("BinaryAUROC", "BinaryAveragePrecision", "BinaryF1Max")}
    alone = {name: maker()(preds, target) for name, maker in makers.items()}
    for groups in (True, False):
        collection = torchmetrics.MetricCollection(
            {name: maker() for name, maker in makers.items()}, compute_groups=groups
        )
        for part in (slice(0, 250), slice(250, 600)):
            collection.update(preds[part], target[part])
        assert collection.compute() == alone
    assert len(collection.compute_groups) == 3 or not collection.compute_groups


def test_states_are_compact_and_keep_their_dtypes():
    metric = ours.BinaryAUROC()
    preds, target = scores_and_labels("bfloat16")
    metric.update(preds, target)
    assert (metric.preds[0].dtype, metric.target[0].dtype) == (torch.bfloat16, torch.uint8)
    exact = ac.metrics.auroc(preds, target)
    for change in (lambda: metric.half(), lambda: metric.to(torch.float16), lambda: metric.set_dtype(torch.float64)):
        change()
        assert (metric.preds[0].dtype, metric.target[0].dtype) == (torch.bfloat16, torch.uint8)
    metric.update(preds[:0], target[:0])
    value = metric.compute()
    assert value.dtype == torch.float64
    assert value.item() == exact
    binned = ours.BinaryROC(thresholds=5).set_dtype(torch.float64)
    assert binned.confmat.dtype == torch.int64


def test_f1_max():
    metric = ours.BinaryF1Max()
    preds, target = scores_and_labels("tied")
    best = ac.metrics.f1_max(preds, target)
    assert metric.threshold is None
    assert metric(preds, target).item() == pytest.approx(best.value, rel=1e-6)
    assert metric.threshold.item() == best.threshold
    at_threshold = peer.BinaryF1Score(threshold=best.threshold - 1e-6)
    assert at_threshold(preds, target).item() == pytest.approx(best.value, rel=1e-6)
    parts = ours.BinaryF1Max()  # two batches, each with a best threshold of its own
    parts(torch.tensor([0.1, 0.4, 0.35, 0.8]), torch.tensor([0, 0, 1, 1]))
    parts(torch.tensor([0.2, 0.9, 0.3, 0.7]), torch.tensor([1, 0, 1, 0]))
    assert parts.compute().item() == pytest.approx(0.727272727)


@pytest.mark.parametrize(("name", "rate"), [("PGn", "fnr"), ("PBn", "fpr")])
@pytest.mark.parametrize("kind", ["random", "tied", "float64", "bfloat16"])
def test_presorted_is_the_functional_one(name, rate, kind):
    scores, labels = scores_and_labels(kind)
    wide = scores if kind == "float64" else scores.float()
    for value in (0.05, 0.29, 1):
        metric = getattr(ours, name)(**{rate: value})
        assert getattr(metric, rate) == value
        metric.update(scores[:70], labels[:70])
        metric.update(scores[70:], labels[70:])
        expected = getattr(ac.metrics, name.lower())(wide, labels, **{rate: value})
        assert (metric.compute().item(), metric.compute().dtype) == (np.float32(expected), torch.float32)
    metric.update(torch.tensor([0.5, np.nan]), torch.tensor([0, 1]))
    with pytest.raises(ac.InvalidInputError, match=rf"preds contains 1 NaN, first at index \({len(scores) + 1},\)"):
        metric.compute()
    metric.reset()
    metric.update(torch.tensor([0.5]), torch.tensor([1]))
    with pytest.raises(ac.InvalidInputError, match="there is no normal pixel or sample"):
        metric.compute()
    ignoring = getattr(ours, name)(ignore_index=1)
    ignoring.update(torch.tensor([0.5]), torch.tensor([1]))
    with pytest.raises(ac.InvalidInputError, match=f"{name} has no data: every label equals ignore_index"):
        ignoring.compute()


def test_aupro_is_the_functional_one():
    rng = np.random.default_rng(5)
    maps = torch.tensor(rng.random((6, 20, 30)), dtype=torch.float32)
    masks = torch.zeros(6, 20, 30, dtype=torch.int64)
    masks[0, 2:8, 3:9] = masks[1, 10:12, 5:20] = masks[4, 19, 29] = 1
    expected = ac.metrics.aupro(maps, masks)
    metric = ours.BinaryAUPRO()
    metric.update(maps[:2], masks[:2].bool())
    metric.update(maps[2], masks[2])
    metric.update(maps[3:, None], masks[3:, None].to(torch.uint8))
    assert metric.compute().item() == pytest.approx(expected, rel=1e-7)
    for options, native in (
        ({"fpr_limit": 0.05}, {"integration_limit": 0.05}),
        ({"connectivity": 4}, {"connectivity": 4}),
    ):
        value = ours.BinaryAUPRO(**options).set_dtype(torch.float64)(maps, masks)
        assert value.item() == ac.metrics.aupro(maps, masks, **native)


def test_aupro_of_images_of_different_sizes():
    rng = np.random.default_rng(6)
    maps = [torch.tensor(rng.random(size)) for size in ((20, 30), (5, 7), (1, 9))]
    masks = [(each > 0.8).long() for each in maps]
    metric = ours.BinaryAUPRO().set_dtype(torch.float64)
    for each in zip(maps, masks, strict=True):
        metric.update(*each)
    assert metric.compute().item() == ac.metrics.aupro(maps, masks)


def test_aupro_without_ignored_pixels():
    rng = np.random.default_rng(8)
    maps = torch.tensor(rng.random((3, 12, 12)))
    masks = torch.zeros(3, 12, 12, dtype=torch.int64)
    masks[0, 3:6, 3:9] = masks[2, :2] = 1
    masks[0, 4, 5] = masks[1, 6] = 255
    metric = ours.BinaryAUPRO(ignore_index=255).set_dtype(torch.float64)
    before = maps.clone()
    metric.update(maps, masks)
    omitted = maps.masked_fill(masks == 255, float("nan"))
    expected = ac.metrics.aupro(omitted, masks == 1, nan_policy="omit")
    assert metric.compute().item() == expected
    assert torch.equal(maps, before)
    maps[1, 6] = float("nan")  # where nobody looks
    metric.update(maps, masks)
    maps[1, 0, 0] = float("nan")
    with pytest.raises(ValueError, match="preds contains NaN at pixels that are not ignored"):
        metric.update(maps, masks)
    with pytest.raises(ValueError, match=r"preds contains 13 NaN, first at index \(1, 0, 0\)"):
        ours.BinaryAUPRO()(maps, (masks == 1).long())


@pytest.mark.parametrize(("label", "missing"), [(0, 1), (1, 0)])
def test_aupro_without_regions_or_without_background(label, missing):
    metric = ours.BinaryAUPRO()
    metric.update(torch.rand(2, 4, 4), torch.full((2, 4, 4), label))
    with pytest.warns(ac.UndefinedMetricWarning, match=f"no label is {missing}") as caught:
        assert metric.compute() == 0
    assert caught[0].filename == __file__


def test_differences_on_purpose():
    """The list of the module's documentation."""
    batches = [([0.9, 0.2], [0, 0]), ([1.5, 0.3], [1, 0])]
    exact, as_peer, theirs = (
        ours.BinaryAUROC(),
        ours.BinaryAUROC(normalization="sigmoid_per_batch"),
        peer.BinaryAUROC(),
    )
    for preds, target in batches:
        for metric in (exact, as_peer, theirs):
            metric.update(torch.tensor(preds), torch.tensor(target))
    assert exact.compute() == 1
    assert as_peer.compute() == pytest.approx(2 / 3)
    assert theirs.compute() == pytest.approx(2 / 3)

    large = torch.tensor([98.095, 98.4612, 98.1145, 98.1506, 97.6037]), torch.tensor([0, 1, 1, 1, 1])
    assert ours.BinaryAUROC()(*large) == 0.75
    assert peer.BinaryAUROC()(*large) == 0.5  # a sigmoid in float32 is 1 for all of them

    with_nan = torch.tensor([0.1, float("nan"), 0.3]), torch.tensor([0, 0, 1])
    assert peer.BinaryROC()(*with_nan)[0].numel() > 0  # ranked, silently
    for thresholds in (None, 5):
        with pytest.raises(ValueError, match="preds contains 1 NaN"):
            ours.BinaryROC(thresholds=thresholds)(*with_nan)

    assert peer.BinaryAUROC(max_fpr=1.5).max_fpr == 1.5
    with pytest.raises(ValueError, match=r"max_fpr must lie in \(0, 1\]; got 1.5"):
        ours.BinaryAUROC(max_fpr=1.5)

    high = torch.tensor([0.99, 1.0, 0.98, 1.0]), torch.tensor([0, 0, 1, 1])  # the curve begins at a rate of one half
    theirs = peer.BinaryAUROC(max_fpr=0.2, thresholds=[0.0, 0.5, 1.0])(*high)
    assert theirs == pytest.approx(4 / 9)  # an area of zero, rescaled, since one point has none
    low = torch.tensor([0.1, 0.1, 0.6, 0.7]), torch.tensor([0, 0, 0, 1])  # the curve ends at a rate of one third
    with pytest.raises(IndexError):
        peer.BinaryAUROC(max_fpr=0.5, thresholds=[0.5, 1.0])(*low)
    for max_fpr, thresholds, data in ((0.2, [0.0, 0.5, 1.0], high), (0.5, [0.5, 1.0], low)):
        with pytest.raises(ValueError, match="max_fpr must lie between"):
            ours.BinaryAUROC(max_fpr=max_fpr, thresholds=thresholds)(*data)

    labels = torch.tensor([0.1, 0.2]), torch.tensor([0, 2])
    peer.BinaryAUROC().update(*labels)  # takes 2 for 0
    for name in NAMES:
        if name != "BinaryAUROC":
            with pytest.raises(RuntimeError):
                getattr(peer, name)().update(*labels)
        with pytest.raises(ValueError, match=r"target must hold 0 and 1 only; got \[2\]"):
            getattr(ours, name)().update(*labels)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ours.BinaryAUROC(max_fpr=0), r"max_fpr must lie in \(0, 1\]; got 0"),
        (lambda: ours.BinaryAUROC(thresholds=1), "thresholds must be None, an integer >= 2, .*; got 1"),
        (lambda: ours.BinaryAUROC(thresholds=[0.5, 2.0]), r"thresholds must be .*; got \[0.5, 2.0\]"),
        (lambda: ours.BinaryAUROC(thresholds=[]), r"thresholds must be .*; got \[\]"),
        (lambda: ours.BinaryAUROC(thresholds=torch.zeros(2, 2)), "thresholds must be .* or a 1-d tensor"),
        (lambda: ours.BinaryAUROC(thresholds="exact"), "thresholds must be .*; got 'exact'"),
        (lambda: ours.BinaryAUROC(ignore_index=0.5), "ignore_index must be None or an integer; got 0.5"),
        (lambda: ours.BinaryAUROC(normalization="sigmoid"), "normalization must be one of None, 'sigmoid_per_batch'"),
        (lambda: ours.BinaryAUROC(treshold=3), "Unexpected keyword arguments: `treshold`"),
        (lambda: ours.BinaryAUPRO(fpr_limit=2), r"fpr_limit must lie in \(0, 1\]; got 2"),
        (lambda: ours.BinaryAUPRO(connectivity=6), "connectivity must be one of 4, 8; got 6"),
        (lambda: ours.BinaryROC().update([0.1], torch.tensor([1])), "preds must be a torch.Tensor; got list"),
        (lambda: ours.BinaryROC().update(torch.rand(3), torch.ones(2).int()), r"same shape; got \(3,\) and \(2,\)"),
        (
            lambda: ours.BinaryROC().update(torch.arange(2), torch.arange(2)),
            "preds must be float16, .* got torch.int64",
        ),
        (lambda: ours.BinaryROC().update(torch.rand(2), torch.rand(2)), "target must hold integers .* torch.float32"),
        (
            lambda: ours.BinaryROC(ignore_index=9).update(torch.rand(3), torch.tensor([0, 9, 8])),
            r"target must hold 0, 1 and ignore_index=9 only; got \[8\]",
        ),
        (lambda: ours.BinaryAUPRO().update(torch.rand(3), torch.ones(3).int()), r"preds must be .* got \(3,\)"),
        (lambda: ours.BinaryAUPRO().update(torch.rand(2, 3, 4, 4), torch.ones(4, 4).int()), r"got \(2, 3, 4, 4\)"),
        (lambda: ours.BinaryAUPRO().update(torch.rand(2, 4, 4), torch.ones(4, 4).int()), "must have the same shape"),
        (
            lambda: quiet(ours.BinaryAUROC(ignore_index=0), torch.rand(2), torch.zeros(2).int()),
            "BinaryAUROC has no data",
        ),
        (lambda: quiet(ours.BinaryAUPRO(), torch.rand(0, 4, 4), torch.zeros(0, 4, 4).int()), "BinaryAUPRO has no data"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.filterwarnings("ignore:The ``compute`` method of metric")
def test_compute_before_update():
    for metric in (ours.BinaryAUROC(), ours.BinaryAUPRO()):
        with pytest.raises(ValueError, match="has no data yet: call update before compute"):
            metric.compute()


def test_labels_that_are_not_checked():
    scores, labels = torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0, 1, 2])
    assert ours.BinaryAUROC(validate_args=False)(scores, labels) == peer.BinaryAUROC(validate_args=False)(
        scores, labels
    )


def test_gradients_are_left_alone():
    scores = torch.rand(8, requires_grad=True)
    metric = ours.BinaryAUROC()
    value = metric(scores, torch.arange(8) % 2)
    assert not value.requires_grad
    assert not metric.preds[0].requires_grad


@pytest.mark.parametrize("name", NAMES)
def test_arguments_are_torchmetrics(name):
    import inspect

    mine = inspect.signature(getattr(ours, name).__init__).parameters
    theirs = inspect.signature(getattr(peer, name).__init__).parameters
    assert [each for each in mine if each in theirs] == list(theirs)
    for each in ("is_differentiable", "higher_is_better", "full_state_update"):
        assert getattr(getattr(ours, name), each) == getattr(getattr(peer, name), each)


@pytest.mark.parametrize("name", [*NAMES, "BinaryF1Max"])
def test_plots(name):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    pyplot = pytest.importorskip("matplotlib.pyplot")
    metric = getattr(ours, name)()
    preds, target = scores_and_labels()
    value = metric(preds, target)
    figure, axes = metric.plot()
    metric.plot(value, ax=axes)
    if isinstance(value, tuple):
        axes = metric.plot(score=True)[1]
        area = torch.trapezoid(value[1], value[0]) if name == "BinaryROC" else -torch.trapezoid(value[0], value[1])
        assert axes.get_legend().get_texts()[0].get_text() == f"AUC={area:.3f}"
    pyplot.close("all")
    assert figure is not None


def test_two_processes(tmp_path):
    if not torch.distributed.is_available() or not torch.distributed.is_gloo_available():
        pytest.skip("needs torch.distributed with gloo")
    start = (tmp_path / "start").as_uri()
    ranks = [
        subprocess.Popen(
            [sys.executable, __file__, str(rank), "2", start], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for rank in range(2)
    ]
    try:
        done = [rank.communicate(timeout=120) for rank in ranks]
    finally:
        for rank in ranks:
            rank.kill()
    assert [rank.returncode for rank in ranks] == [0, 0], done[0][1] + done[1][1]
    expected = []
    for name, (metric, updates) in shared_cases().items():
        for update in updates:
            metric.update(*update[1:])
        value = metric.compute()
        values = value if isinstance(value, tuple) else (value,)
        expected.append(" ".join([name, *(part.double().sum().item().hex() for part in values)]))
    for out, _ in done:
        assert out.splitlines() == expected


def test_without_torchmetrics():
    code = """
import sys
import anomalib_cpp
assert "torch" not in sys.modules
sys.modules["torchmetrics"] = None
try:
    import anomalib_cpp.torchmetrics
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert 'anomalib_cpp.torchmetrics needs torch and torchmetrics: pip install "torchmetrics"' in done.stdout


def test_examples():
    import doctest
    import pkgutil

    tried = 0
    for module in pkgutil.iter_modules(ours.__path__, f"{ours.__name__}."):
        flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
        found = doctest.testmod(importlib.import_module(module.name), optionflags=flags)
        assert found.failed == 0
        tried += found.attempted
    assert tried > 50


if __name__ == "__main__":
    two_ranks(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
