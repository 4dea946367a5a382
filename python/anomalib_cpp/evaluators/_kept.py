"""All maps and masks, in memory or in a file: what exact pixel metrics of batches take."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._config import parse_budget
from .._errors import FormatError
from ..maps import resize_to_masks
from ..metrics import Curve, pr_curve, pro_curve, roc_curve
from ..metrics._arguments import binary, refuse_nan
from ..metrics._inputs import Options
from ..metrics._report import pixel_values
from ..metrics._values import Asked
from ._pairs import alike, require_resizable, resizable
from ._protocol import reading_state
from ._spill import Image, Spill


class KeptImages:
    """Copies of maps and masks; what exceeds the budget moves to a file.

    With `resize`, maps keep their own size here, and have that of their masks for everyone else.
    """

    MODE = "exact"
    SETTINGS = ("resize",)  # of its own

    def __init__(self, resize: str | None, budget: int, spill_dir: str | os.PathLike[str] | None) -> None:
        self._resize = resize
        self._budget = budget
        self._spill_dir = spill_dir
        self._images: list[Image] = []
        self._in_memory = 0  # bytes
        self._first_in_memory = 0  # images before it lie in a file
        self._spill: Spill | None = None

    def fresh(self) -> KeptImages:
        """Return one without images."""
        return KeptImages(self._resize, self._budget, self._spill_dir)

    def configuration(self) -> dict[str, Any]:
        """Return those settings."""
        return {"resize": self._resize}

    @property
    def n_images(self) -> int:
        return len(self._images)

    @property
    def n_items(self) -> int:
        return sum(image.mask.size for image in self._images)

    @property
    def nbytes(self) -> int:
        return self._in_memory

    def update(self, maps: Any, masks: Any, nan_policy: str) -> int:
        """Add images and return how many; a full disk leaves them in memory."""
        scores, truth = alike(maps, masks, nan_policy) if self._resize is None else resizable(maps, masks)
        added = [Image(image.copy(), binary(mask, "masks").copy()) for image, mask in zip(scores, truth, strict=True)]
        self._add(added)
        return len(added)

    def _add(self, images: list[Image]) -> None:
        self._images += images
        self._in_memory += sum(image.nbytes for image in images)

    def keep_budget(self) -> None:
        """Move images to a file where there are too many."""
        if self._in_memory <= self._budget:
            return
        if self._spill is None:
            self._spill = Spill(self._spill_dir)
        self._images[self._first_in_memory :] = self._spill.move(self._images[self._first_in_memory :])
        self._first_in_memory, self._in_memory = len(self._images), 0

    def merge(self, other: Any) -> None:
        """Add the images of another one after its own."""
        self._images += list(other._images)
        self._in_memory += other._in_memory

    def images(self) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
        """Return maps and masks of the same sizes, not to be written to."""
        maps, masks = self._kept()
        if self._resize is not None:
            maps = [_fixed(made) for made in resize_to_masks(maps, masks, mode=self._resize)]
        return maps, masks

    def _kept(self) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
        return [_fixed(image.scores) for image in self._images], [_fixed(image.mask) for image in self._images]

    def report(self, asked: Asked, opts: Options) -> dict[str, float]:
        """Report metrics."""
        mixed = len({image.scores.dtype for image in self._images}) > 1
        if self._resize is None or mixed:  # maps become one dtype first, in which others would be resized otherwise
            return pixel_values(*self.images(), asked, opts)
        return pixel_values(*self._kept(), asked, opts._replace(resize=self._resize))

    def curves(self, connectivity: int, opts: Options) -> dict[str, Curve]:
        """Return the curves of all scores."""
        maps, masks = self.images()
        policy: dict[str, Any] = {"nan_policy": opts.nan_policy, "undefined": opts.undefined}
        return {
            "roc": roc_curve(maps, masks, drop_collinear=True, **policy),
            "pr": pr_curve(maps, masks, **policy),
            "pro": pro_curve(maps, masks, connectivity=connectivity, drop_collinear=True, **policy),
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as arrays."""
        kinds = sorted({image.scores.dtype.name for image in self._images})
        arrays: dict[str, NDArray[Any]] = {
            f"scores_{kind}": np.concatenate(
                [image.scores.ravel() for image in self._images if image.scores.dtype.name == kind]
            )
            for kind in kinds
        }
        masks = [image.mask.ravel() for image in self._images]
        if self._resize is not None:
            arrays["map_shapes"] = _shapes([image.scores for image in self._images])
        return {
            **arrays,
            "labels": np.packbits(np.concatenate(masks)) if masks else np.zeros(0, np.uint8),
            "shapes": _shapes([image.mask for image in self._images]),
            "dtypes": np.array([kinds.index(image.scores.dtype.name) for image in self._images], np.int64),
        }

    @classmethod
    def from_parts(cls, parts: dict[str, Any], known: dict[str, Any], updates: int) -> KeptImages:
        """Make one from such arrays and the evaluator's settings."""
        resize = known["resize"]
        try:
            shapes, dtypes = np.asarray(parts.pop("shapes")), np.asarray(parts.pop("dtypes"))
            map_shapes = shapes if resize is None else np.asarray(parts.pop("map_shapes"))
            labels = np.asarray(parts.pop("labels"))
        except KeyError as error:
            raise FormatError(f"state must hold {error.args[0]}") from None
        kinds = sorted(parts)
        flat = [np.asarray(parts[kind]) for kind in kinds]
        sizes, mask_sizes = (_checked_shapes(each, dtypes, len(kinds)) for each in (map_shapes, shapes))
        pixels = sum(mask_sizes.tolist())
        consistent = (
            all(kind == f"scores_{data.dtype.name}" and data.ndim == 1 for kind, data in zip(kinds, flat, strict=True))
            and all(data.size == sum(sizes[dtypes == k].tolist()) for k, data in enumerate(flat))
            and labels.dtype == np.uint8
            and labels.shape == ((pixels + 7) // 8,)
        )
        if not consistent:
            raise FormatError("state must hold as many scores and labels as its shapes ask for")
        scores = [_parted(data, map_shapes[dtypes == k]) for k, data in enumerate(flat)]
        masks = _parted(np.unpackbits(labels, count=pixels).view(bool), shapes)
        images = [Image(next(scores[kind]).copy(), mask) for kind, mask in zip(dtypes.tolist(), masks, strict=True)]
        with reading_state("PixelEvaluator"):
            for i, image in enumerate(images):
                if resize is None:
                    refuse_nan(image.scores, "scores", known["nan_policy"])
                else:
                    require_resizable(image.scores, i)
        made = cls(resize, parse_budget(None), None)
        made._add(images)
        made.keep_budget()
        return made


def _parted(flat: NDArray[Any], shapes: NDArray[np.int64]) -> Iterator[NDArray[Any]]:
    """Yield the images that lie one after the other."""
    start = 0
    for height, width in shapes.tolist():
        yield flat[start : start + height * width].reshape(height, width)
        start += height * width


def _checked_shapes(shapes: NDArray[Any], dtypes: NDArray[Any], kinds: int) -> NDArray[np.int64]:
    """Return the sizes of the images."""
    valid = (
        shapes.dtype == np.int64
        and shapes.ndim == 2
        and shapes.shape[1] == 2
        and dtypes.dtype == np.int64
        and dtypes.shape == shapes.shape[:1]
        and bool((shapes > 0).all())
        and bool((shapes < 1 << 31).all())
        and bool(((dtypes >= 0) & (dtypes < max(kinds, 1))).all())
        and (kinds > 0) == (len(shapes) > 0)
    )
    if not valid:
        raise FormatError("state must hold shapes and dtypes of images")
    return shapes[:, 0] * shapes[:, 1]  # type: ignore[no-any-return]


def _shapes(images: list[NDArray[Any]]) -> NDArray[np.int64]:
    return np.array([image.shape for image in images], np.int64).reshape(-1, 2)


def _fixed(values: NDArray[Any]) -> NDArray[Any]:
    view = values.view()
    view.flags.writeable = False
    return view
