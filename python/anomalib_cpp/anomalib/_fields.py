"""How fields of a batch become arguments of a metric."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from .._errors import InvalidInputError
from ..torchmetrics._states import Stated
from ._base import AnomalibMetric

__all__ = ["IMAGE", "PIXEL", "Labelled", "Ranked", "figure"]

IMAGE = ("pred_score", "gt_label")
PIXEL = ("anomaly_map", "gt_mask")


class Labelled(AnomalibMetric, Stated):
    """Takes the floats 0.0 and 1.0 for labels, too."""

    def _prepared(self, *values: Any) -> Sequence[Any]:
        preds, target = values
        if isinstance(target, torch.Tensor) and target.is_floating_point():
            whole = target.to(torch.int64)
            if not torch.equal(whole.to(target.dtype), target):
                raise InvalidInputError(f"{self.fields[1]} must hold 0 and 1 only; got {target.unique()[:5].tolist()}")
            target = whole
        return preds, target


class Ranked(Labelled):
    """Takes scores and labels of different shapes, as of maps with a channel and masks without, and decisions."""

    def _prepared(self, *values: Any) -> Sequence[Any]:
        preds, target = super()._prepared(*values)
        if not isinstance(preds, torch.Tensor) or not isinstance(target, torch.Tensor):
            return preds, target
        if not preds.is_floating_point():
            preds = preds.float() if preds.dtype == torch.bool else preds.double()
        return preds.flatten(), target.flatten()


def figure(plot: str, curve: Any, title: str, label: str, **options: Any) -> tuple[Any, str]:
    """Draw a curve with one of our plots; return the figure and its title."""
    from .. import plots

    ax = getattr(plots, plot)(curve, label=label, **options)
    ax.legend()
    ax.set_title(title)
    return ax.figure, title
