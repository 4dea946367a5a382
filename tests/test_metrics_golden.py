"""Worked examples, computed by hand or by independent scripts in rational arithmetic."""

import doctest
import pathlib

import numpy as np
import pytest

from anomalib_cpp.metrics import (
    aupr,
    aupro,
    auroc,
    average_precision,
    connected_components,
    f1_max,
    image_report,
    pixel_report,
    roc_curve,
)

EXACT = {"rel": 0, "abs": 1e-12}


def modular_maps():
    """Five 8 x 8 maps of (37n + 11y + 23x + 5xy + 3nx) mod 64, lifted by 24 inside the masks."""
    n, y, x = np.meshgrid(np.arange(5), np.arange(8), np.arange(8), indexing="ij")
    masks = np.zeros((5, 8, 8), np.uint8)
    masks[1, 1:4, 2:5] = 1
    for at in [(2, 2), (2, 3), (3, 2), (3, 3), (4, 4), (4, 5), (5, 4)]:
        masks[(2, *at)] = 1
    masks[3, 0, 0] = 1
    masks[3, 7, :] = 1
    base = (37 * n + 11 * y + 23 * x + 5 * x * y + 3 * n * x) % 64
    return ((base + 24 * masks) / 128).astype(np.float32), masks


def test_modular_maps_are_the_published_input():
    maps, masks = modular_maps()
    assert masks.sum() == 25
    assert maps.sum(dtype=np.float64) == 82.8125
    assert len(np.unique(maps)) == 67


def test_ranking_metrics_of_the_modular_maps(isa):
    maps, masks = modular_maps()
    assert auroc(maps, masks) == pytest.approx(11160 / 14750, **EXACT)
    assert auroc(maps, masks, max_fpr=0.3, standardize="mcclish") == pytest.approx(0.683392679106, **EXACT)
    assert auroc(maps, masks, max_fpr=0.5, standardize="mcclish") == pytest.approx(0.692384180791, **EXACT)
    assert average_precision(maps, masks) == pytest.approx(0.495010911800, **EXACT)
    assert average_precision(-maps, 1 - masks) == pytest.approx(0.972948930003, **EXACT)
    assert aupr(maps, masks) == pytest.approx(0.502341271424, **EXACT)
    assert aupr(-maps, 1 - masks) == pytest.approx(0.973226371449, **EXACT)
    assert aupr(maps, masks, variant="anomalib") == pytest.approx(0.501419097420, **EXACT)
    best = f1_max(maps, masks)
    assert best.value == pytest.approx(4 / 7, **EXACT)
    assert best.threshold == 0.515625


@pytest.mark.parametrize(
    ("connectivity", "areas"),
    [
        (8, [0.543812003968, 0.558935297283, 0.562701775626, 0.584110009352, 0.812895984665]),
        (4, [0.554097222222, 0.566195856874, 0.569209039548, 0.598050623262, 0.823940677966]),
    ],
)
def test_aupro_of_the_modular_maps(isa, connectivity, areas):
    maps, masks = modular_maps()
    limits = (0.01, 0.05, 0.1, 0.3, 1)
    got = aupro(maps, masks, integration_limit=limits, connectivity=connectivity)
    np.testing.assert_allclose(got, areas, rtol=0, atol=1e-12)
    assert [aupro(maps, masks, integration_limit=limit, connectivity=connectivity) for limit in limits] == got.tolist()


def test_region_scores_of_the_modular_maps():
    maps, masks = modular_maps()
    result = aupro(maps, masks, per_region=True)
    assert result.region_areas.tolist() == [9, 7, 1, 8]
    assert result.region_images.tolist() == [1, 2, 3, 3]
    np.testing.assert_allclose(result.region_scores, [0.469554300063, 0.616885737346, 1, 0.25], rtol=0, atol=1e-12)
    assert float(result) == result.value == pytest.approx(0.584110009352, **EXACT)


def test_image_level_of_the_modular_maps():
    maps, masks = modular_maps()
    report = image_report(maps.max(axis=(1, 2)), masks.any(axis=(1, 2)))
    assert report == {"auroc": 1, "average_precision": 1, "f1_max": 1, "f1_max_threshold": 70 / 128}


