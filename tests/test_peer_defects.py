"""Where peers give another number because of a defect: the defect in the peer itself, and what ours gives.

One test per defect, against the versions that `benchmarks/peers.py` and the documentation are written for; other
versions may have mended it, so their tests are skipped.
"""

import ast
import doctest
import importlib
import importlib.metadata
import logging
import pathlib
import re
import textwrap
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from anomalib_cpp import adeval as our_adeval
from anomalib_cpp import metrics

torch = pytest.importorskip("torch")
t = torch.tensor
NAN, INF = float("nan"), float("inf")
PAGE = pathlib.Path(__file__).parents[1] / "docs" / "why_numbers_differ.md"


def pinned(package, series):
    """Import a peer, quietly, if it is of the series that these tests know."""
    try:
        version = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"{package} is not installed")
    if not version.startswith(f"{series}."):
        pytest.skip(f"the defect was seen in {package} {series}; got {version}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.import_module("test_torchmetrics_dropin")  # mends torchvision
        return importlib.import_module({"anomalib": "anomalib.metrics"}.get(package, package))


@pytest.fixture(scope="module")
def torchmetrics():
    pinned("torchmetrics", "1.9")
    return importlib.import_module("torchmetrics.classification")


@pytest.fixture(scope="module")
def anomalib():
    module = pinned("anomalib", "2.7")
    logging.getLogger("anomalib").setLevel(logging.ERROR)
    return module


@pytest.fixture
def adeval(monkeypatch):
    monkeypatch.setattr(np, "trapz", getattr(np, "trapezoid", None) or np.trapz, raising=False)  # noqa: NPY201
    return pinned("adeval", "1.1")


def batch(scores, labels):
    return SimpleNamespace(pred_score=torch.as_tensor(scores), gt_label=torch.as_tensor(labels))


def images(maps, masks):
    return SimpleNamespace(anomaly_map=maps, gt_mask=masks)


def fed(metric, *batches):
    for each in batches:
        metric.update(each)
    return metric.compute()


IMAGE, PIXEL = {"fields": ["pred_score", "gt_label"]}, {"fields": ["anomaly_map", "gt_mask"]}


# torchmetrics


def test_a_sigmoid_on_some_batches_only(torchmetrics):
    metric = torchmetrics.BinaryAUROC()
    metric.update(t([0.9, 0.2]), t([0, 0]))
    metric.update(t([1.5, 0.3]), t([1, 0]))
    assert metric.compute() == pytest.approx(2 / 3)
    assert metrics.auroc([0.9, 0.2, 1.5, 0.3], [0, 0, 1, 0]) == 1


def test_a_sigmoid_ties_large_scores(torchmetrics):
    scores, labels = t([20.0, 21.0, 22.0, 23.0]), t([0, 0, 1, 1])
    assert torchmetrics.BinaryAUROC()(scores, labels) == 0.5
    assert metrics.auroc(scores, labels) == 1


def test_a_threshold_that_is_compared_with_a_sigmoid(torchmetrics):
    f1 = torchmetrics.BinaryF1Score(threshold=0.5)
    assert f1(t([0.9, 0.3, 0.4]), t([1, 0, 0])) == 1
    assert f1(t([1.2, 0.3, 0.4]), t([1, 0, 0])) == 0.5  # now everything is above 0.5
    ours = importlib.import_module("anomalib_cpp.torchmetrics")
    assert ours.BinaryF1Score(threshold=0.5)(t([1.2, 0.3, 0.4]), t([1, 0, 0])) == 1


def test_nan_is_the_highest_score(torchmetrics):
    assert torchmetrics.BinaryAUROC()(t([0.1, 0.2, NAN]), t([0, 0, 1])) == 1
    with pytest.raises(ValueError, match="scores contains 1 NaN"):
        metrics.auroc([0.1, 0.2, NAN], [0, 0, 1])


def test_labels_other_than_one_are_normal(torchmetrics):
    assert torchmetrics.BinaryAUROC()(t([0.1, 0.2, 0.3]), t([0, 2, 1])) == 1
    with pytest.raises(ValueError, match="labels"):
        metrics.auroc([0.1, 0.2, 0.3], [0, 2, 1])


def test_no_beginning_at_given_thresholds(torchmetrics):
    scores, labels = t([1.0, 1.0, 0.5]), t([0, 1, 0])
    assert torchmetrics.BinaryAUROC(thresholds=5)(scores, labels) == 0.5
    assert metrics.auroc(scores, labels) == 0.75


def test_a_limit_beyond_the_curve(torchmetrics):
    with pytest.raises(IndexError):
        torchmetrics.BinaryAUROC(max_fpr=1.5)(t([0.1, 0.2, 0.3]), t([0, 1, 1]))
    with pytest.raises(ValueError, match=r"max_fpr must lie in \(0, 1\]; got 1.5"):
        metrics.auroc([0.1, 0.2, 0.3], [0, 1, 1], max_fpr=1.5)


def test_points_of_one_recall_from_the_worst_precision_to_the_best(torchmetrics):
    """As anomalib's AUPR did before version 2.7, with the same function of torchmetrics."""
    auc = importlib.import_module("torchmetrics.utilities.compute").auc
    scores, labels = t([0.1, 0.2, 0.3, 0.4]), t([0, 0, 1, 1])
    precision, recall, _ = torchmetrics.BinaryPrecisionRecallCurve()(scores, labels)
    assert auc(recall, precision, reorder=True) == 0.875
    assert metrics.aupr(scores, labels) == 1
    assert metrics.aupr(scores, labels, variant="anomalib") == 0.875


# anomalib


HALVES = batch([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]), batch([0.2, 0.9, 0.3, 0.7], [1, 0, 1, 0])


def both_halves():
    return metrics.f1_max(*(torch.cat([getattr(half, name) for half in HALVES]) for name in ("pred_score", "gt_label")))


def test_f1_max_forgets_batches_in_forward(anomalib):
    metric = anomalib.F1Max(**IMAGE)
    for half in HALVES:
        metric(half)
    assert metric.compute() == pytest.approx(2 / 3)  # the last batch
    assert both_halves().value == pytest.approx(8 / 11)


def test_f1_max_merges_nothing(anomalib):
    left, right = (anomalib.F1Max(**IMAGE) for _ in range(2))
    left.update(HALVES[0])
    right.update(HALVES[1])
    left.merge_state(right)
    assert left.compute() == pytest.approx(0.8)  # its own batch
    assert both_halves().value == pytest.approx(8 / 11)


def test_f1_max_remembers_its_value_after_reset(anomalib):
    ours = importlib.import_module("anomalib_cpp.anomalib")
    for module, forgets in ((anomalib, False), (ours, True)):
        metric = module.F1Max(**IMAGE)
        fed(metric, HALVES[0])
        metric.reset()
        if forgets:
            with pytest.warns(UserWarning, match="before"), pytest.raises(ValueError, match="no data yet"):
                metric.compute()
        else:
            assert metric.compute() == pytest.approx(0.8)


def test_infinite_scores_do_not_tie(anomalib):
    """inf - inf is NaN, which is taken for a difference: the order of the input then decides."""
    scores = [0.0, INF, INF, INF, INF]
    values = [fed(anomalib.F1Max(**IMAGE), batch(scores, labels)) for labels in ([0, 1, 1, 0, 0], [0, 0, 0, 1, 1])]
    assert values == [1, pytest.approx(2 / 3)]
    ours = {metrics.f1_max(scores, labels).value for labels in ([0, 1, 1, 0, 0], [0, 0, 0, 1, 1])}
    assert ours == {2 / 3}


def test_the_threshold_of_the_best_f1_is_not_the_lowest(anomalib):
    """2 * 1 / 6 and 2 * 2 / 12 differ in float32, once 1e-10 is added to a denominator."""
    labels = [1, 0, 0, 0, 0, 0, 1, 0, 0, 0]
    scores = [(i + 1) / 16 for i in range(10)]
    assert fed(anomalib.F1AdaptiveThreshold(**IMAGE), batch(scores, labels)) == 7 / 16
    assert metrics.f1_adaptive_threshold(scores, labels) == 1 / 16


def test_aupro_takes_nan_for_the_highest_score(anomalib):
    maps, masks = t([[[0.1, 0.2, NAN, 0.3]]]), t([[[0, 0, 1, 0]]])
    assert fed(anomalib.AUPRO(**PIXEL), images(maps, masks)) == 1
    with pytest.raises(ValueError, match="maps contains 1 NaN"):
        metrics.aupro(maps, masks)


def test_aupro_narrows_float64(anomalib):
    maps = 1 + 1e-9 * torch.arange(4, dtype=torch.float64).reshape(1, 1, 4)
    masks = t([[[0, 0, 0, 1]]])
    assert fed(anomalib.AUPRO(**PIXEL), images(maps, masks)) == pytest.approx(0.15)  # a constant map
    assert metrics.aupro(maps, masks) == 1


def test_a_wholly_anomalous_image_counts_as_normal(anomalib):
    """Its components lose the label that comes first, which is the background of other images."""
    maps = torch.arange(32.0).reshape(2, 4, 4)
    masks = torch.zeros(2, 4, 4, dtype=torch.int64)
    masks[0, 3, 3] = masks[1] = 1
    assert fed(anomalib.AUPRO(**PIXEL), images(maps, masks)) == 0  # all of the second image is a false alarm
    assert fed(anomalib.PRO(**PIXEL), images(maps - 24, masks)) == 0
    assert metrics.aupro(maps, masks) == 1
    assert metrics.pro_score(maps > 24, masks) == pytest.approx(7 / 32)  # 0 of one pixel, 7 of 16


def test_aupro_with_a_channel_or_of_several_sizes(anomalib):
    ours = importlib.import_module("anomalib_cpp.anomalib")
    maps, masks = torch.arange(32.0).reshape(2, 1, 4, 4), (torch.arange(32) > 28).int().reshape(2, 1, 4, 4)
    sizes = [images(maps[:1, 0], masks[:1, 0]), images(maps[1:, 0, 1:], masks[1:, 0, 1:])]
    for batches, error in (([images(maps, masks)], IndexError), (sizes, RuntimeError)):
        with pytest.raises(error):
            fed(anomalib.AUPRO(**PIXEL), *batches)
        assert fed(ours.AUPRO(), *batches) == 1


def test_normalised_scores_are_clipped(anomalib):
    normalise = importlib.import_module("anomalib.post_processing").PostProcessor._normalize
    scores, labels = t([0, 0.1, 0.15, 0.75, 0.8, 0.9, 0.85, 0.95]), t([0, 0, 0, 0, 1, 1, 0, 1])
    clipped = normalise(scores, t(0.0), t(1.0), t(0.2))
    assert (clipped == 1).sum() == 5
    assert metrics.auroc(clipped, labels) == pytest.approx(0.8)
    assert metrics.auroc(scores, labels) == pytest.approx(14 / 15)


def test_classes_of_aupimo_are_inverted(anomalib):
    maps = torch.arange(20000.0).reshape(2, 100, 100)
    masks = torch.zeros(2, 100, 100, dtype=torch.int64)
    masks[1, :10] = 1
    options = {"num_thresholds": 10_000, "fpr_bounds": (0.01, 0.1), "return_average": False}
    classes = []
    for module in (anomalib, importlib.import_module("anomalib_cpp.anomalib")):
        classes.append(fed(module.AUPIMO(**PIXEL, **options), images(maps, masks))[1].image_classes.tolist())
    assert classes == [[1, 0], [0, 1]]


def test_pbn_refuses_sixteen_million_scores(anomalib):
    many = batch(torch.zeros(2**24 + 2), torch.zeros(2**24 + 2, dtype=torch.uint8))
    many.pred_score[0] = many.gt_label[0] = 1
    with pytest.raises(RuntimeError, match="too large"):
        fed(anomalib.PBn(**IMAGE), many)
    assert metrics.pbn(many.pred_score, many.gt_label) == 1


def test_pgn_of_float64_and_of_neighbours_in_float32(anomalib):
    labels = [0, 0, 1, 1]
    with pytest.raises(RuntimeError, match="dtype"):
        fed(anomalib.PGn(**IMAGE), batch(t([0.1, 0.4, 0.35, 0.8], dtype=torch.float64), labels))
    assert metrics.pgn([0.1, 0.4, 0.35, 0.8], labels) == 0.5
    one = np.nextafter(
        np.float32(1), np.float32(0)
    )  # the quantile lies between these neighbours, above both normal ones
    scores = [one, one, one, np.float32(1)]
    assert fed(anomalib.PGn(fnr=0.2, **IMAGE), batch(scores, labels)) == 0
    assert metrics.pgn(scores, labels, fnr=0.2) == 1


def test_float32_counts_end_at_two_to_the_24(anomalib):
    """anomalib's AUPRO adds up ones in float32: the steps of some pixels vanish."""
    counted = torch.ones(2**24 + 1000).cumsum(0)
    assert (counted.diff() == 0).sum() == 500
    scores = np.zeros(2**24 + 2, np.uint8)
    scores[-1] = 1
    assert metrics.confusion_counts(scores, scores, [0.0]).fp.tolist() == [2**24 + 1]


def test_pro_of_float64(anomalib):
    maps, masks = torch.tensor([[[0.9, 0.2, 0.7]]], dtype=torch.float64), t([[[1.0, 0.0, 0.0]]])
    with pytest.raises(TypeError):
        fed(anomalib.PRO(fields=["anomaly_map", "gt_mask"]), images(maps, masks))
    ours = importlib.import_module("anomalib_cpp.anomalib")
    assert fed(ours.PRO(fields=["anomaly_map", "gt_mask"]), images(maps, masks)) == 1


@pytest.mark.parametrize("name", ["PGn", "PBn", "PRO", "MinMax"])
def test_merging_is_refused(anomalib, name):
    first, second = (getattr(anomalib, name)(fields=["pred_score"]) for _ in range(2))
    with pytest.raises(RuntimeError, match="merge_state"):
        first.merge_state(second)


def test_a_refused_batch_takes_the_others_with_it(anomalib):
    ours = importlib.import_module("anomalib_cpp.anomalib")
    for module, left in ((anomalib, 0), (ours, 1)):
        metric = module.AUROC(**IMAGE)
        metric.update(HALVES[0])
        with pytest.raises(ValueError, match="gt_label"):
            metric(SimpleNamespace(pred_score=torch.rand(2)))
        assert len(metric.preds) == left


# ADEval


def test_no_beginning_above_the_highest_edge(adeval):
    scores, labels = np.arange(1.0, 7.0), np.array([0, 0, 0, 1, 1, 1])
    assert adeval.auroc_and_aupr(scores, labels) == (1.0, pytest.approx(2 / 3))
    assert metrics.aupr(scores, labels) == 1


def test_no_end_below_the_lowest_edge(adeval):
    """0.1 lies below the lowest edge, which is 0.1 in float32."""
    scores, labels = np.array([0.1, 0.2, 0.3, 0.7, 0.8, 0.9]), np.array([0, 0, 0, 1, 1, 1])
    assert adeval.auroc(scores, labels) == pytest.approx(2 / 3)
    assert metrics.auroc(scores, labels) == 1


def test_fifty_bins(adeval):
    """The number that ADer asks for."""
    rng = np.random.default_rng(0)
    masks = np.zeros((8, 64, 64), np.uint8)
    masks[4:, 20:28, 10:26] = 1
    maps = (rng.gamma(1.0, 1.0, masks.shape) + 2.5 * masks).astype(np.float32)
    theirs = adeval.auroc_aupr_aupro(maps, masks, nstrips=50)
    exact = metrics.auroc(maps, masks), metrics.aupr(maps, masks), metrics.aupro(maps, masks)
    assert np.subtract(theirs, exact).round(4).tolist() == [-0.0004, -0.0025, -0.0014]
    assert our_adeval.auroc_aupr_aupro(maps, masks, nstrips=50) == pytest.approx(theirs, abs=1e-7)


def test_the_highest_score_counts_twice_on_a_gpu(adeval):
    counted = importlib.import_module("adeval.cuda_mem_effic")._histogram_bins
    scores = torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64)
    assert counted(scores, 5, 0.0, 1.0).sum() == 4  # of three
    assert our_adeval.EvalAccumulatorCuda is our_adeval.EvalAccumulator


