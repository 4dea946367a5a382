"""Runs of positive points, and the sets of thresholds that metrics visit."""

import math
from fractions import Fraction

import numpy as np


def events(flags):
    """Maximal runs of points above zero: inclusive (first, last), in order."""
    found, start = [], None
    for t, flag in enumerate([*flags, 0]):
        if flag > 0 and start is None:
            start = t
        elif not flag > 0 and start is not None:
            found.append((start, t - 1))
            start = None
    return found


def predict(scores, threshold, *, strict=False):
    scores = np.asarray(scores, float)
    return (scores > threshold if strict else scores >= threshold).astype(int).tolist()


def ratio(numerator, denominator):
    """Exact quotient; 0 where there is nothing to divide by."""
    return Fraction(numerator) / Fraction(denominator) if denominator else Fraction(0)


def harmonic(precision, recall, eps=0):
    """F1 of two rates, 0 where both are 0."""
    return ratio(2 * Fraction(precision) * Fraction(recall), Fraction(precision) + Fraction(recall) + Fraction(eps))


def counts(predictions, labels):
    """TP, FP, FN, TN."""
    predictions, labels = np.asarray(predictions) > 0, np.asarray(labels) > 0
    cells = (predictions & labels, predictions & ~labels, ~predictions & labels, ~predictions & ~labels)
    return tuple(int(cell.sum()) for cell in cells)


def distinct_thresholds(scores):
    """Every different score, the highest first."""
    return sorted({float(s) for s in scores}, reverse=True)


def curve_thresholds(scores, labels, *, pos_label=1, sample_weight=None):
    """Distinct thresholds without the inner ones across which the count of true positives stands still."""
    weights = [1] * len(scores) if sample_weight is None else [Fraction(float(w)) for w in sample_weight]
    rows = [(float(s), w * int(y == pos_label)) for s, y, w in zip(scores, labels, weights, strict=True) if w != 0]
    thresholds = distinct_thresholds(s for s, _ in rows)
    tps = [sum(w for s, w in rows if s >= x) for x in thresholds]
    last = len(thresholds) - 1
    return [
        x for j, x in enumerate(thresholds) if j in (0, last) or tps[j] != tps[j - 1] or tps[j + 1] != tps[j]
    ]  # with two thresholds or fewer this keeps all


def percentile_thresholds(thresholds, number, *, recipe="float"):
    """`number` percentiles of the thresholds, from the 100th down to the 0th.

    "float" interpolates in float64, one rounding at a time, and "exact" in rational arithmetic. "integer" takes the
    lowest threshold not below the percentile: the same predictions only if no score lies between thresholds, so not
    after `curve_thresholds`.
    """
    ascending = sorted(thresholds)
    n, chosen = len(ascending), []
    for j in range(number):
        if recipe == "integer":
            chosen.append(ascending[-(-(n - 1) * (number - 1 - j) // (number - 1)) if number > 1 else n - 1])
            continue
        if recipe == "exact":
            at = Fraction((n - 1) * (number - 1 - j), number - 1) if number > 1 else Fraction(n - 1)
            low = math.floor(at)
            a, b = Fraction(ascending[low]), Fraction(ascending[min(low + 1, n - 1)])
            chosen.append(a + (b - a) * (at - low))
            continue
        step = (0 - 100) / (number - 1) if number > 1 else 0.0
        percent = 0.0 if j == number - 1 and number > 1 else j * step + 100
        virtual = (n - 1) * (percent / 100)
        low = math.floor(virtual)
        if virtual >= n - 1:
            chosen.append(ascending[n - 1])
            continue
        part, a, b = virtual - low, ascending[low], ascending[min(low + 1, n - 1)]
        chosen.append(a + (b - a) * part if part < 0.5 else b - (b - a) * (1 - part))
    return chosen


def rank_thresholds(scores, number):
    """Scores at `number` evenly spaced ranks of the descending order, repetitions included."""
    descending = sorted((float(s) for s in scores), reverse=True)
    if number == 1:
        return [descending[0]]
    step = (len(descending) - 1) / (number - 1)
    return [descending[int(j * step)] for j in range(number - 1)] + [descending[-1]]


def linear_thresholds(scores, number=100):
    """Evenly spaced values from the lowest score to the highest, ascending."""
    low, high = float(min(scores)), float(max(scores))
    return [low + j * ((high - low) / (number - 1)) for j in range(number - 1)] + [high]
