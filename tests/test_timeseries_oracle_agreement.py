"""Every metric of a series against the slow oracles, on random series with and without ties."""

import math

import numpy as np
import pytest

from anomalib_cpp import timeseries as ts
from timeseries_oracles import adjust, affiliation, eventwise, pate, ranges, ranking, severity, vus
from timeseries_oracles.events import distinct_thresholds, predict
from timeseries_oracles.series import label_ranges, random_case

# A series of one event, one of touching buffers, short ones, and others of every kind; levels: ties.
CASES = [random_case(seed, length, levels=levels) for seed, (length, levels) in enumerate(
    [(120, None), (120, 5), (60, 3), (7, None), (200, None), (90, 12), (33, 2), (150, None), (250, 30), (45, None)]
)]  # fmt: skip
CASES += [
    (np.arange(30.0)[::-1], label_ranges(30, [(0, 4), (6, 6), (29, 29)])),
    (np.tile([1.0, 0.0], 20), label_ranges(40, [(3, 20)])),
    (np.ones(12), label_ranges(12, [(2, 3), (5, 8)])),
]
IDS = range(len(CASES))


def exactly(value):
    return pytest.approx(value, rel=0, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("index", IDS)
@pytest.mark.parametrize(
    ("native", "reference"),
    [
        ({"early_buffer": 6, "delay_buffer": 9}, {"e_buffer": 6, "d_buffer": 9}),
        (
            {"early_buffer": 40, "delay_buffer": 3, "num_splits": 2, "percentile_thresholds": False},
            {"e_buffer": 40, "d_buffer": 3, "num_splits_MaxBuffer": 2, "Big_Data": False},
        ),
        (
            {"early_buffer": 5, "delay_buffer": 5, "num_thresholds": 7, "drop_intermediate": False},
            {"e_buffer": 5, "d_buffer": 5, "num_desired_thresholds": 7, "drop_intermediate": False},
        ),
    ],
)
def test_pate(index, native, reference):
    scores, labels = CASES[index]
    assert ts.pate(scores, labels, **native) == exactly(pate.pate(scores, labels, **reference))


@pytest.mark.parametrize("index", IDS)
def test_pate_at_every_threshold(index):
    scores, labels = CASES[index]
    found = ts.pate_curve(scores, labels, early_buffer=4, delay_buffer=7)
    for threshold, precision, recall in zip(found.thresholds, found.precision, found.recall, strict=True):
        expected = pate.precision_and_recall(predict(scores, threshold), labels, early=4, delay=7)
        assert (precision, recall) == exactly(tuple(map(float, expected)))


@pytest.mark.parametrize("index", IDS)
@pytest.mark.parametrize("variant", ["opt", "vldb", "vldb_sym"])
@pytest.mark.parametrize("setting", [(9, 250), (24, 10)])
def test_vus(index, variant, setting):
    scores, labels = CASES[index]
    window, thresholds = setting
    found = ts.vus(scores, labels, window=window, num_thresholds=thresholds, variant=variant)
    assert (found.roc, found.pr) == exactly(vus.vus(scores, labels, window=window, thre=thresholds, variant=variant))


@pytest.mark.parametrize("index", IDS)
def test_buffers_of_a_share_of_each_event(index):
    scores, labels = CASES[index]
    for share in (0.2, 1.5):
        found = ts.range_auc(scores, labels, percentage=share)
        assert (found.roc, found.pr) == exactly(vus.r_auc(scores, labels, percentage=share, variant="vldb"))


@pytest.mark.parametrize("index", IDS)
@pytest.mark.parametrize("variant", ["fixed", "tsbad"])
def test_vus_of_predictions(index, variant):
    scores, labels = CASES[index]
    points = scores > np.median(scores)
    found = ts.vus_prediction(points, labels, window=11, variant=variant)
    assert tuple(found.values()) == exactly(tuple(vus.vus_pred(points, labels, window=11, variant=variant)))


@pytest.mark.parametrize("index", IDS)
def test_event_metrics_at_every_threshold(index):
    scores, labels = CASES[index]
    curves = {
        name: ts.event_curve(scores, labels, name)
        for name in ("point_adjusted", "donut", "segment", "range", "affiliation")
    }
    for j, threshold in enumerate(distinct_thresholds(scores)):
        points = predict(scores, threshold)
        for name, variant in (("point_adjusted", "standard"), ("donut", "donut")):
            p, r = curves[name].precision[j], curves[name].recall[j]
            f1 = 2 * p * r / (p + r) if p + r else 0.0
            assert f1 == exactly(float(adjust.pa_f1(points, labels, variant=variant)))
        assert (curves["segment"].precision[j], curves["segment"].recall[j]) == exactly(
            eventwise.segment_f1(points, labels)[:2]
        )
        precision, _ = ranges.range_pr(points, labels, alpha=0, cardinality="reciprocal")
        _, recall = ranges.range_pr(points, labels, alpha=0.2, cardinality="reciprocal")
        assert (curves["range"].precision[j], curves["range"].recall[j]) == exactly((float(precision), float(recall)))
        if j % 5:  # exact fractions are slow
            continue
        expected = affiliation.affiliation(points, labels)
        found = curves["affiliation"].precision[j], curves["affiliation"].recall[j]
        assert found == exactly((float(expected["precision"]), float(expected["recall"])))


@pytest.mark.parametrize("index", IDS)
def test_best_over_thresholds(index):
    scores, labels = CASES[index]
    for grid, name in (("all", "all"), ("linear", "tsbad")):
        best = ts.point_adjusted_f1(scores, labels, thresholds=grid).value
        assert best == exactly(float(adjust.best_pa_f1(scores, labels, grid=name)))
        best = ts.event_f1(scores, labels, thresholds=grid).value
        assert best == exactly(eventwise.best_over_thresholds(eventwise.composite_f1, scores, labels, grid=name))
        best = ts.affiliation_f1(scores, labels, thresholds=grid).value
        assert best == exactly(float(affiliation.best_affiliation_f1(scores, labels, grid=name)))
    assert ts.range_f1(scores, labels, thresholds="linear").value == exactly(
        float(ranges.best_range_f1(scores, labels))
    )
    for grid in ("all", "every_tenth"):
        name = {"all": "all", "every_tenth": "tadpak"}[grid]
        best = ts.pa_k(scores, labels, k=35, thresholds=grid)
        assert best == exactly(float(adjust.best_pa_k_f1(scores, labels, K=35, grid=name)))


@pytest.mark.parametrize("index", IDS)
@pytest.mark.parametrize("bias", ["flat", "front", "back", "middle"])
@pytest.mark.parametrize("cardinality", ["one", "reciprocal"])
def test_range_precision_and_recall(index, bias, cardinality):
    scores, labels = CASES[index]
    cut = float(np.quantile(scores, 0.7))
    options = {"alpha": 0.3, "cardinality": cardinality, "bias": bias}
    expected = ranges.range_pr(predict(scores, cut), labels, **options)
    assert ts.range_pr(scores, labels, threshold=cut, **options) == exactly(tuple(map(float, expected)))


@pytest.mark.parametrize("index", IDS)
def test_predictions(index):
    scores, labels = CASES[index]
    points = predict(scores, float(np.quantile(scores, 0.6)))
    k = [0, 13, 50, 58, 99, 100]
    assert list(ts.pa_k(points, labels, k=k, threshold=1)) == exactly(
        [float(adjust.pa_k_f1(points, labels, K=x)) for x in k]
    )
    for variant in ("trapz101", "mean101", "exact"):
        assert ts.pa_k_auc(points, labels, threshold=1, variant=variant) == exactly(
            float(adjust.pa_k_auc(points, labels, variant=variant))
        )
    found = ts.affiliation(points, labels, threshold=1)
    expected = affiliation.affiliation(points, labels)
    assert (found.precision, found.recall) == exactly((float(expected["precision"]), float(expected["recall"])))
    delay = ts.detection_delays(points, labels, threshold=1)
    assert (delay.mean_delay, delay.missed) == exactly(eventwise.mean_delay(points, labels))
    assert delay.earliness == exactly(eventwise.earliness(points, labels))
    assert ts.detection_delays(points, labels, threshold=1, variant="all").earliness == exactly(
        eventwise.earliness(points, labels, variant="all")
    )
    assert ts.detection_delays(points, labels, threshold=1, variant="tsbad_latency").mean_delay == exactly(
        eventwise.tsbad_latency(points, labels)
    )


@pytest.mark.parametrize("index", IDS)
def test_rank_metrics(index):
    scores, labels = CASES[index]
    for name in ("auroc", "average_precision", "pr_auc_trapezoid", "spearman", "kendall_tau_b", "precision_at_k"):
        assert getattr(ts, name)(scores, labels) == exactly(float(getattr(ranking, name)(scores, labels))), name
    for options in ({"tpr": 0.8}, {"positive": "normal"}):
        assert ts.fpr_at_tpr(scores, labels, **options) == exactly(float(ranking.fpr_at_tpr(scores, labels, **options)))
    assert ts.fpr_at_tpr(scores, labels, variant="nearest") == exactly(
        float(ranking.fpr_at_tpr_nearest(scores, labels))
    )


def test_severities():
    rng = np.random.default_rng(3)
    for levels in (2, 3, 6):
        grades = rng.integers(0, levels, 80) * 0.75
        scores = np.floor(8 * (rng.random(80) + grades)) / 8
        found, expected = ts.severity_report(scores, grades), severity.severity_report(scores, grades)
        assert found["auroc"] == exactly(expected["auroc_levels"])
        names = {"auroc_all": "auroc", "kendall_tau_b": "kendall_tau_b", "c_index": "c_index"}
        for name, same in names.items():
            assert found[name] == exactly(expected[same]), name
        assert not math.isnan(found["auroc_all"])
