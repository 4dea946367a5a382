"""Metrics that need no scores to be kept."""

from __future__ import annotations

from typing import Any

import torch

from .._checks import choice, number
from .._errors import InvalidInputError
from ..metrics import connected_components
from ._maps import images_of
from ._states import Stated, check_pair, warn

__all__ = ["BinaryF1Score", "BinaryPRO", "MinMax"]


class _AtThreshold(Stated):
    """What is decided at a threshold: scores above it are anomalous."""

    def __init__(self, threshold: float, ignore_index: int | None, validate_args: bool, **kwargs: Any) -> None:
        super().__init__(ignore_index, validate_args, **kwargs)
        self.threshold = number(threshold, "threshold")
        if self.threshold != self.threshold:
            raise InvalidInputError("threshold must not be NaN")

    def _decided(self, preds: Any) -> Any:
        if preds.is_floating_point():
            if bool(preds.isnan().any()):
                raise InvalidInputError(f"preds contains {int(preds.isnan().sum())} NaN")
            return preds > self.threshold
        if self.validate_args and bool(((preds != 0) & (preds != 1)).any()):
            raise InvalidInputError(f"preds of {preds.dtype} must hold 0 and 1 only; got {preds.unique()[:5].tolist()}")
        return preds == 1


class BinaryF1Score(_AtThreshold):
    """F1 score of decisions, or of scores at a threshold.

    Parameters
    ----------
    threshold : float, default 0.5
        Scores above it are anomalous.
    multidim_average : {"global", "samplewise"}, default "global"
        ``"samplewise"`` gives one value for each item of the first dimension.
    ignore_index : int, optional
        Items with this label are left out.
    validate_args : bool, default True
        Check that labels and decisions are 0 or 1. Otherwise what is not 1 counts as 0.
    zero_division : {0, 1}, default 0
        Value where nothing is anomalous and nothing was found to be.
    **kwargs
        As in :class:`BinaryAUROC`.

    Raises
    ------
    InvalidInputError
        As in :class:`BinaryAUROC`.

    Notes
    -----
    Counts are integers; only those are kept.

    Examples
    --------
    >>> import torch
    >>> from anomalib_cpp.torchmetrics import BinaryF1Score
    >>> BinaryF1Score()(torch.tensor([0.1, 0.7, 0.35, 0.8]), torch.tensor([0, 0, 1, 1]))
    tensor(0.5000)
    """

    tally: Any
    per_sample: Any

    def __init__(
        self,
        threshold: float = 0.5,
        multidim_average: str = "global",
        ignore_index: int | None = None,
        validate_args: bool = True,
        zero_division: float = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(threshold, ignore_index, validate_args, **kwargs)
        self.multidim_average = choice(multidim_average, "multidim_average", ("global", "samplewise"))
        self.zero_division = float(choice(zero_division, "zero_division", (0, 1)))
        if self.multidim_average == "global":
            self.add_state("tally", default=torch.zeros(3, dtype=torch.int64), dist_reduce_fx="sum")
        else:
            self.add_state("per_sample", default=[], dist_reduce_fx="cat")

    def update(self, preds: Any, target: Any) -> None:
        """Add decisions or scores, and labels.

        Parameters
        ----------
        preds : torch.Tensor of floats, integers or bool, any shape
            Floats are scores; integers and booleans are decisions, 1 for anomalous.
        target : torch.Tensor of bool or integers, the shape of `preds`
            1 is anomalous, 0 normal.
        """
        check_pair(preds, target, flags=True)
        if self.multidim_average == "samplewise" and preds.ndim < 2:
            raise InvalidInputError(
                f"preds must have at least two dimensions for multidim_average='samplewise'; got {tuple(preds.shape)}"
            )
        rows = (preds.shape[0], -1) if self.multidim_average == "samplewise" and len(preds) else (1, -1)
        preds, target = preds.detach().reshape(rows), target.detach().reshape(rows)
        kept = torch.ones_like(target, dtype=torch.bool) if self.ignore_index is None else target != self.ignore_index
        found, truth = self._decided(preds.masked_fill(~kept, 0)), self._checked(target.masked_fill(~kept, 0)) == 1
        counted = torch.stack([(found & truth & kept), (found & ~truth & kept), (~found & truth & kept)]).sum(2)
        if self.multidim_average == "global":
            self.tally += counted[:, 0]
        elif preds.numel():
            self.per_sample.append(counted.T.flatten())

    def compute(self) -> Any:
        """Return the F1 score, a tensor without dimensions, or of shape (n,) if samplewise."""
        if self.multidim_average == "global":
            counted = self.tally
        else:
            state = self.per_sample
            if not isinstance(state, torch.Tensor) and not state:
                raise InvalidInputError(f"{type(self).__name__} has no data yet: call update before compute")
            counted = (state if isinstance(state, torch.Tensor) else torch.cat(state)).reshape(-1, 3).T
        true, false, missed = counted.cpu().double()
        whole = 2 * true + false + missed
        empty = torch.full_like(whole, self.zero_division)
        return self._result(torch.where(whole > 0, 2 * true / whole, empty))


class BinaryPRO(_AtThreshold):
    """Per-region overlap: mean share of the regions' pixels that decisions, or scores above a threshold, find.

    Parameters
    ----------
    threshold : float, default 0.5
        Scores above it are anomalous.
    connectivity : {4, 8}, default 8
        Of the regions.
    ignore_index : int, optional
        Pixels with this label are left out: they are not part of a region, and separate regions.
    validate_args, **kwargs
        As in :class:`BinaryF1Score`.

    Raises
    ------
    InvalidInputError
        As in :class:`BinaryAUROC`, and for tensors that are not images.

    Notes
    -----
    Each region counts the same, however large it is. Without a region the value is 1, with an
    `UndefinedMetricWarning`. Shares are summed as integers, in units of 2^-62, so that the order of images and
    processes does not matter; nothing else is kept.

    Examples
    --------
    >>> import torch
    >>> from anomalib_cpp.torchmetrics import BinaryPRO
    >>> masks = torch.tensor([[[1, 1, 0, 1]]])
    >>> BinaryPRO()(torch.tensor([[[0.9, 0.2, 0.8, 0.7]]]), masks)
    tensor(0.7500)
    """

    overlap: Any  # the sum of all shares in units of 2^-62: its part above 2^31, its part below
    regions: Any

    def __init__(
        self,
        threshold: float = 0.5,
        connectivity: int = 8,
        ignore_index: int | None = None,
        validate_args: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(threshold, ignore_index, validate_args, **kwargs)
        self.connectivity = int(choice(connectivity, "connectivity", (4, 8)))
        self.add_state("overlap", default=torch.zeros(2, dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("regions", default=torch.zeros(1, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, preds: Any, target: Any) -> None:
        """Add decisions or maps, and masks.

        Parameters
        ----------
        preds : torch.Tensor of floats, integers or bool, shape (h, w), (n, h, w) or (n, 1, h, w)
            Floats are scores; integers and booleans are decisions, 1 for anomalous.
        target : torch.Tensor of bool or integers, shape (h, w), (n, h, w) or (n, 1, h, w)
            1 is anomalous, 0 normal.
        """
        preds, target = images_of(preds, "preds"), images_of(target, "target")
        check_pair(preds, target, flags=True)
        if self.ignore_index is not None:
            ignored = target == self.ignore_index
            preds, target = preds.masked_fill(ignored, 0), target.masked_fill(ignored, 0)
        found, truth = self._decided(preds).cpu(), self._checked(target).cpu()
        if not truth.numel():
            return
        labels = connected_components(truth, connectivity=self.connectivity)[0].flatten()
        areas = torch.bincount(labels)[1:]
        covered = torch.bincount(labels[found.flatten()], minlength=len(areas) + 1)[1:] << 31
        high, rest = covered // areas, covered % areas  # two divisions by parts: 2^62 times an area overflows
        shares = torch.stack([high.sum(), ((rest << 31) // areas).sum()])
        self.overlap += shares.to(self.device)
        self.regions += len(areas)

    def compute(self) -> Any:
        """Return the overlap, a tensor without dimensions."""
        regions = int(self.regions)
        if not regions:
            warn(f"{type(self).__name__} is undefined and set to one: no label is 1")
            return self._result(1.0)
        high, low = self.overlap.tolist()
        return self._result(((high << 31) + low) / (regions << 62))


class MinMax(Stated):
    """Lowest and highest score of all updates.

    Parameters
    ----------
    **kwargs
        As in :class:`BinaryAUROC`.

    Raises
    ------
    InvalidInputError
        For scores that are not floats, and NaN.

    Examples
    --------
    >>> import torch
    >>> from anomalib_cpp.torchmetrics import MinMax
    >>> MinMax()(torch.tensor([0.25, 0.75, 0.5]))
    tensor([0.2500, 0.7500])
    """

    higher_is_better = None
    plot_lower_bound = None
    plot_upper_bound = None
    scores = ("min", "max")

    min: Any
    max: Any

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.add_state("min", default=torch.tensor(float("inf")), dist_reduce_fx="min")
        self.add_state("max", default=torch.tensor(float("-inf")), dist_reduce_fx="max")

    def update(self, preds: Any) -> None:
        """Add scores.

        Parameters
        ----------
        preds : torch.Tensor of floats, any shape
            Scores.
        """
        if not isinstance(preds, torch.Tensor) or not preds.is_floating_point():
            got = preds.dtype if isinstance(preds, torch.Tensor) else type(preds).__name__
            raise InvalidInputError(f"preds must be a torch.Tensor of floats; got {got}")
        if not preds.numel():
            return
        lowest, highest = preds.detach().aminmax()  # NaN, if there is one
        if bool(lowest.isnan()):
            raise InvalidInputError(f"preds contains {int(preds.isnan().sum())} NaN")
        self.min, self.max = torch.minimum(self.min, lowest), torch.maximum(self.max, highest)

    def compute(self) -> Any:
        """Return lowest and highest score, a tensor of shape (2,), float64 if one of the scores was."""
        if bool(self.min > self.max):
            raise InvalidInputError(f"{type(self).__name__} has no data yet: call update before compute")
        return torch.stack([self.min, self.max])