def test_constant_scores_are_an_assertion(adeval):
    with pytest.raises(AssertionError):
        adeval.auroc(np.ones(4), np.array([0, 1, 0, 1]))
    with pytest.raises(ValueError, match="preds must not all be equal"):
        our_adeval.auroc(np.ones(4), np.array([0, 1, 0, 1]))
    assert our_adeval.auroc(np.ones(4), np.array([0, 1, 0, 1]), variant="exact") == 0.5


def test_sixteen_bits_of_regions(adeval):
    cv2 = pytest.importorskip("cv2")
    masks = np.zeros((1, 512, 512), np.uint8)
    masks[:, ::2, ::2] = 1
    maps = masks + np.linspace(0, 0.5, masks.size, dtype=np.float32).reshape(masks.shape)
    if cv2.__version__ >= "5":  # before, numbers wrapped around
        with pytest.raises(cv2.error, match=r"[Oo]verflow"):
            adeval.auroc_aupr_aupro(maps, masks)
    assert our_adeval.auroc_aupr_aupro(maps, masks)[2] == pytest.approx(1)


def test_infinite_scores_give_negative_areas(adeval):
    scores, labels = np.array([0.0, 1.0, INF]), np.array([0, 1, 1])
    with np.errstate(invalid="ignore"):
        assert adeval.auroc_and_aupr(scores, labels) == (0, -0.5)
    with pytest.raises(ValueError, match="preds must be finite"):
        our_adeval.auroc(scores, labels)
    assert our_adeval.auroc(scores, labels, variant="exact") == 1


