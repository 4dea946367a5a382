"""Event-wise F1, and how late events are detected."""

import math

from timeseries_oracles.events import counts, distinct_thresholds, events, harmonic, linear_thresholds, predict, ratio


def event_recall(predictions, labels):
    runs = events(labels)
    return ratio(sum(any(p > 0 for p in predictions[first : last + 1]) for first, last in runs), len(runs))


def composite_f1(predictions, labels, *, eps=0, variant="standard"):
    """F1 of point precision and event recall; "tsbad" does not look at the last point of the series for the latter."""
    tp, fp, _, _ = counts(predictions, labels)
    seen = [*predictions[:-1], 0] if variant == "tsbad" else predictions
    return float(harmonic(ratio(tp, tp + fp), event_recall(seen, labels), eps))


def segment_f1(predictions, labels):
    """(precision, recall, f1) over whole runs."""
    precision, recall = event_recall(labels, predictions), event_recall(predictions, labels)
    return float(precision), float(recall), float(harmonic(precision, recall))


def best_over_thresholds(metric, scores, labels, *, grid="all", **options):
    """Highest value of a metric of predictions over all thresholds, or over 100 linear ones ("tsbad")."""
    if grid == "all":
        flags = [predict(scores, x) for x in distinct_thresholds(scores)]
    else:
        flags = [predict(scores, x, strict=True) for x in linear_thresholds(scores)]
    return max(metric(p, labels, **options) for p in flags)


def delays(predictions, labels):
    """Per event: points until the first predicted one, None where there is none."""
    found = []
    for first, last in events(labels):
        hits = [t - first for t in range(first, last + 1) if predictions[t] > 0]
        found.append(hits[0] if hits else None)
    return found


def mean_delay(predictions, labels):
    """(mean over detected events, number of missed ones)."""
    found = [d for d in delays(predictions, labels) if d is not None]
    return (sum(found) / len(found) if found else math.nan), len(events(labels)) - len(found)


def earliness(predictions, labels, *, variant="detected"):
    terms = []
    for (first, last), delay in zip(events(labels), delays(predictions, labels), strict=True):
        if delay is not None:
            terms.append(1 - delay / (last - first + 1))
        elif variant == "all":
            terms.append(0.0)
    return sum(terms) / len(terms) if terms else math.nan


def tsbad_latency(predictions, labels):
    total, detected = 0, 0
    for (first, _), delay in zip(events(labels), delays(predictions, labels), strict=True):
        if delay is not None:
            total, detected = total + delay - (first == 0 and delay > 0), detected + 1
    return total / (detected + 1e-4)
