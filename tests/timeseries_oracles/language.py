"""Min-K% probability of a text from the log-probabilities of its tokens."""

import math


def min_k_prob(logp, *, k, m_min=0):
    """Minus the mean of the `k` share of the tokens that are least likely; NaN when the share rounds down to none."""
    number = max(int(len(logp) * k), m_min)
    return -math.fsum(sorted(float(v) for v in logp)[:number]) / number if number else math.nan
