"""All maps and masks, in memory or in a file: what exact pixel metrics of batches take."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._config import parse_budget
from .._errors import FormatError, InvalidInputError, InvalidTypeError
from ..metrics import Curve, pr_curve, pro_curve, roc_curve
from ..metrics._arguments import binary, image_stack, refuse_nan
from ..metrics._inputs import Options
from ..metrics._report import pixel_values
from ..metrics._values import Asked
from ._spill import Image, Spill


class KeptImages:
    """Copies of maps and masks; what exceeds the budget moves to a file."""

    MODE = "exact"
    SETTINGS: tuple[str, ...] = ()  # of its own

    def __init__(self, budget: int, spill_dir: str | os.PathLike[str] | None) -> None:
        self._budget = budget
        self._spill_dir = spill_dir
        self._images: list[Image] = []
        self._in_memory = 0  # bytes
        self._first_in_memory = 0  # images before it lie in a file
        self._spill: Spill | None = None

    def fresh(self) -> KeptImages:
        """Return one without images."""
        return KeptImages(self._budget, self._spill_dir)

    def configuration(self) -> dict[str, Any]:
        """Return those settings."""
        return {}

    @property
    def n_images(self) -> int:
        return len(self._images)

    @property
    def n_items(self) -> int:
        return sum(image.scores.size for image in self._images)

    @property
    def nbytes(self) -> int:
        return self._in_memory

    def update(self, maps: Any, masks: Any, nan_policy: str) -> int:
        """Add images and return how many; a full disk leaves them in memory."""
        scores, truth = (image_stack(value, name) for value, name in ((maps, "maps"), (masks, "masks")))
        if [image.shape for image in scores] != [image.shape for image in truth]:
            shapes = ({image.shape for image in stack} for stack in (scores, truth))
            raise InvalidInputError(
                "maps and masks must have the same shapes; got {} of {} and {} of {}".format(
                    len(scores), *_listed(next(shapes)), len(truth), *_listed(next(shapes))
                )
            )
        for image in scores:
            if image.dtype.kind not in "fui":
                raise InvalidTypeError(f"maps must hold numbers; got dtype {image.dtype}")
            refuse_nan(image, "maps", nan_policy)
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
        """Return maps and masks, not to be written to."""
        return [_fixed(image.scores) for image in self._images], [_fixed(image.mask) for image in self._images]

    def report(self, asked: Asked, opts: Options) -> dict[str, float]:
        """Report metrics."""
        return pixel_values(*self.images(), asked, opts)

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
        return {
            **arrays,
            "labels": np.packbits(np.concatenate(masks)) if masks else np.zeros(0, np.uint8),
            "shapes": np.array([image.scores.shape for image in self._images], np.int64).reshape(-1, 2),
            "dtypes": np.array([kinds.index(image.scores.dtype.name) for image in self._images], np.int64),
        }

    @classmethod
    def from_parts(cls, parts: dict[str, Any], known: dict[str, Any], updates: int) -> KeptImages:
        """Make one from such arrays and the evaluator's settings."""
        try:
            shapes, dtypes = np.asarray(parts.pop("shapes")), np.asarray(parts.pop("dtypes"))
            labels = np.asarray(parts.pop("labels"))
        except KeyError as error:
            raise FormatError(f"state must hold {error.args[0]}") from None
        kinds = sorted(parts)
        flat = [np.asarray(parts[kind]) for kind in kinds]
        sizes = _checked_shapes(shapes, dtypes, len(kinds))
        pixels = int(sizes.sum())
        consistent = (
            all(kind == f"scores_{data.dtype.name}" and data.ndim == 1 for kind, data in zip(kinds, flat, strict=True))
            and all(data.size == int(sizes[dtypes == k].sum()) for k, data in enumerate(flat))
            and labels.dtype == np.uint8
            and labels.shape == ((pixels + 7) // 8,)
        )
        if not consistent:
            raise FormatError("state must hold as many scores and labels as its shapes ask for")
        masks = np.unpackbits(labels, count=pixels).view(bool)
        at, used = [0] * len(kinds), 0
        images = []
        for (height, width), kind, size in zip(shapes.tolist(), dtypes.tolist(), sizes.tolist(), strict=True):
            scores = flat[kind][at[kind] : at[kind] + size].reshape(height, width)
            refuse_nan(scores, "state", known["nan_policy"])
            images.append(Image(scores.copy(), masks[used : used + size].reshape(height, width)))
            at[kind] += size
            used += size
        made = cls(parse_budget(None), None)
        made._add(images)
        made.keep_budget()
        return made


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


def _listed(shapes: set[tuple[int, ...]]) -> tuple[str]:
    return (", ".join(map(str, sorted(shapes))) or "none",)


def _fixed(values: NDArray[Any]) -> NDArray[Any]:
    view = values.view()
    view.flags.writeable = False
    return view
