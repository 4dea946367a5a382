"""anomalib_cpp.anomalib: known values, the laws of a metric, and against anomalib itself where it is installed."""

import copy
import importlib
import inspect
import io
import logging
import os
import pathlib
import pickle
import subprocess
import sys
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

import anomalib_cpp as ac

if sys.argv[1:2] == ["three_ranks"]:
    sys.modules["anomalib"] = None  # takes long to import, and is not needed there
neighbour = importlib.import_module("test_torchmetrics_dropin")  # mends torchvision; skips where torch is missing
torch, torchmetrics = neighbour.torch, neighbour.torchmetrics

from anomalib_cpp import anomalib as ours  # noqa: E402
from anomalib_cpp import torchmetrics as plain  # noqa: E402

IMAGE = ["AUROC", "AUPR", "F1Max", "F1Score", "F1AdaptiveThreshold", "PGn", "PBn"]
PIXEL = ["AUPRO", "PRO", "PIMO", "AUPIMO"]
NAMES = [*IMAGE, *PIXEL, "MinMax"]
OPTIONS = {
    "F1Score": {"fields": ("pred_score", "gt_label")},
    "PRO": {"fields": ("anomaly_map", "gt_mask")},
    "PGn": {"fnr": 0.2},
    "PBn": {"fpr": 0.1},
    "PIMO": {"num_thresholds": 500},
    "AUPIMO": {"num_thresholds": 2000, "fpr_bounds": (0.01, 0.2)},
    "MinMax": {"fields": ("anomaly_map",)},
}


def batch(scores, labels, **more):
    return SimpleNamespace(pred_score=torch.as_tensor(scores), gt_label=torch.as_tensor(labels), **more)


def data(kind="random", n=24, size=12, seed=7):
    """Return `n` images with scores, maps, labels and masks; every other image is anomalous."""
    rng = np.random.default_rng(seed)
    masks = np.zeros((n, size, size), bool)
    masks[1::2, 2:6, 3:8] = masks[1::4, 9:11, 1:4] = masks[3::4, 6, 8] = True
    maps = np.clip(rng.normal(size=masks.shape) / 6 + 0.4 + masks / 5, 0, 1)
    if kind == "tied":
        maps = maps.round(1)
    dtype = torch.float64 if kind == "float64" else torch.float32
    labels = masks.any(axis=(1, 2))
    scores = maps.mean(axis=(1, 2)) if kind != "tied" else maps.mean(axis=(1, 2)).round(2)
    return SimpleNamespace(
        pred_score=torch.tensor(scores).to(dtype),
        anomaly_map=torch.tensor(maps).to(dtype),
        gt_label=torch.tensor(labels),
        gt_mask=torch.tensor(masks),
        pred_label=torch.tensor(scores > 0.42),
        pred_mask=torch.tensor(maps > 0.5),
    )


def part(whole, where):
    return SimpleNamespace(**{name: value[where] for name, value in vars(whole).items()})


def make(module, name, **more):
    return getattr(module, name)(**{**OPTIONS.get(name, {}), **more})


def fed(metric, *batches):
    for each in batches:
        metric.update(each)
    return quiet(metric.compute)


def quiet(call, *given):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(*given)


def tensors(value):
    """Return all tensors of a result, in order."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, tuple):
        return [each for one in value for each in tensors(one)]
    return [each for each in vars(value).values() if isinstance(each, torch.Tensor)]


def equal(one, other):
    pairs = list(zip(tensors(one), tensors(other), strict=True))
    return bool(pairs) and all(a.dtype == b.dtype and torch.equal(a.nan_to_num(7), b.nan_to_num(7)) for a, b in pairs)


def three_ranks(rank, world, start):
    """Print, from each process, what the metrics say about data that two of the three processes have."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=start, rank=rank, world_size=world)
    for strict in (True, False):
        for name in NAMES:
            metric = make(ours, name, strict=strict)
            for owner, each in shared():
                if owner == rank:
                    metric.update(each)
            print(name, *(value.double().nan_to_num(7).sum().item().hex() for value in tensors(quiet(metric.compute))))
    torch.distributed.destroy_process_group()


def shared():
    whole = data("tied")
    return [(0, part(whole, slice(0, 5))), (0, part(whole, slice(5, 9))), (2, part(whole, slice(9, 24)))]


