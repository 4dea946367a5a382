"""Overlap of regions with a segmentation."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._checks import choice, number
from .._errors import InvalidInputError
from ._arguments import argument
from ._counting import at_thresholds
from ._inputs import counts, defined, options, propagates

__all__ = ["pro_score"]


def pro_score(
    maps: Any,
    masks: Any,
    *,
    threshold: float | None = None,
    connectivity: int = 8,
    ignore_value: int | None = None,
    nan_policy: str | None = None,
    undefined: str | float | None = None,
    threads: int | None = None,
) -> float:
    """Per-region overlap at one threshold: the mean over regions of the share of their pixels that are found.

    Parameters
    ----------
    maps : array of bool, floats or integers, or list of (h, w) arrays
        Segmentations, or anomaly maps, of shape (h, w), (n, h, w) or (n, 1, h, w).
    masks, connectivity, ignore_value, nan_policy, threads
        As in :func:`aupro`.
    threshold : float, optional
        Scores above it, not at it, are found; 0.5 by default. Not with maps of booleans.
    undefined : {"nan", "raise"} or float, optional
        Result where there is no region; anomalib's ``PRO`` gives 1.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`aupro`, and for a threshold that is NaN or not wanted.

    Notes
    -----
    False alarms do not enter: :func:`aupro` weighs them. O(n + P log P) time for P anomalous pixels.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.metrics import pro_score
    >>> masks = np.array([[1, 1, 0, 1]])
    >>> pro_score(np.array([[0.9, 0.2, 0.8, 0.7]]), masks)
    0.75
    """
    opts = options(nan_policy, undefined, threads, ignore_value)
    choice(connectivity, "connectivity", (4, 8))
    data = argument(maps, "maps").data
    if (data[0] if isinstance(data, list) else data).dtype == bool and threshold is not None:
        raise InvalidInputError(f"threshold must not be given with maps of booleans; got {threshold!r}")
    level = 0.5 if threshold is None else number(threshold, "threshold")
    if level != level:
        raise InvalidInputError("threshold must not be NaN")
    count = at_thresholds(np.array([level]), True, int(connectivity))
    found, _ = counts(maps, masks, opts, count, names=("maps", "masks"), images=True)
    if propagates(found, opts):
        return float("nan")
    if found.regions == 0:
        return defined(float("nan"), opts.undefined, "pro_score", "there is no region")
    return float(found.coverage[0])
