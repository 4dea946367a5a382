"""Point adjustment, PA%K and the area under F1(K)."""

import itertools
from fractions import Fraction

from timeseries_oracles.events import counts, distinct_thresholds, events, linear_thresholds, predict, ratio


def exact_f1(predictions, labels):
    tp, fp, fn, _ = counts(predictions, labels)
    return ratio(2 * tp, 2 * tp + fp + fn)


def point_adjust(predictions, labels, *, variant="standard"):
    """Predict the whole of every detected event; "donut" leaves a point 0 that was not predicted."""
    adjusted = [int(p > 0) for p in predictions]
    for first, last in events(labels):
        if any(adjusted[first : last + 1]):
            adjusted[first : last + 1] = [1] * (last - first + 1)
    if variant == "donut":
        adjusted[0] = int(predictions[0] > 0)
    return adjusted


def pa_f1(predictions, labels, *, variant="standard"):
    return float(exact_f1(point_adjust(predictions, labels, variant=variant), labels))


def grid_predictions(scores, grid):
    """Predictions at the thresholds of a grid: "all", "tsbad" or "tadpak"."""
    if grid == "all":
        return [predict(scores, x) for x in distinct_thresholds(scores)]
    if grid == "tsbad":
        thresholds = linear_thresholds(scores)
    else:  # every tenth from the lowest, as many as there are full tens
        ascending = distinct_thresholds(scores)[::-1]
        thresholds = [ascending[10 * i] for i in range(len(ascending) // 10)] or ascending
    return [predict(scores, x, strict=True) for x in thresholds]


def best_pa_f1(scores, labels, *, variant="standard", grid="all"):
    return max(pa_f1(p, labels, variant=variant) for p in grid_predictions(scores, grid))


def pa_k(predictions, labels, *, K):
    """Predict the whole of every event of which more than K percent is predicted."""
    adjusted = [int(p > 0) for p in predictions]
    for first, last in events(labels):
        length = last - first + 1
        if sum(adjusted[first : last + 1]) > (K / 100) * length:  # the product rounds, and that decides
            adjusted[first : last + 1] = [1] * length
    return adjusted


def pa_k_f1(predictions, labels, *, K):
    return float(exact_f1(pa_k(predictions, labels, K=K), labels))


def best_pa_k_f1(scores, labels, *, K, grid="all"):
    return max(pa_k_f1(p, labels, K=K) for p in grid_predictions(scores, grid))


def pa_k_auc(predictions, labels, *, variant="trapz101"):
    if variant != "exact":
        values = [exact_f1(pa_k(predictions, labels, K=K), labels) for K in range(101)]
        trapezoids = sum((a + b) / 2 for a, b in itertools.pairwise(values)) / 100
        return float(trapezoids if variant == "trapz101" else sum(values) / 101)
    covers = {run: Fraction(sum(p > 0 for p in predictions[run[0] : run[1] + 1]), run[1] - run[0] + 1)
              for run in events(labels)}  # fmt: skip
    steps = sorted({Fraction(0), Fraction(1), *covers.values()})
    total = Fraction(0)
    for low, high in itertools.pairwise(steps):
        adjusted = [int(p > 0) for p in predictions]
        for (first, last), cover in covers.items():
            if cover > low:  # and so throughout the step
                adjusted[first : last + 1] = [1] * (last - first + 1)
        total += (high - low) * exact_f1(adjusted, labels)
    return float(total)
