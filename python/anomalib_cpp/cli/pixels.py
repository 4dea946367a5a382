"""Pixel metrics of maps that come one at a time: exact, from all scores; or binned, from counts."""

from __future__ import annotations

import argparse
import math
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._errors import UndefinedMetricWarning
from ..evaluators import PixelEvaluator
from ..metrics import Curve, aupimo, aupro, bootstrap
from ..plots import thin
from .results import Measured, Points
from .variants import RESAMPLED, pixel_variants

__all__ = ["Pixels", "curves_of", "metrics_of", "overlaps", "reduced", "with_intervals"]


def reduced(curve: Curve) -> Points | None:
    """Keep as many points as a figure shows; None for a curve that does not exist."""
    x, y = np.asarray(curve.x, np.float64), np.asarray(curve.y, np.float64)
    if np.isnan(x).any() or np.isnan(y).any():
        return None
    kept = thin(x, y)
    return Points(x[kept], y[kept], np.asarray(curve.thresholds, np.float64)[kept])


def metrics_of(evaluator: PixelEvaluator) -> dict[str, Measured]:
    """Report the metrics; of bins with the intervals that hold the exact ones."""
    binned = evaluator.mode == "binned"
    found = {}
    for name, value in evaluator.compute().items():
        if binned and not math.isnan(value.value):
            found[f"pixel_{name}"] = Measured(value.value, value.low, value.high, "certified")
        else:
            found[f"pixel_{name}"] = Measured(float(value))
    return found


def curves_of(evaluator: PixelEvaluator) -> dict[str, Points]:
    """Return the curves that exist; of bins with a point for each of them."""
    found = {f"pixel_{name}": reduced(curve) for name, curve in evaluator.curves().items()}
    return {name: points for name, points in found.items() if points is not None}


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


class Pixels:
    """What the options ask for, of maps that come one at a time."""

    def __init__(
        self, names: tuple[str, ...], args: argparse.Namespace, score_range: tuple[float, float] | None
    ) -> None:
        self._names, self._args = names, args
        self._options = {
            "integration_limit": args.integration_limit,
            "fpr_bounds": args.fpr_bounds,
            "connectivity": args.connectivity,
            "nan_policy": args.nan_policy,
        }
        self.evaluator = PixelEvaluator(
            names, mode=args.mode, n_bins=args.bins, score_range=score_range, spill_dir=args.spill_dir, **self._options
        )

    def update(self, values: NDArray[Any], truth: NDArray[Any]) -> None:
        """Add a map."""
        self.evaluator.update(values, truth)

    @property
    def n_items(self) -> int:
        """Pixels so far."""
        return self.evaluator.n_items

    def measured(self) -> dict[str, Measured]:
        """Report the metrics."""
        found, args = metrics_of(self.evaluator), self._args
        wanted = [name for name in self._names if name in RESAMPLED]
        if args.bootstrap and wanted and args.mode == "exact":
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

    def of_images(self) -> dict[str, list[float]]:
        """Return the overlaps of every image, where the metrics include them; bins do not remember images."""
        if self._args.mode == "binned":
            return {}
        return overlaps(self._names, *self.evaluator.images(), self._options)
