"""ADEval's functions and accumulator by their own names and argument order, computed by our counts.

Replace ``import adeval`` by ``from anomalib_cpp import adeval``; neither ADEval nor OpenCV is needed or imported. The
numbers are those of ADEval 1.1 on the CPU: counts in evenly wide bins, one point of each curve per edge of a bin, no
points added at the ends of the curves. ``variant="exact"`` takes every score for a threshold instead. What differs:

- Whatever a curve does not define is NaN with an `UndefinedMetricWarning`; groups of an `EvalAccumulator` that were
  never fed are NaN without one.
- Masks and labels are bool, integers or floats in {0, 1}, or uint8 in {0, 255}; ADEval takes everything but 0 for 1.
- Regions are weighted in float64, where ADEval rounds to float32, and an image may have more than 65535 of them.
- Resized maps agree with OpenCV's up to rounding, so that a score on the edge of a bin may change sides.
- `EvalAccumulatorCuda` is `EvalAccumulator`: tensors on the CPU. ADEval's counts scores at the upper bound twice there.
- NaN, scores that are all equal, arrays of different sizes and batches of different lengths are refused: errors are
  `InvalidInputError`, a `ValueError`, instead of AssertionError, or `InvalidTypeError`, a `TypeError`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import maps
from ._arrays import as_floats, locate
from ._checks import choice, flag, integer, number
from ._errors import InvalidInputError, UndefinedMetricWarning
from .evaluators import ImageEvaluator, PixelEvaluator
from .metrics._grids import PRO_THRESHOLDS, adeval_edges
from .metrics._inputs import Options, argument, counts

__all__ = ["EvalAccumulator", "EvalAccumulatorCuda", "auroc", "auroc_and_aupr", "auroc_aupr_aupro"]

_OPTIONS = Options("raise", "nan", None)  # whatever our configuration says
_NAN = float("nan")
_LIMIT = 0.3
_NSTRIPS = PRO_THRESHOLDS["adeval"]
_LEAST = 5


def auroc(preds: Any, targets: Any, *, nstrips: int = 1000, variant: str = "adeval") -> float:
    """Area under the ROC curve.

    Parameters
    ----------
    preds : array of floats or integers, or iterable of (h, w) arrays
        Scores or maps, higher means more anomalous: shape (n,), (n, 1), (h, w), (n, h, w) or (n, 1, h, w); an iterable
        gives maps of any sizes.
    targets : array of bool, integers or floats in {0, 1}, or uint8 in {0, 255}, or iterable of such arrays
        1 is anomalous; the shape of `preds`.
    nstrips : int >= 5, default 1000
        Number of bins between the lowest and the highest score; belongs to ``variant="adeval"``.
    variant : {"adeval", "exact"}, default "adeval"
        ``"adeval"``: a threshold at every edge of a bin. ``"exact"``: at every score, as
        :func:`anomalib_cpp.metrics.auroc`.

    Returns
    -------
    float
        In [0, 1]; NaN with an `UndefinedMetricWarning` where a class is empty.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        For shapes that differ, other labels, NaN, and options out of range; with ``"adeval"`` also for infinite scores
        and for scores that are all equal.

    Notes
    -----
    Edges are computed in float32 and compared with the scores in float64. The curve begins at the share of normal
    scores that reach the highest edge, not at 0. O(n + P log P) time for P anomalous items.

    Examples
    --------
    >>> from anomalib_cpp import adeval
    >>> preds, targets = [0.1, 0.4, 0.4, 0.8, 0.2, 0.9, 0.9, 0.4], [0, 0, 1, 1, 0, 1, 0, 1]
    >>> adeval.auroc(preds, targets), adeval.auroc(preds, targets, variant="exact")
    (0.6875, 0.71875)
    """
    return _evaluated(preds, targets, nstrips, variant, 1)[0]


def auroc_and_aupr(preds: Any, targets: Any, *, nstrips: int = 1000, variant: str = "adeval") -> tuple[float, float]:
    """Area under the ROC curve and area under the precision-recall curve.

    Parameters
    ----------
    preds, targets, nstrips, variant
        As in :func:`auroc`.

    Returns
    -------
    auroc, aupr : float
        In [0, 1]; NaN with an `UndefinedMetricWarning` where a class is empty (`aupr`: where nothing is anomalous).

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`auroc`.

    Notes
    -----
    Straight lines join the points of the precision-recall curve, as in :func:`anomalib_cpp.metrics.aupr`, and the
    precision is 1 where nothing is predicted. With ``"adeval"`` the curve begins at the recall of the highest edge:
    a perfect ranking of few scores stays below 1.

    Examples
    --------
    >>> from anomalib_cpp import adeval
    >>> preds, targets = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [0, 0, 0, 1, 1, 1]
    >>> [round(value, 4) for value in adeval.auroc_and_aupr(preds, targets)]
    [1.0, 0.6667]
    >>> adeval.auroc_and_aupr(preds, targets, variant="exact")
    (1.0, 1.0)
    """
    roc, pr = _evaluated(preds, targets, nstrips, variant, 2)
    return roc, pr


def auroc_aupr_aupro(
    preds: Any, targets: Any, *, nstrips: int = 1000, variant: str = "adeval"
) -> tuple[float, float, float]:
    """Areas under the ROC curve, the precision-recall curve and the per-region overlap curve up to 0.3.

    Parameters
    ----------
    preds, targets, nstrips, variant
        As in :func:`auroc`; maps and masks, not flat arrays. Pixels that touch at a corner belong to one region.

    Returns
    -------
    auroc, aupr, aupro : float
        In [0, 1]; NaN with an `UndefinedMetricWarning` where there is no anomalous or no normal pixel (`aupr`: no
        anomalous pixel). `aupro` is NaN also where the curve has no points on one of the sides of 0.3.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`auroc`.

    Notes
    -----
    The overlap curve ends on a straight line between the points around a false positive rate of 0.3, and its area is
    divided by 0.3.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp import adeval
    >>> preds = np.linspace(0, 1, 800).reshape(2, 20, 20)
    >>> targets = np.zeros((2, 20, 20), np.uint8)
    >>> targets[1, 16:18, 5:9] = 1
    >>> [round(value, 4) for value in adeval.auroc_aupr_aupro(preds, targets)]
    [0.9259, 0.0646, 0.7523]
    """
    roc, pr, pro = _evaluated(preds, targets, nstrips, variant, 3)
    return roc, pr, pro


def _evaluated(preds: Any, targets: Any, nstrips: Any, variant: Any, metrics: int) -> tuple[float, ...]:
    """Return the first `metrics` areas; warns the caller's caller."""
    strips = _strips(nstrips, choice(variant, "variant", ("adeval", "exact")))
    scores, truth = _stack(preds), _stack(targets)
    regions = metrics == 3
    names = ("preds", "targets")
    if variant == "adeval":
        bins = _Bins(*_range(scores), strips)
        bins.add(scores, truth, names, regions)
        values = bins.areas()
    else:
        found, _ = counts(
            scores, truth, _OPTIONS, names=names, images=regions, connectivity=8 if regions else None
        )
        values = (found.auroc(1.0), found.aupr_trapezoid(), found.aupro(_LIMIT) if regions else _NAN)
    _warn_undefined(dict(zip(("auroc", "aupr", "aupro")[:metrics], values, strict=False)), 4)
    return values[:metrics]