def test_nothing_found_below_the_limit_is_nan(adeval):
    maps = np.linspace(0, 1, 100, dtype=np.float32).reshape(1, 10, 10)
    masks = (maps < 0.1).astype(np.uint8)
    with np.errstate(invalid="ignore"):
        assert np.isnan(adeval.auroc_aupr_aupro(maps, masks)[2])  # 0 / 0
    assert our_adeval.auroc_aupr_aupro(maps, masks)[2] == 0


def test_maps_of_fewer_than_64_pixels(adeval):
    """It takes a stack of them for one map, but not the stack of their masks."""
    maps = np.linspace(0, 1, 72, dtype=np.float32).reshape(2, 6, 6)
    masks = (maps > 0.9).astype(np.uint8)
    with pytest.raises(AssertionError):
        adeval.auroc_aupr_aupro(maps, masks)
    assert our_adeval.auroc_aupr_aupro(maps, masks)[0] == 1


def test_nan_is_dropped_without_a_word(adeval):
    theirs, ours = adeval.EvalAccumulator(0, 1, skip_pixel_aupro=True), our_adeval.EvalAccumulator(0, 1)
    theirs.add_image([0.1, NAN, 0.9], [0, 0, 1])
    with np.errstate(invalid="ignore"):
        assert theirs.summary()["i_auroc"] == 1
    with pytest.raises(ValueError, match="score contains 1 NaN"):
        ours.add_image([0.1, NAN, 0.9], [0, 0, 1])


