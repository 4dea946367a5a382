"""Counts in bins instead of maps: what pixel metrics of any number of batches take."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._errors import FormatError, InvalidInputError
from ..maps import resize_to_masks
from ..metrics import BinnedResult, Curve
from ..metrics._arguments import image_stack
from ..metrics._inputs import Options
from ..metrics._values import Asked
from ._curve import CurveAccumulator
from ._pairs import resizable
from ._protocol import FORMAT, part


class BinnedPixels:
    """An accumulator that also knows the number of images, and brings maps to the size of their masks."""

    MODE = "binned"
    _OF_BINS = ("n_bins", "score_range", "range_from_data")
    SETTINGS = (*_OF_BINS, "resize")

    def __init__(self, resize: str | None, bins: CurveAccumulator, n_images: int = 0) -> None:
        self._resize = resize
        self._bins = bins
        self.n_images = n_images

    def fresh(self) -> BinnedPixels:
        """Return one without counts."""
        bins = self._bins.clone()
        bins.reset()
        return BinnedPixels(self._resize, bins)

    def configuration(self) -> dict[str, Any]:
        """Return the settings of the bins, and how maps are resized."""
        known = {**self._bins._configuration(), "resize": self._resize}
        return {name: known[name] for name in self.SETTINGS}

    @property
    def n_items(self) -> int:
        return self._bins.n_items

    @property
    def nbytes(self) -> int:
        return self._bins.nbytes

    def update(self, maps: Any, masks: Any, nan_policy: str) -> int:
        """Count images and return how many; bins refuse NaN, and so does `nan_policy`."""
        if self._resize is not None:
            maps, masks = resizable(maps, masks)
            maps = resize_to_masks(maps, masks, mode=self._resize)
        images = len(image_stack(maps, "maps"))
        if images:
            self._bins.update(maps, masks)
            self.n_images += images
        return images

    def keep_budget(self) -> None:
        """Do nothing: bins do not grow."""

    def merge(self, other: Any) -> None:
        """Add the counts of another one."""
        self._bins.merge(other._bins)
        self.n_images += other.n_images

    def images(self) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
        """Refuse."""
        raise InvalidInputError("mode='binned' does not keep images; mode='exact' does")

    def report(self, asked: Asked, opts: Options) -> dict[str, BinnedResult]:
        """Report metrics with their intervals."""
        return self._bins._report(asked, opts)

    def curves(self, connectivity: int, opts: Options) -> dict[str, Curve]:
        """Return the curves of the bins, which know the regions already."""
        return self._bins.curves()

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as arrays."""
        arrays = self._bins.state()
        del arrays["settings"]
        return {**arrays, "n_images": np.array([self.n_images], np.int64)}

    @classmethod
    def from_parts(cls, parts: dict[str, Any], known: dict[str, Any], updates: int) -> BinnedPixels:
        """Make one from such arrays and the evaluator's settings."""
        if known["nan_policy"] != "raise":
            raise FormatError(f"state must have nan_policy 'raise' with mode 'binned'; got {known['nan_policy']!r}")
        images = int(part(parts, "n_images", np.int64, (1,))[0])
        del parts["n_images"]
        settings = {name: known[name] for name in (*cls._OF_BINS, "connectivity")}
        counted = {"weighted": "aupro" in known["metrics"], "per_image": "aupimo" in known["metrics"]}
        bins = CurveAccumulator._from_parts(parts, {"format": FORMAT, "n_updates": updates, **settings, **counted})
        if not updates <= images <= bins.n_items:
            raise FormatError("state must hold at least an image of each update, and at least a pixel of each image")
        return cls(known["resize"], bins, images)