def test_tied_image_scores():
    labels = [0, 0, 1, 1, 0, 1, 0, 1]
    scores = np.array([0.1, 0.4, 0.4, 0.8, 0.2, 0.9, 0.9, 0.4])
    assert auroc(scores, labels) == 0.71875
    assert average_precision(scores, labels) == 0.625
    assert average_precision(-scores, 1 - np.array(labels)) == pytest.approx(0.775, **EXACT)
    assert aupr(scores, labels) == pytest.approx(2 / 3, **EXACT)
    best = f1_max(scores, labels)
    assert (best.value, best.threshold) == (0.8, 0.4)
    curve = roc_curve(scores, labels)
    assert curve.x.tolist() == [0, 0.25, 0.25, 0.5, 0.75, 1]
    assert curve.y.tolist() == [0, 0.25, 0.5, 1, 1, 1]
    assert curve.thresholds.tolist() == [np.inf, 0.9, 0.8, 0.4, 0.2, 0.1]


def test_reordered_precision_recall_area():
    labels = [0, 1, 1, 1, 0, 0, 0, 0, 1, 1]
    scores = [0.59, 0.35, 0.72, 0.33, 0.73, 0.81, 0.30, 0.05, 0.04, 0.48]
    assert aupr(scores, labels, variant="anomalib") == pytest.approx(0.489920634921, **EXACT)
    assert aupr(scores, labels) == pytest.approx(0.389920634921, **EXACT)
    assert average_precision(scores, labels) == pytest.approx(0.460952380952, **EXACT)
    assert auroc(scores, labels) == pytest.approx(0.36, **EXACT)
    assert aupr([1, 2, 3, 4], [0, 0, 1, 1], variant="anomalib") == 0.875


def test_aupro_of_raster_ramps():
    ramp = (np.arange(2800) / 2800).reshape(400, 7)
    one, three = np.zeros((400, 7), bool), np.zeros((400, 7), bool)
    one[:, 3] = True
    three[:, 1::2] = True
    assert aupro(ramp, one, integration_limit=1 / 3) == pytest.approx(0.166665625, **EXACT)
    assert aupro(ramp, three, integration_limit=1 / 3) == pytest.approx(0.166666145833333, **EXACT)
    both = aupro([ramp, ramp], [one, three], integration_limit=1 / 3)
    assert both == pytest.approx(0.166666015625, **EXACT)


def test_coverage_with_ties():
    scores = np.array([[0.9, 0.8, 0.8, 0.5, 0.4, 0.7, 0.8, 0.3, 0.2, 0.1]])
    # Two regions of 2 and 3 pixels; a background pixel keeps them apart and scores below everything.
    maps = np.insert(scores, 2, 0.05, axis=1)
    masks = np.insert([[1, 1, 1, 1, 1, 0, 0, 0, 0, 0]], 2, 0, axis=1)
    result = aupro(maps, masks, integration_limit=1.0, return_curve=True)
    fpr = np.array([0, 0, 1, 2, 2, 2, 3, 4, 5, 6]) / 6
    np.testing.assert_allclose(result.curve.x, fpr, atol=1e-15)
    np.testing.assert_allclose(result.curve.y, [0, 1 / 4, 2 / 3, 2 / 3, 5 / 6, 1, 1, 1, 1, 1], atol=1e-15)


def test_infinities_are_ordinary_scores():
    scores = [np.inf, np.inf, 1.0, -np.inf]
    assert auroc(scores, [1, 0, 1, 0]) == 0.625
    assert auroc(np.float32(scores), [1, 0, 1, 0]) == 0.625


def test_connectivity_of_a_diagonal():
    _, masks = modular_maps()
    labels, regions = connected_components(masks)
    assert regions.tolist() == [0, 1, 1, 2, 0]
    assert labels.dtype == np.int32
    assert labels[2].max() == 2
    assert connected_components(masks, connectivity=4)[1].tolist() == [0, 1, 2, 2, 0]


def test_pixel_report_equals_the_single_functions():
    maps, masks = modular_maps()
    names = ("auroc", "average_precision", "aupr", "f1_max", "aupro")
    report = pixel_report(maps, masks, metrics=names, integration_limit=0.1)
    assert list(report) == ["auroc", "average_precision", "aupr", "f1_max", "f1_max_threshold", "aupro"]
    assert report["auroc"] == auroc(maps, masks)
    assert report["average_precision"] == average_precision(maps, masks)
    assert report["aupr"] == aupr(maps, masks)
    assert report["f1_max"] == f1_max(maps, masks).value
    assert report["f1_max_threshold"] == f1_max(maps, masks).threshold
    assert report["aupro"] == aupro(maps, masks, integration_limit=0.1)


def test_the_guide_runs():
    guide = pathlib.Path(__file__).parents[1] / "docs" / "metrics.md"
    failed, tried = doctest.testfile(str(guide), module_relative=False, encoding="utf-8")
    assert (failed, tried > 10) == (0, True)
