"""Results of data that come in batches: mergeable in any order, savable, within a stated amount of memory.

`PixelEvaluator` and `ImageEvaluator` keep what they are given and count at the end, so that their values are those of
the functions in :mod:`anomalib_cpp.metrics` bit for bit, whatever the batches were. `CurveAccumulator`, and
`PixelEvaluator` with ``mode="binned"``, keep counts only, and say within which interval the exact values lie.
`MinMaxAccumulator`, `TopKAccumulator`, `CovarianceAccumulator` and `QuantileSketch` do the same for the numbers that
surround an evaluation: ranges for normalisation, the most anomalous items, the spread of features, thresholds.
"""

from __future__ import annotations

from ._covariance import CovarianceAccumulator, CovarianceResult
from ._curve import CurveAccumulator
from ._image import ImageEvaluator
from ._minmax import MinMaxAccumulator, MinMaxResult
from ._pixel import PixelEvaluator
from ._quantiles import QuantileResult, QuantileSketch
from ._series import TimeSeriesEvaluator
from ._topk import TopKAccumulator, TopKResult

__all__ = [
    "CovarianceAccumulator",
    "CovarianceResult",
    "CurveAccumulator",
    "ImageEvaluator",
    "MinMaxAccumulator",
    "MinMaxResult",
    "PixelEvaluator",
    "QuantileResult",
    "QuantileSketch",
    "TimeSeriesEvaluator",
    "TopKAccumulator",
    "TopKResult",
]
