"""Pixel metrics of maps that come one at a time: exact, from all scores; or binned, from counts."""

from __future__ import annotations

import argparse
import math
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._errors import InvalidInputError, UndefinedMetricWarning
from ..evaluators import CurveAccumulator, PixelEvaluator
from ..metrics import Curve, aupimo, aupro, bootstrap
from ..plots import thin
from .results import Measured, Points
from .variants import RESAMPLED, pixel_variants

__all__ = ["BinnedPixels", "ExactPixels", "overlaps", "reduced", "with_intervals"]

BINNED = ("auroc", "average_precision", "aupr", "f1_max", "iou_max", "fpr_at_tpr", "aupro")


def reduced(curve: Curve) -> Points | None:
    """Keep as many points as a figure shows; None for a curve that does not exist."""
    x, y = np.asarray(curve.x, np.float64), np.asarray(curve.y, np.float64)
    if np.isnan(x).any() or np.isnan(y).any():
        return None
    kept = thin(x, y)
    return Points(x[kept], y[kept], np.asarray(curve.thresholds, np.float64)[kept])


def with_intervals(found: dict[str, Measured], resampled: dict[str, Any], prefix: str) -> None:
    """Add the intervals of resamples to `found`."""
    for name, interval in resampled.items():
        if not math.isnan(interval.low):
            found[prefix + name] = Measured(found[prefix + name].value, interval.low, interval.high, "bootstrap")


def overlaps(
    names: tuple[str, ...], maps: list[NDArray[Any]], masks: list[NDArray[Any]], options: dict[str, Any]
) -> dict[str, list[float]]:
    """Return ``aupro`` and ``aupimo`` of every image, NaN for those without a region: where `names` has them."""
    policy = {"nan_policy": options["nan_policy"]}
    found: dict[str, list[float]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)  # the metrics themselves have said so
        if "aupro" in names:
            limit, connectivity = options["integration_limit"], options["connectivity"]
            parts = aupro(maps, masks, integration_limit=limit, connectivity=connectivity, per_region=True, **policy)
            regions = np.bincount(parts.region_images, minlength=len(maps))
            total = np.bincount(parts.region_images, weights=parts.region_scores, minlength=len(maps))
            found["aupro"] = np.where(regions > 0, total / np.maximum(regions, 1), math.nan).tolist()
        if "aupimo" in names:
            found["aupimo"] = aupimo(maps, masks, fpr_bounds=options["fpr_bounds"], **policy).scores.tolist()
    return found


class ExactPixels:
    """All scores, kept or moved to a file."""

    def __init__(self, names: tuple[str, ...], args: argparse.Namespace) -> None:
        self._names, self._args = names, args
        self._options = {
            "integration_limit": args.integration_limit,
            "fpr_bounds": args.fpr_bounds,
            "connectivity": args.connectivity,
            "nan_policy": args.nan_policy,
        }
        self.evaluator = PixelEvaluator(names, spill_dir=args.spill_dir, **self._options)

    def update(self, values: NDArray[Any], truth: NDArray[Any]) -> None:
        """Add a map."""
        self.evaluator.update(values, truth)

    @property
    def n_items(self) -> int:
        """Pixels so far."""
        return self.evaluator.n_items

    def measured(self) -> dict[str, Measured]:
        """Report the metrics."""
        found = {f"pixel_{name}": Measured(value) for name, value in self.evaluator.compute().items()}
        args = self._args
        wanted = [name for name in self._names if name in RESAMPLED]
        if args.bootstrap and wanted:
            resampled = bootstrap(
                wanted,
                *self.evaluator.images(),
                n_resamples=args.bootstrap,
                integration_limit=args.integration_limit,
                connectivity=args.connectivity,
                nan_policy=args.nan_policy,
            )
            with_intervals(found, resampled, "pixel_")
        if args.variant != "native":
            replaced = pixel_variants(args.variant, self._names, *self.evaluator.images(), self._options)
            found |= {f"pixel_{name}": Measured(value, variant=args.variant) for name, value in replaced.items()}
        return found

    def curves(self) -> dict[str, Points]:
        """Return the curves that exist."""
        found = {f"pixel_{name}": reduced(curve) for name, curve in self.evaluator.curves().items()}
        return {name: points for name, points in found.items() if points is not None}

    def of_images(self) -> dict[str, list[float]]:
        """Return the overlaps of every image, NaN for those without a region: where the metrics include them."""
        return overlaps(self._names, *self.evaluator.images(), self._options)


class BinnedPixels:
    """Counts in bins, whatever the number of maps."""

    def __init__(self, names: tuple[str, ...], score_range: tuple[float, float], args: argparse.Namespace) -> None:
        missing = [name for name in names if name not in BINNED]
        if missing:
            raise InvalidInputError(f"--mode binned does not have {missing[0]!r}; it has {', '.join(BINNED)}")
        self._names, self._limit = names, args.integration_limit
        low, high = score_range
        if low == high:
            high = low + max(abs(low), 1.0) * 1e-3
        self._bins = CurveAccumulator(args.bins, (low, high), weighted="aupro" in names, connectivity=args.connectivity)

    def update(self, values: NDArray[Any], truth: NDArray[Any]) -> None:
        """Count a map."""
        self._bins.update(values, truth)

    @property
    def n_items(self) -> int:
        """Pixels so far."""
        return self._bins.n_items

    def measured(self) -> dict[str, Measured]:
        """Report the metrics with the intervals that hold the exact ones."""
        found = self._bins.compute(integration_limit=self._limit)
        result = {}
        for name in self._names:
            value = found[name]
            exists = not math.isnan(value.value)
            result[f"pixel_{name}"] = (
                Measured(value.value, value.low, value.high, "certified") if exists else Measured(value.value)
            )
        return result

    def curves(self) -> dict[str, Points]:
        """Return the curves that exist, a point for each bin."""
        found = {f"pixel_{name}": reduced(curve) for name, curve in self._bins.curves().items()}
        return {name: points for name, points in found.items() if points is not None}

    def of_images(self) -> dict[str, list[float]]:
        """Nothing: bins do not remember images."""
        return {}
