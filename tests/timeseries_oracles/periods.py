"""Window length of a series from its autocorrelation."""

import math


def autocorrelation(x, lags):
    """Biased autocorrelation at lags 0..lags."""
    x = [float(v) for v in x]
    mean = math.fsum(x) / len(x)
    d = [v - mean for v in x]
    total = math.fsum(v * v for v in d)
    if not total:
        return [math.nan] * (lags + 1)
    return [math.fsum(a * b for a, b in zip(d, d[k:], strict=False)) / total for k in range(lags + 1)]


def local_maxima(x):
    """(lag, height) of the strict local maxima from lag 4 on."""
    kept = list(x)[:20000]
    r = autocorrelation(kept, min(400, len(kept) - 1))[3:]
    return [(u + 3, r[u]) for u in range(1, len(r) - 1) if r[u - 1] < r[u] > r[u + 1]]


def find_length(x, *, default=125):
    """Lag of the highest local maximum of the autocorrelation, from 6 to 303; else the default."""
    found = local_maxima(x)
    if not found:
        return default
    lag = max(found, key=lambda pair: pair[1])[0]
    return lag if 6 <= lag <= 303 else default


def find_length_rank(x, *, rank=1, default=125):
    """Rank 0 is 1; rank 1 prefers the later of equal maxima; rank 2 is the highest one behind that."""
    if rank == 0:
        return 1
    found = local_maxima(x)
    if not found:
        return default
    lag = max(found, key=lambda pair: (pair[1], pair[0]))[0]
    later = [pair for pair in found if pair[0] > lag]
    if rank == 2 and later:
        lag = max(later, key=lambda pair: (pair[1], pair[0]))[0]
    return lag if 6 <= lag <= 303 else default
