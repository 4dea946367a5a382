"""Cluster scores against scikit-learn and enumeration, merged regions against the definition."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as peer

import anomalib_cpp as ac
from anomalib_cpp.metrics import cluster_scores, merge_regions

TRUE = [0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3]
PRED = [2, 2, 0, 1, 1, 3, 1, 0, 0, 0, 3, 0]
EXACT = {"rel": 0, "abs": 1e-12}


def values(scores):
    return [scores.nmi, scores.ari, scores.f1]


def test_the_published_example():
    assert values(cluster_scores(TRUE, PRED)) == pytest.approx([0.6349003124828898, 0.3662551440329218, 0.75], **EXACT)
    old = np.array(TRUE) == 0
    expected = [0.6192140336970248, 0.4461538461538462, 0.7777777777777778]
    assert values(cluster_scores(TRUE, PRED, old=old)) == pytest.approx(expected, **EXACT)
    # A class counts as new from its first sample that is: the other samples of it are scored too.
    partly = np.array(TRUE) < 2
    partly[3] = False
    assert values(cluster_scores(TRUE, PRED, old=partly)) == values(cluster_scores(TRUE, PRED, old=old))
    assert repr(cluster_scores(TRUE, PRED)) == "ClusterScores(nmi=0.6349, ari=0.366255, f1=0.75)"


samples = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=30)


@given(samples, st.sets(st.integers(0, 4), max_size=3))
def test_matches_scikit_learn_and_every_matching(pairs, known):
    true, pred = np.array(pairs).T
    old = np.isin(true, list(known))
    if old.all():
        return
    scores = cluster_scores(true, pred, old=old)
    nmi, ari, f1 = values(scores)
    assert nmi == pytest.approx(peer.normalized_mutual_info_score(true[~old], pred[~old]), **EXACT)
    assert ari == pytest.approx(peer.adjusted_rand_score(true[~old], pred[~old]), **EXACT)
    renamed = [np.array(names)[pred] == true for names in permutations(range(5))]
    most = max(right.sum() for right in renamed)  # over all samples; the scored ones may differ between the best
    assert min(abs(f1 - right[~old].mean()) for right in renamed if right.sum() == most) < 1e-12
    # Only which samples are equal matters.
    again = cluster_scores(true.astype(np.uint64) * 2**60 + 7, pred, old=old.astype(np.int8))
    assert [again.nmi, again.ari] == pytest.approx([nmi, ari], **EXACT)


def test_counts_beyond_int64_stay_exact():
    true = np.arange(200_000) % 2
    pred = np.roll(true, 1)
    pred[0] ^= 1
    scores = cluster_scores(true, pred)
    assert scores.f1 == 1 - 1 / 200_000
    assert scores.ari == pytest.approx(peer.adjusted_rand_score(true, pred), **EXACT)
    assert scores.nmi == pytest.approx(peer.normalized_mutual_info_score(true, pred), **EXACT)


def test_partitions_that_are_equal_or_trivial():
    assert values(cluster_scores([3, 3, 3], [8, 8, 8])) == [1, 1, 1]
    assert values(cluster_scores([0, 1, 2], [2, 0, 1])) == [1, 1, 1]
    assert values(cluster_scores([5], [0])) == [1, 1, 1]
    assert values(cluster_scores([0, 0, 0, 1], [4, 4, 4, 4])) == [0, 0, 0.75]
    assert values(cluster_scores([4, 4, 4, 4], [0, 1, 2, 3])) == [0, 0, 0.25]


def slow_merge(logits, areas, images, old_classes, old, temperature, area_temperature):
    merged = {}
    for image in sorted(set(images)):
        regions = [i for i, other in enumerate(images) if other == image]
        pulls = [np.exp(np.sqrt(areas[i]) / area_temperature) for i in regions]
        chances = []
        for i in regions:
            chance = np.exp(np.array(logits[i]) / temperature)
            chance /= chance.sum()
            if not old[i]:
                chance[old_classes] = 0
                chance /= chance.sum()
            chances.append(chance)
        merged[image] = sum(p * c for p, c in zip(pulls, chances, strict=True)) / sum(pulls)
    return merged


@pytest.mark.parametrize("area_temperature", [50, 100])
def test_merged_regions_match_the_definition(area_temperature):
    rng = np.random.default_rng(8)
    logits = rng.uniform(-1, 1, (40, 6))
    areas = rng.integers(0, 10_000, 40)
    images = rng.integers(-3, 9, 40)
    old = images % 3 == 0
    expected = slow_merge(logits, areas, images.tolist(), [1, 4], old, 0.1, area_temperature)
    merged = merge_regions(logits, areas, images, old_classes=[4, 1], old=old, area_temperature=area_temperature)
    assert merged.images.tolist() == list(expected)
    np.testing.assert_allclose(merged.probabilities, list(expected.values()), rtol=1e-12, atol=1e-300)
    assert merged.labels.tolist() == [row.argmax() for row in expected.values()]
    assert not merged.probabilities[merged.images % 3 != 0][:, [1, 4]].any()
    assert (merged.images.dtype, merged.labels.dtype) == (np.int64, np.int64)


def test_extreme_logits_and_areas_do_not_overflow():
    merged = merge_regions(
        [[1e4, -1e4, 0], [-1e4, 1e4, 0]], [1e12, 0], [0, 0], old_classes=[0], temperature=1e-3, area_temperature=1e-3
    )
    assert merged.probabilities.tolist() == [[0, 0, 1]]
    assert merge_regions([[0.0, 0.0]], [4], [2]).labels.tolist() == [0]


def test_torch_tensors():
    torch = pytest.importorskip("torch")
    merged = merge_regions(torch.eye(3), torch.ones(3), torch.tensor([1, 0, 1]))
    assert isinstance(merged.probabilities, torch.Tensor)
    assert merged.labels.dtype == torch.int64
    assert values(cluster_scores(torch.tensor(TRUE), torch.tensor(PRED))) == values(cluster_scores(TRUE, PRED))


LOGITS = np.zeros((2, 3))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: cluster_scores([], []), ValueError, "y_true is empty"),
        (lambda: cluster_scores([0, 1], [0]), ValueError, r"y_pred has shape \(1,\) but y_true has shape \(2,\)"),
        (lambda: cluster_scores([[0]], [0]), ValueError, r"y_true must have shape \(n,\); got \(1, 1\)"),
        (lambda: cluster_scores([0], [-1]), ValueError, "y_pred must be at least 0; got -1"),
        (lambda: cluster_scores([0], [0.0]), TypeError, "y_pred must hold integers; got dtype float64"),
        (lambda: cluster_scores([0, 1], [0, 1], old=[1, 1]), ValueError, "old must leave at least one sample new; got"),
        (lambda: cluster_scores([0, 1], [0, 1], old=[1]), ValueError, "old must have one entry for each of the 2 rows"),
        (lambda: cluster_scores([0, 1], [0, 1], old=[0, 2]), ValueError, "old must be 0 or 1; got 2"),
        (lambda: cluster_scores([0, 1], [0, 1], old=[0, 0.5]), TypeError, "old must hold integers; got dtype float64"),
        (lambda: merge_regions([0.1], [1], [0]), ValueError, r"logits must have shape \(n, k\)"),
        (lambda: merge_regions(LOGITS[:0], [], []), ValueError, r"logits must have shape .*; got \(0, 3\)"),
        (lambda: merge_regions([[0, np.nan]], [1], [0]), ValueError, "logits must be finite; got nan"),
        (lambda: merge_regions(LOGITS, [1], [0, 0]), ValueError, "areas must have one entry for each of the 2 rows of"),
        (lambda: merge_regions(LOGITS, [1, -2], [0, 0]), ValueError, "areas must be at least 0; got -2"),
        (lambda: merge_regions(LOGITS, [1, 2], [0, 0.5]), TypeError, "images must hold integers; got dtype float64"),
        (lambda: merge_regions(LOGITS, [1, 2], [7, 7], old=[0, 1]), ValueError, "old must be the same .* for image 7"),
        (lambda: merge_regions(LOGITS, [1, 2], [0, 1], old_classes=[3]), ValueError, "lie below the 3 classes; got 3"),
        (lambda: merge_regions(LOGITS, [1, 2], [0, 1], old_classes=["a"]), TypeError, "old_classes must be an integer"),
        (lambda: merge_regions(LOGITS, [1, 2], [0, 1], old_classes=range(3)), ValueError, "old_classes must leave a"),
        (lambda: merge_regions(LOGITS, [1, 2], [0, 1], temperature=0), ValueError, "temperature must be above 0"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert isinstance(caught.value, ac.AnomalibCppError)
