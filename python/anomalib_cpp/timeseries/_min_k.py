"""Min-K% Prob: how unlikely the least likely tokens of a text are."""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import locate
from .._checks import integer
from .._errors import InvalidInputError, InvalidTypeError, UndefinedMetricWarning
from ..metrics._inputs import caller_depth
from ._plan import is_batch, join_series, read_offsets, read_series

__all__ = ["min_k_prob"]

RATIOS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)


def min_k_prob(log_probabilities: Any, ratios: Any = RATIOS, *, offsets: Any = None, at_least: int = 0) -> Any:
    """Mean negative log-probability of the least likely tokens of a text, the higher the less likely seen before.

    Parameters
    ----------
    log_probabilities : array of floats, shape (n,), or list of such arrays
        Natural logarithm of the probability of each token but the first; ``-inf`` is allowed. A list, or one array with
        `offsets`, is a batch of texts of any lengths.
    ratios : float in (0, 1], or sequence of k of them, default (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
        Share of the tokens to look at: of n tokens the integer part of ``n * ratio``, computed in float64.
    offsets : array of int, shape (texts + 1,), optional
        Begin of each text in `log_probabilities`, and the end.
    at_least : int >= 0, default 0
        Tokens to look at where the share is smaller, as far as the text has them.

    Returns
    -------
    float, or array of float64, shape (k,), (texts,) or (texts, k)
        NaN with an `UndefinedMetricWarning` where the share is no token.

    Raises
    ------
    InvalidInputError
        For NaN and ratios or offsets out of range.
    InvalidTypeError
        For arguments of another kind.

    Notes
    -----
    O(n + m log m) time for m tokens looked at: a partial selection, then a sort of what it selects, so that the order
    of the tokens does not matter to the last bit.

    References
    ----------
    W. Shi et al., "Detecting Pretraining Data from Large Language Models", ICLR 2024.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import min_k_prob
    >>> min_k_prob([-0.5, -4.0, -1.0, -2.0], ratios=0.5)
    3.0
    >>> min_k_prob([[-0.5, -4.0], [-1.0, -2.0, -3.0]], ratios=[0.5, 1], at_least=1).tolist()
    [[4.0, 2.25], [3.0, 2.0]]
    """
    shares, one_share = _shares(ratios)
    least = integer(at_least, "at_least", 0)
    single = not is_batch(log_probabilities) and offsets is None
    if not is_batch(log_probabilities):
        values = read_series(log_probabilities, "log_probabilities")
        parts = np.array([0, values.size]) if offsets is None else read_offsets(offsets, values.size)
    elif offsets is not None:
        raise InvalidInputError("offsets goes with an array; lists of texts have their own lengths")
    else:
        values, parts = join_series(log_probabilities, "log_probabilities")
    if values.dtype.kind != "f" and values.size:
        raise InvalidTypeError(f"log_probabilities must hold floats; got {values.dtype}")
    logs = np.asarray(values, np.float64)
    if (missing := np.isnan(logs)).any():
        raise InvalidInputError(
            f"log_probabilities contains {missing.sum()} NaN, first at index {int(np.argmax(missing))}"
        )
    found = np.array([_of_text(logs[a:b], shares, least) for a, b in pairwise(parts.tolist())])
    if np.isnan(found).any():
        text, share = (int(i[0]) for i in np.nonzero(np.isnan(found)))
        warnings.warn(
            f"min_k_prob is undefined where the share is no token, first for ratio {shares[share]} of the "
            f"{parts[text + 1] - parts[text]} tokens of text {text}; at_least=1 avoids that",
            UndefinedMetricWarning,
            stacklevel=caller_depth(),
        )
    if single:
        return float(found[0, 0]) if one_share else found[0]
    return np.ascontiguousarray(found[:, 0]) if one_share else found


def _shares(ratios: Any) -> tuple[NDArray[np.float64], bool]:
    given = locate(ratios, "ratios").data
    shares = np.asarray(given, np.float64).reshape(-1)
    if given.ndim > 1 or shares.size == 0 or not ((shares > 0) & (shares <= 1)).all():
        raise InvalidInputError(f"ratios must be one or more numbers in (0, 1]; got {ratios!r}")
    return shares, given.ndim == 0


def _of_text(logs: NDArray[np.float64], shares: NDArray[np.float64], least: int) -> NDArray[np.float64]:
    counts = np.minimum(np.maximum((logs.size * shares).astype(np.int64), least), logs.size)
    most = int(counts.max())
    if most == 0:
        return np.full(shares.size, np.nan)
    lowest = np.sort(np.partition(logs, most - 1)[:most])
    with np.errstate(invalid="ignore"):  # 0 / 0 where the share is no token
        result: NDArray[np.float64] = -np.append(0.0, np.cumsum(lowest))[counts] / counts
    return result
