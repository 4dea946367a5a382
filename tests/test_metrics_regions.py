"""Region labels and per-region overlap against their definitions, SciPy, and their own laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

import metrics_oracle as oracle
from anomalib_cpp import _core
from anomalib_cpp.metrics import aupro, auroc, connected_components, pixel_report, pro_curve

EXACT = {"rel": 0, "abs": 1e-12}
STRUCTURES = {4: ndimage.generate_binary_structure(2, 1), 8: np.ones((3, 3))}


def snake(height, width):
    """One region that only a long walk connects."""
    mask = np.zeros((height, width), bool)
    mask[::2] = True
    mask[1::4, -1] = True
    mask[3::4, 0] = True
    return mask


def rings(size):
    y, x = np.mgrid[:size, :size]
    return np.maximum(abs(y - size // 2), abs(x - size // 2)) % 2 == 0


def shapes():
    rng = np.random.default_rng(5)
    yield "empty", np.zeros((9, 13), bool)
    yield "full", np.ones((9, 13), bool)
    yield "checkerboard", np.indices((17, 70)).sum(axis=0) % 2 == 0
    yield "snake", snake(33, 65)
    yield "rings", rings(41)
    yield "first pixel", np.eye(1, 40, 0, dtype=bool).reshape(5, 8)
    yield "last pixel", np.eye(1, 40, 39, dtype=bool).reshape(5, 8)
    yield "comb", np.where(np.arange(12)[:, None] < 11, np.arange(33) % 2 == 0, True)
    yield "one row", rng.random((1, 131)) < 0.5
    yield "one column", rng.random((131, 1)) < 0.5
    for density in (0.02, 0.3, 0.45, 0.6, 0.9):
        for width in (7, 8, 9, 63, 64, 65, 200):
            yield f"random {density} {width}", rng.random((50, width)) < density


@pytest.mark.parametrize("connectivity", [4, 8])
def test_labels_match_scipy(connectivity):
    for name, mask in shapes():
        labels, count = connected_components(mask, connectivity=connectivity)
        expected, number = ndimage.label(mask, structure=STRUCTURES[connectivity])
        assert count.tolist() == [number], name
        # Numbered by their first pixels in raster order: the same partition and the order of first appearance.
        first = np.unique(labels[mask], return_index=True)[1]
        assert (np.diff(first) > 0).all(), name
        assert len(np.unique(expected[mask] * np.int64(10**6) + labels[mask])) == number, name
        np.testing.assert_array_equal(labels != 0, mask, err_msg=name)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.integers(1, 12), st.integers(0, 2**32 - 1), st.sampled_from([4, 8]))
def test_labels_match_flood_fill(height, width, seed, connectivity):
    mask = np.random.default_rng(seed).random((height, width)) < 0.5
    labels, count = connected_components(mask, connectivity=connectivity)
    expected, number = oracle.components(mask, connectivity)
    np.testing.assert_array_equal(labels, expected)
    assert count.tolist() == [number]


def test_numbers_run_over_all_images():
    masks = np.random.default_rng(0).random((6, 20, 30)) < 0.2
    masks[2] = False
    labels, counts = connected_components(masks, threads=2)
    assert labels.shape == masks.shape
    start = 0
    for image, mask, count in zip(labels, masks, counts, strict=True):
        alone, number = connected_components(mask)
        assert number.tolist() == [count]
        np.testing.assert_array_equal(image, np.where(alone > 0, alone + start, 0))
        start += count
    channels, _ = connected_components(masks[:, None])
    np.testing.assert_array_equal(channels, labels[:, None])
    listed, listed_counts = connected_components([masks[0], masks[1, :7, :9]])
    assert [image.shape for image in listed] == [(20, 30), (7, 9)]
    assert listed_counts.tolist() == [counts[0], connected_components(masks[1, :7, :9])[1][0]]


@st.composite
def small_maps(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 6)), draw(st.integers(2, 9)))
    maps = rng.integers(0, draw(st.sampled_from([2, 5, 40])), shape).astype(np.float32) / 4
    masks = rng.random(shape) < draw(st.sampled_from([0.1, 0.3, 0.7]))
    masks[-1, -1, -2:] = [False, True]
    return maps, masks


@settings(max_examples=120, deadline=None)
@given(small_maps(), st.sampled_from([0.01, 0.05, 0.3, 1 / 3, 0.9, 1]), st.sampled_from([4, 8]))
def test_aupro_matches_the_definition(sample, limit, connectivity):
    maps, masks = sample
    expected = float(oracle.aupro(maps, masks, limit, connectivity))
    result = aupro(maps, masks, integration_limit=limit, connectivity=connectivity, per_region=True, return_curve=True)
    assert result.value == pytest.approx(expected, **EXACT)
    assert np.mean(result.region_scores) == pytest.approx(expected, **EXACT)
    thresholds, fpr, pro, cover = oracle.pro_points(maps, masks, connectivity)
    assert result.curve.thresholds.tolist() == [np.inf, *thresholds.tolist()]
    np.testing.assert_allclose(result.curve.x, np.array(fpr, float), rtol=0, atol=1e-15)
    np.testing.assert_allclose(result.curve.y, np.array(pro, float), rtol=0, atol=1e-15)
    areas = [float(oracle.polyline_area(fpr, c, oracle.Fraction(limit)) / oracle.Fraction(limit)) for c in cover]
    np.testing.assert_allclose(result.region_scores, areas, rtol=0, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.05, 0.3, 1]))
def test_images_of_different_sizes(seed, limit):
    rng = np.random.default_rng(seed)
    sizes = [tuple(rng.integers(1, 9, 2)) for _ in range(3)] + [(3, 4)]
    maps = [rng.integers(0, 6, size).astype(np.float32) for size in sizes]
    masks = [rng.random(size) < 0.3 for size in sizes]
    masks[-1][0, :2] = [True, False]
    expected = float(oracle.aupro(maps, masks, limit))
    result = aupro(maps, masks, integration_limit=limit, per_region=True)
    assert result.value == pytest.approx(expected, **EXACT)
    counts = connected_components(masks)[1]
    np.testing.assert_array_equal(result.region_images, np.repeat(np.arange(4), counts))
    _, fpr, pro, _ = oracle.pro_points(maps, masks)
    curve = pro_curve(maps, masks)
    np.testing.assert_allclose(curve.x, np.array(fpr, float), rtol=0, atol=1e-15)
    np.testing.assert_allclose(curve.y, np.array(pro, float), rtol=0, atol=1e-15)


def test_images_of_one_column_are_images():
    maps, masks = np.arange(5.0)[:, None], np.array([[1], [0], [0], [1], [1]])
    result = aupro(maps, masks, integration_limit=1.0, per_region=True)
    assert result.region_areas.tolist() == [1, 2]
    assert result.region_scores.tolist() == [0, 1]
    assert pixel_report(maps, masks)["auroc"] == auroc(maps.ravel(), masks.ravel())


def defects(kind, n=12, size=96):
    rng = np.random.default_rng(13)
    masks = np.zeros((n, size, size), bool)
    for mask in masks[::2]:
        for y, x in rng.integers(0, size - 12, (4, 2)):
            mask[y : y + rng.integers(1, 12), x : x + rng.integers(1, 12)] = True
    maps = ndimage.gaussian_filter(rng.standard_normal((n, size, size)), (0, 3, 3)) + 0.1 * masks
    if kind == "white":
        maps = rng.standard_normal(maps.shape) + masks
    if kind == "quantised":
        maps = np.round(maps * 200) / 255
    return maps.astype(np.float32), masks


@pytest.mark.parametrize("kind", ["smooth", "white", "quantised"])
def test_same_bits_whatever_the_work_is_cut_into(isa, kind):
    maps, masks = defects(kind)
    report = pixel_report(maps, masks, threads=1)
    for threads in (2, 3, 8):
        assert pixel_report(maps, masks, threads=threads) == report
    order = np.random.default_rng(2).permutation(len(maps))
    assert pixel_report(maps[order], masks[order]) == report
    assert pixel_report(list(maps), list(masks)) == report
    assert pixel_report(maps[:, ::-1, ::-1].copy(), masks[:, ::-1, ::-1].copy()) == report
    assert pixel_report(maps.transpose(0, 2, 1).copy(), masks.transpose(0, 2, 1).copy()) == report
    tall = maps.reshape(-1, maps.shape[-1]), masks.reshape(-1, masks.shape[-1])
    without_regions = ("auroc", "average_precision", "f1_max")
    assert pixel_report(*tall, metrics=without_regions) == pixel_report(maps, masks, metrics=without_regions)
    _core.set_isa("baseline")
    assert pixel_report(maps, masks) == report


def test_curves_and_labels_have_the_same_bits_for_every_thread_count():
    maps, masks = defects("smooth")
    ragged = [m[: 96 - i] for i, m in enumerate(maps)], [m[: 96 - i] for i, m in enumerate(masks)]
    for given_maps, given_masks in ((maps, masks), ragged):
        report = pixel_report(given_maps, given_masks, threads=1)
        curve = pro_curve(given_maps, given_masks, threads=1)
        labels, _ = connected_components(given_masks, threads=1)
        for threads in (2, 3, 8):
            assert pixel_report(given_maps, given_masks, threads=threads) == report
            again = pro_curve(given_maps, given_masks, threads=threads)
            for axis in ("x", "y", "thresholds"):
                np.testing.assert_array_equal(getattr(again, axis), getattr(curve, axis))
            for image, expected in zip(connected_components(given_masks, threads=threads)[0], labels, strict=True):
                np.testing.assert_array_equal(image, expected)


def test_an_image_of_several_strips_keeps_its_regions_whole():
    rng = np.random.default_rng(4)
    masks = np.zeros((2, 700, 300), bool)  # a strip holds 218 rows of 300
    masks[0, 100:650, 20:25] = True
    masks[1] = snake(700, 300)
    maps = rng.random(masks.shape, dtype=np.float32)
    result = aupro(maps, masks, per_region=True, threads=2)
    assert result.region_areas.tolist() == [550 * 5, masks[1].sum()]


def test_a_long_row_is_one_image():
    masks = np.zeros((2, 1, 150_000), bool)
    masks[:, 0, 60_000:70_000] = True
    maps = np.random.default_rng(0).random(masks.shape)
    result = aupro(maps, masks, per_region=True)
    assert result.region_images.tolist() == [0, 1]
    assert result.region_areas.tolist() == [10_000, 10_000]
    assert connected_components(masks)[1].tolist() == [1, 1]


def test_laws_of_regions():
    maps, masks = defects("white")
    whole = aupro(maps, masks, integration_limit=1.0)
    twice = aupro(np.concatenate([maps, maps]), np.concatenate([masks, masks]), integration_limit=1.0)
    assert twice == pytest.approx(whole, rel=1e-15)
    limits = np.linspace(0.02, 1, 40)
    assert (np.diff(aupro(maps, masks, integration_limit=limits) * limits) >= 0).all()
    pixels = np.zeros((1, 40, 40), bool)
    pixels[0, ::2, ::2] = np.random.default_rng(1).random((20, 20)) < 0.5  # regions of one pixel
    assert aupro(maps[:1, :40, :40], pixels, integration_limit=1) == pytest.approx(auroc(maps[:1, :40, :40], pixels))
    one = np.zeros((1, 96, 96), bool)
    one[0, 10:50, 20:60] = True
    assert aupro(maps[:1], one, integration_limit=1) == pytest.approx(auroc(maps[:1], one), rel=1e-15)
    assert aupro(masks.astype(float), masks, integration_limit=0.05) == 1
    assert aupro(np.ones(masks.shape), masks, integration_limit=0.3) == pytest.approx(0.15, **EXACT)
    counts = [connected_components(masks, connectivity=c)[1] for c in (4, 8)]
    assert (counts[0] >= counts[1]).all()


def test_a_curve_without_collinear_points_has_the_same_area():
    maps, masks = defects("smooth")
    full, thin = pro_curve(maps, masks), pro_curve(maps, masks, drop_collinear=True)
    assert len(thin.x) < len(full.x)
    area = aupro(maps, masks, integration_limit=1)
    assert np.trapezoid(full.y, full.x) == pytest.approx(area, **EXACT)
    assert np.trapezoid(thin.y, thin.x) == pytest.approx(area, **EXACT)
    assert (full.x[-1], full.y[-1]) == (thin.x[-1], thin.y[-1]) == (1, 1)
