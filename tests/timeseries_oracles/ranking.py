"""Point-wise and rank metrics."""

import itertools
import math
from fractions import Fraction

import numpy as np

from timeseries_oracles.events import counts, distinct_thresholds, harmonic, predict, ratio


def auroc(scores, labels):
    """Share of (anomalous, normal) pairs in the right order, equal scores counting a half."""
    scores, labels = np.asarray(scores, float), np.asarray(labels) > 0
    high, low = scores[labels][:, None], scores[~labels][None, :]
    if not high.size or not low.size:
        raise ValueError("auroc is undefined")
    return float(Fraction(2 * int((high > low).sum()) + int((high == low).sum()), 2 * high.size * low.size))


def precision_recall(scores, labels):
    """(threshold, precision, recall) at every distinct threshold, the highest first."""
    rows = []
    for x in distinct_thresholds(scores):
        tp, fp, fn, _ = counts(predict(scores, x), labels)
        rows.append((x, Fraction(tp, tp + fp), Fraction(tp, tp + fn)))
    return rows


def average_precision(scores, labels):
    area, before = Fraction(0), Fraction(0)
    for _, precision, recall in precision_recall(scores, labels):
        area, before = area + (recall - before) * precision, recall
    return float(area)


def pr_auc_trapezoid(scores, labels):
    points = [(Fraction(1), Fraction(0)), *[(p, r) for _, p, r in precision_recall(scores, labels)]]
    return float(sum((r1 - r0) * (p0 + p1) / 2 for (p0, r0), (p1, r1) in itertools.pairwise(points)))


def best_f1(scores, labels, *, eps=0):
    """(f1, threshold, precision, recall); among equals the lowest threshold."""
    best = None
    for x, precision, recall in reversed(precision_recall(scores, labels)):
        f1 = harmonic(precision, recall, eps)
        if best is None or f1 > best[0]:
            best = (f1, x, precision, recall)
    return tuple(float(v) for v in best)


def fpr_at_tpr(scores, labels, *, tpr=0.95, positive="anomaly"):
    scores, labels = np.asarray(scores, float), np.asarray(labels) > 0
    if positive == "normal":
        scores, labels = -scores, ~labels
    if tpr <= 0.0:
        return 0.0
    for x in distinct_thresholds(scores):
        tp, fp, fn, tn = counts(predict(scores, x), labels)
        if tp / (tp + fn) >= tpr:
            return fp / (fp + tn)
    raise ValueError("no threshold reaches the rate")


def fpr_at_tpr_nearest(scores, labels, *, tpr=0.95):
    """Normal points are the positives: they leave one by one from the most anomalous, before anomalies as anomalous."""
    rows = sorted(zip(-np.asarray(scores, float), np.asarray(labels) > 0, strict=True))  # False, normal, sorts first
    normal = normals = sum(not anomalous for _, anomalous in rows)
    anomaly = anomalies = len(rows) - normal
    walk = [(normal, anomaly)]
    for _, anomalous in rows:
        normal, anomaly = normal - (not anomalous), anomaly - anomalous
        walk.append((normal, anomaly))
    nearest = min(range(len(walk)), key=lambda k: abs(walk[k][0] / normals - tpr))  # min() keeps the first of equals
    return int(walk[nearest][1]) / anomalies


def midranks(values):
    return [Fraction(sum(v < x for v in values) * 2 + sum(v == x for v in values) + 1, 2) for x in values]


def pearson(x, y):
    """Correlation of two sequences of exact numbers."""
    mean_x, mean_y = sum(x) / Fraction(len(x)), sum(y) / Fraction(len(y))
    xx, yy = sum((a - mean_x) ** 2 for a in x), sum((b - mean_y) ** 2 for b in y)
    if not xx or not yy:
        return math.nan
    return float(sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))) / math.sqrt(xx * yy)


def spearman(x, y):
    return pearson(midranks([float(v) for v in x]), midranks([float(v) for v in y]))


def pair_signs(x, y):
    """Signs of x_i - x_j and y_i - y_j over all pairs i > j."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    i, j = np.tril_indices(len(x), -1)
    return np.sign(x[i] - x[j]).astype(int), np.sign(y[i] - y[j]).astype(int)


def kendall_tau_b(x, y):
    dx, dy = pair_signs(x, y)
    varied_x, varied_y = int((dx != 0).sum()), int((dy != 0).sum())
    if not varied_x or not varied_y:
        return math.nan
    return min(1.0, max(-1.0, int((dx * dy).sum()) / math.sqrt(varied_x) / math.sqrt(varied_y)))


def c_index(scores, severity):
    """Share of pairs of different severity that the scores order rightly, equal scores counting a half."""
    ds, dg = pair_signs(scores, severity)
    comparable = int((dg != 0).sum())
    if not comparable:
        raise ValueError("no comparable pair")
    right, tied = int((ds * dg > 0).sum()), int(((ds == 0) & (dg != 0)).sum())
    return float(Fraction(2 * right + tied, 2 * comparable))


def three_sigma(scores):
    """Points more than three population standard deviations above the mean."""
    scores = np.asarray(scores, float)
    return (scores > scores.mean() + 3 * scores.std()).astype(int)


def precision_at_k(scores, labels, *, variant="standard"):
    """Share of the k anomalous points above the (1 - k/N) quantile of the scores.

    "vus" compares that quantile with the 0 or 1 of `three_sigma` instead of with the scores.
    """
    scores, labels = np.asarray(scores, float), np.asarray(labels) > 0
    k = int(labels.sum())
    compared = three_sigma(scores) if variant == "vus" else scores
    return int((labels & (compared > np.percentile(scores, 100 * (1 - k / len(scores))))).sum()) / k


def f1(predictions, labels):
    tp, fp, fn, _ = counts(predictions, labels)
    return float(ratio(2 * tp, 2 * tp + fp + fn))


def false_alarm_rate(predictions, labels):
    _, fp, _, tn = counts(predictions, labels)
    return fp / (fp + tn)


def missed_alarm_rate(predictions, labels):
    tp, _, fn, _ = counts(predictions, labels)
    return fn / (fn + tp)