def _warn_undefined(values: dict[str, float], stacklevel: int) -> None:
    missing = [name for name, value in values.items() if math.isnan(value)]
    if missing:
        warnings.warn(
            f"{', '.join(missing)} undefined: a class is empty, or the curve has no points on one side of {_LIMIT}",
            UndefinedMetricWarning,
            stacklevel=stacklevel,
        )


def _strips(nstrips: Any, variant: str) -> int:
    strips = integer(nstrips, "nstrips", _LEAST)
    if variant == "exact" and strips != _NSTRIPS:
        raise InvalidInputError(f"nstrips belongs to variant='adeval'; got {strips} with variant='exact'")
    return strips


def _stack(value: Any) -> Any:
    """Return arrays and lists as they are, other iterables of arrays as lists."""
    if isinstance(value, (list, tuple)) or hasattr(value, "__array__") or hasattr(value, "__dlpack__"):
        return value
    return list(value) if isinstance(value, Iterable) and not isinstance(value, (str, bytes)) else value


def _range(scores: Any) -> tuple[float, float]:
    given = argument(scores, "preds")
    if given.size == 0:
        raise InvalidInputError("preds must have at least one score; got none")
    parts = given.data if isinstance(given.data, list) else [given.data]
    low, high = float(min(part.min() for part in parts)), float(max(part.max() for part in parts))
    if not (math.isfinite(low) and math.isfinite(high)):
        bad = sum(int((~np.isfinite(part)).sum()) for part in parts)
        raise InvalidInputError(f"preds must be finite for variant='adeval'; got {bad} values that are NaN or infinite")
    if low == high:
        raise InvalidInputError(f"preds must not all be equal for variant='adeval'; got {low:g} everywhere")
    return low, high


class _Bins:
    """What reaches each edge, and the areas under the curves through those points."""

    def __init__(self, low: float, high: float, strips: int) -> None:
        self._edges = adeval_edges(low, high, strips).astype(np.float64)
        self._tp = np.zeros(strips + 1, np.int64)
        self._fp = np.zeros(strips + 1, np.int64)
        self._covered = np.zeros(strips + 1)  # sum over regions of the share that reaches the edge
        self._positives = self._negatives = self._regions = 0

    def add(self, scores: Any, labels: Any, names: tuple[str, str], regions: bool) -> None:
        found, _ = counts(
            scores,
            labels,
            _OPTIONS,
            names=names,
            images=regions,
            connectivity=8 if regions else None,
            grid=(self._edges, False),
        )
        self._tp += found.tp
        self._fp += found.fp
        self._positives += found.positives
        self._negatives += found.negatives
        if regions and found.regions:
            self._covered += found.coverage * found.regions
            self._regions += found.regions

    @property
    def fed(self) -> bool:
        return self._positives + self._negatives > 0

    def areas(self) -> tuple[float, float, float]:
        """Areas under the ROC, precision-recall and overlap curves, NaN where undefined."""
        tp, fp = self._tp[::-1], self._fp[::-1]  # from the highest edge down: rates ascend
        roc = pr = pro = _NAN
        if self._positives:
            predicted = tp + fp
            precision = np.where(predicted > 0, tp / np.maximum(predicted, 1), 1.0)
            pr = _area(tp / self._positives, precision)
        if self._positives and self._negatives:
            roc = _area(fp / self._negatives, tp / self._positives)
        if self._regions and self._negatives:
            pro = _area_to_limit(fp / self._negatives, self._covered[::-1] / self._regions) / _LIMIT
        return roc, pr, pro


