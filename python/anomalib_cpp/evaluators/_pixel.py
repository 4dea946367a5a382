"""Pixel metrics of maps that come in batches."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import choice, fraction
from .._config import parse_budget
from .._errors import FormatError, InvalidInputError, InvalidTypeError
from ..metrics import Curve, pr_curve, pro_curve, roc_curve
from ..metrics._arguments import binary, image_stack, refuse_nan
from ..metrics._inputs import options
from ..metrics._pimo import checked_bounds
from ..metrics._report import PIXEL_METRICS, chosen, pixel_values
from ._spill import Image, Spill
from ._streaming import Settings, StreamingEvaluator

__all__ = ["PixelEvaluator"]


class PixelEvaluator(StreamingEvaluator):
    """Pixel metrics of maps that come in batches.

    Parameters
    ----------
    metrics : sequence of names, default ("auroc", "average_precision", "f1_max", "aupro")
        As in :func:`anomalib_cpp.metrics.pixel_report`.
    integration_limit : float in (0, 1], default 0.3
        Of ``"aupro"``.
    fpr_bounds : (float, float), default (1e-5, 1e-4)
        Of ``"aupimo"``.
    connectivity : {4, 8}, default 8
        Of the regions of ``"aupro"``.
    nan_policy : {"raise", "propagate", "omit"}, optional
        As in :func:`anomalib_cpp.metrics.auroc`; ``"raise"`` refuses the batch and keeps the evaluator as it was.
    undefined : {"nan", "raise"} or float, optional
        As in :func:`anomalib_cpp.metrics.aupro`.
    memory_budget : int or str, optional
        Maps and masks beyond this move to a temporary file; default from the configuration.
    spill_dir : path, optional
        Folder for that file; default the system's.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        For options out of range.

    Notes
    -----
    Keeps a copy of every map and one byte a pixel of every mask. `compute` takes what
    :func:`~anomalib_cpp.metrics.pixel_report` takes, and so does the result. Not safe for concurrent updates.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.evaluators import PixelEvaluator
    >>> evaluator = PixelEvaluator(metrics=["auroc"])
    >>> for batch in np.arange(32.0).reshape(2, 4, 2, 2):
    ...     evaluator.update(batch, batch % 8 >= 6)
    >>> evaluator.compute(), evaluator.n_images
    ({'auroc': 0.625}, 8)
    """

    _known = PIXEL_METRICS

    def __init__(
        self,
        metrics: Sequence[str] = ("auroc", "average_precision", "f1_max", "aupro"),
        *,
        integration_limit: float = 0.3,
        fpr_bounds: tuple[float, float] = (1e-5, 1e-4),
        connectivity: int = 8,
        nan_policy: str | None = None,
        undefined: str | float | None = None,
        memory_budget: int | str | None = None,
        spill_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        opts = options(nan_policy, undefined, None)
        settings = Settings(
            chosen(metrics, PIXEL_METRICS),
            fraction(integration_limit, "integration_limit"),
            checked_bounds(fpr_bounds),
            int(choice(connectivity, "connectivity", (4, 8))),
            nan_policy=opts.nan_policy,
        )
        super().__init__(settings, opts.undefined)
        self._budget = parse_budget(memory_budget)
        self._spill_dir = spill_dir
        self._images: list[Image] = []
        self._in_memory = 0  # bytes
        self._first_in_memory = 0  # images before it lie in a file
        self._spill: Spill | None = None

    @property
    def n_images(self) -> int:
        """Images so far."""
        return len(self._images)

    @property
    def n_items(self) -> int:
        """Pixels so far."""
        return sum(image.scores.size for image in self._images)

    @property
    def nbytes(self) -> int:
        """Bytes of maps and masks in memory; what moved to a file is not counted."""
        return self._in_memory

    def update(self, maps: Any, masks: Any) -> None:
        """Add maps.

        Parameters
        ----------
        maps : array of floats or integers, or list of (h, w) arrays
            Shape (h, w), (n, h, w) or (n, 1, h, w); sizes and dtypes may differ from call to call.
        masks : array of bool, integers or floats in {0, 1}, or uint8 in {0, 255}
            The shape of `maps`.

        Raises
        ------
        InvalidInputError, InvalidTypeError
            As :func:`~anomalib_cpp.metrics.pixel_report`; nothing is added then.
        OSError
            Where the disk is full; the evaluator keeps everything in memory then, and the batch is added.
        """
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
            refuse_nan(image, "maps", self._settings.nan_policy)
        added = [Image(image.copy(), binary(mask, "masks").copy()) for image, mask in zip(scores, truth, strict=True)]
        if not added:
            return
        self._images += added
        self._in_memory += sum(image.nbytes for image in added)
        self._changed(1)
        self._keep_budget()

    def _keep_budget(self) -> None:
        if self._in_memory <= self._budget:
            return
        if self._spill is None:
            self._spill = Spill(self._spill_dir)
        self._images[self._first_in_memory :] = self._spill.move(self._images[self._first_in_memory :])
        self._first_in_memory, self._in_memory = len(self._images), 0

    def compute(self) -> dict[str, float]:
        """Report the metrics of everything so far; the evaluator goes on afterwards.

        Returns
        -------
        dict of str to float
            As :func:`~anomalib_cpp.metrics.pixel_report`.

        Raises
        ------
        InvalidInputError
            Before the first update, and as :func:`~anomalib_cpp.metrics.pixel_report`.
        """
        if self._report is None:
            maps, masks = self._data()
            settings = self._settings
            opts = options(settings.nan_policy, self._undefined, None)
            self._report = pixel_values(
                maps,
                masks,
                settings.metrics,
                opts,
                limit=settings.integration_limit,
                connectivity=settings.connectivity,
                fpr_bounds=settings.fpr_bounds,
            )
        return dict(self._report)

    def curves(self) -> dict[str, Curve]:
        """Return the curves of everything so far: ``"roc"``, ``"pr"`` and ``"pro"``."""
        maps, masks = self._data()
        policy = {"nan_policy": self._settings.nan_policy, "undefined": self._undefined}
        return {
            "roc": roc_curve(maps, masks, drop_collinear=True, **policy),
            "pr": pr_curve(maps, masks, **policy),
            "pro": pro_curve(maps, masks, connectivity=self._settings.connectivity, drop_collinear=True, **policy),
        }

    def _data(self) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
        if not self._images:
            raise InvalidInputError("the evaluator has no data: call update first")
        return [image.scores for image in self._images], [image.mask for image in self._images]

    def merge(self, other: PixelEvaluator) -> PixelEvaluator:
        """Add everything that another evaluator has seen; images of `other` come after those of this one.

        Parameters
        ----------
        other : PixelEvaluator
            With the same settings; not changed.

        Returns
        -------
        PixelEvaluator
            This one.

        Raises
        ------
        InvalidInputError
            For other settings, which are listed.
        InvalidTypeError
            For another kind of evaluator.
        """
        self._require_mergeable(other)
        images = list(other._images)
        self._images += images
        self._in_memory += other._in_memory
        self._changed(other._updates)
        self._keep_budget()
        return self

    def clone(self) -> PixelEvaluator:
        """Return an evaluator with the same settings and data that goes its own way from here."""
        twin = PixelEvaluator(undefined=self._undefined, memory_budget=self._budget, spill_dir=self._spill_dir)
        twin._settings = self._settings
        return twin.merge(self)

    def reset(self) -> None:
        """Forget all data."""
        self._images, self._in_memory, self._first_in_memory, self._spill = [], 0, 0, None
        self._updates, self._report = 0, None

    def state(self) -> dict[str, NDArray[Any]]:
        """Return everything as arrays, for gathering over processes or keeping elsewhere.

        Returns
        -------
        dict of str to array
            ``scores_<dtype>``, all maps of one dtype one after the other; ``labels``, one bit a pixel; ``shapes`` and
            ``dtypes`` of the images; ``settings``.
        """
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
            "settings": self._settings_array(),
        }

    @classmethod
    def _from_parts(cls, parts: dict[str, Any], config: Any) -> PixelEvaluator:
        settings, updates = cls._settings_of(config)
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
        evaluator = cls(undefined=None)
        evaluator._settings = settings
        masks = np.unpackbits(labels, count=pixels).view(bool)
        at, used = [0] * len(kinds), 0
        for (height, width), kind, size in zip(shapes.tolist(), dtypes.tolist(), sizes.tolist(), strict=True):
            scores = flat[kind][at[kind] : at[kind] + size].reshape(height, width)
            refuse_nan(scores, "state", settings.nan_policy)
            evaluator._images.append(Image(scores.copy(), masks[used : used + size].reshape(height, width)))
            at[kind] += size
            used += size
        evaluator._in_memory = sum(image.nbytes for image in evaluator._images)
        evaluator._keep_budget()
        return evaluator._restored(updates)


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
