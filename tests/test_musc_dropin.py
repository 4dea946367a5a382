"""anomalib_cpp.musc: worked examples, the original's rules from their definition, and where we differ on purpose."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import anomalib_cpp as ac
from anomalib_cpp import metrics
from anomalib_cpp.musc import cal_pro_score, compute_metrics
from metrics_oracle import components
from test_metrics_golden import modular_maps

MAPS, MASKS = modular_maps()
TIES = [0, 0, 1, 1, 0, 1, 0, 1], [0.1, 0.4, 0.4, 0.8, 0.2, 0.9, 0.9, 0.4]


def by_definition(masks, amaps, max_step, expect_fpr):
    """One threshold at a time."""
    regions = []
    for mask, amap in zip(masks, amaps, strict=True):
        labels, number = components(mask, 8)
        regions += [amap[labels == r] for r in range(1, number + 1)]
    normal = amaps[masks == 0]
    fpr, pro = [], []
    for threshold in np.arange(amaps.min(), amaps.max(), (amaps.max() - amaps.min()) / max_step):
        rate = (normal > threshold).mean()
        if rate < expect_fpr:
            fpr.append(rate)
            pro.append(np.mean([(region > threshold).mean() for region in regions]))
    fpr = (np.array(fpr) - min(fpr)) / (max(fpr) - min(fpr))
    return sum((a - b) * (u + v) / 2 for a, b, u, v in zip(fpr, fpr[1:], pro, pro[1:], strict=False))


def test_golden_values():
    assert cal_pro_score(MASKS, MAPS) == pytest.approx(0.580141996558, abs=1e-12)
    images, pixels = compute_metrics(*TIES, MASKS, MAPS)
    assert images == pytest.approx([0.71875, 0.8, 0.625], abs=1e-12)
    assert pixels == pytest.approx([11160 / 14750, 4 / 7, 0.495010911800, 0.580141996558], abs=1e-12)
    assert all(type(value) is float for value in images + pixels)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.uint8])
@given(seed=st.integers(0, 999), steps=st.integers(5, 40), limit=st.sampled_from([0.3, 0.5, 1.0]))
def test_overlap_is_the_definition(dtype, seed, steps, limit):
    rng = np.random.default_rng(seed)
    masks = rng.random((3, 8, 9)) < 0.2
    amaps = (100 * (rng.random(masks.shape) + 0.4 * masks)).astype(dtype)
    expected = by_definition(masks, amaps, steps, limit)
    assert cal_pro_score(masks, amaps, steps, limit) == pytest.approx(expected, abs=1e-12)


def test_overlap_is_that_of_aupro():
    assert cal_pro_score(MASKS, MAPS, 50, 0.5) == metrics.aupro(
        MAPS, MASKS, variant="compute_pro", num_thresholds=50, integration_limit=0.5
    )


def test_shapes_and_kinds():
    flat = compute_metrics(*TIES, MASKS, MAPS)
    assert compute_metrics(*TIES, MASKS[:, None], MAPS[:, None]) == flat
    assert compute_metrics(*map(np.array, TIES), list(MASKS > 0), list(MAPS)) == flat
    assert compute_metrics(*TIES, MASKS * np.uint8(255), MAPS) == flat
    one = cal_pro_score(MASKS[1], MAPS[1])
    assert one == cal_pro_score(MASKS[1:2], MAPS[1:2])  # not eight images of one row
    torch = pytest.importorskip("torch")
    assert cal_pro_score(torch.from_numpy(MASKS), torch.from_numpy(MAPS)) == cal_pro_score(MASKS, MAPS)


@pytest.mark.parametrize("label", [0, 1])
def test_images_of_one_class(label):
    with pytest.warns(ac.UndefinedMetricWarning, match="image metrics are undefined .*: gt_sp has one") as warned:
        images, pixels = compute_metrics([label] * 5, np.arange(5.0), MASKS, MAPS)
    assert images == [0.0, 0.0, 0.0]
    assert pixels == compute_metrics(*TIES, MASKS, MAPS)[1]
    assert [warning.filename for warning in warned] == [__file__]


def test_pixels_of_one_class():
    with pytest.warns(ac.UndefinedMetricWarning, match="pixel metrics are .* no anomalous pixel in gt_px"):
        assert compute_metrics(*TIES, MASKS * 0, MAPS)[1] == [0.0] * 4
    with pytest.warns(ac.UndefinedMetricWarning, match="auroc and aupro are undefined: there is no normal"):
        auroc, f1, ap, overlap = compute_metrics(*TIES, MASKS * 0 + 1, MAPS)[1]
    assert np.isnan(auroc)
    assert np.isnan(overlap)
    assert (f1, ap) == (1, 1)


@pytest.mark.parametrize(
    ("masks", "amaps", "why"),
    [
        (MASKS * 0, MAPS, "there is no region in masks"),
        (MASKS * 0 + 1, MAPS, "there is no normal pixel in masks"),
        (np.array([[0, 1]]), np.array([[1.0, 0.0]]), "no two thresholds have different rates below 0.3"),
    ],
)
def test_undefined_overlap(masks, amaps, why):
    with pytest.warns(ac.UndefinedMetricWarning, match=why), ac.config_context(undefined="raise"):
        assert np.isnan(cal_pro_score(masks, amaps))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: cal_pro_score(MASKS, MAPS, 1), ValueError, "max_step must be an integer >= 2; got 1"),
        (lambda: cal_pro_score(MASKS, MAPS, 9.5), TypeError, "max_step must be an integer >= 2; got 9.5"),
        (lambda: cal_pro_score(MASKS, MAPS, expect_fpr=0), ValueError, r"expect_fpr must lie in \(0, 1\]; got 0"),
        (lambda: cal_pro_score(MASKS, MAPS * 0), ValueError, "amaps must not be constant; got 0 everywhere"),
        (lambda: cal_pro_score(MASKS, MAPS * np.nan), ValueError, "amaps must be finite; got 320 values"),
        (lambda: cal_pro_score(MASKS, []), ValueError, "amaps must have at least one pixel; got none"),
        (lambda: cal_pro_score(MASKS[0], MAPS), ValueError, "masks"),
        (lambda: cal_pro_score(MASKS.ravel(), MAPS.ravel()), ValueError, r"amaps must have shape \(h, w\).*\(320,\)"),
        (lambda: cal_pro_score(MASKS * 2, MAPS), ValueError, "masks"),
        (lambda: compute_metrics(*TIES, MASKS, MAPS * np.nan), ValueError, "pr_px contains 320 NaN"),
        (lambda: compute_metrics(*TIES, MASKS, MAPS * 0), ValueError, "pr_px must not be constant"),
        (lambda: compute_metrics([0, 1], [0.1, np.nan], MASKS, MAPS), ValueError, "pr_sp contains 1 NaN"),
        (lambda: compute_metrics([0, 1], [[0.1, 0.2]], MASKS, MAPS), ValueError, "pr_sp must have shape"),
        (lambda: compute_metrics([0, 1], ["a", "b"], MASKS, MAPS), TypeError, "pr_sp must hold real numbers"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert isinstance(caught.value, ac.AnomalibCppError)


def test_no_other_library_is_imported():
    code = "import sys, anomalib_cpp.musc; print(*(m in sys.modules for m in ('sklearn', 'skimage', 'torch')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["False"] * 3