def test_no_summary_without_maps(adeval):
    theirs, ours = adeval.EvalAccumulator(0, 1), our_adeval.EvalAccumulator(0, 1)
    for accumulator in (theirs, ours):
        accumulator.add_image([0.1, 0.9], [0, 1])
    with np.errstate(invalid="ignore"), pytest.raises(IndexError):
        theirs.summary()
    assert ours.summary()["i_auroc"] == 1


def test_masks_must_be_uint8(adeval):
    cv2 = pytest.importorskip("cv2")
    maps = np.linspace(0, 1, 162, dtype=np.float32).reshape(2, 9, 9)
    masks = maps > 0.9
    with pytest.raises(cv2.error):
        adeval.auroc_aupr_aupro(maps, masks)
    assert our_adeval.auroc_aupr_aupro(maps, masks)[0] == 1


def test_a_name_that_numpy_no_longer_has(adeval, monkeypatch):
    monkeypatch.undo()
    if hasattr(np, "trapz"):
        pytest.skip("NumPy before 2.4 has trapz")
    with pytest.raises(AttributeError, match="trapz"):
        adeval.auroc(np.arange(4.0), np.array([0, 1, 0, 1]))
    assert our_adeval.auroc(np.arange(4.0), np.array([0, 1, 0, 1])) == 0.75


