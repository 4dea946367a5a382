"""Counts at chosen thresholds, and the metrics of others that are defined on a grid of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import integer
from .._errors import InvalidInputError, InvalidTypeError
from ._counting import at_thresholds
from ._inputs import Options, argument, counts, options
from ._polylines import area_up_to, trapezoid
from ._results import ConfusionCounts

__all__ = ["ader_report", "confusion_counts"]

PRO_THRESHOLDS = {"quantile": 100, "compute_pro": 200, "adeval": 1000}


def confusion_counts(
    scores: Any,
    labels: Any,
    thresholds: Any,
    *,
    strict: bool = False,
    ignore_value: int | None = None,
    nan_policy: str | None = None,
    threads: int | None = None,
) -> ConfusionCounts:
    """Count true and false alarms at given thresholds.

    Parameters
    ----------
    scores, labels, ignore_value, threads
        As in :func:`auroc`.
    thresholds : array-like of numbers, shape (k,)
        In any order; infinities are allowed.
    strict : bool, default False
        Scores must lie above a threshold to reach it, instead of at or above it.
    nan_policy : {"raise", "omit"}, optional
        NaN scores are refused (default) or left out with their labels.

    Returns
    -------
    ConfusionCounts
        ``thresholds``, ``tp``, ``fp``, ``tn``, ``fn``, each of shape (k,).

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`auroc`, and for thresholds that are NaN or not one-dimensional.

    Notes
    -----
    Scores are compared with the thresholds in float64, without rounding either. O(n + (P + k) log (P + k)) time.

    Examples
    --------
    >>> from anomalib_cpp.metrics import confusion_counts
    >>> counts = confusion_counts([0.1, 0.4, 0.4, 0.8], [0, 0, 1, 1], [0.4, 0.9])
    >>> counts.tp.tolist(), counts.fp.tolist()
    ([2, 0], [1, 0])
    """
    opts = options(nan_policy, None, threads, ignore_value)
    if opts.nan_policy == "propagate":
        raise InvalidInputError("nan_policy must be one of 'raise', 'omit' for counts; got 'propagate'")
    grid = _grid(thresholds)
    found, given = counts(scores, labels, opts, at_thresholds(grid, bool(strict)))
    tp, fp = found.tp, found.fp
    return ConfusionCounts(*map(given.like_input, (grid, tp, fp, found.negatives - fp, found.positives - tp)))


def _grid(thresholds: Any) -> NDArray[np.float64]:
    try:
        grid = np.asarray(thresholds, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidTypeError(f"thresholds must hold numbers; got {type(thresholds).__name__}") from None
    if grid.ndim != 1:
        raise InvalidInputError(f"thresholds must have shape (k,); got shape {grid.shape}")
    if np.isnan(grid).any():
        raise InvalidInputError("thresholds must not be NaN")
    return grid


def ader_report(
    maps: Any, masks: Any, *, nan_policy: str | None = None, threads: int | None = None
) -> dict[str, float]:
    """Pixel metrics on fixed grids of thresholds, as the ADer benchmark defines them.

    Maps are scaled to [0, 1] over all of them together; a pixel is anomalous where its value lies above the threshold.

    Parameters
    ----------
    maps : array of float32 or float64, shape (h, w), (n, h, w) or (n, 1, h, w)
        Anomaly maps.
    masks, nan_policy, threads
        As in :func:`aupro`; NaN scores are refused or left out.

    Returns
    -------
    dict of str to float
        ``mF1_max``, ``mAcc_max``, ``mIoU_max``, ``mDice_max``: the largest over the 21 thresholds 0, 0.05, ..., 1; and
        ``mF1_0.2_0.8_0.1`` and so on: means over 0.2, 0.3, ..., 0.8. "Acc" is the recall there.

    Raises
    ------
    InvalidInputError
        As in :func:`aupro`; for infinite or constant maps.

    Notes
    -----
    Every quotient carries the 1e-8 that keeps the benchmark's denominators from zero. :func:`f1_max` and
    :func:`iou_max` are the values over all thresholds. O(n + P log P) time.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.metrics import ader_report
    >>> maps = np.array([[0.0, 0.2, 0.6, 1.0]])
    >>> round(ader_report(maps, maps > 0.5)["mIoU_max"], 6)
    1.0
    """
    opts = options(nan_policy, None, threads)
    given = argument(maps, "maps").data
    if isinstance(given, list) or given.dtype.kind != "f":
        raise InvalidTypeError("maps must be one array of floats, not integers or a list of maps")
    low, high = finite_range(given, "maps", " for ader_report", opts)
    scaled = (given - low) / (high - low)
    fine, coarse = np.arange(0, 1.001, 0.05), np.arange(0.2, 0.8 + 0.001, 0.1)
    count = at_thresholds(np.concatenate([fine, coarse]), True)
    found, _ = counts(scaled, masks, opts, count, names=("maps", "masks"), images=True)
    eps = 1e-8
    both, predicted, truth = found.tp, found.tp + found.fp, found.positives
    precision, recall = both / (predicted + eps), both / (truth + eps)
    values = {
        "mF1": 2 * precision * recall / (precision + recall + eps),
        "mAcc": recall,
        "mIoU": both / (truth + found.fp + eps),
        "mDice": 2 * both / (predicted + truth + eps),
    }
    report = {f"{name}_max": float(value[: len(fine)].max()) for name, value in values.items()}
    return report | {f"{name}_0.2_0.8_0.1": float(value[len(fine) :].mean()) for name, value in values.items()}


def finite_range(data: Any, name: str, what: str, opts: Options) -> tuple[Any, Any]:
    """Lowest and highest score of one array or several: in their own type for floats, in float64 for integers."""
    images = data if isinstance(data, list) else [data]
    if not sum(image.size for image in images):
        raise InvalidInputError(f"{name} must have at least one pixel; got none")
    valid = images if images[0].dtype.kind != "f" or opts.nan_policy == "raise" else [i[~np.isnan(i)] for i in images]
    bad = sum(int(np.count_nonzero(~np.isfinite(image))) for image in valid)
    valid = [image for image in valid if image.size]
    if bad or not valid:
        raise InvalidInputError(f"{name} must be finite{what}; got {bad or 'only'} values that are NaN or infinite")
    low, high = min(image.min() for image in valid), max(image.max() for image in valid)
    if images[0].dtype.kind != "f":
        low, high = np.float64(low), np.float64(high)
    if low == high:
        raise InvalidInputError(f"{name} must not be constant{what}; got {float(low):g} everywhere")
    return low, high


def pro_on_grid(
    variant: str, maps: Any, masks: Any, limit: float, connectivity: int, size: Any, opts: Options
) -> tuple[float, Any]:
    """Return AUPRO as other implementations sample it, and the counts it was made from."""
    size = integer(PRO_THRESHOLDS[variant] if size is None else size, "num_thresholds", 2)
    what = f" for variant={variant!r}"
    if variant == "compute_pro":
        return compute_pro(maps, masks, limit, size, opts, connectivity=connectivity, what=what)
    given = argument(maps, "maps").data
    if variant == "adeval":
        low, high = finite_range(given, "maps", what, opts)
        if size < 5:
            raise InvalidInputError(f"num_thresholds must be at least 5 for variant='adeval'; got {size}")
        found = _at_thresholds(maps, masks, adeval_edges(low, high, size), False, connectivity, opts)
        if found.regions == 0 or found.negatives == 0:
            return float("nan"), found
        rates = found.fp[::-1] / found.negatives
        # ADEval interpolates between the last point within the limit and the first beyond it, and fails without one.
        between = rates[0] <= limit < rates[-1]
        return area_up_to(rates, found.coverage[::-1], limit) / limit if between else float("nan"), found
    truth = argument(masks, "masks").data
    values, labels = (
        np.concatenate([image.ravel() for image in data]) if isinstance(data, list) else data.ravel()
        for data in (given, truth)
    )
    normal = values[labels == 0].astype(values.dtype if values.dtype.kind == "f" else np.float64)
    normal = np.sort(normal[~np.isnan(normal)])
    at = np.floor(np.linspace(0, len(normal) - 1, size)).astype(np.int64)
    found = _at_thresholds(maps, masks, normal[at] if len(normal) else normal, True, connectivity, opts)
    if found.regions == 0 or found.negatives == 0:
        return float("nan"), found
    fpr = 1 - (at + 1) / found.negatives  # by rank, not by count: ties are passed over
    return area_up_to(np.append(fpr[::-1], 1.0), np.append(found.coverage[::-1], 1.0), limit) / limit, found


def compute_pro(
    maps: Any,
    masks: Any,
    limit: float,
    steps: int,
    opts: Options,
    *,
    names: tuple[str, str] = ("maps", "masks"),
    connectivity: int = 8,
    what: str = "",
) -> tuple[float, Any]:
    """Return the area that MuSc and many more compute, and its counts; NaN where two rates below the limit lack."""
    low, high = finite_range(argument(maps, names[0]).data, names[0], what, opts)
    thresholds = np.arange(low, high, (high - low) / steps)
    found = _at_thresholds(maps, masks, thresholds, True, connectivity, opts, names)
    if found.regions == 0 or found.negatives == 0:
        return float("nan"), found
    return _stretched_area(found.fp / found.negatives, found.coverage, limit), found


def _at_thresholds(
    maps: Any,
    masks: Any,
    thresholds: NDArray[Any],
    strict: bool,
    connectivity: int,
    opts: Options,
    names: tuple[str, str] = ("maps", "masks"),
) -> Any:
    count = at_thresholds(thresholds.astype(np.float64), strict, connectivity)
    return counts(maps, masks, opts, count, names=names, images=True)[0]


def adeval_edges(low: Any, high: Any, size: int) -> NDArray[np.float32]:
    """Return the lower edges of ADEval's bins, in float32."""
    steps = np.arange(size + 1, dtype=np.float32) / np.float32(size)
    return steps * np.float32(high - low) + np.float32(low)


def _stretched_area(fpr: NDArray[Any], pro: NDArray[Any], limit: float) -> float:
    """Area over the rates below `limit`, stretched to [0, 1]; NaN where fewer than two differ."""
    fpr, pro = fpr[fpr < limit], pro[fpr < limit]
    if len(fpr) < 2 or fpr.max() == fpr.min():
        return float("nan")
    return abs(trapezoid((fpr - fpr.min()) / (fpr.max() - fpr.min()), pro))
