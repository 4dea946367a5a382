"""MuSc's evaluation functions by their own names and argument order, computed by our exact counts.

Replace ``from utils.metrics import compute_metrics`` in MuSc, or `cal_pro_score` in one of the many projects that share
it, by the import from here; scikit-learn and scikit-image are neither needed nor imported. Values agree up to the last
bits of float64. What differs:

- A value that the original cannot compute (no region, no normal pixel, fewer than two thresholds below the limit) is
  NaN, and every value that is not defined by the data comes with an `UndefinedMetricWarning`.
- Without an anomalous pixel all four pixel metrics are 0; the original depends on its version of scikit-learn there.
- A single image is one image; the original takes its rows for images.
- NaN and constant maps are refused with a `ValueError`.
"""

from __future__ import annotations

import warnings
from typing import Any

from ._checks import fraction, integer
from ._errors import UndefinedMetricWarning
from .metrics._grids import compute_pro
from .metrics._inputs import Options, counts

__all__ = ["cal_pro_score", "compute_metrics"]

_OPTIONS = Options("raise", "nan", None)  # whatever our configuration says


def cal_pro_score(masks: Any, amaps: Any, max_step: int = 200, expect_fpr: float = 0.3) -> float:
    """Area under the per-region overlap curve at evenly spaced thresholds.

    A pixel is anomalous where its value lies above the threshold. Of the curve's points those with a false positive
    rate below `expect_fpr` are kept, and their rates stretched to [0, 1]: this is not the area up to that rate, for
    which see :func:`anomalib_cpp.metrics.aupro`.

    Parameters
    ----------
    masks : array of bool, integers or floats in {0, 1}, or uint8 in {0, 255}
        Ground truth, the shape of `amaps`; regions touch at corners, too.
    amaps : array of floats or integers, shape (h, w), (n, h, w) or (n, 1, h, w), or list of (h, w) arrays
        Anomaly maps; higher means more anomalous.
    max_step : int >= 2, default 200
        Number of thresholds, from the lowest value up to below the highest. Rounding may add one.
    expect_fpr : float in (0, 1], default 0.3
        Limit of the false positive rate, not reached.

    Returns
    -------
    float
        In [0, 1]; NaN with an `UndefinedMetricWarning` where there is no region, no normal pixel, or fewer than two
        different rates below the limit.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        For shapes that differ, labels other than 0 and 1, maps that are constant or not finite, options out of range.

    Notes
    -----
    Thresholds are computed in the dtype of `amaps`, as NumPy 2 does. One pass over the pixels for all thresholds:
    O(n + P log P) time for P anomalous pixels.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.musc import cal_pro_score
    >>> amaps = np.linspace(0, 1, 400).reshape(1, 20, 20)
    >>> masks = np.zeros((1, 20, 20), np.uint8)
    >>> masks[0, 16:18, 5:9] = 1
    >>> round(cal_pro_score(masks, amaps), 3)
    0.5
    """
    steps, limit = integer(max_step, "max_step", 2), fraction(expect_fpr, "expect_fpr")
    value, undefined = _overlap(masks, amaps, steps, limit, ("masks", "amaps"))
    if undefined:
        _warn(f"aupro is undefined: {undefined}")
    return value


def _overlap(masks: Any, amaps: Any, steps: int, limit: float, names: tuple[str, str]) -> tuple[float, str]:
    """Return the area, and why it is undefined if it is."""
    area, found = compute_pro(amaps, masks, limit, steps, _OPTIONS, names=names[::-1])
    if found.regions == 0 or found.negatives == 0:
        missing = "no region" if found.regions == 0 else "no normal pixel"
        return area, f"there is {missing} in {names[0]}"
    return area, "" if area == area else f"no two thresholds have different rates below {limit:g}"


def compute_metrics(gt_sp: Any, pr_sp: Any, gt_px: Any, pr_px: Any) -> tuple[list[float], list[float]]:
    """Image and pixel metrics of a data set.

    Parameters
    ----------
    gt_sp : array of bool, integers or floats in {0, 1}, shape (n,) or (n, 1)
        1 for anomalous images, 0 for normal ones.
    pr_sp : array of floats or integers, shape (n,) or (n, 1)
        One score per image; higher means more anomalous.
    gt_px : array of bool, integers or floats in {0, 1}, or uint8 in {0, 255}
        Masks, the shape of `pr_px`.
    pr_px : array of floats or integers, shape (h, w), (n, h, w) or (n, 1, h, w), or list of (h, w) arrays
        Anomaly maps.

    Returns
    -------
    image_metrics : list of float
        AUROC, best F1 score and average precision of the images. All are 0, with an `UndefinedMetricWarning`, where
        they are all normal or all anomalous.
    pixel_metrics : list of float
        The same of the pixels, and :func:`cal_pro_score` with its defaults. All are 0, with an
        `UndefinedMetricWarning`, without an anomalous pixel; AUROC and overlap are NaN without a normal one.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As :func:`cal_pro_score`, for the pixels; for image scores that are NaN or of another length than their labels.

    Notes
    -----
    Exact counts; thresholds are the scores themselves, except those of the overlap. O(n + P log P) time.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.musc import compute_metrics
    >>> pr_px = np.linspace(0, 1, 800).reshape(2, 20, 20)
    >>> gt_px = np.zeros((2, 20, 20), np.uint8)
    >>> gt_px[1, 16:18, 5:9] = 1
    >>> image_metrics, pixel_metrics = compute_metrics([0, 1], [0.2, 0.9], gt_px, pr_px)
    >>> image_metrics, [round(value, 3) for value in pixel_metrics]
    ([1.0, 1.0, 1.0], [0.926, 0.193, 0.067, 0.763])
    """
    images, _ = counts(pr_sp, gt_sp, _OPTIONS, names=("pr_sp", "gt_sp"), samples=True)
    pixels, _ = counts(pr_px, gt_px, _OPTIONS, names=("pr_px", "gt_px"), images=True)
    if images.positives == 0 or images.negatives == 0:
        image_metrics = [0.0, 0.0, 0.0]
        _warn("the image metrics are undefined and set to 0: gt_sp has one label only")
    else:
        image_metrics = [images.auroc(1.0), images.f1_max()[0], images.average_precision()]
    if pixels.positives == 0:
        _warn("the pixel metrics are undefined and set to 0: there is no anomalous pixel in gt_px")
        return image_metrics, [0.0, 0.0, 0.0, 0.0]
    overlap, undefined = _overlap(gt_px, pr_px, 200, 0.3, ("gt_px", "pr_px"))
    if undefined:
        which = "auroc and aupro are" if pixels.negatives == 0 else "aupro is"
        _warn(f"{which} undefined: {undefined}")
    return image_metrics, [pixels.auroc(1.0), pixels.f1_max()[0], pixels.average_precision(), overlap]


def _warn(message: str) -> None:
    warnings.warn(message, UndefinedMetricWarning, stacklevel=3)