def with_evaluator(rank, world, start):
    """Print what a model logs that anomalib's Evaluator watches, in one of the processes of a trainer."""
    torch.set_num_threads(1)
    folder = pathlib.Path(start)
    if world > 1:
        os.environ["LOCAL_RANK"] = str(rank)  # the trainer starts no processes then
        start = (folder / "start").as_uri()
        torch.distributed.init_process_group("gloo", init_method=start, rank=rank, world_size=world)
    anomalib = importlib.import_module("anomalib.metrics")
    lightning = importlib.import_module("lightning.pytorch")
    checkpoints = importlib.import_module("lightning.pytorch.callbacks").ModelCheckpoint
    loggers = importlib.import_module("lightning.pytorch.loggers")
    ImageBatch = importlib.import_module("anomalib.data").ImageBatch
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    ours.patch_anomalib()

    class Model(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(1))
            metrics = [
                anomalib.AUROC(fields=["pred_score", "gt_label"], prefix="image_"),
                anomalib.F1Max(fields=["pred_score", "gt_label"], prefix="image_"),
                anomalib.AUROC(fields=["anomaly_map", "gt_mask"], prefix="pixel_", strict=False),
                anomalib.F1Score(fields=["pred_mask", "gt_mask"], prefix="pixel_", strict=False),
                anomalib.AUPRO(fields=["anomaly_map", "gt_mask"]),
            ]
            self.evaluator = anomalib.Evaluator(val_metrics=copy.deepcopy(metrics), test_metrics=metrics)

        def configure_callbacks(self):
            return [self.evaluator]

        def training_step(self, batch, _):
            return (self.weight * batch.pred_score.sum()).sum()

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.01)

        def validation_step(self, batch, _):
            return batch

        test_step = validation_step

    class Batches(torch.utils.data.Dataset):
        def __len__(self):
            return 4

        def __getitem__(self, i):
            each = part(data("tied"), slice(6 * i, 6 * i + 6))
            return ImageBatch(image=torch.zeros(6, 3, 12, 12), **vars(each))

    def loader():
        sampler = torch.utils.data.SequentialSampler(Batches())
        if world > 1:
            sampler = torch.utils.data.DistributedSampler(Batches(), world, rank, shuffle=False)
        return torch.utils.data.DataLoader(Batches(), batch_size=None, sampler=sampler)

    best = checkpoints(dirpath=folder / "best", monitor="image_AUROC", mode="max")
    trainer = lightning.Trainer(
        accelerator="cpu",
        devices=world,
        strategy="ddp" if world > 1 else "auto",
        max_epochs=1,
        logger=loggers.CSVLogger(folder),
        callbacks=[best],
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )
    model = Model()
    trainer.fit(model, loader(), loader())
    validated = dict(trainer.callback_metrics)
    trainer.test(model, loader(), verbose=False)
    for name, value in [*validated.items(), *trainer.callback_metrics.items()]:
        print(name, float(value).hex(), flush=True)
    if rank == 0:
        assert torch.load(best.best_model_path, weights_only=True)["epoch"] == 0
    assert float(best.best_model_score) == float(validated["image_AUROC"])