def _area(x: NDArray[Any], y: NDArray[Any]) -> float:
    return float(np.sum(np.diff(x) * (y[1:] + y[:-1])) / 2)


def _area_to_limit(x: NDArray[Any], y: NDArray[Any]) -> float:
    """Area up to the limit, which must lie between two points; NaN where it does not."""
    k = int(np.searchsorted(x, _LIMIT, side="right"))
    if k == 0 or k == len(x):
        return _NAN
    share = (_LIMIT - x[k - 1]) / (x[k] - x[k - 1])
    end = y[k - 1] + share * (y[k] - y[k - 1])
    return _area(np.append(x[:k], _LIMIT), np.append(y[:k], end))


class EvalAccumulator:
    """Image, sample and pixel metrics of results that come one after the other.

    Parameters
    ----------
    score_lower, score_upper : float
        Bounds of the scores of images and samples, between which the bins lie: finite, ascending. Scores outside fall
        into one bin on each side. With ``variant="exact"`` there are no bins and bounds are only checked.
    anomap_lower, anomap_upper : float, optional
        The same of the pixels; by default those of the images.
    skip_pixel_aupro : bool, default False
        Leave out ``"p_aupro"``, which is NaN then.
    nstrips : int >= 5, optional
        Number of bins, 1000 by default; belongs to ``variant="adeval"``.
    variant : {"adeval", "exact"}, default "adeval"
        ``"adeval"`` keeps counts only. ``"exact"`` keeps all scores and maps, and gives the values of
        :func:`anomalib_cpp.metrics.auroc`, :func:`~anomalib_cpp.metrics.aupr` and
        :func:`~anomalib_cpp.metrics.aupro`.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        For options out of range.

    Notes
    -----
    Bins are closed below and open above: a score at the upper bound lies outside. Bounds narrower than the scores lose
    the parts of the curves that lie outside. ``"adeval"``: O(`nstrips`) memory. ``"exact"``: as
    :class:`anomalib_cpp.evaluators.PixelEvaluator`.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.adeval import EvalAccumulator
    >>> accumulator = EvalAccumulator(0.0, 1.0)
    >>> anomap = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    >>> accumulator.add_anomap(anomap, (anomap > 0.9).astype(np.uint8))
    >>> accumulator.add_image([0.2, 0.9], [0, 1])
    >>> {name: round(value, 3) for name, value in accumulator.summary().items()}
    {'s_auroc': nan, 's_aupr': nan, 'i_auroc': 1.0, 'i_aupr': 1.0, 'p_auroc': 1.0, 'p_aupr': 0.857, 'p_aupro': 1.0}
    """

    def __init__(
        self,
        score_lower: float,
        score_upper: float,
        anomap_lower: float | None = None,
        anomap_upper: float | None = None,
        skip_pixel_aupro: bool = False,
        *,
        nstrips: int | None = None,
        variant: str = "adeval",
    ) -> None:
        self._exact = choice(variant, "variant", ("adeval", "exact")) == "exact"
        self._nstrips = _strips(_NSTRIPS if nstrips is None else nstrips, variant)
        self._of_scores = _bounds(score_lower, score_upper, "score_lower", "score_upper")
        self._of_maps = _bounds(
            score_lower if anomap_lower is None else anomap_lower,
            score_upper if anomap_upper is None else anomap_upper,
            "anomap_lower",
            "anomap_upper",
        )
        self._regions = not flag(skip_pixel_aupro, "skip_pixel_aupro")
        self.reset()

    def reset(self) -> None:
        """Forget all results."""
        if self._exact:
            names = ("auroc", "aupr")
            policy = {"nan_policy": "raise", "undefined": "nan"}
            self._samples: _Group = _ExactScores(ImageEvaluator(names, **policy))
            self._images: _Group = _ExactScores(ImageEvaluator(names, **policy))
            pixels = (*names, "aupro") if self._regions else names
            self._pixels: _Group = _ExactMaps(PixelEvaluator(pixels, integration_limit=_LIMIT, **policy))
            return
        self._samples, self._images = (_Bins(*self._of_scores, self._nstrips) for _ in range(2))
        self._pixels = _Bins(*self._of_maps, self._nstrips)
