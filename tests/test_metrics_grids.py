"""Counts at chosen thresholds, the numbers of other programs, saturated overlap, sizes and samples."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import anomalib_cpp as ac
from anomalib_cpp.metrics import (
    ader_report,
    aupro,
    aupro_by_size,
    confusion_counts,
    image_report,
    spro,
)
from test_metrics_golden import modular_maps

EXACT = {"rel": 0, "abs": 1e-12}
MAPS, MASKS = modular_maps()
REGIONS = [[], [MASKS[1]], [MASKS[2]], [np.eye(8, 8, dtype=bool) & (np.arange(8) == 0), MASKS[3] * 1], []]
REGIONS[3][1] = REGIONS[3][1].copy()
REGIONS[3][1][0, 0] = 0


# --- published values ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variant", "size", "expected"),
    [
        ("mvtec", None, 0.584110009352),
        ("quantile", None, 0.581483723433),
        ("quantile", 200, 0.581735942965),
        ("quantile", 1000, 0.581735942965),
        ("compute_pro", None, 0.580141996558),
        ("adeval", None, 0.584110009505),
        ("adeval", 50, 0.582010021685),
    ],
)
def test_aupro_of_other_programs(isa, variant, size, expected):
    got = aupro(MAPS, MASKS, variant=variant, num_thresholds=size)
    assert got == pytest.approx(expected, abs=1e-8 if variant == "adeval" else 1e-12)


def test_aupro_in_float32():
    assert aupro(MAPS, MASKS, variant="anomalib") == np.float32(0.5841100)


def test_fixed_grid():
    report = ader_report(MAPS, MASKS)
    for name, value in {
        "mF1_max": 0.571428567020,
        "mAcc_max": 0.9999999996,
        "mIoU_max": 0.399999999840,
        "mF1_0.2_0.8_0.1": 0.279253966497,
        "mAcc_0.2_0.8_0.1": 0.628571428320,
        "mIoU_0.2_0.8_0.1": 0.166633440987,
    }.items():
        assert report[name] == pytest.approx(value, abs=1e-10), name


def test_counts_at_a_threshold(isa):
    counts = confusion_counts(MAPS, MASKS, [0.2])
    assert [[counts.tn[0], counts.fp[0]], [counts.fn[0], counts.tp[0]]] == [[123, 172], [1, 24]]


def test_saturated_overlap(isa):
    limits = (0.01, 0.05, 0.1, 0.3, 1)
    asked = [[], [4], [5], [1, 8], []]
    result = spro(MAPS, REGIONS, asked, integration_limit=limits)
    expected = [0.711523437500, 0.745550847458, 0.754025423729, 0.774364406780, 0.901959745763]
    np.testing.assert_allclose(result.value, expected, rtol=0, atol=1e-12)
    assert result.saturation.tolist() == [4, 5, 1, 8]
    assert result.defect_images.tolist() == [1, 2, 3, 3]
    whole = spro(MAPS, REGIONS, [[], [9], [7], [1, 1.0], []], integration_limit=limits)
    np.testing.assert_allclose(whole.value, aupro(MAPS, MASKS, integration_limit=limits), rtol=0, atol=1e-15)


def test_sizes_and_samples():
    groups = aupro_by_size(MAPS, MASKS, edges=[7.5])
    np.testing.assert_allclose(groups.aupro, [0.808442868673, 0.359777150031], rtol=0, atol=1e-12)
    assert groups.ratio == pytest.approx(2.247065631051, **EXACT)
    assert groups.area_weighted == pytest.approx(0.461767554479, **EXACT)
    assert groups.rank_correlation == pytest.approx(-0.8, **EXACT)
    assert aupro_by_size(MAPS, MASKS, quantiles=[0.5]).aupro.tolist() == groups.aupro.tolist()
    report = image_report([0.2, 0.9, 0.4, 0.3, 0.1, 0.35], [0, 1, 0, 0, 0, 1], groups=list("aabbcc"))
    assert report["sample_auroc"] == 0.5
    assert report["sample_average_precision"] == pytest.approx(5 / 6, **EXACT)
    mean = image_report(
        [0.2, 0.9, 0.4, 0.3, 0.1, 0.35], [0, 1, 0, 0, 0, 1], groups=[7, 7, 8, 8, 9, 9], group_reduce="mean"
    )
    assert mean["sample_f1_max_threshold"] == pytest.approx(0.225)


# --- definitions -----------------------------------------------------------------------------------------------------

DTYPES = [np.float16, np.float32, np.float64, np.uint8, np.int16, np.uint32, np.int64]


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(DTYPES),
    arrays(np.int8, 50, elements=st.integers(0, 9)),
    arrays(bool, 50),
    st.lists(st.floats(-2, 11) | st.sampled_from([np.inf, -np.inf, 3.0, 9.0]), max_size=12),
    st.booleans(),
)
def test_counts_are_their_definition(dtype, scores, labels, thresholds, strict):
    scores = scores.astype(dtype)
    counts = confusion_counts(scores, labels, thresholds, strict=strict)
    for i, t in enumerate(thresholds):
        reached = scores.astype(float) > t if strict else scores.astype(float) >= t
        assert counts.tp[i] == (reached & labels).sum()
        assert counts.fp[i] == (reached & ~labels).sum()
        assert counts.tn[i] == (~reached & ~labels).sum()
        assert counts.fn[i] == (~reached & labels).sum()


def test_counts_at_the_ends_of_a_type():
    top = np.iinfo(np.uint32).max
    for strict, expected in [(False, 2), (True, 0)]:
        counts = confusion_counts(np.array([top, top, 0], np.uint32), [1, 0, 0], [float(top)], strict=strict)
        assert counts.tp[0] + counts.fp[0] == expected
    infinite = np.array([np.inf, -np.inf, 1.0])
    assert confusion_counts(infinite, [1, 0, 0], [np.inf]).tp.tolist() == [1]
    assert confusion_counts(infinite, [1, 0, 0], [np.inf], strict=True).tp.tolist() == [0]
    assert confusion_counts(infinite, [1, 0, 0], [-np.inf]).fp.tolist() == [2]


def slow_spro(maps, channels, saturation, limit):
    """The area of the polyline through every distinct score."""
    levels = np.unique(maps)[::-1]
    normal = np.concatenate(
        [m[~np.any([c != 0 for c in cs] or [m < m], axis=0)] for m, cs in zip(maps, channels, strict=True)]
    )
    x, y = [0.0], [0.0]
    for t in levels:
        x.append((normal >= t).mean())
        y.append(
            np.mean(
                [
                    min(1, (m[c != 0] >= t).sum() / s)
                    for m, cs, ss in zip(maps, channels, saturation, strict=True)
                    for c, s in zip(cs, ss, strict=True)
                ]
            )
        )
    x, y = np.array(x), np.array(y)
    fine = np.unique(np.concatenate([x[x <= limit], [limit]]))
    area = 0.0
    for a, b in itertools.pairwise(fine):
        left, right = np.flatnonzero(x <= a)[-1], np.flatnonzero(x >= b)[0]
        slope = (y[right] - y[left]) / (x[right] - x[left])
        area += (b - a) * (2 * y[left] + slope * (a - x[left] + b - x[left])) / 2
    return area / limit


@pytest.mark.parametrize("seed", range(5))
def test_saturated_overlap_is_its_definition(seed):
    rng = np.random.default_rng(seed)
    maps = rng.standard_normal((4, 9, 9)).astype(np.float32)
    channels = [[], [rng.random((9, 9)) < 0.3], [rng.random((9, 9)) < 0.5, rng.random((9, 9)) < 0.2], []]
    saturation = [[int(rng.integers(1, c.sum() + 1)) for c in cs] for cs in channels]
    for limit in (0.05, 0.3, 1.0):
        got = spro(maps, channels, saturation, integration_limit=limit)
        assert float(got) == pytest.approx(slow_spro(maps, channels, saturation, limit), **EXACT)


def test_less_asked_for_is_never_less_found():
    rng = np.random.default_rng(0)
    maps, channel = rng.random((2, 20, 20)), rng.random((20, 20)) < 0.3
    found = [float(spro(maps, [None, channel], [None, [share]])) for share in (0.05, 0.3, 0.6, 1.0)]
    assert found == sorted(found, reverse=True)


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: confusion_counts([1.0], [1], [np.nan]), ValueError, "thresholds must not be NaN"),
        (lambda: confusion_counts([1.0], [1], [[1]]), ValueError, r"thresholds must have shape \(k,\)"),
        (lambda: confusion_counts([1.0], [1], "high"), TypeError, "thresholds must hold numbers; got str"),
        (lambda: confusion_counts([1.0], [1], [1], nan_policy="propagate"), ValueError, "nan_policy must be one of"),
        (lambda: aupro(MAPS, MASKS, variant="best"), ValueError, "variant must be one of 'exact'"),
        (lambda: aupro(MAPS, MASKS, num_thresholds=9), ValueError, "num_thresholds belongs to quantile, compute_pro"),
        (lambda: aupro(MAPS, MASKS, variant="adeval", per_region=True), ValueError, "belong to variant='exact'"),
        (lambda: aupro(MAPS, MASKS, variant="adeval", num_thresholds=4), ValueError, "at least 5"),
        (lambda: aupro(MAPS * 0, MASKS, variant="compute_pro"), ValueError, "maps must not be constant"),
        (lambda: ader_report(MAPS / 0, MASKS), ValueError, "maps"),
        (lambda: ader_report(list(MAPS), list(MASKS)), TypeError, "maps must be one array of floats"),
        (lambda: aupro_by_size(MAPS, MASKS, edges=[3, 2]), ValueError, "edges must ascend"),
        (lambda: aupro_by_size(MAPS, MASKS * 0), ValueError, "aupro is undefined: there is no region"),
        (lambda: image_report([1.0], [1], groups=[1, 2]), ValueError, r"groups must have shape \(1,\)"),
        (lambda: image_report([1.0], [1], group_reduce="sum"), ValueError, "group_reduce must be one of"),
        (lambda: spro(MAPS, REGIONS[:4], [[]] * 5), ValueError, "channels must have one entry for each of the 5 maps"),
        (lambda: spro(MAPS, REGIONS, [[]] * 5), ValueError, r"saturation\[1\] must have one number for each of the 1"),
        (
            lambda: spro(MAPS, REGIONS, [[], [0], [1], [1, 1], []]),
            ValueError,
            r"saturation\[1\]\[0\] must be an integer",
        ),
        (lambda: spro(MAPS, REGIONS, [[], [1.5], [1], [1, 1], []]), ValueError, r"share in \(0, 1\]; got 1.5"),
        (
            lambda: spro(MAPS, [[], [MASKS[0]], [], [], []], [[], [1], [], [], []]),
            ValueError,
            "must have an anomalous pixel",
        ),
        (lambda: spro(MAPS, [[], [MASKS[1, :5]], [], [], []], [[], [1], [], [], []]), ValueError, r"\(c, 8, 8\); got"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.filterwarnings("ignore:invalid value")
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_what_does_not_exist_or_asks_for_too_much():
    with pytest.warns(ac.UndefinedMetricWarning, match="spro is undefined: there is no defect"):
        assert np.isnan(spro(MAPS, [None] * 5, [None] * 5).value)
    with pytest.warns(ac.UndefinedMetricWarning, match="more than the 9 pixels of the defect"):
        assert spro(MAPS, REGIONS, [[], [10], [1], [1, 1], []]).saturation[0] == 9
    with pytest.warns(ac.UndefinedMetricWarning, match="aupro is undefined"):
        assert np.isnan(aupro(MAPS, MASKS * 0, variant="quantile"))


def test_adeval_has_no_area_where_no_threshold_lies_within_the_limit():
    # ADEval 1.1.0 stops with an IndexError here; 0, what a plain area would give, is no measurement.
    mostly_high = np.where(MASKS > 0, 0.5, 1.0).astype(np.float32)
    mostly_high[0, 0, 0] = 0
    with pytest.warns(ac.UndefinedMetricWarning, match="aupro is undefined: too few thresholds have a rate within"):
        assert np.isnan(aupro(mostly_high, MASKS, variant="adeval", num_thresholds=5))


def test_missing_scores_are_no_thresholds():
    maps = MAPS.astype(np.float64)
    maps[0, 0, 0] = np.nan
    for variant in ("quantile", "compute_pro", "adeval"):
        found = aupro(maps, MASKS, variant=variant, nan_policy="omit")
        assert found == pytest.approx(aupro(MAPS, MASKS, variant=variant), abs=0.02)