@pytest.fixture(scope="module")
def peer():
    """anomalib, without the line in its log with which some of its metrics greet."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = pytest.importorskip("anomalib.metrics")
    logging.getLogger("anomalib").setLevel(logging.ERROR)
    return module


@pytest.fixture
def unpatched():
    yield
    ours.unpatch_anomalib()


GOLDEN = [
    ("F1AdaptiveThreshold", {}, [2.3, 1.6, 2.6, 7.9, 3.3], [0, 0, 0, 1, 1], 3.3),
    ("F1Max", {}, [0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 0.8),
    ("F1Max", {}, [0.5, 0.5, 0.5, 0.2], [1, 0, 1, 0], 0.8),
    ("PGn", {"fnr": 0.05}, [0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 0.5),
    ("PGn", {"fnr": 0.5}, [0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 1.0),
    ("PBn", {"fpr": 0.05}, [0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 0.5),
    ("PBn", {"fpr": 0.5}, [0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 1.0),
    (
        "AUROC",
        {},
        [
            *(98.0950, 98.4612, 98.1145, 98.1506, 97.6037, 98.9425, 99.2644, 99.5014),
            *(99.7280, 99.6595, 99.6931, 99.4667, 99.9623, 99.8949, 99.8768),
        ],
        [0] + [1] * 14,
        13 / 14,
    ),
    (
        "AUPR",
        {"method": "trapezoid_reordered"},
        [0.59, 0.35, 0.72, 0.33, 0.73, 0.81, 0.30, 0.05, 0.04, 0.48],
        [0, 1, 1, 1, 0, 0, 0, 0, 1, 1],
        0.489920634921,
    ),
    (
        "AUPR",
        {},
        [0.59, 0.35, 0.72, 0.33, 0.73, 0.81, 0.30, 0.05, 0.04, 0.48],
        [0, 1, 1, 1, 0, 0, 0, 0, 1, 1],
        0.460952380952,
    ),
]


@pytest.mark.parametrize(("name", "options", "scores", "labels", "expected"), GOLDEN)
def test_known_values(name, options, scores, labels, expected):
    value = getattr(ours, name)(**options)(batch(scores, labels))
    assert value.shape == ()
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(expected, rel=3e-7)


def test_known_values_of_several_batches():
    metric = ours.AUROC()
    for i in range(-10, 10):  # a sigmoid on the batches that need it gives 0.9192
        metric.update(batch([i * 0.2], [int(i > 0)]))
    assert metric.compute() == 1
    halves = batch([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]), batch([0.2, 0.9, 0.3, 0.7], [1, 0, 1, 0])
    updated, forwarded, merged, other = (ours.F1Max() for _ in range(4))
    assert fed(updated, *halves) == pytest.approx(8 / 11)
    for half in halves:
        forwarded(half)
    merged.update(halves[0])
    other.update(halves[1])
    merged.merge_state(other)
    assert updated.compute() == forwarded.compute() == merged.compute()
    assert ours.F1Max()(halves[0]) == pytest.approx(0.8)
    assert (updated.threshold, forwarded.threshold) == (pytest.approx(0.2), pytest.approx(0.2))
    extremes = ours.MinMax(fields=["pred_score"])
    extremes.update(batch([0.0807, 0.6329, 0.0559, 0.9860, 0.3595], [0] * 5))
    extremes.update(batch([0.3251, 0.3169, 0.3072, 0.6247, 0.9999], [0] * 5))
    assert extremes.compute().tolist() == pytest.approx([0.0559, 0.9999])


def test_known_values_of_maps():
    """T1, T4 and T5 of the metrics' definitions."""
    n, y, x = np.mgrid[:5, :8, :8]
    masks = np.zeros((5, 8, 8), bool)
    masks[1, 1:4, 2:5] = masks[2, 2:4, 2:4] = masks[2, 4, 4:6] = masks[2, 5, 4] = masks[3, 0, 0] = masks[3, 7] = True
    maps = ((37 * n + 11 * y + 23 * x + 5 * x * y + 3 * n * x) % 64 + 24 * masks) / 128
    whole = SimpleNamespace(anomaly_map=torch.tensor(maps).float(), gt_mask=torch.tensor(masks))
    options = {"fields": ("anomaly_map", "gt_mask")}
    for metric, expected in [
        (ours.AUROC(**options), 0.756610169492),
        (ours.AUPR(**options), 0.495010911800),
        (ours.AUPR(method="trapezoid_reordered", **options), 0.501419097420),
        (ours.F1Max(**options), 0.571428571429),
        (ours.F1AdaptiveThreshold(**options), 0.515625),
        (ours.AUPRO(), 0.584110009352),
        (ours.AUPRO(fpr_limit=0.05), 0.558935297283),
        (ours.AUPIMO(num_thresholds=50, fpr_bounds=(0.05, 0.5), force=True), (0.510328531694 + 0.669706537411) / 3),
    ]:
        value = quiet(metric, whole).item()
        if isinstance(metric, ours.AUPIMO):
            expected += 0.380015874989 / 3
        assert value == pytest.approx(expected, rel=2e-7)
        channel = SimpleNamespace(anomaly_map=whole.anomaly_map[:, None], gt_mask=whole.gt_mask[:, None])
        assert quiet(copy.deepcopy(metric), channel).item() == value
        metric.update(SimpleNamespace(anomaly_map=whole.anomaly_map[:, None], gt_mask=whole.gt_mask.float()))
        assert quiet(metric.compute) == pytest.approx(value, abs=0.02)  # mixed forms of the same

    normal = torch.ones(1000 * 1000, dtype=torch.float64)
    for count in (10**5, 10**4, 1000, 100, 10, 1):
        normal[:count] += 1
    halves = torch.arange(10**6) < 10**5
    masks = torch.stack([torch.zeros_like(halves), torch.ones_like(halves), halves]).reshape(3, 1000, 1000)
    maps = normal.expand(3, -1).reshape(3, 1000, 1000)
    for bounds, expected in (((0.1, 1.0), (0.55, 1.0)), ((1e-3, 1e-1), (0.03025, 0.3025))):
        curves, areas = quiet(
            ours.AUPIMO(num_thresholds=7, fpr_bounds=bounds, force=True, return_average=False),
            SimpleNamespace(anomaly_map=maps, gt_mask=masks),
        )
        assert areas.aupimos[1:].tolist() == pytest.approx(expected)
        assert curves.shared_fpr.tolist() == [1, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6]
        assert curves.image_classes.tolist() == areas.image_classes.tolist() == [0, 1, 1]
        assert (areas.num_normal_images, areas.num_anomalous_images, areas.fpr_bounds) == (1, 2, bounds)
        assert areas.thresh_bounds == tuple(float(curves.thresh_at(level)[1]) for level in reversed(bounds))

    rows = torch.arange(2800.0).reshape(400, 7)
    masks = torch.zeros(2, 400, 7, dtype=torch.int64)
    masks[:, :, 3] = masks[1, :, 1] = masks[1, :, 5] = 1
    for chosen, expected in (([0], 0.166665625), ([1], 0.166666145833), ([0, 1], 0.166666015625)):
        each = SimpleNamespace(anomaly_map=rows.expand(len(chosen), -1, -1), gt_mask=masks[chosen])
        assert ours.AUPRO(fpr_limit=1 / 3)(each).item() == pytest.approx(expected, rel=1e-6)


