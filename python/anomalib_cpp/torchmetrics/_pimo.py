"""Per-image overlap curves and the areas under them, on the thresholds that anomalib takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from .._checks import flag, integer
from .._config import threads_or_default
from .._errors import InvalidInputError, InvalidTypeError
from ..metrics import aupimo
from ..metrics._counting import normal_ranks
from ..metrics._inputs import Options, counts
from ..metrics._pimo import checked_bounds
from ._maps import Maps
from ._pimo_results import AUPIMOResult, PIMOResult

__all__ = ["AUPIMO", "PIMO"]

_OPTIONS = Options("raise", "nan", None)  # whatever our configuration says


class UnusableError(InvalidInputError, RuntimeError):
    """Data without curves or areas: for some of them anomalib raises ValueError, for others RuntimeError."""


class PIMO(Maps):
    """Per-image overlap curves of the maps of all updates, at evenly spaced thresholds.

    Parameters
    ----------
    num_thresholds : int >= 2
        Number of thresholds, from the lowest to the highest score of the normal images.
    **kwargs
        As in :class:`BinaryAUROC`.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :class:`BinaryAUPRO`; InvalidTypeError, a `TypeError`, for dtypes. At `compute` the error is a
        `RuntimeError` as well as a `ValueError`: for no normal or no anomalous image, infinities in normal images, and
        thresholds that coincide in the dtype of the maps.

    Notes
    -----
    An image without anomalous pixels is normal. The recall of the others at each threshold is one curve; its abscissa
    is the mean over the normal images of their false positive rates. O(n + P log P + N k) time for P anomalous pixels
    in N images and k thresholds. Images may have different sizes. `merge_state` puts the images that come in first.

    Examples
    --------
    >>> import torch
    >>> from anomalib_cpp.torchmetrics import PIMO
    >>> maps = torch.arange(32.0).reshape(2, 4, 4)
    >>> masks = torch.zeros(2, 4, 4, dtype=torch.int64)
    >>> masks[1, 0, :2] = 1
    >>> PIMO(num_thresholds=4)(maps, masks).shared_fpr
    tensor([1.0000, 0.6875, 0.3750, 0.0625], dtype=torch.float64)
    """

    higher_is_better: bool | None = None
    no_data = UnusableError

    def __init__(self, num_thresholds: int, **kwargs: Any) -> None:
        super().__init__(None, **kwargs)
        self.num_thresholds = integer(num_thresholds, "num_thresholds", 2)

    def update(self, anomaly_maps: Any, masks: Any) -> None:
        """Add anomaly maps and their masks.

        Parameters
        ----------
        anomaly_maps : torch.Tensor of float16, bfloat16, float32 or float64, shape (h, w), (n, h, w) or (n, 1, h, w)
            Higher means more anomalous. Kept without a copy where possible: do not overwrite it.
        masks : torch.Tensor of bool or integers, shape (h, w), (n, h, w) or (n, 1, h, w)
            1 is anomalous, 0 normal.
        """
        for value, name, floats in ((anomaly_maps, "anomaly_maps", True), (masks, "masks", False)):
            if isinstance(value, torch.Tensor) and (value.is_floating_point() != floats or value.is_complex()):
                kinds = "floats" if floats else "integers or booleans"
                raise InvalidTypeError(f"{name} must hold {kinds}; got {value.dtype}")
        super().update(anomaly_maps, masks)

    @property
    def num_images(self) -> int:
        """Number of images so far."""
        return len(self._sizes()) if len(self.shapes) else 0

    @property
    def image_classes(self) -> Any:
        """Class of each image so far, an int32 tensor of shape (n,): 1 for anomalous."""
        return torch.tensor([bool(mask.any()) for mask in self._stacked()[1]], dtype=torch.int32)

    def compute(self) -> Any:
        """Return the curves, a :class:`PIMOResult`; rates are float64, thresholds have the dtype of the maps."""
        return self._curves(*self._stacked())[0]

    def _curves(self, maps: Any, masks: Any) -> tuple[PIMOResult, Any]:
        """Return the curves, and their thresholds as they were computed."""
        grid = self._grid(maps, masks)
        found, _ = counts(maps, masks, _OPTIONS, normal_ranks(grid), names=("anomaly_maps", "masks"), images=True)
        recalls = found.image_recalls(0, len(grid), threads_or_default(None))
        rates, recalls = (np.flip(values, -1) for values in (found.shared_fpr, recalls))  # thresholds ascend
        return PIMOResult(self._given(grid), self._given(rates), self._given(recalls)), grid

    def _grid(self, maps: Any, masks: Any) -> Any:
        normal = [one for one, mask in zip(maps, masks, strict=True) if not mask.any()]
        if not normal or len(normal) == len(maps):
            raise UnusableError(f"masks must show at least one {'anomalous' if normal else 'normal'} image; got none")
        values = [torch.stack(one.aminmax()) for one in normal]
        low, high = float(min(pair[0] for pair in values)), float(max(pair[1] for pair in values))
        dtype = torch.float64 if normal[0].dtype == torch.float64 else torch.float32
        grid = torch.linspace(low, high, self.num_thresholds, dtype=dtype)  # rounds otherwise than NumPy's
        if not bool((grid.diff() > 0).all()):
            raise UnusableError(
                f"num_thresholds must leave different thresholds; got {self.num_thresholds} from {low:g} to {high:g}"
            )
        return grid.numpy()

    def _given(self, values: Any) -> Any:
        """Return rates in float64, as anomalib does, where the device has it."""
        tensor = torch.from_numpy(np.ascontiguousarray(values))
        return (tensor.float() if self.device.type == "mps" else tensor).to(self.device)


class AUPIMO(PIMO):
    """Area under the per-image overlap curves between two false positive rates.

    Parameters
    ----------
    num_thresholds : int >= 2, default 300000
        As in :class:`PIMO`.
    fpr_bounds : (float, float), default (1e-5, 1e-4)
        Shared false positive rates to average between, ``0 < lower < upper <= 1``.
    return_average : bool, default True
        Return the mean over the anomalous images. Otherwise the curves and the areas.
    force : bool, default False
        Accept 30 or fewer thresholds between the bounds, with a warning.
    **kwargs
        As in :class:`BinaryAUROC`.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :class:`PIMO`; at `compute` also for bounds that rates do not reach or that enclose too few thresholds.

    Notes
    -----
    As :func:`anomalib_cpp.metrics.aupimo` with ``bounds="snap"``: an `UndefinedMetricWarning` tells of fewer than 300
    thresholds between the bounds, and of bounds that no rate is near.

    Examples
    --------
    >>> import torch
    >>> from anomalib_cpp.torchmetrics import AUPIMO
    >>> maps = torch.rand(3, 100, 100, generator=torch.Generator().manual_seed(0))
    >>> masks = torch.zeros(3, 100, 100, dtype=torch.int64)
    >>> masks[2, 40:60, 40:60] = 1
    >>> round(AUPIMO(10_000, fpr_bounds=(0.01, 0.1))(maps + 0.4 * masks, masks).item(), 2)
    0.42
    """

    higher_is_better = True

    def __init__(
        self,
        num_thresholds: int = 300_000,
        fpr_bounds: tuple[float, float] = (1e-5, 1e-4),
        return_average: bool = True,
        force: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_thresholds, **kwargs)
        self.fpr_bounds = checked_bounds(fpr_bounds)
        self.return_average = flag(return_average, "return_average")
        self.force = flag(force, "force")

    def compute(self) -> Any:
        """Return the mean area, a float64 tensor without dimensions; or :class:`PIMOResult`, :class:`AUPIMOResult`."""
        maps, masks = self._stacked()
        curves, grid = (None, self._grid(maps, masks)) if self.return_average else self._curves(maps, masks)
        try:
            found = aupimo(
                maps,
                masks,
                fpr_bounds=self.fpr_bounds,
                bounds="snap",
                thresholds=grid,
                force=self.force,
                nan_policy="raise",
                undefined="nan",
            )
        except InvalidInputError as error:
            raise UnusableError(str(error)) from None
        if curves is None:
            return self._given(np.asarray(found.value))
        low, high = self.fpr_bounds
        points = int((found.shared_fpr > 0).sum())
        at_low, at_high = (float(curves.thresh_at(level)[1]) for level in (low, high))
        return curves, AUPIMOResult(low, high, points, at_high, at_low, self._given(np.asarray(found.scores)))
