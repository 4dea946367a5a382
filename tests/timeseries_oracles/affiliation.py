"""Affiliation precision and recall: integrals of piecewise linear functions, cut where their slope changes.

Indices are whole numbers, so that in float64 everything before the divisions is exact.
"""

import itertools
import math

from timeseries_oracles.events import distinct_thresholds, events, linear_thresholds, predict


def integral(f, low, high, breaks):
    """Integral of a function linear between the breaks: the value in the middle of each piece times its length."""
    cuts = sorted({low, high, *[b for b in breaks if low < b < high]})
    return math.fsum((v - u) * f((u + v) / 2) for u, v in itertools.pairwise(cuts))


def distance(x, intervals):
    return min(max(start - x, x - stop, 0) for start, stop in intervals)


def zones_of(true_events, trange):
    """For each event the part of the line nearer to it than to any other event."""
    middles = [(before[1] + after[0]) / 2
               for before, after in itertools.pairwise(true_events)]  # fmt: skip
    return list(zip([float(trange[0]), *middles], [*middles, float(trange[1])], strict=True))


def precision_of(cuts, event, zone):
    """(probability, distance) of the predicted intervals of a zone."""
    (a, b), (e0, e1) = event, zone
    length = math.fsum(v - u for u, v in cuts)
    if not length:
        return math.nan, math.nan

    def survival(x):  # the chance that a uniform point of the zone is at least as far from the event as x
        d = distance(x, [event])
        return 1 - ((b - a) + min(d, a - e0) + min(d, e1 - b)) / (e1 - e0) if d else 1.0

    breaks = [a, b, a - (e1 - b), b + (a - e0)]
    probability = sum(integral(survival, u, v, breaks) for u, v in cuts) / length
    return probability, sum(integral(lambda x: distance(x, [event]), u, v, breaks) for u, v in cuts) / length


def recall_of(cuts, event, zone):
    """(probability, distance) of an event, seen from the predicted intervals of its zone."""
    (a, b), (e0, e1) = event, zone
    if not cuts:
        return 0.0, math.inf

    def survival(y):  # the chance that a uniform point of the zone is at least as far from y as the prediction
        d = distance(y, cuts)
        return 1 - (min(d, y - e0) + min(d, e1 - y)) / (e1 - e0)

    ends = [end for cut in cuts for end in cut]
    middles = [(p + q) / 2 for p, q in itertools.pairwise(ends)]
    breaks = [*ends, *middles, (e0 + e1) / 2, *[(p + e) / 2 for p in ends for e in (e0, e1)]]
    far = integral(lambda y: distance(y, cuts), a, b, breaks) / (b - a)
    return integral(survival, a, b, breaks) / (b - a), far


def affiliation_events(predicted_events, true_events, *, trange):
    """Dictionary of precision, recall and the values of each event, from half-open intervals of the real line."""
    true_events = [(float(a), float(b)) for a, b in true_events]
    if not true_events:
        raise ValueError("no true event")
    rows = []
    for event, zone in zip(true_events, zones_of(true_events, trange), strict=True):
        cuts = [(max(float(u), zone[0]), min(float(v), zone[1])) for u, v in predicted_events]
        cuts = [(u, v) for u, v in cuts if u < v]
        rows.append((*precision_of(cuts, event, zone), *recall_of(cuts, event, zone)))
    defined = [row[0] for row in rows if not math.isnan(row[0])]
    names = ("precision_probabilities", "precision_distances", "recall_probabilities", "recall_distances")
    return {
        "precision": float(sum(defined) / len(defined)) if defined else math.nan,
        "recall": float(sum(row[2] for row in rows) / len(rows)),
        **{name: [float(v) for v in column] for name, column in zip(names, zip(*rows, strict=True), strict=True)},
    }


def affiliation(predictions, labels):
    """The same from binary series: point i is the interval [i, i + 1)."""
    return affiliation_events(
        [(a, b + 1) for a, b in events(predictions)], [(a, b + 1) for a, b in events(labels)], trange=(0, len(labels))
    )


def affiliation_f1(predictions, labels, *, eps=0):
    """NaN for an empty prediction."""
    result = affiliation(predictions, labels)
    precision, recall = result["precision"], result["recall"]
    return 2 * precision * recall / (precision + recall + eps) if precision + recall + eps else 0.0


def affiliation_sweep(scores, labels):
    """(threshold, precision, recall) at every distinct threshold, the highest first."""
    rows = []
    for x in distinct_thresholds(scores):
        result = affiliation(predict(scores, x), labels)
        rows.append((x, result["precision"], result["recall"]))
    return rows


def best_affiliation_f1(scores, labels, *, grid="all", eps=0):
    """Over all thresholds, or over 100 linear ones ("tsbad"): there a NaN that comes first stays."""
    if grid == "all":
        return max(affiliation_f1(predict(scores, x), labels, eps=eps) for x in distinct_thresholds(scores))
    values = [affiliation_f1(predict(scores, x, strict=True), labels, eps=eps) for x in linear_thresholds(scores)]
    best = values[0]
    for value in values[1:]:
        best = value if value > best else best
    return best
