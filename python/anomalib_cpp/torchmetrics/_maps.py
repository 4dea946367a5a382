"""Maps and masks, and the area under their per-region overlap curve."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .._checks import choice, fraction
from .._errors import InvalidInputError
from ..metrics._counting import Count, rank_pairs
from ..metrics._inputs import Options, counts
from ._states import Collected, check_pair, warn

__all__ = ["BinaryAUPRO", "Maps", "images_of"]


class Maps(Collected):
    """Keeps the maps and masks of all updates, which may have different sizes."""

    shapes: Any  # (images, height, width) of each update, one after another

    def __init__(self, ignore_index: int | None = None, validate_args: bool = True, **kwargs: Any) -> None:
        super().__init__(ignore_index, validate_args, **kwargs)
        self._collect()
        self.add_state("shapes", default=[], dist_reduce_fx="cat")

    def update(self, preds: Any, target: Any) -> None:
        """Add anomaly maps and their masks.

        Parameters
        ----------
        preds : torch.Tensor of float16, bfloat16, float32 or float64, shape (h, w), (n, h, w) or (n, 1, h, w)
            Higher means more anomalous. Kept without a copy where possible: do not overwrite it.
        target : torch.Tensor of bool or integers, shape (h, w), (n, h, w) or (n, 1, h, w)
            1 is anomalous, 0 normal.
        """
        preds, target = images_of(preds, "preds"), images_of(target, "target")
        check_pair(preds, target)
        if self.ignore_index is not None:
            ignored = target == self.ignore_index
            if bool((preds.isnan() & ~ignored).any()):
                raise InvalidInputError("preds contains NaN at pixels that are not ignored")
            preds, target = preds.masked_fill(ignored, float("nan")), target.masked_fill(ignored, 0)
        labels = self._checked(target)
        self.preds.append(preds.flatten())
        self.target.append(labels.flatten())
        self.shapes.append(torch.tensor(preds.shape, dtype=torch.int64, device=preds.device))

    def _sizes(self) -> list[tuple[int, int]]:
        """Height and width of each image."""
        return [(h, w) for n, h, w in self._joined("shapes").reshape(-1, 3).tolist() for _ in range(n)]

    def _stacked(self) -> tuple[Any, Any]:
        """Return maps and masks on the CPU: a tensor (n, h, w) each, or lists of images where sizes differ."""
        preds, target = self._joined("preds").cpu(), self._joined("target").cpu()
        if not preds.numel():
            raise self.no_data(f"{type(self).__name__} has no data: no pixel came")
        sizes = self._sizes()
        if len(set(sizes)) == 1:
            return preds.reshape(-1, *sizes[0]), target.reshape(-1, *sizes[0])
        areas = [h * w for h, w in sizes]
        maps, masks = (
            [part.reshape(size) for part, size in zip(values.split(areas), sizes, strict=True)]
            for values in (preds, target)
        )
        return maps, masks


class BinaryAUPRO(Maps):
    """Area under the per-region overlap curve of the maps of all updates, divided by its limit.

    Parameters
    ----------
    fpr_limit : float in (0, 1], default 0.3
        Largest false positive rate.
    connectivity : {4, 8}, default 8
        Of the regions.
    ignore_index : int, optional
        Pixels with this label are left out: they are neither normal nor part of a region, and separate regions.
    validate_args, **kwargs
        As in :class:`BinaryAUROC`.

    Raises
    ------
    InvalidInputError
        As in :class:`BinaryAUROC`, and for tensors that are not images.

    Notes
    -----
    As :func:`anomalib_cpp.metrics.aupro`. Updates may have images of different sizes. Without a region or without a
    normal pixel the value is 0, with an `UndefinedMetricWarning`.

    Examples
    --------
    >>> import torch
    >>> from anomalib_cpp.torchmetrics import BinaryAUPRO
    >>> maps = torch.arange(2800.0).reshape(1, 400, 7)
    >>> masks = torch.zeros(1, 400, 7, dtype=torch.int64)
    >>> masks[:, :, 3] = 1
    >>> BinaryAUPRO(fpr_limit=1 / 3)(maps, masks)
    tensor(0.1667)
    """

    def __init__(
        self,
        fpr_limit: float = 0.3,
        connectivity: int = 8,
        ignore_index: int | None = None,
        validate_args: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(ignore_index, validate_args, **kwargs)
        self.fpr_limit = fraction(fpr_limit, "fpr_limit")
        self.connectivity = int(choice(connectivity, "connectivity", (4, 8)))

    def compute(self) -> Any:
        """Return the area, a tensor without dimensions."""
        found = self._count()
        if not found.regions or not found.negatives:
            warn(f"{type(self).__name__} is undefined and set to zero: no label is {0 if found.regions else 1}")
            return self._result(0.0)
        return self._result(found.aupro(self.fpr_limit))

    def _count(self, way: Callable[[int], Count] = rank_pairs) -> Any:
        opts = Options("raise" if self.ignore_index is None else "omit", "nan", None)
        maps, masks = self._stacked()
        return counts(maps, masks, opts, way(self.connectivity), names=("preds", "target"), images=True)[0]


def images_of(value: Any, name: str) -> Any:
    """Return shape (n, h, w) of (h, w), (n, h, w) or (n, 1, h, w)."""
    shape = tuple(value.shape) if isinstance(value, torch.Tensor) else ()
    if len(shape) == 2:
        return value.detach()[None]
    if len(shape) == 4 and shape[1] == 1:
        return value.detach()[:, 0]
    if len(shape) != 3:
        got = shape if isinstance(value, torch.Tensor) else type(value).__name__
        raise InvalidInputError(f"{name} must be a torch.Tensor of shape (h, w), (n, h, w) or (n, 1, h, w); got {got}")
    return value.detach()
