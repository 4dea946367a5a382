"""NAB scores: every threshold scored from scratch; and the variant for change points."""

import math

import numpy as np

PROFILES = {
    "standard": (1.0, 0.11, 1.0),
    "reward_low_FP_rate": (1.0, 0.22, 1.0),
    "reward_low_FN_rate": (1.0, 0.11, 2.0),
}


def sigmoid(x):
    """From nearly 1 at the start of a window through 0 at its end to -1 far behind it."""
    return -1.0 if x > 3 else 2 / (1 + math.exp(5 * x)) - 1


def window_ranges(timestamps, windows):
    """Inclusive index ranges of windows, whose ends are stamps of the series."""
    stamps = list(timestamps)
    return [(stamps.index(left), stamps.index(right)) for left, right in windows]


def point_scores(length, ranges, *, profile="standard"):
    """What each point is worth if detected: positive inside a window, negative outside."""
    tp, fp, _ = PROFILES[profile]
    scores = []
    for i in range(length):
        inside = [(left, right) for left, right in ranges if left <= i <= right]
        before = [(left, right) for left, right in ranges if right < i]
        if inside:
            left, right = inside[0]
            scores.append(sigmoid(-(right - i + 1) / (right - left + 1)) * tp / sigmoid(-1))
        elif before and before[-1][0] < before[-1][1]:
            left, right = before[-1]
            scores.append(sigmoid((i - right) / (right - left)) * fp)
        else:
            scores.append(-fp)
    return scores


def probation_length(length, probation):
    return min(math.floor(probation * length), probation * 5000)


def score_at(files, threshold, *, profile="standard", probation=0.15):
    """(score, tp, tn, fp, fn) of a corpus: a list of (scores, index ranges of the windows)."""
    _, _, miss = PROFILES[profile]
    false_positives, gained = [], []
    counts = dict.fromkeys(("tp", "tn", "fp", "fn"), 0)
    for scores, ranges in files:
        worth = point_scores(len(scores), ranges, profile=profile)
        scored = [i for i in range(len(scores)) if i >= probation_length(len(scores), probation)]
        for left, right in ranges:
            points = [i for i in scored if left <= i <= right]
            if points:
                gained.append(max([worth[i] for i in points if scores[i] >= threshold], default=-miss))
        for i in scored:
            inside = any(left <= i <= right for left, right in ranges)
            detected = scores[i] >= threshold
            counts[("tp" if inside else "fp") if detected else ("fn" if inside else "tn")] += 1
            if detected and not inside:
                false_positives.append(worth[i])
    return (math.fsum(false_positives + gained), *counts.values())


def nab_sweep(files, *, profile="standard", probation=0.15):
    """Rows (threshold, score, tp, tn, fp, fn): nothing detected at 1.1, then each distinct value past probation."""
    values = {float(s) for scores, _ in files
              for s in scores[math.ceil(probation_length(len(scores), probation)) :]}  # fmt: skip
    return [(x, *score_at(files, x, profile=profile, probation=probation))
            for x in [1.1, *sorted(values, reverse=True)]]  # fmt: skip


def best_row(rows):
    return max(rows, key=lambda row: row[1])  # the first of equals


def row_at(rows, threshold):
    """The row of a threshold, else the last one above it."""
    return [row for row in rows if row[0] >= threshold][-1]


def normalised(score, windows, *, profile="standard"):
    """100 for a perfect detector and 0 for one that never fires; `windows` is their number."""
    tp, _, miss = PROFILES[profile]
    null, perfect = -miss * windows, tp * windows
    return 100 * (score - null) / (perfect - null)


def skab_curve(fp):
    """Worth of a detection at 1000 places through a window, from 1 down to fp."""
    x = np.linspace(-np.pi / 2, np.pi / 2, 1000)
    return -(1 - fp) / 2 * np.tanh(x) / np.tanh(np.pi / 2) + (1 - fp) / 2 + fp


def skab_windows(changes, width):
    """Closed windows behind the change points; one that begins inside the window before starts where that one ends."""
    windows = []
    for change in changes:
        left = max(change, windows[-1][1]) if windows else change
        windows.append((left, change + width))
    return windows


def nab_skab(series, *, width, profile="standard"):
    """Normalised score of binary predictions: a list of (times of predictions, change points), times in one unit."""
    fp, miss = {"standard": (-0.11, -1), "reward_low_FP_rate": (-0.22, -1), "reward_low_FN_rate": (-0.11, -2)}[profile]
    curve, total, number = skab_curve(fp), 0.0, 0
    for times, changes in series:
        windows = skab_windows(changes, width)
        for left, right in windows:
            hits = [t for t in times if left <= t <= right]
            total += curve[min(int(1000 * (min(hits) - left) / (right - left)), 999)] if hits else miss
        total += fp * sum(not any(left <= t <= right for left, right in windows) for t in times)
        number += len(windows)
    return 100 * (total - miss * number) / (number - miss * number)


def skab_delay(times, changes, *, width):
    """(mean delay over detected windows, missed windows, predictions outside all windows, number of windows)."""
    windows = skab_windows(changes, width)
    found = [min([t - left for t in times if left <= t <= right], default=None) for left, right in windows]
    detected = [d for d in found if d is not None]
    mean = sum(detected) / len(detected) if detected else math.nan
    outside = sum(not any(left <= t <= right for left, right in windows) for t in times)
    return mean, found.count(None), outside, len(windows)
