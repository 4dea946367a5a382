"""Per-image overlap: recall of every anomalous image over the false positive rate of the normal images."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import choice, integer, number_pair
from .._config import threads_or_default
from .._errors import InvalidInputError, InvalidTypeError, UndefinedMetricWarning
from ._counting import normal_ranks
from ._inputs import Options, caller_depth, counts, defined, options
from ._results import AupimoResult

__all__ = ["aupimo"]


def aupimo(
    maps: Any,
    masks: Any,
    *,
    fpr_bounds: tuple[float, float] = (1e-5, 1e-4),
    bounds: str = "exact",
    num_thresholds: int = 300_000,
    thresholds: Any = None,
    force: bool = False,
    return_curves: bool = False,
    ignore_value: int | None = None,
    nan_policy: str | None = None,
    undefined: str | float | None = None,
    threads: int | None = None,
) -> AupimoResult:
    """Area under the per-image overlap curve: how much of each anomaly is found at very low false positive rates.

    The false positive rate is shared: the mean over the normal images of each image's own rate. A normal image is one
    without anomalous pixels. The recall of an anomalous image is averaged over the logarithm of that rate between two
    bounds.

    Parameters
    ----------
    maps, masks, ignore_value, nan_policy, threads
        As in :func:`aupro`.
    fpr_bounds : (float, float), default (1e-5, 1e-4)
        Lower and upper bound, ``0 < lower < upper <= 1``.
    bounds : {"exact", "snap"}, default "exact"
        ``"exact"`` considers every score as a threshold and meets the bounds exactly. ``"snap"`` computes what the
        reference implementations do: recall at thresholds on a grid, from the two grid points whose rates are nearest
        to the bounds, divided by the width of the bounds as asked for.
    num_thresholds : int >= 2, default 300000
        With ``"snap"``: evenly spaced thresholds from the lowest to the highest normal score.
    thresholds : array of float32 or float64, shape (k,), optional
        With ``"snap"``: the thresholds themselves, strictly ascending, instead of `num_thresholds`.
    force : bool, default False
        With ``"snap"``: accept 30 or fewer thresholds between the bounds, with a warning.
    return_curves : bool, default False
        With ``"snap"``: return the recalls as well.
    undefined : {"nan", "raise"} or float, optional
        Value where there is no normal image or no anomalous image.

    Returns
    -------
    AupimoResult
        ``value``, the mean over anomalous images, and ``scores``, one for each image; with ``"snap"`` also the
        thresholds and rates that were used.

    Raises
    ------
    InvalidInputError
        As in :func:`aupro`; and where the normal images have too few pixels, or too many equal highest scores, for the
        lower bound; for thresholds that do not ascend; and with ``"snap"`` for too few thresholds between the bounds.
    InvalidTypeError
        As in :func:`aupro`.

    Notes
    -----
    ``"exact"``: a pixel that outranks all but a share ``a`` of the normal pixels, and ties up to a share ``b``,
    contributes the area of a step that rises linearly from ``log a`` to ``log b``; sums are compensated.
    O(n + P log P) time and O(P) memory for P anomalous pixels. ``"snap"``: O(n + P log P + k).

    A random ranking scores ``(upper - lower) / log(upper / lower)``, 3.9e-5 for the default bounds.

    References
    ----------
    J. P. C. Bertoldo et al., "AUPIMO: Redefining Visual Anomaly Detection Benchmarks with High Speed and Low
    Tolerance", BMVC 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.metrics import aupimo
    >>> maps = np.arange(32, dtype=np.float32).reshape(2, 4, 4)
    >>> masks = np.zeros((2, 4, 4), bool)
    >>> masks[1, 0, :2] = True
    >>> aupimo(maps, masks, fpr_bounds=(0.1, 0.5)).scores.tolist()
    [nan, 1.0]
    """
    opts = options(nan_policy, undefined, threads, ignore_value)
    low, high = checked_bounds(fpr_bounds)
    snap = choice(bounds, "bounds", ("exact", "snap")) == "snap"
    if not snap and (thresholds is not None or return_curves):
        raise InvalidInputError("thresholds and return_curves belong to bounds='snap'; got bounds='exact'")
    grid = _given_thresholds(thresholds) if thresholds is not None else None
    size = integer(num_thresholds, "num_thresholds", 2)
    if grid is None and snap:
        grid = _even_thresholds(maps, masks, opts, size)
    found = counts(maps, masks, opts, normal_ranks(grid), names=("maps", "masks"), images=True)[0]
    if not snap:
        return exact_overlap(found, (low, high), opts)
    nothing = _nothing(found, (low, high), opts)
    if nothing is not None:
        return nothing
    assert grid is not None
    return _snapped(found, grid, (low, high), bool(force), bool(return_curves), threads_or_default(opts.threads))


def exact_overlap(found: Any, fpr_bounds: tuple[float, float], opts: Options) -> AupimoResult:
    """Return AUPIMO with limits that are met exactly, from `_core.NormalRanks`."""
    nothing = _nothing(found, fpr_bounds, opts)
    if nothing is not None:
        return nothing
    require_reachable(found.smallest_rate, fpr_bounds[0])
    scores = found.aupimo(*fpr_bounds, threads_or_default(opts.threads))
    return AupimoResult(float(np.nanmean(scores)), scores, fpr_bounds)


def _nothing(found: Any, fpr_bounds: tuple[float, float], opts: Options) -> AupimoResult | None:
    """Return the result of missing scores, or of images of one kind only; None where there is more."""
    scores = np.full(found.normal_images + found.anomalous_images, np.nan)
    if found.missing and opts.nan_policy == "propagate":
        return AupimoResult(float("nan"), scores, fpr_bounds)
    if found.normal_images and found.anomalous_images:
        return None
    value = defined(float("nan"), opts.undefined, "aupimo", no_images(found.normal_images))
    return AupimoResult(value, scores, fpr_bounds)


def no_images(normal: int) -> str:
    """Name the kind of images that is missing."""
    return f"there is no {'anomalous' if normal else 'normal'} image"


def require_reachable(smallest_rate: float, low: float) -> None:
    """Raise where the lower bound lies below every rate of the normal images."""
    if smallest_rate > low:
        raise InvalidInputError(
            f"fpr_bounds must be reachable; got {low:g} as lower bound, but the highest normal score alone gives a "
            f"rate of {smallest_rate:.3g}"
        )


def checked_bounds(value: Any) -> tuple[float, float]:
    """Return (lower, upper) if they are rates in that order."""
    low, high = number_pair(value, "fpr_bounds", "lower, upper")
    if not 0 < low < high <= 1:
        raise InvalidInputError(f"fpr_bounds must satisfy 0 < lower < upper <= 1; got {value!r}")
    return low, high


def _given_thresholds(value: Any) -> NDArray[Any]:
    grid = np.asarray(value)
    if grid.dtype not in (np.float32, np.float64):
        raise InvalidTypeError(f"thresholds must be float32 or float64; got dtype {grid.dtype}")
    if grid.ndim != 1 or len(grid) < 2:
        raise InvalidInputError(f"thresholds must have shape (k,) with k >= 2; got shape {grid.shape}")
    if not np.isfinite(grid).all() or not (np.diff(grid) > 0).all():
        raise InvalidInputError("thresholds must be finite and strictly ascending")
    return grid


def _even_thresholds(maps: Any, masks: Any, opts: Options, size: int) -> NDArray[Any] | None:
    """Thresholds from the lowest to the highest normal score; None where there is no normal image."""
    found, given = counts(maps, masks, opts, normal_ranks(np.zeros(0)), names=("maps", "masks"), images=True)
    if found.normal_images == 0:
        return np.zeros(0)
    dtype = (given.data[0] if isinstance(given.data, list) else given.data).dtype
    if not (math.isfinite(found.lowest) and math.isfinite(found.highest)):
        raise InvalidInputError("maps must be finite in normal images with bounds='snap'; got an infinity")
    grid = np.linspace(found.lowest, found.highest, size, dtype=np.float64 if dtype == np.float64 else np.float32)
    if not (np.diff(grid) > 0).all():
        raise InvalidInputError(
            f"num_thresholds must leave different thresholds; got {size} from {found.lowest:g} to {found.highest:g}"
        )
    return grid


def _snapped(
    found: Any, grid: NDArray[Any], nominal: tuple[float, float], force: bool, curves: bool, team: int
) -> AupimoResult:
    rates = found.shared_fpr[::-1]  # thresholds ascending, rates falling
    first, last = (nearest_rate(rates, bound) for bound in (nominal[1], nominal[0]))
    if first >= last:
        raise InvalidInputError(
            f"fpr_bounds must lie apart on the thresholds; got {nominal}, both nearest to a rate of {rates[first]:.3g}"
        )
    finite = rates[first : last + 1] > 0
    points = int(finite.sum())
    if points == 0:
        raise InvalidInputError(f"fpr_bounds must enclose a rate above zero; got {nominal}")
    if points <= 30 and not force:
        raise InvalidInputError(
            f"fpr_bounds must enclose more than 30 thresholds; got {points} (force=True accepts them)"
        )
    for bound, at in zip(nominal, (last, first), strict=True):
        if not math.isclose(rates[at], bound, rel_tol=0.01, abs_tol=1e-8):
            warnings.warn(
                f"the rate nearest to the bound {bound:g} is {rates[at]:.3g}; take more thresholds or normal pixels",
                UndefinedMetricWarning,
                stacklevel=caller_depth(),
            )
    if points < 300:
        warnings.warn(
            f"only {points} thresholds lie between the bounds", UndefinedMetricWarning, stacklevel=caller_depth()
        )
    # A recall enters the trapezoids on both sides of its threshold; an image's recall at a threshold counts the pixels
    # that reach it, so a pixel is worth what all thresholds that it reaches are worth together.
    at = np.log(rates[first : last + 1][finite])[::-1]  # ascending
    share = np.zeros(points)
    share[:-1] += np.diff(at) / 2
    share[1:] += np.diff(at) / 2
    worth = np.zeros(last + 1 - first)
    worth[finite] = share[::-1]
    worth_by_threshold = np.zeros(len(grid))
    worth_by_threshold[first : last + 1] = worth
    scores = found.image_means(np.cumsum(worth_by_threshold)[::-1], team) / math.log(nominal[1] / nominal[0])
    scores = np.clip(scores, 0, 1)
    recalls = None
    if curves:
        recalls = found.image_recalls(len(grid) - 1 - last, len(grid) - first, team)[:, ::-1]
    return AupimoResult(
        float(np.nanmean(scores)), scores, nominal, grid[first : last + 1], rates[first : last + 1], recalls
    )


def nearest_rate(rates: NDArray[Any], bound: float, name: str = "fpr_bounds") -> int:
    """Index of the rate nearest to a bound: the first of several, but the last of those that are 1."""
    if bound == 1:
        return int(np.flatnonzero(rates == 1)[-1]) if (rates == 1).any() else 0
    if not rates[-1] <= bound <= rates[0]:
        raise InvalidInputError(
            f"{name} must lie between the rates that occur, {rates[-1]:.3g} to {rates[0]:.3g}; got {bound:g}"
        )
    return int(np.argmin(np.abs(rates - bound)))
