"""Maps that come in batches, as often as they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._errors import InvalidInputError, InvalidTypeError
from ..maps import resize_to_masks
from ._arguments import binary, float64_holds, image_stack
from ._ignored import without_ignored
from ._inputs import Options

Batches = Callable[[], Iterable[tuple[Any, Any]]]


def each(batches: Batches, opts: Options) -> Iterator[tuple[Any, Any, Options]]:
    """Yield batches without the pixels that are to be ignored, with the options for what is left."""
    empty = True
    for batch in batches():
        try:
            maps, masks = batch
        except (TypeError, ValueError):
            raise InvalidInputError(f"maps must give pairs (maps, masks); got {type(batch).__name__}") from None
        empty = False
        if opts.resize is not None:
            maps = resize_to_masks(maps, masks, mode=opts.resize, threads=opts.threads)
        yield without_ignored(maps, masks, ("maps", "masks"), opts._replace(resize=None))
    if empty:
        raise InvalidInputError("maps must give at least one batch; got none")


def require_same(first: tuple[int, int], again: tuple[int, int]) -> None:
    """Raise where a second pass sees other pixels than the first."""
    if first != again:
        raise InvalidInputError(
            "maps must give the same batches each time it is called; the first time there were "
            f"{first[0]} anomalous and {first[1]} normal pixels, then {again[0]} and {again[1]}"
        )


def pairs(maps: Any, masks: Any) -> Iterator[tuple[NDArray[Any], NDArray[np.bool_]]]:
    """Yield every image with its mask; both have been checked."""
    for image, mask in zip(image_stack(maps, "maps"), image_stack(masks, "masks"), strict=True):
        yield image, binary(mask, "masks")


def scores_of(image: NDArray[Any], marked: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the scores under a mask, NaN included, as float64, which must hold them."""
    scores = image[marked]
    if scores.dtype.kind != "f" and scores.size and not float64_holds(scores):
        raise InvalidTypeError(f"maps must hold integers of at most 2^53 here; got {image.dtype} beyond that")
    return scores.astype(np.float64) + 0.0  # -0 is 0
