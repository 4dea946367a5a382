"""Evaluators that take their data in batches: exact or binned, mergeable, savable, within a memory budget.

`PixelEvaluator` and `ImageEvaluator` keep what they are given and count at the end, so that their values are those of
the functions in :mod:`anomalib_cpp.metrics` bit for bit, whatever the batches were. `CurveAccumulator` keeps counts
only, and says within which interval the exact values lie.
"""

from __future__ import annotations

from ._curve import CurveAccumulator
from ._image import ImageEvaluator
from ._pixel import PixelEvaluator

__all__ = ["CurveAccumulator", "ImageEvaluator", "PixelEvaluator"]
