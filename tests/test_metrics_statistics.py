"""Box-plot images and paired tests against Matplotlib, SciPy, enumeration and their published examples."""

import math
from collections import OrderedDict
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.cbook import boxplot_stats

import anomalib_cpp as ac
from anomalib_cpp.metrics import (
    compare_models_pairwise_ttest_rel,
    compare_models_pairwise_wilcoxon,
    format_pairwise_tests_results,
    per_image_scores_stats,
)

# SciPy < 1.12 says so wherever ties or zeros make it take the normal approximation of a small sample.
pytestmark = pytest.mark.filterwarnings("ignore:Sample size too small")

BOX = [0.90, 0.91, 0.92, 0.93, 0.94, 0.95, 0.96, 0.10, 0.20, 1.0]
MODELS = {
    "A": [0.9, 0.8, 0.7, 0.95, 0.5, 0.6, 0.85, 0.3, math.nan],
    "B": [0.85, 0.8, 0.6, 0.97, 0.4, 0.6005, 0.80, 0.1, math.nan],
    "C": [0.2, 0.3, 0.9, 0.4, 0.5, 0.6, 0.1, 0.0, math.nan],
}
UP = {"alternative": "greater", "higher_is_better": True}


def test_box_plot_images_of_the_published_example():
    picks = per_image_scores_stats(BOX, outliers_policy="both")
    assert [(pick["stat_name"], pick["image_idx"]) for pick in picks] == [
        ("outlo_000000", 7),
        ("outlo_000001", 8),
        ("mean", 0),
        ("q1", 0),
        ("whislo", 1),
        ("med", 2),
        ("q3", 5),
        ("whishi", 9),
    ]
    values = [0.1, 0.2, 0.781, 0.9025, 0.9, 0.925, 0.9475, 1.0]
    assert [pick["stat_value"] for pick in picks] == pytest.approx(values, abs=1e-12)
    assert [pick["score"] for pick in picks] == [BOX[pick["image_idx"]] for pick in picks]
    assert {type(pick["score"]) for pick in picks} == {type(pick["stat_value"]) for pick in picks} == {float}


def slow_picks(scores, policy, avoid, atol):
    """The definition, one image at a time; Matplotlib draws the box."""
    box = boxplot_stats(scores)[0]
    stats = [(name, box[name]) for name in ("mean", "med", "q1", "q3", "whislo", "whishi")]
    for side, beyond in (("lo", lambda s: s < box["med"]), ("hi", lambda s: s > box["med"])):
        fliers = [s for s in scores if s in box["fliers"] and beyond(s)]
        if policy in (side, "both"):
            stats += [(f"out{side}_{i:06d}", value) for i, value in enumerate(fliers)]
    picks, used = [], set()
    for name, value in sorted(stats, key=lambda stat: stat[1]):
        by_distance = sorted(range(len(scores)), key=lambda i: abs(scores[i] - value))
        at = by_distance[0]
        if avoid and at in used:
            near = [i for i in by_distance if abs(scores[i] - value) <= atol + 1e-5 * abs(value) and i not in used]
            at = near[0] if near else at
        used.add(at)
        picks.append((name, float(value), at, scores[at]))
    return sorted(picks, key=lambda pick: pick[3])


@given(
    st.lists(st.integers(-64, 64), min_size=1, max_size=40),
    st.sampled_from(["none", "hi", "lo", "both", None]),
    st.sampled_from(["avoid", "none", None]),
    st.sampled_from([0, 0.01, 0.5]),
)
def test_box_plot_images_match_the_definition(eighths, outliers, repeated, atol):
    scores = [value**3 / 8 for value in eighths]
    picks = per_image_scores_stats(
        scores, outliers_policy=outliers, repeated_policy=repeated, repeated_replacement_atol=atol
    )
    assert [tuple(pick.values()) for pick in picks] == slow_picks(scores, outliers, repeated == "avoid", atol)