PIXEL_FIELDS = ("anomaly_map", "gt_mask")


def version():
    return tuple(int(each) for each in sys.modules["anomalib"].__version__.split(".")[:2])


def fields_for(name):
    """Return what anomalib demands."""
    return {} if "fields" in OPTIONS.get(name, {}) else {"fields": IMAGE_FIELDS if name in IMAGE else PIXEL_FIELDS}


IMAGE_FIELDS = ("pred_score", "gt_label")


@pytest.mark.parametrize("kind", ["random", "tied", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_same_as_anomalib(peer, name, kind):
    if name in ("PRO", "PGn", "PBn") and kind == "float64":
        pytest.skip("anomalib fails")
    whole = data(kind)
    batches = [part(whole, slice(0, 7)), part(whole, slice(7, 24))]
    theirs = fed(make(peer, name, **fields_for(name)), *batches)
    old = {"method": "trapezoid_reordered"} if name == "AUPR" and version() < (2, 7) else {}
    mine = fed(make(ours, name, **old), *batches)
    for a, b in zip(tensors(mine), tensors(theirs), strict=True):
        assert a.dtype == b.dtype
        torch.testing.assert_close(a, b, rtol=3e-6, atol=3e-6, equal_nan=True)
    if name == "AUPIMO":
        mine, theirs = (fed(make(module, name, return_average=False), *batches)[1] for module in (ours, peer))
        assert mine.aupimos.tolist() == pytest.approx(theirs.aupimos.tolist(), nan_ok=True)
        for field in ("num_thresholds", "fpr_bounds", "thresh_bounds", "num_images"):
            assert getattr(mine, field) == getattr(theirs, field)
        assert torch.equal(mine.image_classes, 1 - theirs.image_classes)  # inverted there


@pytest.mark.parametrize("thresholds", [20, [0.1, 0.4, 0.45, 0.9]], ids=str)
@pytest.mark.parametrize("name", ["AUROC", "AUPR", "F1AdaptiveThreshold"])
def test_same_as_anomalib_at_given_thresholds(peer, name, thresholds):
    if name == "AUPR" and version() < (2, 7):
        pytest.skip("anomalib gives NaN")
    for fields in (IMAGE_FIELDS, PIXEL_FIELDS):
        mine, theirs = (getattr(module, name)(fields=fields, thresholds=thresholds)(data()) for module in (ours, peer))
        torch.testing.assert_close(mine, theirs, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("name", NAMES[:-1])
def test_a_missing_class(peer, name, label):
    whole = data()
    whole.gt_label[:], whole.gt_mask[:] = label, label
    mine, theirs = make(ours, name), make(peer, name, **fields_for(name))
    for metric in (mine, theirs):
        metric.update(whole)
    if name in ("PGn", "PBn", "PIMO", "AUPIMO"):
        with pytest.raises(ValueError, match=r"there is no|at least one"):
            mine.compute()
        with pytest.raises((ValueError, RuntimeError)):
            quiet(theirs.compute)
        return
    undefined = label == 0 if name in ("AUPR", "F1Max", "PRO") else name != "F1Score"
    if undefined:
        with pytest.warns(ac.UndefinedMetricWarning, match=f"no label (is )?{1 - label}") as caught:
            value = mine.compute()
        assert caught[0].filename == __file__
    else:
        value = mine.compute()
    if (name != "AUPR" or version() >= (2, 7)) and (name, label) != ("PRO", 1):  # takes the only region for background
        torch.testing.assert_close(value, quiet(theirs.compute).squeeze())
    if name == "F1Max":
        assert mine.threshold == theirs.threshold


@pytest.mark.parametrize("name", NAMES)
def test_laws(name):
    """Any batching, forward, merging, copies, state dictionaries, collections and resets give the same bits."""
    whole = data("tied")
    batches = [part(whole, slice(0, 4)), part(whole, slice(4, 5)), part(whole, slice(5, 24))]
    metric, batched, forwarded, left, right = (make(ours, name) for _ in range(5))
    expected = quiet(metric, whole)
    assert equal(fed(batched, *batches), expected)
    if name not in ("PGn", "PBn", "PIMO", "AUPIMO"):  # they need both classes in each batch
        for each in batches:
            assert equal(quiet(forwarded, each), quiet(make(ours, name), each))
        assert equal(quiet(forwarded.compute), expected)
    left.update(batches[0])
    right.update(batches[1])
    right.update(batches[2])
    right.merge_state(left)  # torchmetrics puts what comes in before what is there
    assert equal(quiet(right.compute), expected)
    for copied in (copy.deepcopy(batched), batched.clone(), pickle.loads(pickle.dumps(batched))):
        assert equal(quiet(copied.compute), expected)
    assert not batched.state_dict()
    batched.persistent(True)
    stored = io.BytesIO()
    torch.save(batched.state_dict(), stored)
    stored.seek(0)
    restored = make(ours, name)
    restored.load_state_dict(torch.load(stored, weights_only=True))
    restored._update_count = 1  # torchmetrics does not store it
    assert equal(quiet(restored.compute), expected)
    batched.reset()
    if name in ("F1Score", "PRO"):  # nothing found, nothing missed; no region
        assert quiet(batched.compute) == (name == "PRO")
    else:
        with pytest.raises(ValueError, match="has no data yet"):
            quiet(batched.compute)
    assert equal(fed(batched, whole), expected)
    for change in (lambda: batched.half(), lambda: batched.to("cpu")):
        change()
        assert equal(quiet(batched.compute), expected)


def test_collections():
    whole = data("tied")
    names = ["AUROC", "AUPR", "F1Max", "F1AdaptiveThreshold", "PGn"]
    alone = {name: quiet(make(ours, name), whole) for name in names}
    for groups in (True, False):
        collection = torchmetrics.MetricCollection({name: make(ours, name) for name in names}, compute_groups=groups)
        for where in (slice(0, 9), slice(9, 24)):
            collection.update(part(whole, where))
        assert collection.compute() == alone


def test_three_processes(tmp_path):
    """One of them without data, and both kinds of strictness."""
    lines = run("three_ranks", 3, tmp_path, (tmp_path / "start").as_uri())
    expected = []
    for _ in (True, False):
        for name in NAMES:
            value = fed(make(ours, name), *(each for _, each in shared()))
            sums = (one.double().nan_to_num(7).sum().item().hex() for one in tensors(value))
            expected.append(" ".join([name, *sums]))
    for rank in lines:
        assert rank == expected


@pytest.mark.parametrize("world", [1, 2])
def test_evaluator_and_trainer(peer, tmp_path, world):
    pytest.importorskip("lightning.pytorch")
    ranks = run("with_evaluator", world, tmp_path, str(tmp_path))
    whole, pixels = data("tied"), {"fields": PIXEL_FIELDS}
    expected = {
        "image_AUROC": ours.AUROC()(whole),
        "image_F1Max": ours.F1Max()(whole),
        "pixel_AUROC": ours.AUROC(**pixels)(whole),
        "pixel_F1Score": ours.F1Score(fields=("pred_mask", "gt_mask"))(whole),
        "AUPRO": ours.AUPRO()(whole),
    }
    for lines in ranks:
        logged = dict(line.split() for line in lines if "0x" in line)
        assert {name: float.fromhex(value) for name, value in logged.items()} == expected
    saved = next(tmp_path.rglob("metrics.csv")).read_text().splitlines()[0]
    assert set(expected) <= set(saved.split(","))


def run(what, world, folder, given):
    """Run a function of this file in several processes; return the lines that each has printed."""
    if not torch.distributed.is_available() or not torch.distributed.is_gloo_available():
        pytest.skip("needs torch.distributed with gloo")
    ranks = [
        subprocess.Popen(
            [sys.executable, __file__, what, str(rank), str(world), given],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
        )
        for rank in range(world)
    ]
    try:
        done = [rank.communicate(timeout=250) for rank in ranks]
    finally:
        for rank in ranks:
            rank.kill()
    assert [rank.returncode for rank in ranks] == [0] * world, "".join(errors for _, errors in done)
    return [out.splitlines() for out, _ in done]


def test_fields(peer):
    for module in (ours, peer):
        metric = module.AUROC(fields=["pred_score", "gt_label"], prefix="image_")
        assert (metric.fields, metric.name, metric.strict) == (["pred_score", "gt_label"], "image_AUROC", True)
        assert (module.PGn(prefix="image_", fnr=0.29).name, module.PBn(fpr=0.2).name) == ("PG28", "PB20")
        lacking = part(data(), slice(0, 8))
        del lacking.gt_label
        lacking.gt_mask = None
        strict = module.AUROC(fields=["pred_score", "gt_label"])
        for fields in (["pred_score", "gt_label"], ["anomaly_map", "gt_mask"]):
            loose = module.AUROC(fields=fields, strict=False)
            loose.update(lacking)
            assert not loose.update_called
            assert quiet(loose.compute) is None
            loose.update(data())
            loose.update(lacking)
            assert loose._update_count == 1
            assert loose.compute() is not None
            with pytest.raises(ValueError, match=f"{fields[1]}"):
                module.AUROC(fields=fields).update(lacking)
        with pytest.raises(ValueError, match="gt_label"):
            strict.update(lacking)
        assert not strict.update_called
        with pytest.raises(ValueError, match=r"[Ff]ields must"):
            module.MinMax()
    assert all(isinstance(make(ours, name), peer.AnomalibMetric) for name in NAMES)
    assert peer.Evaluator(test_metrics=ours.AUROC()).test_metrics[0].name == "AUROC"


def test_a_batch_that_is_refused_or_skipped_changes_nothing():
    whole, lacking = data(), SimpleNamespace(pred_score=torch.rand(3))
    for strict in (True, False):
        metric = ours.AUROC(strict=strict)
        expected = metric(whole)
        if strict:
            with pytest.raises(
                ValueError, match="batch must have a value for 'gt_label', which AUROC takes; got a Simple"
            ):
                metric(lacking)
        else:
            assert metric(lacking) is None
        assert metric.compute() == expected
    never = ours.AUROC(strict=False)
    assert never(lacking) is None
    assert quiet(never.compute) is None
    fed_by_another = ours.AUROC(strict=False)
    fed_by_another.update(whole)
    never.merge_state(fed_by_another)
    assert quiet(never.compute) == expected


def test_patching(peer, unpatched):
    module = importlib.import_module("anomalib.metrics.auroc")
    originals = {name: getattr(peer, name) for name in NAMES}
    ours.patch_anomalib(["AUROC"])
    assert peer.AUROC is module.AUROC is ours.AUROC
    assert peer.AUPRO is originals["AUPRO"]
    for _ in range(2):
        ours.patch_anomalib()
        assert all(getattr(peer, name) is getattr(ours, name) for name in NAMES)
    late = type(sys)("anomalib.late")  # a module that imports a class while it is replaced
    late.Mine = peer.AUROC
    sys.modules[late.__name__] = late
    try:
        for _ in range(2):
            ours.unpatch_anomalib()
            assert all(getattr(peer, name) is originals[name] for name in NAMES)
        assert late.Mine is module.AUROC is originals["AUROC"]
    finally:
        del sys.modules[late.__name__]


def test_patching_of_other_versions(peer, unpatched, monkeypatch):
    for unknown in ("1.2.0", "3.0.0rc1", "2.8.0", "unknown"):
        monkeypatch.setattr(sys.modules["anomalib"], "__version__", unknown)
        before = peer.AUROC
        with pytest.warns(ac.CompatibilityWarning, match=f"anomalib {unknown} is not among .* 2.3 to 2.7") as caught:
            ours.patch_anomalib()
        assert caught[0].filename == __file__
        assert peer.AUROC is before


def test_the_post_processor_of_anomalib(peer, unpatched):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        processors = pytest.importorskip("anomalib.post_processing")
    found = []
    for patched in (False, True):
        if patched:
            ours.patch_anomalib()
        processor = processors.PostProcessor()
        assert isinstance(processor._pixel_min_max_metric, ours.MinMax) == patched
        for where in (slice(0, 9), slice(9, 24)):
            each = part(data("random"), where)
            del each.pred_label, each.pred_mask
            processor.on_validation_batch_end(None, None, each)
        processor.on_validation_epoch_end(None, None)
        found.append(torch.stack([processor.image_threshold, processor.pixel_threshold, *processor.buffers()]))
    torch.testing.assert_close(found[0], found[1], rtol=0, atol=0)


def test_checkpoints_of_anomalib_load(peer):
    stored = peer.AUPRO(fields=PIXEL_FIELDS).state_dict()
    assert set(stored) == {"fpr_limit"}
    metric = ours.AUPRO()
    metric.load_state_dict(stored)
    torch.nn.ModuleList([metric]).load_state_dict({"0.fpr_limit": torch.tensor(0.3)})
    with pytest.raises(RuntimeError, match="Unexpected key"):
        metric.load_state_dict({"other": torch.tensor(0.3)})


def test_differences_on_purpose(peer):
    """The list of the module's documentation."""
    batches = batch([0.9, 0.2], [0, 0]), batch([1.5, 0.3], [1, 0])
    assert fed(ours.AUROC(), *batches) == 1
    theirs = fed(peer.AUROC(fields=IMAGE_FIELDS), *batches)
    assert theirs == pytest.approx(2 / 3)
    assert fed(ours.AUROC(normalization="sigmoid_per_batch"), *batches) == pytest.approx(2 / 3)

    halves = batch([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]), batch([0.2, 0.9, 0.3, 0.7], [1, 0, 1, 0])
    left, right, forward = (peer.F1Max(fields=IMAGE_FIELDS) for _ in range(3))
    left.update(halves[0])
    right.update(halves[1])
    left.merge_state(right)
    for half in halves:
        forward(half)
    assert (left.compute(), forward.compute()) == (pytest.approx(0.8), pytest.approx(2 / 3))  # of 8/11
    left.reset()
    left.update(halves[1])
    for name in ("PGn", "PBn", "PRO", "MinMax"):
        with pytest.raises(RuntimeError, match="merge_state"):
            make(peer, name).merge_state(make(peer, name))

    lost = peer.AUROC(fields=IMAGE_FIELDS)
    lost.update(halves[0])
    with pytest.raises(ValueError, match="gt_label"):
        lost(SimpleNamespace(pred_score=torch.rand(2)))
    assert not lost.preds  # what came before is gone

    channel = SimpleNamespace(anomaly_map=torch.rand(2, 1, 8, 8), gt_mask=torch.ones(2, 1, 8, 8, dtype=torch.int64))
    channel.gt_mask[:, :, :6] = 0
    with pytest.raises((IndexError, ValueError, RuntimeError)):
        fed(peer.AUPRO(fields=PIXEL_FIELDS), channel)
    fed(ours.AUPRO(), channel)
    sizes = [SimpleNamespace(anomaly_map=torch.rand(1, n, 9), gt_mask=torch.rand(1, n, 9) > 0.5) for n in (7, 8)]
    with pytest.raises(RuntimeError):
        fed(peer.AUPRO(fields=PIXEL_FIELDS), *sizes)
    assert 0 <= fed(ours.AUPRO(), *sizes) <= 1
    many = batch(torch.rand(2**24 + 2), torch.arange(2**24 + 2) > 0)
    with pytest.raises(RuntimeError, match="too large"):
        fed(peer.PGn(), many)
    assert fed(ours.PGn(), many) in (0, 1)

    full = SimpleNamespace(pred_mask=torch.zeros(1, 4, 4).bool(), gt_mask=torch.ones(1, 4, 4).bool())
    assert fed(peer.PRO(fields=("pred_mask", "gt_mask")), full) == 1  # the only region counts as background there
    assert fed(ours.PRO(), full) == 0


def test_old_arguments_of_torchmetrics_arrive():
    metric = ours.AUPRO(fpr_limit=0.05, compute_on_cpu=True, sync_on_compute=False, dist_sync_on_step=False)
    metric.update(data())
    assert (metric.compute_on_cpu, metric.sync_on_compute) == (True, False)
    assert quiet(metric.compute).item() == pytest.approx(ac.metrics.aupro(*pair(), integration_limit=0.05), rel=1e-7)


def pair():
    whole = data()
    return whole.anomaly_map, whole.gt_mask


def test_decisions_and_pro():
    """F1 and PRO against the metrics that count regions one by one, of every form of decisions."""
    maps, masks = pair()
    labels, per_image = ac.metrics.connected_components(masks)
    found = maps > 0.5
    shares = [found[labels == region].double().mean().item() for region in range(1, int(per_image.sum()) + 1)]
    for preds in (maps, maps.double(), found, found.int(), found[:, None]):
        each = SimpleNamespace(pred_mask=preds, gt_mask=masks)
        assert ours.PRO().set_dtype(torch.float64)(each).item() == pytest.approx(np.mean(shares), rel=1e-15)
        if preds.ndim == 3:
            f1 = torchmetrics.classification.BinaryF1Score(multidim_average="samplewise")(found.int(), masks.int())
            metric = ours.F1Score(fields=("pred_mask", "gt_mask"), multidim_average="samplewise")
            torch.testing.assert_close(metric(each), f1)
    ignored = masks.int()
    ignored[:, 4] = 7
    f1 = torchmetrics.classification.BinaryF1Score(ignore_index=7)(found.int(), ignored)
    torch.testing.assert_close(plain.BinaryF1Score(ignore_index=7)(maps, ignored), f1)
    split = ac.metrics.connected_components(ignored == 1)[0]
    shares = [found[split == region].double().mean().item() for region in range(1, int(split.max()) + 1)]
    assert plain.BinaryPRO(ignore_index=7)(maps, ignored).item() == pytest.approx(np.mean(shares), rel=1e-6)
    mine, theirs = (
        list(inspect.signature(each.__init__).parameters)
        for each in (plain.BinaryF1Score, torchmetrics.classification.BinaryF1Score)
    )
    assert mine == theirs
    nothing = torch.zeros(4), torch.zeros(4).int()
    assert (plain.BinaryF1Score()(*nothing), plain.BinaryF1Score(zero_division=1)(*nothing)) == (0, 1)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ours.AUROC(fields="pred_score"), TypeError, "fields must be a sequence of names; got 'pred_score'"),
        (lambda: ours.AUROC(prefix=3), TypeError, "prefix must be a str; got 3"),
        (lambda: ours.AUROC(strict=1), TypeError, "strict must be True or False; got 1"),
        (lambda: ours.MinMax(), ValueError, "fields must name what MinMax takes"),
        (lambda: ours.AnomalibMetric(fields=["a"]), TypeError, "must derive from a torchmetrics.Metric"),
        (lambda: ours.AUPR(method="step"), ValueError, "method must be one of 'average_precision', .*; got 'step'"),
        (lambda: ours.AUPR(method="trapezoid_reordered", thresholds=5), ValueError, "thresholds must be None for"),
        (lambda: ours.AUPRO(fpr_limit=0), ValueError, r"fpr_limit must lie in \(0, 1\]; got 0"),
        (lambda: ours.PGn(fnr=1.5), ValueError, r"fnr must lie in \[0, 1\]; got 1.5"),
        (lambda: ours.PBn(fpr=-1), ValueError, r"fpr must lie in \[0, 1\]; got -1"),
        (lambda: ours.PIMO(), TypeError, "num_thresholds"),
        (lambda: ours.PIMO(num_thresholds=1), ValueError, "num_thresholds must be an integer >= 2; got 1"),
        (lambda: ours.PIMO(num_thresholds=2.5), TypeError, "num_thresholds must be an integer >= 2; got 2.5"),
        (lambda: ours.AUPIMO(fpr_bounds=(0.1, 0.01)), ValueError, "fpr_bounds must satisfy"),
        (lambda: ours.AUPIMO(force=1), TypeError, "force must be True or False"),
        (lambda: ours.F1Score(threshold="half"), TypeError, "threshold must be a number"),
        (lambda: ours.PRO(threshold=float("nan")), ValueError, "threshold must not be NaN"),
        (lambda: ours.F1Score(zero_division=2), ValueError, "zero_division must be one of 0, 1; got 2"),
        (lambda: ours.AUROC()(batch([0.1, float("nan")], [0, 1])), ValueError, "preds contains 1 NaN"),
        (
            lambda: ours.F1Score()(SimpleNamespace(pred_label=torch.tensor([0, 2]), gt_label=torch.tensor([0, 1]))),
            ValueError,
            r"preds of torch.int64 must hold 0 and 1 only; got \[0, 2\]",
        ),
        (
            lambda: ours.AUROC()(batch([0.1, 0.2], [0.0, 0.5])),
            ValueError,
            r"gt_label must hold 0 and 1 only; got \[0.0, 0.5\]",
        ),
        (lambda: ours.AUROC()(batch([0.1, 0.2], [0, 1, 1])), ValueError, "same shape"),
        (lambda: ours.MinMax(fields=["gt_label"])(batch([0.1], [1])), ValueError, "floats; got torch.int64"),
        (lambda: ours.MinMax(fields=["pred_score"])(batch([0.1, float("nan")], [1, 1])), ValueError, "contains 1 NaN"),
        (
            lambda: plain.PIMO(5)(torch.arange(4).reshape(1, 2, 2), torch.ones(1, 2, 2).int()),
            TypeError,
            "must hold floats",
        ),
        (lambda: plain.PIMO(5)(torch.rand(1, 2, 2), torch.rand(1, 2, 2)), TypeError, "masks must hold integers"),
        (lambda: ours.patch_anomalib("AUROC"), TypeError, "names must be a list of names of classes; got 'AUROC'"),
        (lambda: ours.patch_anomalib(["AUROK"]), ValueError, r"names must be among AUPIMO, .*; got \['AUROK'\]"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message) as caught:
        quiet(call)
    assert isinstance(caught.value, ac.AnomalibCppError) or "positional argument" in str(caught.value)


def test_curves_that_do_not_exist_are_both_kinds_of_error():
    """anomalib raises RuntimeError for some of them and ValueError for others."""
    metric = make(ours, "AUPIMO")
    for error in (ValueError, RuntimeError):
        with pytest.raises(error, match="has no data yet"):
            quiet(metric.compute)
    metric.update(data())
    metric.fpr_bounds = (1e-9, 1e-8)
    for error in (ValueError, RuntimeError):
        with pytest.raises(error, match="fpr_bounds must"):
            metric.compute()
    metric.fpr_bounds, metric.num_thresholds = (0.01, 0.2), 60
    with pytest.raises(RuntimeError, match=r"more than 30 thresholds; got \d+ \(force=True accepts them\)"):
        quiet(metric.compute)
    metric.force = True
    with pytest.warns(ac.UndefinedMetricWarning) as caught:
        metric.compute()
    assert {each.filename for each in caught} == {__file__}
    assert any("thresholds lie between the bounds" in str(each.message) for each in caught)
    assert metric.num_images == 24
    assert torch.equal(metric.image_classes, data().gt_label.int())


@pytest.mark.parametrize(("name", "title"), [("AUROC", "ROC"), ("AUPR", "PR"), ("AUPRO", "PRO")])
def test_figures(name, title):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    pyplot = importlib.import_module("matplotlib.pyplot")
    metric = make(ours, name)
    value = metric(data())
    figure, shown = metric.generate_figure()
    assert shown == title
    assert f"{name}: {value:.2f}" in [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    pyplot.close("all")


def test_without_anomalib():
    code = """
import test_torchmetrics_dropin, sys
sys.modules["anomalib"] = None
from anomalib_cpp.anomalib import AUROC, patch_anomalib
AUROC()
try:
    patch_anomalib()
except ImportError as error:
    print(error)
"""
    folder = pathlib.Path(__file__).parent
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, timeout=120)
    assert "patch_anomalib needs anomalib: pip install anomalib" in done.stdout, done.stderr


def test_the_page_for_those_who_come_from_anomalib():
    import doctest

    page = pathlib.Path(__file__).parents[1] / "docs" / "coming_from_anomalib.md"
    found = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert (found.failed, found.attempted > 15) == (0, True)


if __name__ == "__main__":
    called, rank_, world_, given_ = sys.argv[1:]
    {"three_ranks": three_ranks, "with_evaluator": with_evaluator}[called](int(rank_), int(world_), given_)
