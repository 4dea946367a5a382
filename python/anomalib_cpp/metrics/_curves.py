"""Whole curves: one point per distinct score."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._checks import choice
from ._counting import score_levels
from ._inputs import Options, counts, defined, options, propagates, why_undefined
from ._results import Curve
from ._weighted import weighted_counts

__all__ = ["pr_curve", "pro_curve", "roc_curve"]


def _curve(found: Any, given: Any, opts: Options, name: str, ready: bool, make: Any, regions: bool = False) -> Curve:
    """Return the curve; where it is undefined or NaN propagates, the axis that does not exist is NaN."""
    x, y, thresholds = make()
    if propagates(found, opts):
        x, y = np.full_like(x, np.nan), np.full_like(y, np.nan)
    elif not ready:
        value = defined(float("nan"), opts.undefined, name, why_undefined(found, regions=regions))
        x = np.where(np.isnan(x), value, x)
        y = np.where(np.isnan(y), value, y)
    return Curve(given.like_input(x), given.like_input(y), given.like_input(thresholds))


def roc_curve(
    scores: Any,
    labels: Any,
    *,
    sample_weight: Any = None,
    drop_collinear: bool = False,
    ignore_value: int | None = None,
    nan_policy: str | None = None,
    undefined: str | float | None = None,
    threads: int | None = None,
) -> Curve:
    """Receiver operating characteristic: false positive rate and true positive rate at every distinct score.

    Parameters
    ----------
    scores, labels, sample_weight, ignore_value, nan_policy, undefined, threads
        As in :func:`auroc`. Where a class is empty, its rate is `undefined`.
    drop_collinear : bool, default False
        Leave out points whose steps to both neighbours are equal; areas do not change. With weights that differ,
        rounded sums keep some points more.

    Returns
    -------
    Curve
        ``x`` false positive rate, ``y`` true positive rate, ``thresholds`` descending. The first point is (0, 0) at
        threshold +inf, the last (1, 1).

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`auroc`.

    Notes
    -----
    Sorts the scores of the normal items by radix: O(n) time. Beside the result, 8 bytes an item (16 for 64-bit
    scores) or 24 for each distinct score, whichever is more.

    Examples
    --------
    >>> from anomalib_cpp.metrics import roc_curve
    >>> curve = roc_curve([0.1, 0.4, 0.4, 0.8, 0.2, 0.9, 0.9, 0.4], [0, 0, 1, 1, 0, 1, 0, 1])
    >>> curve.x.tolist(), curve.y.tolist()
    ([0.0, 0.25, 0.25, 0.5, 0.75, 1.0], [0.0, 0.25, 0.5, 1.0, 1.0, 1.0])
    """
    opts = options(nan_policy, undefined, threads, ignore_value)
    found, given = weighted_counts(scores, labels, sample_weight, opts, score_levels())
    ready = found.positives > 0 and found.negatives > 0
    return _curve(found, given, opts, "roc_curve", ready, lambda: found.roc_curve(bool(drop_collinear)))


def pr_curve(
    scores: Any,
    labels: Any,
    *,
    sample_weight: Any = None,
    ignore_value: int | None = None,
    nan_policy: str | None = None,
    undefined: str | float | None = None,
    threads: int | None = None,
) -> Curve:
    """Precision and recall at every distinct score.

    Parameters
    ----------
    scores, labels, sample_weight, ignore_value, nan_policy, undefined, threads
        As in :func:`auroc`. Without anomalous items the recall is `undefined`.

    Returns
    -------
    Curve
        ``x`` recall, ``y`` precision, ``thresholds`` ascending; the last point (0, 1) stands at threshold +inf.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`auroc`.

    Notes
    -----
    As :func:`roc_curve`.

    Examples
    --------
    >>> from anomalib_cpp.metrics import pr_curve
    >>> curve = pr_curve([1, 2, 3], [0, 1, 1])
    >>> curve.x.tolist(), curve.thresholds.tolist()
    ([1.0, 1.0, 0.5, 0.0], [1.0, 2.0, 3.0, inf])
    """
    opts = options(nan_policy, undefined, threads, ignore_value)
    found, given = weighted_counts(scores, labels, sample_weight, opts, score_levels())
    return _curve(found, given, opts, "pr_curve", found.positives > 0, found.pr_curve)


def pro_curve(
    maps: Any,
    masks: Any,
    *,
    connectivity: int = 8,
    drop_collinear: bool = False,
    ignore_value: int | None = None,
    nan_policy: str | None = None,
    undefined: str | float | None = None,
    threads: int | None = None,
) -> Curve:
    """Per-region overlap over the false positive rate, at every distinct score.

    Parameters
    ----------
    maps, masks, connectivity, ignore_value, nan_policy, undefined, threads
        As in :func:`aupro`.
    drop_collinear : bool, default False
        Leave out points whose steps to both neighbours are equal; areas do not change.

    Returns
    -------
    Curve
        ``x`` false positive rate, ``y`` mean share of the regions' pixels, ``thresholds`` descending. The first point
        is (0, 0) at threshold +inf, the last (1, 1).

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`aupro`.

    Notes
    -----
    As :func:`roc_curve`, with 40 bytes for each distinct score. A region of area A contributes with a relative error
    below A / 2^62.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.metrics import pro_curve
    >>> curve = pro_curve(np.array([[3.0, 2.0, 1.0, 0.0]]), np.array([[1, 0, 0, 1]]))
    >>> curve.x.tolist(), curve.y.tolist()
    ([0.0, 0.0, 0.5, 1.0, 1.0], [0.0, 0.5, 0.5, 0.5, 1.0])
    """
    opts = options(nan_policy, undefined, threads, ignore_value)
    choice(connectivity, "connectivity", (4, 8))
    found, given = counts(maps, masks, opts, score_levels(int(connectivity)), names=("maps", "masks"), images=True)
    ready = found.regions > 0 and found.negatives > 0
    return _curve(found, given, opts, "pro_curve", ready, lambda: found.pro_curve(bool(drop_collinear)), regions=True)