def test_only_the_images_of_a_class_count():
    scores = np.full(20, np.nan, np.float32)
    classes = np.zeros(20, np.uint8)
    scores[5:15], classes[5:15] = BOX, 1
    picks = per_image_scores_stats(scores, classes=classes, only_class=1, outliers_policy="both")
    alone = per_image_scores_stats(np.array(BOX, np.float32)[:, None], outliers_policy="both")
    assert picks == [{**pick, "image_idx": pick["image_idx"] + 5} for pick in alone]
    assert picks == per_image_scores_stats(scores, classes=classes > 0, only_class=True, outliers_policy="both")
    assert per_image_scores_stats(BOX, only_class=1) == per_image_scores_stats(BOX, classes=[0] * 10)


def exact_confidence(a, b, atol):
    """One minus the chance, over all signs of the differences, of a rank sum as large as the observed one."""
    differences = [x - y for x, y in zip(a, b, strict=True) if abs(x - y) > atol]
    sizes = [abs(d) for d in differences]
    ranks = [sum(s < size for s in sizes) + (sizes.count(size) + 1) / 2 for size in sizes]
    observed = sum(r for r, d in zip(ranks, differences, strict=True) if d > 0)
    sums = [sum(r * sign for r, sign in zip(ranks, signs, strict=True)) for signs in product((0, 1), repeat=len(ranks))]
    return 1 - sum(s >= observed for s in sums) / len(sums)


def test_paired_tests_of_the_published_example():
    names, confidences, ranks = compare_models_pairwise_wilcoxon(MODELS, **UP, return_avg_ranks=True)
    assert names == tuple(ranks) == ("A", "B", "C")
    assert list(ranks.values()) == [1.5625, 1.9375, 2.5]
    published = {("A", "B"): 0.977100205445, ("A", "C"): 0.976800269065, ("B", "C"): 0.954515526012}
    assert len(confidences) == 6
    for (a, b), normal in published.items():
        # There are zeros: newer versions of SciPy enumerate the signs, older ones approximate.
        exact = exact_confidence(MODELS[a][:-1], MODELS[b][:-1], 1e-3)
        assert min(abs(confidences[a, b] - normal), abs(confidences[a, b] - exact)) < 1e-9
        assert confidences[b, a] < 0.1
    names, confidences = compare_models_pairwise_ttest_rel(MODELS, **UP)
    assert names == ("A", "B", "C")
    assert [confidences[pair] for pair in published] == pytest.approx(
        [0.974175916465, 0.981710521686, 0.953875738356], abs=1e-9
    )


def test_small_samples_without_ties_are_exact():
    rng = np.random.default_rng(5)
    a, b = rng.random(9), rng.random(9)
    confidences = compare_models_pairwise_wilcoxon({"a": a, "b": b}, **UP)[1]
    assert confidences["a", "b"] == pytest.approx(exact_confidence(a, b, 1e-3), abs=1e-12)
    assert confidences["b", "a"] == pytest.approx(exact_confidence(b, a, 1e-3), abs=1e-12)
    less = compare_models_pairwise_wilcoxon({"a": a, "b": b}, alternative="less", higher_is_better=True)[1]
    assert less["a", "b"] == pytest.approx(confidences["b", "a"], abs=1e-12)


@pytest.mark.parametrize("compare", [compare_models_pairwise_wilcoxon, compare_models_pairwise_ttest_rel])
def test_orders_of_the_models(compare):
    assert compare(MODELS, alternative="less", higher_is_better=False)[0] == ("C", "B", "A")
    backwards = dict(reversed(MODELS.items()))
    assert compare(backwards, **UP)[0] == ("A", "B", "C")
    assert compare(OrderedDict(backwards), **UP)[0] == ("C", "B", "A")
    tied = {"z": [0.1, 0.2, 0.3], "a": np.array([0.1, 0.2, 0.3])[:, None]}
    names, confidences = compare(tied, alternative="two-sided", higher_is_better=True)
    assert names == ("z", "a")
    assert confidences == {("z", "a"): 0, ("a", "z"): 0}


def test_differences_within_the_tolerance_are_none():
    models = {"a": [0.5, 0.6, 0.7], "b": [0.5005, 0.6005, 0.7005]}
    assert set(compare_models_pairwise_wilcoxon(models, **UP)[1].values()) == {0}
    assert compare_models_pairwise_wilcoxon(models, **UP, atol=0)[1]["b", "a"] > 0.8


