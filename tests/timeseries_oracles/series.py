"""Series in closed form, whose metrics are known to the last digits, and random ones."""

import numpy as np

CASES = {
    "A": (200, [(30, 44), (80, 80), (120, 159), (190, 199)], 600, 3),
    "B": (1200, [(0, 24), (300, 399), (410, 419), (700, 700), (702, 760), (1150, 1199)], 500, 5),
    "C": (60, [(20, 29)], 300, 0),
}


def hashed(i):
    return (7919 * i + 31) % 1009


def label_ranges(length, ranges):
    """Labels that are 1 on the inclusive ranges."""
    labels = np.zeros(length, np.int64)
    for first, last in ranges:
        labels[first : last + 1] = 1
    return labels


def numerators(name):
    length, ranges, boost, lag = CASES[name]
    labels = label_ranges(length, ranges)
    return [hashed(i) + boost * int(labels[max(i - lag, 0)]) for i in range(length)]


def case(name):
    """(scores, labels) of case A, B, C, or At: A with its scores rounded down to tenths, for ties."""
    length, ranges, boost, _ = CASES[name[0]]
    scores = np.array([n / (1009 + boost) for n in numerators(name[0])])
    return np.floor(10 * scores) / 10 if name == "At" else scores, label_ranges(length, ranges)


def prediction(name):
    """(predictions, labels): the scores of a case cut at 0.6."""
    scores, labels = case(name)
    return (scores >= 0.6).astype(np.int64), labels


def random_case(seed=0, length=200, *, levels=None, rate=0.03):
    """Random events of many lengths; scores lean towards them, on few levels when `levels` is given."""
    rng = np.random.default_rng(seed)
    labels = np.zeros(length, np.int64)
    for first in np.flatnonzero(rng.random(length) < rate):
        labels[first : first + rng.integers(1, 16)] = 1
    labels[rng.integers(length)] = 1
    scores = rng.random(length) + 0.5 * np.roll(labels, rng.integers(-3, 4))
    return scores if levels is None else np.floor(scores * levels) / levels, labels
