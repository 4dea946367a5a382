"""Range-based precision and recall."""

from fractions import Fraction

from timeseries_oracles.events import events, harmonic, linear_thresholds, predict


def bias_weight(bias, i, length):
    """Weight of relative position i = 1..length."""
    return {
        "flat": 1,
        "front": length - i + 1,
        "back": i,
        "middle": i if 2 * i <= length else length - i + 1,
    }[bias]


def event_score(event, others, *, alpha, cardinality, bias):
    first, last = event
    length = last - first + 1
    overlaps = [[t for t in range(first, last + 1) if start <= t <= end] for start, end in others]
    overlaps = [points for points in overlaps if points]
    whole = sum(bias_weight(bias, i, length) for i in range(1, length + 1))
    covered = sum(bias_weight(bias, t - first + 1, length) for points in overlaps for t in points)
    factor = Fraction(1, len(overlaps)) if cardinality == "reciprocal" and len(overlaps) > 1 else Fraction(1)
    return Fraction(alpha) * bool(overlaps) + (1 - Fraction(alpha)) * factor * Fraction(covered, whole)


def range_score(these, those, **options):
    """Mean score of the runs of one series against the runs of the other; 0 without runs."""
    runs, others = events(these), events(those)
    return sum(event_score(run, others, **options) for run in runs) / Fraction(len(runs)) if runs else Fraction(0)


def range_pr(predictions, labels, *, alpha=0.0, cardinality="one", bias="flat", precision_alpha=None,
             precision_bias=None):  # fmt: skip
    """(precision, recall); precision takes its own alpha and bias where given."""
    recall = range_score(labels, predictions, alpha=alpha, cardinality=cardinality, bias=bias)
    precision_alpha = alpha if precision_alpha is None else precision_alpha
    precision = range_score(
        predictions, labels, alpha=precision_alpha, cardinality=cardinality, bias=precision_bias or bias
    )
    return float(precision), float(recall)


def range_f1(predictions, labels):
    """F1 of recall with alpha 0.2 and precision with alpha 0, reciprocal cardinality, flat bias."""
    precision = range_score(predictions, labels, alpha=0, cardinality="reciprocal", bias="flat")
    recall = range_score(labels, predictions, alpha=0.2, cardinality="reciprocal", bias="flat")
    return float(harmonic(precision, recall))


def best_range_f1(scores, labels):
    return max(range_f1(predict(scores, x, strict=True), labels) for x in linear_thresholds(scores))
