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
from .metrics._counting import TOTALS, at_thresholds, rank_pairs
from .metrics._grids import PRO_THRESHOLDS, adeval_edges
from .metrics._inputs import Options, argument, counts
from .metrics._polylines import area_up_to, trapezoid

__all__ = ["EvalAccumulator", "EvalAccumulatorCuda", "auroc", "auroc_and_aupr", "auroc_aupr_aupro"]

_OPTIONS = Options("raise", "nan", None)  # whatever our configuration says
_NAN = float("nan")
_LIMIT = 0.3
_NSTRIPS = PRO_THRESHOLDS["adeval"]
_LEAST = 5
_METRICS = ("auroc", "aupr", "aupro")


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
    scores that reach the highest edge, not at 0: the area below that share is lost. O(n + P log P) time for P anomalous
    items.

    Examples
    --------
    >>> from anomalib_cpp import adeval
    >>> preds, targets = [0.1, 0.4, 0.4, 0.8, 0.2, 0.9, 0.9, 0.4], [0, 0, 1, 1, 0, 1, 0, 1]
    >>> adeval.auroc(preds, targets), adeval.auroc(preds, targets, variant="exact")
    (0.46875, 0.71875)
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
    [0.9255, 0.0596, 0.7517]
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
        found, _ = counts(scores, truth, _OPTIONS, rank_pairs(8 if regions else None), names=names, images=regions)
        values = _areas_of(found, regions)
    _warn_undefined(dict(zip(_METRICS[:metrics], values, strict=False)), 4)
    return values[:metrics]


