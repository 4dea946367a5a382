"""What the metrics return beside plain floats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from .._records import Record, Scalar

__all__ = [
    "AupimoResult",
    "BinnedResult",
    "ConfusionCounts",
    "Curve",
    "F1Result",
    "MebinResult",
    "OverlapResult",
    "ProResult",
    "RateResult",
    "SizeResult",
    "SproResult",
]


@dataclass(frozen=True, repr=False, eq=False)
class F1Result(Scalar):
    """The best F1 score and where it is reached; ``float(result)`` is the score.

    Attributes
    ----------
    value : float
        ``2 TP / (2 TP + FP + FN)`` at `threshold`.
    threshold : float
        A score that occurs among the anomalous ones; scores at or above it count as anomalous.
    precision, recall : float
        At `threshold`.
    """

    value: float
    threshold: float
    precision: float
    recall: float


@dataclass(frozen=True, repr=False, eq=False)
class OverlapResult(Scalar):
    """The best overlap and where it is reached; ``float(result)`` is the overlap.

    Attributes
    ----------
    value : float
        At `threshold`.
    threshold : float
        A score that occurs among the anomalous ones; scores at or above it count as anomalous.
    """

    value: float
    threshold: float


@dataclass(frozen=True, repr=False, eq=False)
class RateResult(Scalar):
    """A rate and the threshold that gives it; ``float(result)`` is the rate.

    Attributes
    ----------
    value : float
        In [0, 1].
    threshold : float
        Scores at or above it count as anomalous.
    """

    value: float
    threshold: float


@dataclass(frozen=True, repr=False, eq=False)
class ConfusionCounts(Record):
    """What thresholds make of the items.

    Attributes
    ----------
    thresholds : array of float64, shape (k,)
        As given.
    tp, fp, tn, fn : array of int64, shape (k,)
        True and false positives, true and false negatives.
    """

    thresholds: NDArray[Any]
    tp: NDArray[Any]
    fp: NDArray[Any]
    tn: NDArray[Any]
    fn: NDArray[Any]


@dataclass(frozen=True, repr=False, eq=False)
class Curve(Record):
    """Points of a curve, one per threshold.

    Attributes
    ----------
    x, y : array of float64, shape (n,)
        The rates on the two axes.
    thresholds : array of float64, shape (n,)
        A score at or above the threshold counts as anomalous.
    """

    x: NDArray[Any]
    y: NDArray[Any]
    thresholds: NDArray[Any]


@dataclass(frozen=True, repr=False, eq=False)
class ProResult(Scalar):
    """Area under the PRO curve with what it was made of; ``float(result)`` is the area for a single limit.

    Attributes
    ----------
    value : float or array of float64, shape (n_limits,)
        The area, one per integration limit.
    region_scores : array of float64, shape (n_regions,) or (n_limits, n_regions), or None
        Each region's share; `value` is their mean. None unless ``per_region=True``.
    region_images, region_areas : array of int64, shape (n_regions,), or None
        Image of each region and its number of pixels, in image order, then raster order of the first pixel.
    curve : Curve or None
        The PRO curve; None unless ``return_curve=True``.
    """

    value: Any
    region_scores: Any = None
    region_images: Any = None
    region_areas: Any = None
    curve: Curve | None = None


@dataclass(frozen=True, repr=False, eq=False)
class AupimoResult(Scalar):
    """Per-image overlap of a data set; ``float(result)`` is the mean over the anomalous images.

    Attributes
    ----------
    value : float
        Mean of `scores` over the anomalous images.
    scores : array of float64, shape (n_images,)
        Each image's area, in [0, 1]; NaN for normal images.
    fpr_bounds : (float, float)
        Shared false positive rates between which the recall was averaged over their logarithm.
    thresholds : array, shape (k,), or None
        With ``bounds="snap"``: the thresholds between the two bounds that were averaged over, ascending.
    shared_fpr : array of float64, shape (k,), or None
        Of `thresholds`.
    recalls : array of float64, shape (n_images, k), or None
        Of `thresholds`, NaN for normal images; None unless ``return_curves=True``.
    """

    value: float
    scores: Any
    fpr_bounds: tuple[float, float]
    thresholds: Any = None
    shared_fpr: Any = None
    recalls: Any = None


@dataclass(frozen=True, repr=False, eq=False)
class SproResult(Scalar):
    """Area under the sPRO curve with what it was made of; ``float(result)`` is the area for a single limit.

    Attributes
    ----------
    value : float or array of float64, shape (n_limits,)
        The area, one per integration limit.
    defect_scores : array of float64, shape (n_defects,) or (n_limits, n_defects)
        Each defect's share; `value` is their mean.
    defect_images, defect_areas, saturation : array of int64, shape (n_defects,)
        Image of each defect, its number of pixels, and how many of them it asks for.
    """

    value: Any
    defect_scores: Any
    defect_images: Any
    defect_areas: Any
    saturation: Any


@dataclass(frozen=True, repr=False, eq=False)
class SizeResult(Record):
    """Coverage of regions by their size.

    Attributes
    ----------
    aupro : array of float64, shape (k + 1,)
        Of each group of sizes, smallest first; NaN for an empty group.
    edges : array of float64, shape (k,)
        Sizes that separate the groups.
    n_regions : array of int64, shape (k + 1,)
        Regions of each group.
    ratio, gap : float
        AUPRO of the smallest group over that of the largest, and of the largest less the smallest.
    area_weighted : float
        Mean of the region scores, weighted by their areas.
    rank_correlation : float
        Spearman's, of size and score; NaN where one of them is constant.
    """

    aupro: Any
    edges: Any
    n_regions: Any
    ratio: float
    gap: float
    area_weighted: float
    rank_correlation: float


@dataclass(frozen=True, repr=False, eq=False)
class MebinResult(Record):
    """Binarised maps.

    Attributes
    ----------
    binary : array of uint8, shape of the maps
        255 where a map lies above its threshold, 0 elsewhere.
    thresholds : array of int64, shape (n,)
        Of each map; 255 for maps without a component.
    n_components : array of int64, shape (n,)
        Number of components over which each map is stable.
    """

    binary: Any
    thresholds: Any
    n_components: Any


@dataclass(frozen=True, repr=False, eq=False)
class BinnedResult(Scalar):
    """A metric of binned scores, and the interval that holds the exact one; ``float(result)`` is the value.

    Attributes
    ----------
    value : float
        Scores of one bin count as tied.
    low, high : float
        The metric of the scores themselves lies between them.
    """

    value: float
    low: float
    high: float
