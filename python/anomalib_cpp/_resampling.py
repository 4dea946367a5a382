"""What all resampling shares: its random numbers, and the interval that its values give."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._checks import as_integer
from ._errors import InvalidInputError, InvalidTypeError, UndefinedMetricWarning
from ._records import Scalar

__all__ = ["BootstrapResult", "generator", "summary"]


@dataclass(frozen=True, repr=False, eq=False)
class BootstrapResult(Scalar):
    """A metric, or the difference of two detectors', with its interval; ``float(result)`` is the value.

    Attributes
    ----------
    value : float
        On the data as they are.
    low, high : float
        Ends of the confidence interval.
    standard_error : float
        Standard deviation of the resamples.
    samples : array of float64, shape (n_resamples,)
        Value of each resample; NaN where a class is missing.
    p_value : float or None
        Of differences: twice the share of resamples on the other side of zero.
    """

    value: float
    low: float
    high: float
    standard_error: float
    samples: Any
    p_value: float | None = None

    def __repr__(self) -> str:
        ends = f"value={self.value:.6g}, low={self.low:.6g}, high={self.high:.6g}"
        p_value = "" if self.p_value is None else f", p_value={self.p_value:.6g}"
        return f"BootstrapResult({ends}, standard_error={self.standard_error:.6g}{p_value})"


def generator(value: Any) -> np.random.Generator:
    """Read `random_state`."""
    if isinstance(value, np.random.Generator):
        return value
    if isinstance(value, str) and value == "entropy":
        return np.random.default_rng()
    seed = 0 if value is None else as_integer(value)
    if seed is None:
        raise InvalidTypeError(
            f"random_state must be an integer, a numpy.random.Generator, None or 'entropy'; got {value!r}"
        )
    if seed < 0:
        raise InvalidInputError(f"random_state must be at least 0; got {seed}")
    return np.random.default_rng(seed)


def summary(
    value: float, samples: NDArray[Any], left_out: NDArray[Any] | None, level: float, name: str, paired: bool
) -> BootstrapResult:
    """Describe the values of resamples: percentile interval, or BCa with the values that leave one item out."""
    kept = samples[np.isfinite(samples)]
    if len(kept) < len(samples):
        warnings.warn(
            f"{name} is undefined in {len(samples) - len(kept)} of {len(samples)} resamples, which lack a class",
            UndefinedMetricWarning,
            stacklevel=3,
        )
    nan = float("nan")
    if len(kept) == 0 or not math.isfinite(value):
        return BootstrapResult(value, nan, nan, nan, samples, nan if paired else None)
    tail = (1 - level) / 2
    tails = (tail, 1 - tail) if left_out is None else _corrected(value, kept, left_out, tail)
    low, high = np.quantile(kept, tails)
    p_value = None
    if paired:
        p_value = float(min(1.0, 2 * min((kept <= 0).mean(), (kept >= 0).mean())))
    spread = float(kept.std(ddof=1)) if len(kept) > 1 else nan
    return BootstrapResult(value, float(low), float(high), spread, samples, p_value)


def _corrected(value: float, samples: NDArray[Any], left_out: NDArray[Any], tail: float) -> tuple[float, float]:
    """Tails of the BCa interval."""
    normal = NormalDist()
    below = ((samples < value).mean() + (samples <= value).mean()) / 2
    below = min(max(float(below), 0.5 / len(samples)), 1 - 0.5 / len(samples))
    bias = normal.inv_cdf(below)
    away = np.nanmean(left_out) - left_out[np.isfinite(left_out)]
    spread = float((away**2).sum()) ** 1.5
    acceleration = float((away**3).sum()) / (6 * spread) if spread > 0 else 0.0

    def moved(z: float) -> float:
        return normal.cdf(bias + (bias + z) / (1 - acceleration * (bias + z)))

    return moved(normal.inv_cdf(tail)), moved(normal.inv_cdf(1 - tail))
