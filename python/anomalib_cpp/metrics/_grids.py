"""Counts at chosen thresholds, and the metrics of others that are defined on a grid of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import integer
from .._errors import InvalidInputError, InvalidTypeError
from ._inputs import Options, argument, counts, options
from ._results import ConfusionCounts

__all__ = ["ader_report", "confusion_counts"]

PRO_THRESHOLDS = {"quantile": 100, "compute_pro": 200, "adeval": 1000}


def confusion_counts(
    scores: Any,
    labels: Any,
    thresholds: Any,
    *,
    strict: bool = False,
    nan_policy: str | None = None,
    threads: int | None = None,
) -> ConfusionCounts:
    """Count true and false alarms at given thresholds.

    Parameters
    ----------
    scores, labels, threads
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
    opts = options(nan_policy, None, threads)
    if opts.nan_policy == "propagate":
        raise InvalidInputError("nan_policy must be one of 'raise', 'omit' for counts; got 'propagate'")
    grid = _grid(thresholds)
    found, given = counts(scores, labels, opts, grid=(grid, bool(strict)))
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
    low, high = _range(given, "ader_report")
    scaled = (given - low) / (high - low)
    fine, coarse = np.arange(0, 1.001, 0.05), np.arange(0.2, 0.8 + 0.001, 0.1)
    found, _ = counts(
        scaled, masks, opts, names=("maps", "masks"), images=True, grid=(np.concatenate([fine, coarse]), True)
    )
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


def _range(data: NDArray[Any], what: str) -> tuple[Any, Any]:
    """Smallest and largest score, in the scores' own type."""
    low, high = np.nanmin(data), np.nanmax(data)
    if not (math.isfinite(low) and math.isfinite(high)):
        raise InvalidInputError(f"maps must be finite for {what}; got an infinity")
    if low == high:
        raise InvalidInputError(f"maps must not be constant for {what}; got {float(low):g} everywhere")
    return low, high


def pro_on_grid(
    variant: str, maps: Any, masks: Any, limit: float, connectivity: int, size: Any, opts: Options
) -> tuple[float, Any]:
    """Return AUPRO as other implementations sample it, and the counts it was made from."""
    size = integer(PRO_THRESHOLDS[variant] if size is None else size, "num_thresholds", 2)
    given = argument(maps, "maps").data
    values = np.concatenate([image.ravel() for image in given]) if isinstance(given, list) else given.ravel()
    if values.dtype.kind != "f":
        values = values.astype(np.float64)
    low, high = _range(values, f"variant={variant!r}")
    if variant == "quantile":
        truth = argument(masks, "masks").data
        labels = np.concatenate([image.ravel() for image in truth]) if isinstance(truth, list) else truth.ravel()
        normal = np.sort(values[labels == 0])
        at = np.floor(np.linspace(0, len(normal) - 1, size)).astype(np.int64)
        thresholds, strict = normal[at] if len(normal) else normal, True
    elif variant == "compute_pro":
        thresholds, strict = np.arange(low, high, (high - low) / size), True
    else:
        if size < 5:
            raise InvalidInputError(f"num_thresholds must be at least 5 for variant='adeval'; got {size}")
        thresholds, strict = adeval_edges(low, high, size), False
    found, _ = counts(
        maps,
        masks,
        opts,
        names=("maps", "masks"),
        images=True,
        connectivity=connectivity,
        grid=(thresholds.astype(np.float64), strict),
    )
    if found.regions == 0 or found.negatives == 0:
        return float("nan"), found
    fpr, pro = found.fp / found.negatives, found.coverage
    if variant == "quantile":  # by rank, not by count: ties are passed over
        fpr = 1 - (at + 1) / found.negatives
        return _area_up_to(np.append(fpr[::-1], 1.0), np.append(pro[::-1], 1.0), limit) / limit, found
    if variant == "compute_pro":
        return stretched_area(fpr, pro, limit), found
    return _area_up_to(fpr[::-1], pro[::-1], limit) / limit, found


def adeval_edges(low: Any, high: Any, size: int) -> NDArray[np.float32]:
    """Return the lower edges of ADEval's bins, in float32."""
    steps = np.arange(size + 1, dtype=np.float32) / np.float32(size)
    return steps * np.float32(high - low) + np.float32(low)


def stretched_area(fpr: NDArray[Any], pro: NDArray[Any], limit: float) -> float:
    """Area over the rates below `limit`, stretched to [0, 1]; NaN where fewer than two differ."""
    fpr, pro = fpr[fpr < limit], pro[fpr < limit]
    if len(fpr) < 2 or fpr.max() == fpr.min():
        return float("nan")
    return abs(_trapezoid((fpr - fpr.min()) / (fpr.max() - fpr.min()), pro))


def _trapezoid(x: NDArray[Any], y: NDArray[Any]) -> float:
    return float((np.diff(x) * (y[1:] + y[:-1])).sum() / 2)


def _area_up_to(x: NDArray[Any], y: NDArray[Any], limit: float) -> float:
    """Area of a curve of ascending x up to `limit`, with a straight line to the limit."""
    inside = x <= limit
    count = int(inside.sum())
    if count == 0:
        return 0.0
    area = _trapezoid(x[:count], y[:count])
    if count < len(x) and x[count - 1] < limit:
        end = y[count - 1] + (y[count] - y[count - 1]) * (limit - x[count - 1]) / (x[count] - x[count - 1])
        area += (limit - x[count - 1]) * (y[count - 1] + end) / 2
    return area
