"""Reports from counts between edges of scores: one pass for intervals, two more for what they leave open."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .._errors import MemoryBudgetError
from ._arguments import hold_integers, image_stack
from ._batches import Batches, each, pairs, require_same, scores_of
from ._binned import Counted, bins_of, carry, even_edges, range_of
from ._image_sizes import ImageSizes
from ._inputs import Options, defined, propagates, why_undefined
from ._intervals import Bins, intervals, undecided
from ._pimo import no_images
from ._pimo_bins import count_images, require_bounds
from ._results import BinnedResult
from ._values import Asked

_BYTES_A_SCORE = 160  # two edges, and two to four counts, of an anomalous score that is told apart, while it is sorted
_BYTES_FOR_IMAGES = 64  # and four more counts


def binned_report(
    batches: Batches, asked: Asked, opts: Options, n_bins: int, atol: float | None, budget: int | None
) -> dict[str, BinnedResult]:
    """Report what is asked for, with half-widths of at most `atol` if that is given."""
    edges, counted, images, integers = _counted(batches, None, n_bins, opts, asked)
    bins = bins_of(counted.table, edges, images, integers=integers)
    if atol is not None and not propagates(counted, opts):
        as_f1 = tuple("f1_max" if name == "dice_max" else name for name in asked.names)
        open_bins = undecided(bins, as_f1, asked.limit, asked.fpr_bounds, atol)[::-1]
        if open_bins.any():
            found = _anomalous_scores(batches, edges, open_bins, opts, asked.overlap, budget)
            edges = np.unique(np.concatenate([edges, found, np.nextafter(found, np.inf)]))
            total = counted.positives, counted.negatives
            edges, counted, images, integers = _counted(batches, edges, n_bins, opts, asked)
            require_same(total, (counted.positives, counted.negatives))
            bins = bins_of(counted.table, edges, images, integers=integers)
    return results(bins, counted, images, asked, opts)


def _counted(
    batches: Batches, edges: NDArray[np.float64] | None, n_bins: int, opts: Options, asked: Asked
) -> tuple[NDArray[np.float64], Counted, ImageSizes | None, bool]:
    """Count all batches, and tell whether they hold integers; the first one chooses the edges if there are none."""
    total: NDArray[np.int64] | None = None
    images = ImageSizes() if asked.overlap else None
    missing, integers = 0, True
    for maps, masks, allowed in each(batches, opts):
        scores = image_stack(maps, "maps")
        integers &= hold_integers(scores)
        if edges is None:
            edges = even_edges(*range_of(scores, n_bins), n_bins)
        added = count_images(maps, masks, edges, allowed, asked.regions, images)
        total = added.table if total is None else total + added.table
        carry(total)
        missing += added.missing if allowed.nan_policy == "propagate" else 0
    assert edges is not None
    assert total is not None
    return edges, Counted(total, missing), images, integers


def _anomalous_scores(
    batches: Batches,
    edges: NDArray[np.float64],
    wanted: NDArray[np.bool_],
    opts: Options,
    overlap: bool,
    budget: int | None,
) -> NDArray[np.float64]:
    """Distinct anomalous scores in the wanted bins."""
    found: list[NDArray[np.float64]] = [np.zeros(0)]
    each_takes = _BYTES_A_SCORE + overlap * _BYTES_FOR_IMAGES
    for maps, masks, _ in each(batches, opts):
        for image, mask in pairs(maps, masks):
            scores = scores_of(image, mask)
            present = scores[~np.isnan(scores)]
            found.append(present[wanted[np.searchsorted(edges, present, side="right")]])
            pending = sum(map(len, found[1:]))
            too_many = budget is not None and (len(found[0]) + pending) * each_takes > budget
            if too_many or pending > max(len(found[0]), 1 << 16):  # so that each score is sorted a few times only
                found = [np.unique(np.concatenate(found))]
            if budget is not None and len(found[0]) * each_takes > budget:
                raise MemoryBudgetError(
                    f"atol needs more than {len(found[0])} scores told apart, about {len(found[0]) * each_takes} "
                    f"bytes, and memory_budget is {budget}; use a larger atol, more bins or a larger budget"
                )
    return np.unique(np.concatenate(found))


def results(
    bins: Bins, counted: Counted, images: ImageSizes | None, asked: Asked, opts: Options
) -> dict[str, BinnedResult]:
    """Return the intervals that are asked for, with what the options put in the place of those that do not exist."""
    found = intervals(bins, asked.limit, asked.fpr_bounds)
    found["dice_max"] = found["f1_max"]
    if not propagates(counted, opts):
        require_bounds(images, asked.fpr_bounds)
    report = {}
    for name in asked.names:
        result = found[name]
        if propagates(counted, opts):
            result = BinnedResult(float("nan"), float("nan"), float("nan"))
        elif result.value != result.value:
            if name == "aupimo":
                assert images is not None
                why = no_images(images.n_normal)
            else:
                why = why_undefined(counted, regions=name == "aupro")
            value = defined(result.value, opts.undefined, name, why)
            result = BinnedResult(value, value, value)
        report[name] = result
    return report