def test_the_table_has_the_first_model_in_its_rows():
    names, confidences = compare_models_pairwise_ttest_rel(MODELS, **UP)
    table = format_pairwise_tests_results(names, confidences)
    assert np.isnan(table.diagonal()).all()
    assert table[0, 2] == confidences["A", "C"]
    assert np.isfinite(table).sum() == 6


NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: per_image_scores_stats([]), ValueError, "scores is empty"),
        (lambda: per_image_scores_stats([[0.1, 0.2]]), ValueError, r"scores must have shape \(n,\) .*; got \(1, 2\)"),
        (lambda: per_image_scores_stats(["a"]), TypeError, "scores must hold real numbers"),
        (lambda: per_image_scores_stats([0.1, NAN]), ValueError, r"scores must be finite .*; got nan at index \(1,\)"),
        (
            lambda: per_image_scores_stats([NAN, 0.1, INF], classes=[0, 1, 1], only_class=1),
            ValueError,
            r"got inf at index \(2,\)",
        ),
        (lambda: per_image_scores_stats(BOX, classes=[1]), ValueError, r"classes has shape \(1,\) but scores has"),
        (lambda: per_image_scores_stats(BOX, classes=BOX), TypeError, "classes must hold integers; got dtype float64"),
        (lambda: per_image_scores_stats(BOX, classes=[0] * 10, only_class=1), ValueError, "only_class must occur in"),
        (
            lambda: per_image_scores_stats(BOX, only_class="good"),
            TypeError,
            "only_class must be an integer; got 'good'",
        ),
        (lambda: per_image_scores_stats(BOX, outliers_policy="all"), ValueError, "outliers_policy must be one of"),
        (lambda: per_image_scores_stats(BOX, repeated_policy="yes"), ValueError, "repeated_policy must be one of"),
        (
            lambda: per_image_scores_stats(BOX, repeated_replacement_atol=-1),
            ValueError,
            "repeated_replacement_atol must be at least 0; got -1",
        ),
        (lambda: format_pairwise_tests_results("ab", {}), ValueError, r"got none for \('a', 'b'\)"),
        (lambda: compare_models_pairwise_wilcoxon(MODELS, **UP, atol=NAN), ValueError, "atol must be at least 0"),
        (
            lambda: compare_models_pairwise_wilcoxon(MODELS, **UP, return_avg_ranks=1),
            TypeError,
            "return_avg_ranks must be True or False; got 1",
        ),
        (
            lambda: compare_models_pairwise_ttest_rel({"a": [1.0], "b": [2.0]}, **UP),
            ValueError,
            "at least two images that have scores; got 1",
        ),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert isinstance(caught.value, ac.AnomalibCppError)


@pytest.mark.parametrize("compare", [compare_models_pairwise_wilcoxon, compare_models_pairwise_ttest_rel])
@pytest.mark.parametrize(
    ("models", "options", "error", "message"),
    [
        ([[0.1]], {}, TypeError, "scores_per_model must be a mapping of names to scores; got list"),
        ({"a": BOX}, {}, ValueError, "at least two models; got 1"),
        (MODELS, {"alternative": "up"}, ValueError, "alternative must be one of 'two-sided', 'less', 'greater'"),
        (MODELS, {"higher_is_better": 1}, TypeError, "higher_is_better must be True or False; got 1"),
        ({"a": BOX, "b": BOX[1:]}, {}, ValueError, r"\['b'\] has shape \(9,\) but scores_per_model\['a'\] has"),
        ({"a": [0.1, 0.2], "b": [0.1, NAN]}, {}, ValueError, r"NaN for the same images; .* at index \(1,\)"),
        ({"a": [NAN, 0.2], "b": [NAN, INF]}, {}, ValueError, r"\['b'\] must be finite .*; got inf at index \(1,\)"),
        ({"a": [NAN], "b": [NAN]}, {}, ValueError, "at least one image that has scores; got none"),
        ({"a": [0.1], "b": [1j]}, {}, TypeError, r"scores_per_model\['b'\] must hold real numbers"),
    ],
)
def test_models_that_cannot_be_compared(compare, models, options, error, message):
    with pytest.raises(error, match=message) as caught:
        compare(models, **{**UP, **options})
    assert isinstance(caught.value, ac.AnomalibCppError)
