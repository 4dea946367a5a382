"""Exact counts of maps that come twice in batches, in memory for the anomalous pixels alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._config import threads_or_default
from .._errors import MemoryBudgetError
from ._arguments import binary, image_stack
from ._binned import Batches, anomalous, each, require_same
from ._inputs import Options, counts

_BYTES_A_PIXEL = 200  # an anomalous one: its score and region, and what sorting and counting them takes on top
_MOST_AT_ONCE = 256 << 20  # bytes of maps and masks that are copied to be counted together
_PIXELS_A_SCORE = 32  # to be counted together, so that looking up the thresholds is the smaller part

_NAMES = ("maps", "masks")


def lean_counts(batches: Batches, opts: Options, connectivity: int | None, budget: int) -> Any:
    """Count all batches as `_core.RankPairs`, with regions where there is a connectivity.

    The first pass keeps the anomalous scores; the second counts how many normal ones lie above each of them.
    """
    scores, region, areas, negatives, missing = _gathered(batches, opts, connectivity, budget)
    distinct, order, tp = np.unique(scores, return_inverse=True, return_counts=True)
    rank = len(distinct) - 1 - order.reshape(-1)
    if connectivity is None:
        rank = region
    else:
        kept, region = np.unique(region, return_inverse=True)  # regions without a score left are none
        areas = areas[kept]
    reached, passed, again = _ranked(batches, opts, distinct, budget - len(scores) * _BYTES_A_PIXEL)
    require_same((len(scores), negatives), again)
    return _core.counted_pairs(
        distinct[::-1],
        tp[::-1],
        passed[::-1],
        (reached - passed)[::-1],
        negatives,
        missing,
        rank.astype(np.uint32),
        region.reshape(-1).astype(np.uint32),
        areas,
    )


def _gathered(
    batches: Batches, opts: Options, connectivity: int | None, budget: int
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], int, int]:
    """Anomalous scores, their regions and the regions' areas; number of normal pixels and of missing scores."""
    scores: list[NDArray[np.float64]] = [np.zeros(0)]
    region: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    areas: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    positives = regions = negatives = missing = 0
    for maps, masks, allowed in each(batches, opts):
        found, _ = counts(maps, masks, allowed, names=_NAMES, images=True, grid=(np.zeros(0), False))
        negatives += found.negatives
        missing += found.missing if allowed.nan_policy == "propagate" else 0
        positives += found.positives
        if positives * _BYTES_A_PIXEL > budget:
            raise MemoryBudgetError(
                f"pixel_report needs about {_BYTES_A_PIXEL} bytes for each anomalous pixel, of which there are "
                f"{positives} or more, and memory_budget is {budget}; raise it, or use mode='binned'"
            )
        for values, mask in anomalous(maps, masks):
            kept = ~np.isnan(values)
            scores.append(values[kept])
            if connectivity is None:
                continue
            labels, number = _core.connected_components(mask, connectivity, threads_or_default(opts.threads))
            inside = labels[mask][kept].astype(np.int64) - 1
            region.append(inside + regions)
            areas.append(np.bincount(inside, minlength=int(number.sum())))
            regions += int(number.sum())
    return np.concatenate(scores), np.concatenate(region), np.concatenate(areas), negatives, missing


def _ranked(
    batches: Batches, opts: Options, distinct: NDArray[np.float64], room: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[int, int]]:
    """Count normal pixels at and above each score, those above it, and all anomalous and normal pixels."""
    thresholds = np.concatenate([distinct, np.nextafter(distinct, np.inf)])
    fp = np.zeros(len(thresholds), np.int64)
    positives = negatives = 0
    for images, labels, allowed in _grouped(batches, opts, min(room // 2, _MOST_AT_ONCE), _PIXELS_A_SCORE * len(fp)):
        found, _ = counts(images, labels, allowed, names=_NAMES, images=True, grid=(thresholds, False))
        fp += found.fp
        positives += found.positives
        negatives += found.negatives
    fp[len(distinct) :][distinct == np.inf] = 0  # which has no next number
    return fp[: len(distinct)], fp[len(distinct) :], (positives, negatives)


def _grouped(
    batches: Batches, opts: Options, most: int, enough: int
) -> Iterator[tuple[list[NDArray[Any]], list[NDArray[np.bool_]], Options]]:
    """Join small batches, since every count looks up all thresholds; the caller may reuse its arrays."""
    waiting: list[tuple[NDArray[Any], NDArray[np.bool_]]] = []
    held = pixels = 0
    allowed = opts
    for maps, masks, allowed in each(batches, opts):
        images = image_stack(maps, "maps")
        labels = [binary(mask, "masks") for mask in image_stack(masks, "masks")]
        size = sum(image.nbytes + image.size for image in images)
        if waiting and held + size > most:
            yield *_apart(waiting), allowed
            waiting, held, pixels = [], 0, 0
        if size >= most or sum(image.size for image in images) >= enough:
            yield images, labels, allowed
            continue
        waiting += [(image.copy(), label.copy()) for image, label in zip(images, labels, strict=True)]
        held += size
        pixels += sum(image.size for image in images)
        if pixels >= enough:
            yield *_apart(waiting), allowed
            waiting, held, pixels = [], 0, 0
    if waiting:
        yield *_apart(waiting), allowed


def _apart(
    pairs: list[tuple[NDArray[Any], NDArray[np.bool_]]],
) -> tuple[list[NDArray[Any]], list[NDArray[np.bool_]]]:
    return [image for image, _ in pairs], [mask for _, mask in pairs]
