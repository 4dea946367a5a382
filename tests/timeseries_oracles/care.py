"""CARE: coverage, accuracy, reliability and earliness over a list of prediction periods.

An event is (predictions, normal, label, first, last): label "anomaly" or "normal", window inclusive.
"""

import math
from fractions import Fraction

from timeseries_oracles.events import ratio


def f_beta(flags, truth, beta=0.5):
    pairs = [(bool(p), bool(g)) for p, g in zip(flags, truth, strict=True)]
    tp, fp, fn = pairs.count((True, True)), pairs.count((True, False)), pairs.count((False, True))
    square = Fraction(beta) ** 2
    return float(ratio((1 + square) * tp, (1 + square) * tp + square * fn + fp))


def truth_of(event):
    predictions, normal, label, first, last = event
    inside = [label == "anomaly" and first <= t <= last for t in range(len(predictions))]
    return [not n or i for n, i in zip(normal, inside, strict=True)]


def evaluated(event):
    """(prediction, truth) of the steps of normal operation."""
    return [(bool(p), g) for p, n, g in zip(event[0], event[1], truth_of(event), strict=True) if n]


def confusion(event):
    """TN, FP, FN, TP."""
    pairs = evaluated(event)
    return tuple(pairs.count(pair) for pair in [(False, False), (True, False), (False, True), (True, True)])


def coverage(event, *, beta=0.5):
    pairs = evaluated(event)
    return f_beta([p for p, _ in pairs], [g for _, g in pairs], beta)


def accuracy(event):
    pairs = evaluated(event)
    return sum(p == g for p, g in pairs) / len(pairs)


def earliness_weights(length, *, descent=(1, 4)):
    """Full weight up to the start of the descent, then linearly towards 0."""
    nu, de = descent
    turn = int(de * length * (nu / de))
    return [1.0 if de * i < turn else (1 - de * i / (de * length - 1)) / (1 - nu / de) for i in range(length)]


def earliness(event, **options):
    predictions, _, _, first, last = event
    weights = earliness_weights(last - first + 1, **options)
    return math.fsum(w for w, p in zip(weights, predictions[first : last + 1], strict=True) if p) / math.fsum(weights)


def max_criticality(event, *, cap=1000):
    counter = highest = 0
    for p, n in zip(event[0], event[1], strict=True):
        if n:
            counter = min(counter + 1, cap) if p else max(counter - 1, 0)
            highest = max(highest, counter)
    return highest


def detected(event, *, method="criticality", criticality_threshold=72, fraction=0.1):
    if method == "criticality":
        return max_criticality(event) > criticality_threshold
    predictions, normal, _, first, last = event
    steps = [bool(p) for p, n in zip(predictions[first : last + 1], normal[first : last + 1], strict=True) if n]
    return bool(steps) and sum(steps) / len(steps) >= fraction


def care_from_rows(coverages, earlinesses, accuracies, flags, labels, *, weights=(1, 1, 1, 2), beta=0.5):
    """`flags` and `labels` of all events; weights of coverage, earliness, reliability and accuracy."""
    if not any(flags):
        return 0.0
    mean_accuracy = sum(accuracies) / len(accuracies)
    if mean_accuracy <= 0.5:
        return mean_accuracy
    parts = (
        sum(coverages) / len(coverages),
        sum(earlinesses) / len(earlinesses),
        f_beta(flags, [label == "anomaly" for label in labels], beta),
        mean_accuracy,
    )
    return sum(w * part for w, part in zip(weights, parts, strict=True)) / sum(weights)


def care(events, *, weights=(1, 1, 1, 2), beta=0.5, **detection):
    anomalies = [event for event in events if event[2] == "anomaly"]
    return care_from_rows(
        [coverage(event, beta=beta) for event in anomalies],
        [earliness(event) for event in anomalies],
        [accuracy(event) for event in events if event[2] == "normal"],
        [detected(event, **detection) for event in events],
        [event[2] for event in events],
        weights=weights,
        beta=beta,
    )
