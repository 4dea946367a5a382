"""Exact counts of maps that come twice in batches, in memory for the anomalous pixels alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._config import threads_or_default
from .._errors import MemoryBudgetError
from ._batches import Batches, each, pairs, require_same, scores_of
from ._counting import TOTALS, at_thresholds
from ._image_sizes import ImageSizes, by_kind, shared_rate
from ._inputs import Options, counts
from ._values import Asked

_BYTES_A_PIXEL = 200  # an anomalous one: its score and region, and what sorting and counting them takes on top
_BYTES_AMONG_NORMAL = 80  # on top of that, to rank it among the normal images
_BYTES_A_SIZE = 16  # and for each size that normal images have
_MOST_AT_ONCE = 256 << 20  # bytes of maps and masks that are copied to be counted together
_PIXELS_A_SCORE = 32  # to be counted together, so that looking up the thresholds is the smaller part

_NAMES = ("maps", "masks")


class _Gathered(NamedTuple):
    """What the first pass keeps."""

    scores: NDArray[np.float64]  # of the anomalous pixels, images in order
    region: NDArray[np.int64]  # of each of them
    areas: NDArray[np.int64]  # of the regions
    image_begin: NDArray[np.int64]  # image i has the scores [image_begin[i], image_begin[i + 1])
    negatives: int
    missing: int
    images: ImageSizes
    nbytes: int


class _Ranked(NamedTuple):
    """What the second pass counts: by size of the normal images, or under 0 in all others."""

    at_least: dict[int, NDArray[np.int64]]  # normal pixels at or above each distinct anomalous score, highest first
    above: dict[int, NDArray[np.int64]]
    totals: tuple[int, int]  # anomalous and normal pixels


def lean_counts(batches: Batches, asked: Asked, opts: Options, budget: int) -> tuple[Any, Any]:
    """Count all batches as `_core.RankPairs` and as `_core.NormalRanks`, each None if nothing asked for is made of it.

    The first pass keeps the anomalous scores; the second counts how many normal ones lie above each of them.
    """
    kept = _gathered(batches, opts, asked.regions, asked.overlap, budget)
    distinct, order, tp = np.unique(kept.scores, return_inverse=True, return_counts=True)
    rank = (len(distinct) - 1 - order.reshape(-1)).astype(np.uint32)
    ranked = _ranked(batches, opts, distinct, asked.overlap, budget - kept.nbytes)
    require_same((len(kept.scores), kept.negatives), ranked.totals)
    levels = distinct[::-1]
    return (
        _pairs(kept, ranked, levels, tp[::-1], rank, asked.regions is not None) if asked.ranking else None,
        _among_normal(kept, ranked, levels, rank) if asked.overlap else None,
    )


def _pairs(
    kept: _Gathered,
    ranked: _Ranked,
    levels: NDArray[np.float64],
    tp: NDArray[np.int64],
    rank: NDArray[np.uint32],
    regions: bool,
) -> Any:
    above = np.sum(list(ranked.above.values()), axis=0)
    equal = np.sum(list(ranked.at_least.values()), axis=0) - above
    present, region = np.unique(kept.region, return_inverse=True)  # regions without a score left are none
    return _core.counted_pairs(
        levels,
        tp,
        above,
        equal,
        kept.negatives,
        kept.missing,
        rank if regions else rank[:0],
        region.reshape(-1).astype(np.uint32),
        kept.areas[present],
    )


def _among_normal(kept: _Gathered, ranked: _Ranked, levels: NDArray[np.float64], rank: NDArray[np.uint32]) -> Any:
    above, at_least = (
        shared_rate({size: pixels for size, pixels in part.items() if size}, kept.images.n_normal)
        for part in (ranked.above, ranked.at_least)
    )
    return _core.counted_ranks(
        levels,
        np.broadcast_to(above, levels.shape),
        np.broadcast_to(at_least, levels.shape),
        rank,
        kept.image_begin,
        kept.images.n_normal,
        kept.images.smallest_rate,
        kept.missing,
    )


def _gathered(batches: Batches, opts: Options, connectivity: int | None, overlap: bool, budget: int) -> _Gathered:
    scores: list[NDArray[np.float64]] = [np.zeros(0)]
    region: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    areas: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    images = ImageSizes()
    positives = regions = negatives = missing = nbytes = 0
    for maps, masks, allowed in each(batches, opts):
        found, _ = counts(maps, masks, allowed, TOTALS, names=_NAMES, images=True)
        negatives += found.negatives
        missing += found.missing if allowed.nan_policy == "propagate" else 0
        positives += found.positives
        nbytes = positives * _bytes_a_pixel(overlap, images)
        if nbytes > budget:
            raise MemoryBudgetError(
                f"pixel_report needs about {nbytes // positives} bytes for each anomalous pixel, of which there are "
                f"{positives} or more, and memory_budget is {budget}; raise it, or use mode='binned'"
            )
        for image, mask in pairs(maps, masks):
            values = scores_of(image, mask)
            present = ~np.isnan(values)
            scores.append(values[present])
            if overlap:
                images.add(image, mask)
            if connectivity is None:
                continue
            labels, number = _core.connected_components(mask, connectivity, threads_or_default(opts.threads))
            inside = labels[mask][present].astype(np.int64) - 1
            region.append(inside + regions)
            areas.append(np.bincount(inside, minlength=int(number.sum())))
            regions += int(number.sum())
    return _Gathered(
        np.concatenate(scores),
        np.concatenate(region),
        np.concatenate(areas),
        np.cumsum([len(part) for part in scores]),
        negatives,
        missing,
        images,
        positives * _bytes_a_pixel(overlap, images),
    )


def _bytes_a_pixel(overlap: bool, images: ImageSizes) -> int:
    return _BYTES_A_PIXEL + overlap * (_BYTES_AMONG_NORMAL + _BYTES_A_SIZE * len(images.normal))


def _ranked(batches: Batches, opts: Options, distinct: NDArray[np.float64], apart: bool, room: int) -> _Ranked:
    """Count the normal pixels at and above each score; those of normal images apart, if asked for."""
    thresholds = np.concatenate([distinct, np.nextafter(distinct, np.inf)])
    fp: dict[int, NDArray[np.int64]] = {}
    count = at_thresholds(thresholds, False)
    positives = negatives = 0
    most, enough = min(room // 2, _MOST_AT_ONCE), _PIXELS_A_SCORE * len(thresholds)
    for images, labels, allowed in _grouped(batches, opts, most, enough):
        groups = by_kind(zip(images, labels, strict=True)) if apart else {0: (images, labels)}
        for kind, group in groups.items():
            found, _ = counts(group[0], group[1], allowed, count, names=_NAMES, images=True)
            fp[kind] = fp[kind] + found.fp if kind in fp else found.fp
            positives += found.positives
            negatives += found.negatives
    falling = {kind: pixels.reshape(2, len(distinct))[:, ::-1] for kind, pixels in fp.items()}
    for pixels in falling.values():
        pixels[1, distinct[::-1] == np.inf] = 0  # which has no next number
    at_least, above = ({kind: pixels[row] for kind, pixels in falling.items()} for row in (0, 1))
    return _Ranked(at_least, above, (positives, negatives))


def _grouped(
    batches: Batches, opts: Options, most: int, enough: int
) -> Iterator[tuple[list[NDArray[Any]], list[NDArray[np.bool_]], Options]]:
    """Join small batches, since every count looks up all thresholds; the caller may reuse its arrays."""
    waiting: list[tuple[NDArray[Any], NDArray[np.bool_]]] = []
    held = pixels = 0
    allowed = opts
    for maps, masks, allowed in each(batches, opts):
        images, labels = _apart(pairs(maps, masks))
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
    pairs: Iterable[tuple[NDArray[Any], NDArray[np.bool_]]],
) -> tuple[list[NDArray[Any]], list[NDArray[np.bool_]]]:
    images, masks = zip(*pairs, strict=True)
    return list(images), list(masks)
