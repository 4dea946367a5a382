"""The metrics straight from their definitions: one threshold at a time, in rational arithmetic."""

from fractions import Fraction

import numpy as np


def confusion(scores, labels):
    """Thresholds descending with TP and FP at each, by comparing every score with every threshold."""
    scores, labels = np.asarray(scores).ravel(), np.asarray(labels).ravel().astype(bool)
    thresholds = np.unique(scores)[::-1]
    tp = [int((scores[labels] >= t).sum()) for t in thresholds]
    fp = [int((scores[~labels] >= t).sum()) for t in thresholds]
    return thresholds, tp, fp


def polyline_area(x, y, limit=Fraction(1)):
    """Area below the points for x in [0, limit], interpolated linearly at the limit."""
    area = Fraction(0)
    for x0, x1, y0, y1 in zip(x[:-1], x[1:], y[:-1], y[1:], strict=True):
        if x0 >= limit:
            break
        if x1 > limit:
            y1 = y0 + (y1 - y0) * (limit - x0) / (x1 - x0)
            x1 = limit
        area += (x1 - x0) * (y0 + y1) / 2
    return area


def auroc(scores, labels, limit=1):
    _, tp, fp = confusion(scores, labels)
    x = [Fraction(0)] + [Fraction(f, fp[-1]) for f in fp]
    y = [Fraction(0)] + [Fraction(t, tp[-1]) for t in tp]
    limit = Fraction(limit)
    return polyline_area(x, y, limit) / limit


def precision_recall(scores, labels):
    _, tp, fp = confusion(scores, labels)
    return [Fraction(t, t + f) for t, f in zip(tp, fp, strict=True)], [Fraction(t, tp[-1]) for t in tp]


def average_precision(scores, labels):
    precision, recall = precision_recall(scores, labels)
    return sum((r - before) * p for p, r, before in zip(precision, recall, [0, *recall[:-1]], strict=True))


def aupr(scores, labels):
    precision, recall = precision_recall(scores, labels)
    return polyline_area([Fraction(0), *recall], [Fraction(1), *precision])


def aupr_reordered(scores, labels):
    """Points in the order of rising thresholds, end point (0, 1) last, then sorted by recall alone, stably."""
    precision, recall = precision_recall(scores, labels)
    points = [*zip(recall[::-1], precision[::-1], strict=True), (Fraction(0), Fraction(1))]
    points.sort(key=lambda point: point[0])
    return polyline_area([p[0] for p in points], [p[1] for p in points])


def f1_max(scores, labels):
    """Value and lowest threshold."""
    thresholds, tp, fp = confusion(scores, labels)
    values = [Fraction(2 * t, tp[-1] + t + f) for t, f in zip(tp, fp, strict=True)]
    best = max(values)
    return best, max(k for k, v in enumerate(values) if v == best), thresholds


def components(mask, connectivity):
    """Flood fill from every unlabelled pixel in raster order."""
    mask = np.asarray(mask) != 0
    labels = np.zeros(mask.shape, int)
    steps = [(0, 1), (0, -1), (1, 0), (-1, 0)]
    if connectivity == 8:
        steps += [(1, 1), (1, -1), (-1, 1), (-1, -1)]
    number = 0
    for seed in zip(*np.nonzero(mask), strict=True):
        if labels[seed]:
            continue
        number += 1
        labels[seed] = number
        stack = [seed]
        while stack:
            y, x = stack.pop()
            for dy, dx in steps:
                near = (y + dy, x + dx)
                inside = 0 <= near[0] < mask.shape[0] and 0 <= near[1] < mask.shape[1]
                if inside and mask[near] and not labels[near]:
                    labels[near] = number
                    stack.append(near)
    return labels, number


def pro_points(maps, masks, connectivity=8):
    """FPR, PRO and per-region coverage at every distinct score, (0, 0) first."""
    flat = np.concatenate([np.ravel(m) for m in maps])
    normal = np.concatenate([np.ravel(m)[np.ravel(g) == 0] for m, g in zip(maps, masks, strict=True)])
    regions = []
    for scores, mask in zip(maps, masks, strict=True):
        labels, number = components(mask, connectivity)
        regions += [scores[labels == r] for r in range(1, number + 1)]
    thresholds = np.unique(flat)[::-1]
    fpr = [Fraction(0)] + [Fraction(int((normal >= t).sum()), len(normal)) for t in thresholds]
    cover = [[Fraction(0)] + [Fraction(int((r >= t).sum()), len(r)) for t in thresholds] for r in regions]
    pro = [sum(c[k] for c in cover) / len(cover) for k in range(len(fpr))]
    return thresholds, fpr, pro, cover


def aupro(maps, masks, limit, connectivity=8):
    _, fpr, pro, _ = pro_points(maps, masks, connectivity)
    limit = Fraction(limit)
    return polyline_area(fpr, pro, limit) / limit
