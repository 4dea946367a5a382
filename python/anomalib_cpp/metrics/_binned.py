"""Reports from counts between edges of scores: one pass for intervals, two more for what they leave open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._errors import InvalidInputError, InvalidTypeError, MemoryBudgetError
from ._arguments import binary, float64_holds, image_stack
from ._ignored import without_ignored
from ._inputs import Options, counts, defined, propagates, why_undefined
from ._intervals import Bins, intervals, undecided
from ._results import BinnedResult

_BYTES_A_SCORE = 160  # two edges, and two to four counts, of an anomalous score that is told apart, while it is sorted

Batches = Callable[[], Iterable[tuple[Any, Any]]]


class Counted(NamedTuple):
    """Counts between edges and outside of them, lowest first."""

    table: NDArray[np.int64]  # positives, negatives and, with regions, two limbs of their mass; (2 or 4, n_edges + 1)
    missing: int

    @property
    def positives(self) -> int:
        return int(self.table[0].sum())

    @property
    def negatives(self) -> int:
        return int(self.table[1].sum())


def even_edges(low: float, high: float, n_bins: int) -> NDArray[np.float64]:
    """Edges of evenly wide bins, the last of which holds its upper edge."""
    edges = np.linspace(low, high, n_bins + 1)
    edges[-1] = np.nextafter(edges[-1], np.inf)
    return edges


def range_of(images: list[NDArray[Any]], n_bins: int) -> tuple[float, float]:
    """Range of the finite scores, half a bin wider on each side."""
    finite = [image[np.isfinite(image)] for image in images]
    values = [part for part in finite if part.size]
    if not values:
        raise InvalidInputError("maps must hold a finite score to choose a range from; got none")
    low, high = float(min(part.min() for part in values)), float(max(part.max() for part in values))
    half = (high - low) / n_bins / 2 or max(abs(low), 1.0) * 1e-3
    return low - half, high + half


def count_between(
    maps: Any, masks: Any, edges: NDArray[np.float64], opts: Options, connectivity: int | None
) -> Counted:
    """Count pixels, and with `connectivity` the mass of regions, between ascending edges."""
    found, _ = counts(
        maps, masks, opts, names=("maps", "masks"), images=True, connectivity=connectivity, grid=(edges, False)
    )
    rows = [_per_bin(found.tp, found.positives), _per_bin(found.fp, found.negatives)]
    if connectivity is not None:
        rows += [_per_bin(limb[:-1], int(limb[-1])) for limb in found.coverage_limbs]
    return Counted(np.array(rows), found.missing)


def _per_bin(reached: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """Turn counts at and above edges into counts between them."""
    return -np.diff(np.concatenate([[total], reached, [0]]))


def carry(table: NDArray[np.int64]) -> None:
    """Let the upper limb of the mass take what the lower one does not hold."""
    if len(table) == 4:
        over = table[3] >> 31
        table[2] += over
        table[3] -= over << 31


def bins_of(table: NDArray[np.int64], edges: NDArray[np.float64]) -> Bins:
    """Return counts as the intervals take them, highest first."""
    falling = table[:, ::-1]
    coverage = None
    if len(table) == 4:
        mass = falling[2].astype(np.float64) * 2.0**31 + falling[3]
        coverage = mass / mass.sum() if mass.sum() > 0 else mass
    single = np.zeros(len(edges) + 1, bool)
    single[1:-1] = edges[1:] == np.nextafter(edges[:-1], np.inf)
    single[-1] = edges[-1] == np.inf
    return Bins(falling[0], falling[1], coverage, single[::-1])


def binned_report(
    batches: Batches,
    names: tuple[str, ...],
    opts: Options,
    limit: float,
    regions: int | None,
    n_bins: int,
    atol: float | None,
    budget: int | None,
) -> dict[str, BinnedResult]:
    """Report `names`, with half-widths of at most `atol` if that is given; `regions` is a connectivity."""
    edges, counted = _counted(batches, None, n_bins, opts, regions)
    bins = bins_of(counted.table, edges)
    if atol is not None and not propagates(counted, opts):
        as_f1 = tuple("f1_max" if name == "dice_max" else name for name in names)
        open_bins = undecided(bins, as_f1, limit, atol)[::-1]
        if open_bins.any():
            found = _anomalous_scores(batches, edges, open_bins, opts, budget)
            edges = np.unique(np.concatenate([edges, found, np.nextafter(found, np.inf)]))
            total = counted.positives, counted.negatives
            edges, counted = _counted(batches, edges, n_bins, opts, regions)
            require_same(total, (counted.positives, counted.negatives))
            bins = bins_of(counted.table, edges)
    return _results(bins, counted, names, opts, limit)


def require_same(first: tuple[int, int], again: tuple[int, int]) -> None:
    """Raise where a second pass sees other pixels than the first."""
    if first != again:
        raise InvalidInputError(
            "maps must give the same batches each time it is called; the first time there were "
            f"{first[0]} anomalous and {first[1]} normal pixels, then {again[0]} and {again[1]}"
        )


def each(batches: Batches, opts: Options) -> Iterator[tuple[Any, Any, Options]]:
    """Yield batches without the pixels that are to be ignored, with the options for what is left."""
    empty = True
    for batch in batches():
        try:
            maps, masks = batch
        except (TypeError, ValueError):
            raise InvalidInputError(f"maps must give pairs (maps, masks); got {type(batch).__name__}") from None
        empty = False
        yield without_ignored(maps, masks, ("maps", "masks"), opts)
    if empty:
        raise InvalidInputError("maps must give at least one batch; got none")


def _counted(
    batches: Batches, edges: NDArray[np.float64] | None, n_bins: int, opts: Options, regions: int | None
) -> tuple[NDArray[np.float64], Counted]:
    """Count all batches; the first one chooses the edges if there are none."""
    total: NDArray[np.int64] | None = None
    missing = 0
    for maps, masks, allowed in each(batches, opts):
        if edges is None:
            edges = even_edges(*range_of(image_stack(maps, "maps"), n_bins), n_bins)
        added = count_between(maps, masks, edges, allowed, regions)
        total = added.table if total is None else total + added.table
        carry(total)
        missing += added.missing if allowed.nan_policy == "propagate" else 0
    assert edges is not None
    assert total is not None
    return edges, Counted(total, missing)


def anomalous(maps: Any, masks: Any) -> Iterator[tuple[NDArray[np.float64], NDArray[np.bool_]]]:
    """Yield the anomalous scores of every image, and its mask; both have been checked."""
    for image, mask in zip(image_stack(maps, "maps"), image_stack(masks, "masks"), strict=True):
        marked = binary(mask, "masks")
        scores = image[marked]
        if scores.dtype.kind != "f" and scores.size and not float64_holds(scores):
            raise InvalidTypeError(f"maps must hold integers of at most 2^53 here; got {image.dtype} beyond that")
        yield scores.astype(np.float64) + 0.0, marked  # -0 is 0


def _anomalous_scores(
    batches: Batches, edges: NDArray[np.float64], wanted: NDArray[np.bool_], opts: Options, budget: int | None
) -> NDArray[np.float64]:
    """Distinct anomalous scores in the wanted bins."""
    found: list[NDArray[np.float64]] = [np.zeros(0)]
    for maps, masks, _ in each(batches, opts):
        for scores, _ in anomalous(maps, masks):
            present = scores[~np.isnan(scores)]
            found.append(present[wanted[np.searchsorted(edges, present, side="right")]])
            pending = sum(map(len, found[1:]))
            too_many = budget is not None and (len(found[0]) + pending) * _BYTES_A_SCORE > budget
            if too_many or pending > max(len(found[0]), 1 << 16):  # so that each score is sorted a few times only
                found = [np.unique(np.concatenate(found))]
            if budget is not None and len(found[0]) * _BYTES_A_SCORE > budget:
                raise MemoryBudgetError(
                    f"atol needs more than {len(found[0])} scores told apart, about {len(found[0]) * _BYTES_A_SCORE} "
                    f"bytes, and memory_budget is {budget}; use a larger atol, more bins or a larger budget"
                )
    return np.unique(np.concatenate(found))


def _results(
    bins: Bins, counted: Counted, names: tuple[str, ...], opts: Options, limit: float
) -> dict[str, BinnedResult]:
    found = intervals(bins, limit)
    found["dice_max"] = found["f1_max"]
    report = {}
    for name in names:
        result = found[name]
        if propagates(counted, opts):
            result = BinnedResult(float("nan"), float("nan"), float("nan"))
        elif result.value != result.value:
            why = why_undefined(counted, regions=name == "aupro")
            value = defined(result.value, opts.undefined, name, why)
            result = BinnedResult(value, value, value)
        report[name] = result
    return report
