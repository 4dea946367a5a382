"""Resampled metrics: each resample against the functions on the resampled data, intervals against SciPy."""

import numpy as np
import pytest
from scipy import stats

import anomalib_cpp as ac
from anomalib_cpp import _core
from anomalib_cpp.metrics import aupro, auroc, average_precision, bootstrap, f1_max

NAMES = ["auroc", "average_precision", "f1_max", "aupro"]


def images(seed=0, count=12):
    rng = np.random.default_rng(seed)
    maps = rng.integers(0, 40, (count, 14, 11)).astype(np.float32)
    masks = np.zeros(maps.shape, bool)
    masks[1::2, 2:5, 3:7] = masks[1::4, 9:12, 5:9] = True
    maps[masks] += rng.integers(0, 25, masks.sum())
    return maps, masks


def direct(maps, masks, limit):
    return [
        auroc(maps, masks),
        average_precision(maps, masks),
        f1_max(maps, masks).value,
        aupro(maps, masks, integration_limit=limit),
    ]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
@pytest.mark.parametrize("limit", [0.05, 0.3, 1.0])
def test_a_resample_is_the_metric_of_the_resampled_images(isa, dtype, limit):
    maps, masks = images()
    maps = maps.astype(dtype)
    slots = _core.image_slots(maps, masks, "maps", "masks", 8, 2)
    weights = np.random.default_rng(1).multinomial(12, [1 / 12] * 12, size=21).astype(float)
    weights[0] = 1
    found = np.array(slots.reweighted(weights, limit, 2))
    for i, times in enumerate(weights.astype(int)):
        drawn = np.repeat(np.arange(12), times)
        expected = direct(maps[drawn], masks[drawn], limit)
        np.testing.assert_allclose(found[:, i], expected, rtol=1e-12)
    for threads in (1, 3, 8):
        assert np.array(slots.reweighted(weights, limit, threads)).tobytes() == found.tobytes()
    level = _core.active_isa()
    _core.set_isa("baseline")
    assert np.array(slots.reweighted(weights, limit, 1)).tobytes() == found.tobytes()
    _core.set_isa(level)


def test_images_of_several_sizes_and_image_scores():
    maps, masks = images()
    cut = [m[: 8 + i] for i, m in enumerate(maps)], [m[: 8 + i] for i, m in enumerate(masks)]
    result = bootstrap(NAMES, *cut, n_resamples=50)
    assert [result[name].value for name in NAMES] == pytest.approx(direct(*cut, 0.3), rel=1e-12)
    scores, labels = maps.max(axis=(1, 2)), masks.any(axis=(1, 2))
    one = bootstrap("auroc", scores, labels, n_resamples=50)
    assert one.value == auroc(scores, labels)
    two = bootstrap("auroc", scores[:, None], labels[:, None], n_resamples=50)
    assert two.samples.tobytes() == one.samples.tobytes()


def test_intervals_are_quantiles_and_cover():
    rng = np.random.default_rng(0)
    labels = np.arange(80) % 2
    covered = 0
    for seed in range(60):
        result = bootstrap(
            "auroc", rng.normal(labels * 1.2), labels, n_resamples=400, confidence=0.9, random_state=seed
        )
        assert result.low <= result.value <= result.high
        np.testing.assert_allclose([result.low, result.high], np.quantile(result.samples, [0.05, 0.95]))
        covered += result.low <= stats.norm.cdf(1.2 / np.sqrt(2)) <= result.high
    assert covered >= 46  # of 60, expected 54
    assert result.standard_error == pytest.approx(result.samples.std(ddof=1))
    again = bootstrap("auroc", rng.normal(labels), labels, n_resamples=50, random_state=np.random.default_rng(5))
    assert len(again.samples) == 50


def test_bca_is_scipys():
    rng = np.random.default_rng(3)
    labels = np.arange(40) % 2 == 1
    scores = rng.normal(labels * 1.5)
    ours = bootstrap("auroc", scores, labels, n_resamples=4000, method="bca")
    theirs = stats.bootstrap(
        (scores, labels),
        lambda s, y: auroc(s, y),
        n_resamples=4000,
        paired=True,
        vectorized=False,
        method="BCa",
        random_state=np.random.default_rng(0),
    ).confidence_interval
    assert ours.low == pytest.approx(theirs.low, abs=0.02)
    assert ours.high == pytest.approx(theirs.high, abs=0.02)
    assert ours.low != bootstrap("auroc", scores, labels, n_resamples=4000).low


def test_paired_resamples_cancel_what_two_detectors_share():
    maps, masks = images(count=30)
    same = bootstrap(NAMES, maps, masks, n_resamples=60, paired_with=maps)
    for result in same.values():
        assert result.value == result.low == result.high == 0
        assert result.p_value == 1
    better = maps + 20 * masks
    apart = bootstrap("auroc", better, masks, n_resamples=60, paired_with=maps)
    assert apart.value == pytest.approx(auroc(better, masks) - auroc(maps, masks), abs=1e-12)
    assert apart.low > 0
    assert apart.p_value == 0


def test_resamples_without_a_class_are_left_out():
    with pytest.warns(ac.UndefinedMetricWarning, match=r"auroc is undefined in \d+ of 200 resamples"):
        result = bootstrap("auroc", [1.0, 2.0, 3.0], [0, 0, 1], n_resamples=200)
    assert np.isnan(result.samples).any()
    assert result.low == result.high == 1
    with pytest.warns(ac.UndefinedMetricWarning):
        assert np.isnan(bootstrap("auroc", [1.0, 2.0], [0, 0], n_resamples=9).low)


MAPS, MASKS = images()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: bootstrap("best", MAPS, MASKS), ValueError, "metrics must be one of 'auroc'"),
        (lambda: bootstrap("auroc", MAPS, MASKS, n_resamples=0), ValueError, "n_resamples must be an integer >= 1"),
        (lambda: bootstrap("auroc", MAPS, MASKS, confidence=1), ValueError, r"confidence must lie in \(0, 1\); got 1"),
        (lambda: bootstrap("auroc", MAPS, MASKS, method="t"), ValueError, "method must be one of 'percentile', 'bca'"),
        (lambda: bootstrap("auroc", MAPS[:1], MASKS[:1]), ValueError, "at least two images to resample; got 1"),
        (lambda: bootstrap("aupro", MAPS[:, 0, 0], MASKS[:, 0, 0]), ValueError, "scores must have shape"),
        (lambda: bootstrap("auroc", MAPS, MASKS, paired_with=MAPS[1:]), ValueError, "paired_with"),
        (lambda: bootstrap("auroc", MAPS, MASKS, random_state="x"), TypeError, "random_state must be an integer"),
        (lambda: bootstrap("auroc", MAPS, MASKS, random_state=-1), ValueError, "random_state must be at least 0"),
        (lambda: bootstrap("auroc", MAPS, MASKS, nan_policy="propagate"), ValueError, "nan_policy must be one of"),
        (lambda: bootstrap("auroc", MAPS * np.nan, MASKS), ValueError, "scores contains 1848 NaN"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
