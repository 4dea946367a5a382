"""Pairs of maps and masks, read one at a time and brought to one size."""

from __future__ import annotations

import argparse
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import maps as map_images
from .._errors import InvalidInputError
from .options import shows_progress
from .pairs import Source, about, find_maps, find_masks, pair_up, read_map, read_mask, same_names
from .pixels import Pixels

__all__ = ["Pairs", "feed", "image_score", "pairs_of", "range_of", "read_pair"]

Pairs = list[tuple[Source, Source | None]]


def pairs_of(args: argparse.Namespace) -> Pairs:
    """Find the maps and the mask of each."""
    maps, masks = find_maps(args.maps, args.max_pixels), find_masks(args.masks, args.max_pixels)
    if maps[0].stacked and masks[0].stacked and len(maps) != len(masks):
        raise InvalidInputError(f"{str(args.maps)!r} holds {len(maps)} maps but {str(args.masks)!r} {len(masks)} masks")
    maps, masks = same_names(maps, masks)
    found, unused = pair_up(maps, masks)
    if not any(found):
        raise InvalidInputError(
            f"no map of {str(args.maps)!r} has a mask in {str(args.masks)!r}: the names differ, such as "
            f"{maps[0].name!r} and {masks[0].name!r}"
        )
    for map_, mask in zip(maps, found, strict=True):
        if mask is None and args.missing_mask == "error":
            raise InvalidInputError(
                f"the map {map_.where} has no mask {map_.name!r} in {str(args.masks)!r}; it counts as normal with "
                "--missing-mask normal"
            )
    if unused:
        text = f"{len(unused)} masks have no map, the first is {unused[0].where}"
        if args.strict:
            raise InvalidInputError(text)
        warnings.warn(text, stacklevel=2)
    return list(zip(maps, found, strict=True))


def range_of(pairs: Pairs) -> tuple[float, float]:
    """Lowest and highest finite score of all maps, or a little more where they are equal."""
    low, high = np.inf, -np.inf
    for map_, _ in pairs:
        values = read_map(map_)
        finite = values[np.isfinite(values)]
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    if low > high:
        raise InvalidInputError("the maps hold no finite score")
    return low, high if low < high else low + max(abs(low), 1.0) * 1e-3


def read_pair(args: argparse.Namespace, map_: Source, mask: Source | None) -> tuple[NDArray[Any], NDArray[Any]]:
    """Read a map and its mask, each of its own size."""
    values = read_map(map_)
    return values, np.zeros(values.shape, bool) if mask is None else read_mask(mask, args.mask_threshold)


def feed(args: argparse.Namespace, pairs: Pairs, pixels: Pixels) -> tuple[list[int], list[Any] | None, int]:
    """Feed all images; return their labels, their scores and the number of anomalous pixels."""
    from .._progress import adapt

    labels: list[int] = []
    scores: list[Any] = []
    n_anomalous_pixels, resized = 0, []
    with adapt(shows_progress(args) and not args.quiet, "images") as report:
        for map_, mask in pairs:
            values, truth = read_pair(args, map_, mask)
            if args.image_score != "none":
                scores.append(image_score(values, args.image_score or "max", args.nan_policy))
            if values.shape != truth.shape or isinstance(args.resize, tuple):
                values, truth = same_size(args, map_, mask, values, truth)
                resized.append(map_)
            with about(map_.where if mask is None else f"{map_.where} and {mask.where}"):
                pixels.update(values, truth)
            n_anomalous = int(np.count_nonzero(truth))
            n_anomalous_pixels += n_anomalous
            labels.append(int(n_anomalous > 0))
            if report is not None:
                report(len(labels), len(pairs))
    if resized and args.resize is None:
        warnings.warn(
            f"{len(resized)} maps were resized to their masks, the first is {resized[0].where}; --resize says how",
            stacklevel=2,
        )
    return labels, scores if args.image_score != "none" else None, n_anomalous_pixels


def same_size(
    args: argparse.Namespace, map_: Source, mask: Source | None, values: NDArray[Any], truth: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Bring map and mask to one size, bilinear the one and nearest the other."""
    if args.resize == "none":
        where = "" if mask is None else f" {mask.where}"
        raise InvalidInputError(
            f"the map {map_.where} is {values.shape[0]} x {values.shape[1]} pixels (height x width) but its "
            f"mask{where} is {truth.shape[0]} x {truth.shape[1]}"
        )
    size = args.resize if isinstance(args.resize, tuple) else truth.shape
    with about(map_.where):
        if values.shape != size:
            whole = values.dtype.kind != "f"
            values = map_images.resize(values.astype(np.float64) if whole else values, size)
    if truth.shape != size:
        truth = map_images.resize(truth.astype(np.float32), size, mode="nearest").astype(truth.dtype)
    return values, truth


def image_score(values: NDArray[Any], kind: str, nan_policy: str) -> Any:
    """Return the score of an image from its map."""
    if nan_policy == "omit" and values.dtype.kind == "f":
        values = values[~np.isnan(values)]
        if not values.size:
            return np.float64("nan")
    return values.max() if kind == "max" else values.mean(dtype=np.float64)
