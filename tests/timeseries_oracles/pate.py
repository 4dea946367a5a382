"""PATE and PATE-F1, in rational arithmetic: the order of equal recalls decides which points of the curve are kept."""

import functools
import math
from fractions import Fraction

from timeseries_oracles.events import (
    curve_thresholds,
    distinct_thresholds,
    events,
    harmonic,
    percentile_thresholds,
    predict,
    ratio,
)


def buffer_points(largest, splits, include_zero):
    if include_zero:
        return [math.floor(j * (largest / splits)) for j in range(splits)] + [largest] if splits else [0]
    if splits < 1:
        raise ValueError("no buffer to visit")
    start = largest / splits
    return [math.floor(j * ((largest - start) / (splits - 1)) + start) for j in range(splits - 1)] + [largest]


def zones(labels, early, delay):
    """Per event: start of its pre-buffer, its first and last point, end of its post-buffer."""
    found, taken = [], -1
    runs = events(labels)
    for k, (first, last) in enumerate(runs):
        following = runs[k + 1][0] if k + 1 < len(runs) else len(labels)
        end = min(last + delay, following - 1)
        found.append((max(0, first - early, taken + 1), first, last, end))
        taken = end
    return found


@functools.cache  # every pair of buffers asks again
def missed_weight(flags):
    """False negatives of one event whose points are predicted where `flags` is 1."""
    length, missed = len(flags), [r for r, flag in enumerate(flags) if not flag]
    if len(missed) in (0, length):
        return Fraction(len(missed))
    first, last = events(flags)[0]  # only the leftmost detected run counts
    n1 = last - first + 1
    total = Fraction(0)
    for r in missed:
        late = (n1 + 1) * (r - Fraction(n1, 2)) / Fraction(length * (length - 1), 2)
        total += 1 - late if r > n1 else 1
    return total


def precision_and_recall(predictions, labels, *, early, delay):
    """Proximity-aware precision and recall of one binary prediction and one pair of buffers, as fractions."""
    credit, missed = Fraction(0), Fraction(0)
    for start, first, last, end in zones(labels, early, delay):
        inside = predictions[first : last + 1]
        credit += sum(inside)
        missed += missed_weight(tuple(inside))
        middle = Fraction(first + last, 2)
        after = [x for x in range(last + 1, end + 1) if predictions[x]]
        before = [x for x in range(start, first) if predictions[x]]
        if after:
            credit += sum(end - x for x in after) / (end - middle)
        if before and any(inside):
            credit += sum(x - start for x in before) / (middle - start)
    return ratio(credit, sum(predictions)), ratio(credit, credit + missed)


def thresholds_of(scores, labels, *, pos_label=1, sample_weight=None, drop_intermediate=True, Big_Data=True,
                  num_desired_thresholds=250, recipe="float"):  # fmt: skip
    if drop_intermediate:
        chosen = curve_thresholds(scores, labels, pos_label=pos_label, sample_weight=sample_weight)
    else:
        weights = [1] * len(scores) if sample_weight is None else sample_weight
        chosen = distinct_thresholds(s for s, w in zip(scores, weights, strict=True) if w != 0)
    return percentile_thresholds(chosen, num_desired_thresholds, recipe=recipe) if Big_Data else chosen


def pate_curve(scores, labels, *, early, delay, thresholds):
    """(threshold, precision, recall) of every threshold, in their order."""
    return [(x, *precision_and_recall(predict(scores, x), labels, early=early, delay=delay)) for x in thresholds]


def area(curve):
    """Trapezoids over the points in order, less those whose recall falls below the last one kept."""
    total, kept_precision, kept_recall = Fraction(0), Fraction(1), Fraction(0)
    for _, precision, recall in curve:
        if recall >= kept_recall:
            total += (recall - kept_recall) * (precision + kept_precision) / 2
            kept_precision, kept_recall = precision, recall
    return total


def pate(scores, labels, *, e_buffer=100, d_buffer=100, num_splits_MaxBuffer=1, include_zero=True,
         binary_scores=False, **threshold_options):  # fmt: skip
    """Mean over the pairs of buffers of the area under the curve, or of F1 when the scores are predictions."""
    pairs = [(early, delay) for early in buffer_points(e_buffer, num_splits_MaxBuffer, include_zero)
             for delay in buffer_points(d_buffer, num_splits_MaxBuffer, include_zero)]  # fmt: skip
    values = []
    thresholds = [] if binary_scores else thresholds_of(scores, labels, **threshold_options)
    for early, delay in pairs:
        if binary_scores:
            flags = predict(scores, 0, strict=True)
            values.append(harmonic(*precision_and_recall(flags, labels, early=early, delay=delay)))
        else:
            values.append(area(pate_curve(scores, labels, early=early, delay=delay, thresholds=thresholds)))
    return float(sum(values) / len(values))
