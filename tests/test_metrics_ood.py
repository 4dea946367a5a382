"""Known against novel samples: published values, a literal walk, definitions."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import anomalib_cpp as ac
from anomalib_cpp.metrics import ood_report

KNOWN, NOVEL = [0.9, 0.8, 0.7, 0.6], [0.65, 0.5, 0.4, 0.75]


def test_published_values():
    expected = {"tnr_at_tpr": 0, "auroc": 0.8125, "dtacc": 0.75, "auin": 0.710416666667, "auout": 0.710416666667}
    assert ood_report(KNOWN, NOVEL, variant="mahalanobis_log") == pytest.approx(expected, rel=0, abs=1e-12)


def slow_walk(known, novel, rate):
    """Drop the lowest confidence, one after the other."""
    known, novel = sorted(known), sorted(novel)
    n, m = len(known), len(novel)
    states = [(n, m)]
    while known or novel:
        if known and (not novel or known[0] <= novel[0]):
            known = known[1:]
        else:
            novel = novel[1:]
        states.append((len(known), len(novel)))

    def area(points):
        return sum((x1 - x0) * (y0 + y1) / 2 for (x0, y0), (x1, y1) in itertools.pairwise(points))

    roc = [(1, 0), *((tp / n, 1 - fp / m) for tp, fp in states), (0, 1)]
    inside = [(1, 0.5), *((tp / n, tp / (tp + fp)) for tp, fp in states if tp + fp), (0, 0)]
    gone = [(tp, fp, n - tp + m - fp) for tp, fp in states]
    outside = [(0, 0), *((1 - fp / m, (m - fp) / dropped) for tp, fp, dropped in gone if dropped), (1, 0.5)]
    return {
        "auroc": -area(roc),
        "auin": -area(inside),
        "auout": area(outside),
        "dtacc": max((tpr + tnr) / 2 for tpr, tnr in roc),
        "tnr_at_tpr": min(roc, key=lambda point: abs(point[0] - rate))[1],  # min() keeps the first of equals
    }


def slow_exact(known, novel, rate):
    """Accept what reaches a threshold, for each confidence as a threshold."""
    known, novel = np.array(known, float), np.array(novel, float)
    levels = np.unique(np.concatenate([known, novel]))[::-1]
    tp, fp = ([0, *(int(np.count_nonzero(each >= t)) for t in levels)] for each in (known, novel))
    n, m = len(known), len(novel)
    pairs = [(a > b) + (a == b) / 2 for a in known for b in novel]
    steps = range(1, len(tp))
    inside = sum((tp[i] - tp[i - 1]) / n * tp[i] / (tp[i] + fp[i]) for i in steps)
    # From below: what lies at or under a level is rejected.
    rejected = [(m - fp[i - 1], n - tp[i - 1], fp[i] - fp[i - 1]) for i in steps]
    return {
        "auroc": sum(pairs) / len(pairs),
        "auin": inside,
        "auout": sum(new / m * right / (right + wrong) for right, wrong, new in rejected),
        "dtacc": max((a / n + 1 - b / m) / 2 for a, b in zip(tp, fp, strict=True)),
        "tnr_at_tpr": next(1 - b / m for a, b in zip(tp, fp, strict=True) if a / n >= rate - 1e-12),
    }


confidences = st.lists(st.integers(-3, 4) | st.sampled_from([np.inf, -np.inf, -0.0, 0.5]), min_size=1, max_size=40)


@settings(max_examples=150)
@given(confidences, confidences, st.sampled_from([0.95, 0.5, 1.0, 0.01]))
def test_definitions(known, novel, rate):
    for variant, slow in (("exact", slow_exact), ("mahalanobis_log", slow_walk)):
        found = ood_report(known, novel, tpr=rate, variant=variant)
        assert found == pytest.approx(slow(known, novel, rate), rel=0, abs=1e-12)
        assert all(type(value) is float for value in found.values())


def test_scikit_learns_numbers():
    sklearn = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    known, novel = rng.normal(1, 1, 400).round(1), rng.normal(0, 1, 300).round(1)
    scores, labels = np.concatenate([known, novel]), np.arange(700) < 400
    found = ood_report(known, novel)
    assert found["auroc"] == pytest.approx(sklearn.roc_auc_score(labels, scores), abs=1e-12)
    assert found["auin"] == pytest.approx(sklearn.average_precision_score(labels, scores), abs=1e-12)
    assert found["auout"] == pytest.approx(sklearn.average_precision_score(~labels, -scores), abs=1e-12)


def test_variants_part_only_where_confidences_tie():
    rng = np.random.default_rng(1)
    for known, novel in [(rng.normal(1, 1, 200), rng.normal(0, 1, 100)), (np.ones(50), np.ones(20))]:
        exact, walked = (ood_report(known, novel, variant=variant) for variant in ("exact", "mahalanobis_log"))
        if len(known) == 200:
            assert walked["auroc"] == pytest.approx(exact["auroc"], abs=1e-12)
            assert walked["dtacc"] == exact["dtacc"]
        else:
            assert (exact["auroc"], walked["auroc"]) == (0.5, 0)


def test_order_type_and_layout_change_no_bit():
    rng = np.random.default_rng(2)
    known, novel = rng.integers(0, 30, 500), rng.integers(0, 25, 300)
    for variant in ("exact", "mahalanobis_log"):
        expected = ood_report(known, novel, variant=variant)
        for other in (
            (known[::-1], rng.permutation(novel)),
            (known[:, None], novel.astype(np.uint8)),
            (known.astype(np.float16), novel),
            (known.astype(np.float32).tolist(), novel.astype(float)),
        ):
            assert ood_report(*other, variant=variant) == expected


def test_tensors():
    torch = pytest.importorskip("torch")
    assert ood_report(torch.tensor(KNOWN).double(), torch.tensor(NOVEL).double()) == ood_report(KNOWN, NOVEL)


@pytest.mark.parametrize("variant", ["exact", "mahalanobis_log"])
@pytest.mark.parametrize(
    ("known", "novel", "error", "message"),
    [
        ([], NOVEL, ValueError, "known must have at least one confidence; got none"),
        (KNOWN, np.zeros((0, 1)), ValueError, "novel must have at least one confidence; got none"),
        (KNOWN, [0.1, np.nan, np.nan], ValueError, r"novel contains 2 NaN, first at index \(1,\)"),
        ([[0.1, 0.2]], NOVEL, ValueError, r"known must have shape \(n,\) or \(n, 1\); got \(1, 2\)"),
        ([np.zeros((2, 2))], NOVEL, ValueError, r"known must have shape \(n,\) or \(n, 1\); got a list of images"),
        (0.5, NOVEL, ValueError, r"known must have shape \(n,\) or \(n, 1\); got \(\)"),
        (KNOWN, ["a"], TypeError, "novel must hold real numbers"),
        (np.array([1j]), NOVEL, TypeError, "known must hold real numbers; got dtype complex128"),
        ([2**60 + 1], NOVEL, TypeError, "known of int64 has values that float64 does not hold"),
    ],
)
def test_bad_input(variant, known, novel, error, message):
    with pytest.raises(error, match=message) as caught:
        ood_report(known, novel, variant=variant)
    assert isinstance(caught.value, ac.AnomalibCppError)


def test_bad_options():
    with pytest.raises(ValueError, match="variant must be one of 'exact', 'mahalanobis_log'; got 'odin'"):
        ood_report(KNOWN, NOVEL, variant="odin")
    with pytest.raises(ValueError, match=r"tpr must lie in \(0, 1\]; got 95"):
        ood_report(KNOWN, NOVEL, tpr=95)
