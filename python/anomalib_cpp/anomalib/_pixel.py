"""Metrics of maps and masks, and their range."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import torchmetrics as ours
from ..metrics._counting import score_levels
from ._base import AnomalibMetric, Peer
from ._fields import PIXEL, Labelled, figure

__all__ = ["AUPIMO", "AUPRO", "PIMO", "PRO", "MinMax"]


class AUPRO(Labelled, ours.BinaryAUPRO, Peer):  # type: ignore[misc]
    """Area under the per-region overlap curve, divided by its limit.

    Parameters
    ----------
    fields, prefix, strict
        As in :class:`AnomalibMetric`; by default anomaly_map and gt_mask.
    **kwargs
        As in :class:`~anomalib_cpp.torchmetrics.BinaryAUPRO`; above all `fpr_limit`, 0.3 by default.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :class:`AnomalibMetric` and :class:`~anomalib_cpp.torchmetrics.BinaryAUPRO`.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import torch
    >>> from anomalib_cpp.anomalib import AUPRO
    >>> masks = torch.zeros(1, 400, 7, dtype=torch.bool)
    >>> masks[:, :, 3] = True
    >>> AUPRO(fpr_limit=1 / 3)(SimpleNamespace(anomaly_map=torch.arange(2800.0).reshape(1, 400, 7), gt_mask=masks))
    tensor(0.1667)
    """

    default_fields = PIXEL

    def generate_figure(self) -> tuple[Any, str]:
        """Draw the curve. Returns a Matplotlib figure and "PRO"."""
        found = self._count(score_levels)
        ready = found.regions and found.negatives
        curve = found.pro_curve(True)[:2] if ready else ([0.0, self.fpr_limit], [0.0, 0.0])
        label = f"AUPRO: {self.compute():.2f}"
        return figure("plot_pro", curve, "PRO", label, integration_limit=self.fpr_limit)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        state_dict.pop(prefix + "fpr_limit", None)  # anomalib writes its argument into checkpoints
        super()._load_from_state_dict(state_dict, prefix, *args)


class PRO(Labelled, ours.BinaryPRO, Peer):  # type: ignore[misc]
    """Per-region overlap: mean share of the regions' pixels that decisions, or scores above a threshold, find.

    Parameters
    ----------
    fields, prefix, strict
        As in :class:`AnomalibMetric`; by default pred_mask and gt_mask.
    **kwargs
        As in :class:`~anomalib_cpp.torchmetrics.BinaryPRO`; above all `threshold`, 0.5 by default.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :class:`AnomalibMetric` and :class:`~anomalib_cpp.torchmetrics.BinaryPRO`.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import torch
    >>> from anomalib_cpp.anomalib import PRO
    >>> masks = torch.tensor([[[True, True, False, True]]])
    >>> PRO()(SimpleNamespace(pred_mask=torch.tensor([[[True, False, False, True]]]), gt_mask=masks))
    tensor(0.7500)
    """

    default_fields = ("pred_mask", "gt_mask")


class PIMO(Labelled, ours.PIMO, Peer):  # type: ignore[misc]
    """Per-image overlap curves at evenly spaced thresholds.

    Parameters
    ----------
    fields, prefix, strict
        As in :class:`AnomalibMetric`; by default anomaly_map and gt_mask.
    **kwargs
        As in :class:`anomalib_cpp.torchmetrics.PIMO`; above all `num_thresholds`, which has no default.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :class:`AnomalibMetric` and :class:`anomalib_cpp.torchmetrics.PIMO`.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import torch
    >>> from anomalib_cpp.anomalib import PIMO
    >>> masks = torch.zeros(2, 4, 4, dtype=torch.bool)
    >>> masks[1, 0, :2] = True
    >>> batch = SimpleNamespace(anomaly_map=torch.arange(32.0).reshape(2, 4, 4), gt_mask=masks)
    >>> PIMO(num_thresholds=4)(batch).image_classes
    tensor([0, 1], dtype=torch.int32)
    """

    default_fields = PIXEL


class AUPIMO(Labelled, ours.AUPIMO, Peer):  # type: ignore[misc]
    """Area under the per-image overlap curves between two false positive rates.

    Parameters
    ----------
    fields, prefix, strict
        As in :class:`AnomalibMetric`; by default anomaly_map and gt_mask.
    **kwargs
        As in :class:`anomalib_cpp.torchmetrics.AUPIMO`.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :class:`AnomalibMetric` and :class:`anomalib_cpp.torchmetrics.AUPIMO`.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import torch
    >>> from anomalib_cpp.anomalib import AUPIMO
    >>> maps = torch.arange(20000.0).reshape(2, 100, 100)
    >>> masks = torch.zeros(2, 100, 100, dtype=torch.bool)
    >>> masks[1, :10] = True
    >>> metric = AUPIMO(num_thresholds=10_000, fpr_bounds=(0.01, 0.1))
    >>> metric(SimpleNamespace(anomaly_map=maps, gt_mask=masks))
    tensor(1., dtype=torch.float64)
    """

    default_fields = PIXEL


class MinMax(AnomalibMetric, ours.MinMax, Peer):  # type: ignore[misc]
    """Lowest and highest score.

    Parameters
    ----------
    fields : sequence of str
        Of several, only the first counts, as in anomalib.
    prefix, strict
        As in :class:`AnomalibMetric`.
    **kwargs
        As in :class:`anomalib_cpp.torchmetrics.MinMax`.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :class:`AnomalibMetric` and :class:`anomalib_cpp.torchmetrics.MinMax`.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import torch
    >>> from anomalib_cpp.anomalib import MinMax
    >>> MinMax(fields=["pred_score"])(SimpleNamespace(pred_score=torch.tensor([0.25, 0.75, 0.5])))
    tensor([0.2500, 0.7500])
    """

    def _prepared(self, *values: Any) -> Sequence[Any]:
        return values[:1]