def _warn_undefined(values: dict[str, float], stacklevel: int) -> None:
    missing = [name for name, value in values.items() if math.isnan(value)]
    if missing:
        warnings.warn(
            f"undefined: {', '.join(missing)}; a class is empty, or the curve has no point on one side of {_LIMIT}",
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
        with np.errstate(over="ignore", invalid="ignore"):
            self._edges = adeval_edges(low, high, strips).astype(np.float64)
        if not np.isfinite(self._edges).all():
            raise InvalidInputError(f"bounds must lie within the range of float32; got {low:g} and {high:g}")
        self._tp = np.zeros(strips + 1, np.int64)
        self._fp = np.zeros(strips + 1, np.int64)
        self._covered = np.zeros(strips + 1)  # sum over regions of the share that reaches the edge
        self._positives = self._negatives = self._regions = 0

    def add(self, scores: Any, labels: Any, names: tuple[str, str], regions: bool) -> None:
        count = at_thresholds(self._edges, False, 8 if regions else None)
        found, _ = counts(scores, labels, _OPTIONS, count, names=names, images=regions)
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
            pr = trapezoid(tp / self._positives, precision)
        if self._positives and self._negatives:
            roc = trapezoid(fp / self._negatives, tp / self._positives)
        if self._regions and self._negatives:
            pro = _area_to_limit(fp / self._negatives, self._covered[::-1] / self._regions) / _LIMIT
        return roc, pr, pro


def _area_to_limit(x: NDArray[Any], y: NDArray[Any]) -> float:
    """Area up to the limit, which must lie between two points; NaN where it does not."""
    return area_up_to(x, y, _LIMIT) if x[0] <= _LIMIT < x[-1] else _NAN


class _Kept:
    """Everything, to be counted at the end."""

    def __init__(self) -> None:
        self._scores: list[NDArray[Any]] = []
        self._labels: list[NDArray[np.bool_]] = []
        self._regions = False

    def add(self, scores: Any, labels: Any, names: tuple[str, str], regions: bool) -> None:
        counts(scores, labels, _OPTIONS, TOTALS, names=names)  # refuses what cannot be counted
        self._scores += [np.array(part) for part in (scores if isinstance(scores, list) else [scores])]
        self._labels += [part != 0 for part in (labels if isinstance(labels, list) else [labels])]
        self._regions |= regions

    @property
    def fed(self) -> bool:
        return bool(self._scores)

    def areas(self) -> tuple[float, float, float]:
        if not self._scores:
            return _NAN, _NAN, _NAN
        scores: Any = self._scores
        labels: Any = self._labels
        if scores[0].ndim == 1:
            scores, labels = np.concatenate(scores), np.concatenate(labels)
        found, _ = counts(scores, labels, _OPTIONS, rank_pairs(8 if self._regions else None))
        return _areas_of(found, self._regions)


def _areas_of(found: Any, regions: bool) -> tuple[float, float, float]:
    return found.auroc(1.0), found.aupr_trapezoid(), found.aupro(_LIMIT) if regions else _NAN


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
    >>> for name, value in accumulator.summary().items():
    ...     print(name, round(value, 3))
    s_auroc nan
    s_aupr nan
    i_auroc 1.0
    i_aupr 1.0
    p_auroc 1.0
    p_aupr 0.857
    p_aupro 1.0
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
        self._samples, self._images = self._group(self._of_scores), self._group(self._of_scores)
        self._pixels = self._group(self._of_maps)

    def _group(self, bounds: tuple[float, float]) -> _Bins | _Kept:
        return _Kept() if self._exact else _Bins(*bounds, self._nstrips)

    def add_anomap(self, anomap: Any, gtmap: Any) -> None:
        """Add the map of an image.

        Parameters
        ----------
        anomap : array of floats or integers, shape (h, w)
            Anomaly map. Of another size than the mask it must hold finite floats, and is resampled as
            :func:`anomalib_cpp.maps.resize` does by default.
        gtmap : array of bool, integers or floats in {0, 1}, or uint8 in {0, 255}, shape (height, width)
            Mask.

        Raises
        ------
        InvalidInputError, InvalidTypeError
            For other shapes or labels, and NaN; nothing is added then.
        """
        pair = _at_mask_size(anomap, gtmap, "anomap", "gtmap")
        self._pixels.add(*pair, ("anomap", "gtmap"), self._regions)

    def add_anomap_batch(self, anomap: Any, gtmap: Any) -> None:
        """Add the maps of several images, all of them or none.

        Parameters
        ----------
        anomap : array of shape (n, h, w), or iterable of n arrays
            As in :meth:`add_anomap`; an iterable may hold maps of different sizes.
        gtmap : array of shape (n, height, width), or iterable of n arrays
            Masks.

        Raises
        ------
        InvalidInputError, InvalidTypeError
            As in :meth:`add_anomap`, and for batches of different lengths.
        """
        scores, truth = _images_of(anomap, "anomap"), _images_of(gtmap, "gtmap")
        if len(scores) != len(truth):
            raise InvalidInputError(f"anomap and gtmap must have the same length; got {len(scores)} and {len(truth)}")
        pairs = [
            _at_mask_size(one, mask, f"anomap[{i}]", f"gtmap[{i}]")
            for i, (one, mask) in enumerate(zip(scores, truth, strict=True))
        ]
        if pairs:
            resized, masks = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
            self._pixels.add(resized, masks, ("anomap", "gtmap"), self._regions)

    def add_image(self, score: Any, gtlabel: Any) -> None:
        """Add scores of images.

        Parameters
        ----------
        score : number, or array of floats or integers of any shape
            Higher means more anomalous.
        gtlabel : number, or array of bool, integers or floats in {0, 1}, or uint8 in {0, 255}
            1 for anomalous; as many as scores.

        Raises
        ------
        InvalidInputError, InvalidTypeError
            For different numbers of scores and labels, other labels, and NaN; nothing is added then.
        """
        _add_scores(self._images, score, gtlabel)

    def add_sample(self, score: Any, gtlabel: Any) -> None:
        """Add scores of samples, each of which several images may show.

        Parameters
        ----------
        score, gtlabel
            As in :meth:`add_image`.

        Raises
        ------
        InvalidInputError, InvalidTypeError
            As in :meth:`add_image`.
        """
        _add_scores(self._samples, score, gtlabel)

    def summary(self) -> dict[str, float]:
        """Report everything so far; the accumulator goes on afterwards.

        Returns
        -------
        dict of str to float
            ``"s_auroc"`` and ``"s_aupr"`` of the samples, ``"i_auroc"`` and ``"i_aupr"`` of the images, ``"p_auroc"``,
            ``"p_aupr"`` and ``"p_aupro"`` of the pixels, as :func:`auroc_aupr_aupro`. NaN for what was never added,
            and with an `UndefinedMetricWarning` for what a class is missing for.
        """
        result: dict[str, float] = {}
        undefined: dict[str, float] = {}
        groups = (("s", self._samples, 2), ("i", self._images, 2), ("p", self._pixels, 3))
        for prefix, group, number_of_areas in groups:
            names = [f"{prefix}_{metric}" for metric in _METRICS[:number_of_areas]]
            values = dict(zip(names, group.areas(), strict=False))
            result |= values
            if group.fed:
                undefined |= {k: v for k, v in values.items() if self._regions or k != "p_aupro"}
        _warn_undefined(undefined, 3)
        return result


EvalAccumulatorCuda = EvalAccumulator


def _bounds(lower: Any, upper: Any, lower_name: str, upper_name: str) -> tuple[float, float]:
    low, high = number(lower, lower_name), number(upper, upper_name)
    if not -math.inf < low < high < math.inf:
        raise InvalidInputError(f"{lower_name} must lie below {upper_name}, both finite; got {low:g} and {high:g}")
    return low, high


def _at_mask_size(anomap: Any, gtmap: Any, map_name: str, mask_name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    scores, mask = locate(anomap, map_name).data, locate(gtmap, mask_name).data
    for data, name in ((scores, map_name), (mask, mask_name)):
        if data.ndim != 2 or data.size == 0:
            raise InvalidInputError(f"{name} must have shape (h, w), with at least one pixel; got shape {data.shape}")
    if scores.shape == mask.shape:
        return scores, mask
    scores = as_floats(scores, map_name).data
    if not np.isfinite(scores).all():
        raise InvalidInputError(f"{map_name} must be finite to be resized from {scores.shape} to {mask.shape}")
    return maps.resize(scores, mask.shape), mask


def _images_of(batch: Any, name: str) -> list[Any]:
    images = _stack(batch)
    return list(images if isinstance(images, (list, tuple)) else np.atleast_1d(locate(images, name).data))


def _add_scores(group: _Bins | _Kept, score: Any, gtlabel: Any) -> None:
    scores, labels = (locate(v, name).data.reshape(-1) for v, name in ((score, "score"), (gtlabel, "gtlabel")))
    if scores.size != labels.size:
        raise InvalidInputError(f"score and gtlabel must have the same size; got {scores.size} and {labels.size}")
    if scores.size:
        group.add(scores, labels, ("score", "gtlabel"), False)