def test_equidistant_ranks_of_tied_scores(adeval):
    """The evaluation of MVTec 3D, in ADEval's copy: ranks stand for rates, so that a tie is broken by position."""
    area = importlib.import_module("adeval.au_pro").calculate_au_pro
    maps, masks = np.ones((1, 8, 8), np.float32), np.eye(8, dtype=np.uint8)[None]
    maps[0, 7, 0] = 2  # a normal pixel
    assert area(masks, maps)[0] == pytest.approx(0)
    assert metrics.aupro(maps, masks, variant="quantile") == pytest.approx(0)
    assert metrics.aupro(maps, masks) == pytest.approx(0.13, abs=0.01)  # hardly any information: half of the limit


# The page that explains them


def test_the_reproductions_of_the_page(torchmetrics, anomalib, adeval):
    """Blocks marked py are peers' own lines; a comment says what a line gives."""
    text = PAGE.read_text(encoding="utf-8")
    names = {}
    for example in doctest.DocTestParser().get_examples(text):
        if example.exc_msg is None:
            exec(example.source, names)
    blocks = re.findall(r"(?m)^( *)```py\n(.*?)^ *```$", text, re.DOTALL)
    assert len(blocks) > 15
    for indent, indented in blocks:
        block = textwrap.dedent(indented) if indent else indented
        for statement in ast.parse(block).body:
            expected = block.splitlines()[statement.end_lineno - 1].partition("  # gives ")[2]
            if expected:
                assert str(eval(ast.unparse(statement), names)).startswith(expected), ast.unparse(statement)
            else:
                exec(ast.unparse(statement), names)
