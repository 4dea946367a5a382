"""Range-AUC, and its volume over all windows up to a width, with the soft labels written out point by point."""

import itertools
import math

import numpy as np

from timeseries_oracles.events import events, rank_thresholds

VARIANTS = ("opt", "opt_time", "vldb", "vldb_sym")  # opt_time is vldb_sym without its existence factor


def soft_labels(labels, window, *, right_from=1, start=None):
    """Labels with buffers of half a window on both sides of each event, weights adding up to at most 1.

    Parameters
    ----------
    right_from
        Distance given to the first point right of an event; 0 gives the last point of the event distance 0, so that
        the right buffer is one point shorter than the left one.
    start
        Weights to add to; the labels when None.
    """
    half = window // 2
    weights = np.array((np.asarray(labels) > 0) if start is None else start, float)
    for first, last in events(labels):
        for distance in range(1, half + 1):
            if first - distance >= 0:
                weights[first - distance] += math.sqrt(1 - distance / window)
        for distance in range(right_from, half + right_from):
            if last + distance < len(weights):
                weights[last + distance] += math.sqrt(1 - distance / window)
    return np.minimum(weights, 1)


def percentage_labels(labels, percentage):
    """Buffers in proportion to each event, the right one a point shorter."""
    weights = np.array(np.asarray(labels) > 0, float)
    for first, last in events(labels):
        half = int((last - first + 1) * percentage)
        for distance in range(half):
            if last + distance < len(weights):
                weights[last + distance] += math.sqrt(1 - distance / (2 * half))
        for distance in range(1, half + 1):
            if first - distance >= 0:
                weights[first - distance] += math.sqrt(1 - distance / (2 * half))
    return np.minimum(weights, 1)


def groups_by_range(labels, window):
    """Events whose buffers overlap, as inclusive ranges with their outer buffers; touching buffers stay apart."""
    half, size = window // 2, len(labels)
    groups = []
    for first, last in events(labels):
        if groups and not groups[-1][1] + half < first - half:
            groups[-1][1] = last
        else:
            groups.append([first, last])
    return [(max(first - half, 0), min(last + half, size - 1)) for first, last in groups]


def gather(scores, labels, soft, groups, *, thresholds, fixed_size):
    """TPR, FPR and precision at each threshold. `fixed_size`: buffers count in full, predicted or not."""
    scores, labels = np.asarray(scores, float), np.asarray(labels) > 0
    positives, rows = int(labels.sum()), []
    for x in thresholds:
        flags = scores >= x
        buffer = soft[flags & ~labels].sum()
        tp = (flags & labels).sum() + buffer
        size = (positives + soft.sum()) / 2 if fixed_size else positives + buffer / 2
        found = sum(flags[first : last + 1].any() for first, last in groups) / len(groups)
        with np.errstate(invalid="ignore", divide="ignore"):
            fpr = np.float64(flags.sum() - tp) / (len(scores) - size)
        rows.append((min(tp / size, 1) * found, fpr, tp / flags.sum()))
    return rows


def r_auc(scores, labels, *, window=0, variant="opt", thre=250, percentage=None):
    """(ROC area, PR area) for one window, or for buffers of a percentage of each event."""
    if not events(labels):
        raise ValueError("no anomalous point")
    if percentage is not None:
        soft = percentage_labels(labels, percentage)
    else:
        soft = soft_labels(labels, window, right_from=0 if variant == "vldb" else 1)
    groups = groups_by_range(labels, window) if variant == "opt" and percentage is None else events(soft)
    if variant == "opt_time":
        groups = [(0, len(labels) - 1)]  # no loss for events without a detection
    thresholds = rank_thresholds(scores, thre)
    rows = gather(scores, labels, soft, groups, thresholds=thresholds, fixed_size=variant != "opt")
    roc, pr = 0.0, 0.0
    corner = [(0.0, 0.0, 1.0), *rows, (1.0, 1.0, math.nan)]
    for (tpr0, fpr0, _), (tpr1, fpr1, _) in itertools.pairwise(corner):
        roc += (fpr1 - fpr0) * (tpr0 + tpr1) / 2
    for (tpr0, _, precision0), (tpr1, _, precision1) in itertools.pairwise(corner[:-1]):
        pr += (tpr1 - tpr0) * (precision1 if variant == "opt" else (precision0 + precision1) / 2)
    return float(roc), float(pr)


def vus(scores, labels, *, window=100, variant="opt", thre=250):
    """Means of the two areas over the windows 0, 1, ..., window."""
    slices = [r_auc(scores, labels, window=w, variant=variant, thre=thre) for w in range(window + 1)]
    return tuple(float(np.mean(column)) for column in zip(*slices, strict=True))


def vus_pred(predictions, labels, *, window=100, variant="fixed"):
    """Means over the windows of recall, precision and F of a binary prediction.

    "tsbad" starts each window from the predicted soft labels of the one before.
    """
    if not events(labels):
        raise ValueError("no anomalous point")
    flags, truth = np.asarray(predictions) > 0, np.asarray(labels) > 0
    rows, start = [], None
    for w in range(window + 1):
        soft = soft_labels(labels, w, start=start)
        if variant == "tsbad":
            start = np.where(truth, 1.0, soft * flags)
        buffer = soft[flags & ~truth].sum()
        tp, size = (flags & truth).sum() + buffer, truth.sum() + buffer / 2
        recall, precision = min(tp / size, 1), tp / flags.sum() if flags.any() else 0.0
        rows.append((recall, precision, 2 * recall * precision / (recall + precision) if recall + precision else 0.0))
    return tuple(float(np.mean(column)) for column in zip(*rows, strict=True))
