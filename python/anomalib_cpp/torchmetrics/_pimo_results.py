"""What PIMO and AUPIMO return, with the names that anomalib gives to fields and properties."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch

from .._checks import number
from .._errors import InvalidInputError
from ..metrics._pimo import nearest_rate

__all__ = ["AUPIMOResult", "PIMOResult"]


@dataclass(eq=False)
class PIMOResult:
    """Per-image overlap curves: the recall of each image over the false positive rate that normal images share.

    Parameters
    ----------
    thresholds : torch.Tensor, shape (k,)
        Strictly ascending.
    shared_fpr : torch.Tensor, shape (k,)
        Mean over the normal images of their false positive rates; falls.
    per_image_tprs : torch.Tensor, shape (n, k)
        Recall of each image; NaN for normal images.

    Raises
    ------
    InvalidInputError
        For shapes that do not fit together.

    Examples
    --------
    >>> import torch
    >>> from anomalib_cpp.torchmetrics import PIMOResult
    >>> recalls = torch.tensor([[float("nan")] * 3, [1.0, 0.75, 0.5]])
    >>> result = PIMOResult(torch.tensor([0.1, 0.2, 0.3]), torch.tensor([1.0, 0.5, 0.0]), recalls)
    >>> result.image_classes, result.thresh_at(0.4)[0]
    (tensor([0, 1], dtype=torch.int32), 1)
    """

    thresholds: Any = field(repr=False)
    shared_fpr: Any = field(repr=False)
    per_image_tprs: Any = field(repr=False)

    def __post_init__(self) -> None:
        k = tuple(self.thresholds.shape)
        if len(k) != 1 or self.shared_fpr.shape != k or self.per_image_tprs.ndim != 2:
            raise InvalidInputError(
                "thresholds and shared_fpr must have shape (k,) and per_image_tprs (n, k); got "
                f"{k}, {tuple(self.shared_fpr.shape)} and {tuple(self.per_image_tprs.shape)}"
            )
        if self.per_image_tprs.shape[1] != k[0]:
            raise InvalidInputError(
                f"per_image_tprs must have a column for each of {k[0]} thresholds; got {self.per_image_tprs.shape[1]}"
            )

    @property
    def num_thresholds(self) -> int:
        """Number of thresholds."""
        return int(self.thresholds.shape[0])

    num_threshsholds = num_thresholds  # as anomalib spells it

    @property
    def num_images(self) -> int:
        """Number of images."""
        return int(self.per_image_tprs.shape[0])

    @property
    def image_classes(self) -> Any:
        """Class of each image, an int32 tensor of shape (n,): 1 for anomalous."""
        return (~self.per_image_tprs.isnan()).any(dim=1).to(torch.int32)

    def thresh_at(self, fpr_level: float) -> tuple[int, Any, float]:
        """Find the threshold whose shared false positive rate is nearest to a level.

        Parameters
        ----------
        fpr_level : float
            Within the rates that occur.

        Returns
        -------
        index : int
            Position among the thresholds; the lowest of several, the highest for a level of 1.
        threshold : torch.Tensor without dimensions
            The threshold there.
        fpr : float
            The rate there.

        Raises
        ------
        InvalidInputError, InvalidTypeError
            For a level outside the rates that occur, or not a number.
        """
        rates = self.shared_fpr.cpu().double().numpy()
        at = nearest_rate(rates, number(fpr_level, "fpr_level"), "fpr_level")
        return at, self.thresholds[at], float(rates[at])


@dataclass(eq=False)
class AUPIMOResult:
    """Areas under per-image overlap curves.

    Parameters
    ----------
    fpr_lower_bound, fpr_upper_bound : float
        Shared false positive rates between which the recalls are averaged.
    num_thresholds : int
        Number of thresholds between the bounds.
    thresh_lower_bound, thresh_upper_bound : float
        Thresholds at the upper and at the lower bound.
    aupimos : torch.Tensor, shape (n,)
        Area of each image, in [0, 1]; NaN for normal images.

    Examples
    --------
    >>> import torch
    >>> from anomalib_cpp.torchmetrics import AUPIMOResult
    >>> result = AUPIMOResult(1e-5, 1e-4, 500, 0.25, 0.5, torch.tensor([float("nan"), 0.75]))
    >>> result.image_classes, result.num_anomalous_images
    (tensor([0, 1], dtype=torch.int32), 1)
    """

    fpr_lower_bound: float
    fpr_upper_bound: float
    num_thresholds: int
    thresh_lower_bound: float = field(repr=False)
    thresh_upper_bound: float = field(repr=False)
    aupimos: Any = field(repr=False)

    @property
    def num_images(self) -> int:
        """Number of images."""
        return int(self.aupimos.shape[0])

    @property
    def num_normal_images(self) -> int:
        """Number of images without a value."""
        return int(self.aupimos.isnan().sum())

    @property
    def num_anomalous_images(self) -> int:
        """Number of images with a value."""
        return self.num_images - self.num_normal_images

    @property
    def image_classes(self) -> Any:
        """Class of each image, an int32 tensor of shape (n,): 1 for anomalous, which have a value."""
        return (~self.aupimos.isnan()).to(torch.int32)

    @property
    def fpr_bounds(self) -> tuple[float, float]:
        """Lower and upper bound of the rate."""
        return self.fpr_lower_bound, self.fpr_upper_bound

    @property
    def thresh_bounds(self) -> tuple[float, float]:
        """Lower and upper bound of the threshold: at the upper and at the lower bound of the rate."""
        return self.thresh_lower_bound, self.thresh_upper_bound
