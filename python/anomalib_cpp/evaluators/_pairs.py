"""Maps and masks of a batch, read and checked: of one size, or of another resolution."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import choice
from .._errors import InvalidInputError, InvalidTypeError
from ..metrics._arguments import image_stack, refuse_nan
from ..metrics._inputs import RESIZING

Images = list[NDArray[Any]]


def checked_resize(resize: Any, nan_policy: str) -> str | None:
    """Return how maps are resized, if they are; they must be finite then, so that there is one policy for NaN."""
    if resize is None:
        return None
    choice(resize, "resize", RESIZING)
    if nan_policy != "raise":
        raise InvalidInputError(f"nan_policy must be 'raise' with resize; got {nan_policy!r}")
    return str(resize)


def alike(maps: Any, masks: Any, nan_policy: str) -> tuple[Images, Images]:
    """Read maps and masks of the same shapes."""
    scores, truth = image_stack(maps, "maps"), image_stack(masks, "masks")
    if [image.shape for image in scores] != [image.shape for image in truth]:
        raise InvalidInputError(f"maps and masks must have the same shapes; got {_listed(scores)} and {_listed(truth)}")
    _require_pixels(scores, "maps")
    for image in scores:
        if image.dtype.kind not in "fui":
            raise InvalidTypeError(f"maps must hold numbers; got dtype {image.dtype}")
        refuse_nan(image, "maps", nan_policy)
    return scores, truth


def _listed(images: Images) -> str:
    shapes = ", ".join(map(str, sorted({image.shape for image in images})))
    return f"{len(images)} of {shapes or 'none'}"


def resizable(maps: Any, masks: Any) -> tuple[Images, Images]:
    """Read maps that are to be brought to the size of their masks."""
    scores, truth = image_stack(maps, "maps"), image_stack(masks, "masks")
    if len(scores) != len(truth):
        raise InvalidInputError(f"there must be as many maps as masks; got {len(scores)} and {len(truth)}")
    _require_pixels(scores, "maps")
    _require_pixels(truth, "masks")
    for i, image in enumerate(scores):
        require_resizable(image, i)
    return scores, truth


def _require_pixels(images: Images, name: str) -> None:
    """Refuse images without pixels, which a list may hold."""
    for i, image in enumerate(images):
        if 0 in image.shape:
            raise InvalidInputError(f"{name}[{i}] must have at least one row and one column; got {image.shape}")


def require_resizable(image: NDArray[Any], number: int) -> None:
    """Refuse a map that has no values between its pixels."""
    if image.dtype.kind != "f" or image.dtype.itemsize > 8:
        raise InvalidTypeError(
            f"maps must hold floating-point numbers of at most 64 bits to be resized; got {image.dtype}"
        )
    if not np.isfinite(image).all():
        row, column = np.argwhere(~np.isfinite(image))[0].tolist()
        raise InvalidInputError(
            f"maps must be finite to be resized; got {image[row, column]} in image {number}, row {row}, column {column}"
        )
