"""Which labelled segments deviate in single channels and which only in the relations between channels."""

import math

import numpy as np

from timeseries_oracles.events import events

FLAT = 1e-4  # a channel that varies less than this is constant


def standardised(series, train):
    deviation = np.array([column.std() for column in train.T])
    return (series - train.mean(axis=0)) / np.where(deviation == 0, 1, deviation)


def midranks(x):
    return np.array([(x < v).sum() + ((x == v).sum() + 1) / 2 for v in x])


def pearson(x, y):
    dx, dy = x - x.mean(), y - y.mean()
    return (dx * dy).sum() / math.sqrt((dx * dx).sum() * (dy * dy).sum())


def distance_correlation(x, y):
    """Bias-corrected squared distance correlation, within [0, 1]."""
    n = len(x)

    def centred(v):
        a = np.abs(v[:, None] - v[None, :])
        rows = a.sum(axis=1)
        u = a - rows[:, None] / (n - 2) - rows[None, :] / (n - 2) + a.sum() / ((n - 1) * (n - 2))
        np.fill_diagonal(u, 0)
        return u

    a, b = centred(x), centred(y)
    return float(np.clip((a * b).sum() / math.sqrt((a * a).sum() * (b * b).sum()), 0, 1))


def correlation(x, y, method):
    if method == "spearman":
        return pearson(midranks(x), midranks(y))
    return pearson(x, y) if method == "pearson" else distance_correlation(x, y)


def lagged(x, i, j, lag, size):
    """`size` samples of channel i, and of channel j `lag` samples later."""
    return x[max(0, -lag) :, i][:size], x[max(0, lag) :, j][:size]


def dominant_lags(train, labels, *, method="pearson", max_lag=192):
    """Pairs (i, j) of channels, i < j, to the lag other than 0 whose correlation is strongest, if it beats lag 0."""
    normal = [(a, b + 1) for a, b in events(np.asarray(labels) == 0)]
    segments = [train[a:b] for a, b in normal if b - a >= 2 * max_lag]
    if method == "spearman":
        segments = [np.column_stack([midranks(column) for column in segment.T]) for segment in segments]
    found = {}
    for i in range(train.shape[1]):
        for j in range(i + 1, train.shape[1]):
            means = {}
            for lag in range(-max_lag, max_lag + 1):
                total = weight = 0.0
                for segment in segments:
                    x, y = lagged(segment, i, j, lag, len(segment) - max_lag)
                    if x.std() * y.std() > 1e-12:
                        total, weight = total + len(segment) * pearson(x, y), weight + len(segment)
                means[lag] = abs(total / weight) if weight else -math.inf
            best = max((lag for lag in means if lag), key=means.get)
            if means[best] > means[0]:
                found[i, j] = best
    return found


def correlation_change(segment, context, *, method, min_len=10, lags=None):
    """Largest change of a pair's correlation from context to segment; NaN with fewer than three live channels."""
    live = [c for c in range(segment.shape[1]) if segment[:, c].std() > FLAT and context[:, c].std() > FLAT]
    if len(live) < 3:
        return math.nan
    changes = []
    for p, i in enumerate(live):
        for j in live[p + 1 :]:
            sides = [(segment[:, i], segment[:, j]), (context[:, i], context[:, j])]
            lag = (lags or {}).get((i, j), 0) if method != "dcor" else 0
            sizes = [len(segment) - abs(lag), len(context) - abs(lag)]
            if lag and min(sizes) >= min_len:
                shifted = [lagged(x, i, j, lag, n) for x, n in zip((segment, context), sizes, strict=True)]
                if min(column.std() for side in shifted for column in side) >= FLAT:
                    sides = shifted
            changes.append(abs(correlation(*sides[0], method) - correlation(*sides[1], method)))
    finite = [change for change in changes if math.isfinite(change)]
    return max(finite) if finite else math.nan


def cross_channel_diagnostic(series, labels, *, ctx_size=300, z_thr=3.0, corr_thr=0.1, min_len=10, methods=("pearson",),
                             lags=None):  # fmt: skip
    """One dictionary a labelled segment. `lags`: for each method its dominant lags."""
    names = {(True, True): "BOTH", (True, False): "UNIVARIATE", (False, True): "CROSS-CHANNEL"}
    rows = []
    for first, last in events(labels):
        segment = series[first : last + 1]
        segment = segment[~np.isnan(segment).any(axis=1)]
        normal = [t for t in range(first) if labels[t] == 0]
        row = {"start": first, "stop": last + 1, "long": len(segment) >= min_len}
        rows.append(row)
        if len(normal) < ctx_size:
            row["class"] = dict.fromkeys(methods, "INSUFFICIENT_CONTEXT")
            continue
        context = series[normal[-ctx_size:]]
        deviation = context.std(axis=0)
        z = np.abs(segment - context.mean(axis=0)) / np.where(deviation < FLAT, 1, deviation)
        row["max_z"], row["n_dev"] = float(z.max()), int((z.max(axis=0) > z_thr).sum())
        if not row["long"]:
            row["class"] = dict.fromkeys(methods, "UNIVARIATE" if row["max_z"] > z_thr else "UNDETECTED")
            continue
        row["intensity"] = float((z.max(axis=1) > z_thr).mean())
        row["delta"] = {method: correlation_change(segment, context, method=method, min_len=min_len,
                                                   lags=(lags or {}).get(method)) for method in methods}  # fmt: skip
        row["class"] = {method: names.get((row["n_dev"] > 0, row["delta"][method] > corr_thr), "UNDETECTED")
                        for method in methods}  # fmt: skip
    return rows
