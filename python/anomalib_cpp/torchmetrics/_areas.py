"""Areas under curves of scores and labels."""

from __future__ import annotations

from typing import Any

import torch

from .._checks import fraction
from .._errors import InvalidInputError
from ..metrics._polylines import area_up_to
from ._ranking import Ranking
from ._states import warn

__all__ = ["BinaryAUROC", "BinaryAveragePrecision"]


class BinaryAUROC(Ranking):
    """Area under the ROC curve of the scores of all updates.

    Parameters
    ----------
    max_fpr : float in (0, 1], optional
        Use the part of the curve with a false positive rate of at most this, rescaled so that chance gives 0.5
        (McClish).
    thresholds : int >= 2, list of floats in [0, 1], or 1-d tensor, optional
        None (default) is exact: every score is a threshold, and all scores are kept. Otherwise only counts at these
        thresholds are kept, and the curve has only their points; a number means as many thresholds evenly from 0 to 1.
    ignore_index : int, optional
        Items with this label are left out.
    validate_args : bool, default True
        Check that all labels are 0 or 1. Otherwise what is not 1 counts as 0.
    normalization : {None, "sigmoid_per_batch"}, default None
        The latter applies a sigmoid to each update with a score outside [0, 1], as torchmetrics does: only to
        reproduce its numbers, since it changes the ranking.
    **kwargs
        Of `torchmetrics.Metric`, such as `compute_on_cpu` and `dist_sync_on_step`.

    Raises
    ------
    InvalidInputError
        For other arguments; by `update` for tensors of different shapes and labels other than 0 and 1; by `compute`
        for NaN scores and without data.

    Notes
    -----
    Scores are kept in their dtype and on their device, labels in one byte. `compute` runs on the CPU, takes time as
    :func:`anomalib_cpp.metrics.auroc`, and gives the same value for any order and number of updates and processes.
    Where a class is missing the value is 0, with an `UndefinedMetricWarning`. At given thresholds the curve has no
    other points, not even the corners (0, 0) and (1, 1).

    Examples
    --------
    >>> import torch
    >>> from anomalib_cpp.torchmetrics import BinaryAUROC
    >>> metric = BinaryAUROC()
    >>> metric.update(torch.tensor([0.9, 0.2]), torch.tensor([0, 0]))
    >>> metric.update(torch.tensor([1.5, 0.3]), torch.tensor([1, 0]))
    >>> metric.compute()
    tensor(1.)
    """

    def __init__(
        self,
        max_fpr: float | None = None,
        thresholds: Any = None,
        ignore_index: int | None = None,
        validate_args: bool = True,
        normalization: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(thresholds, ignore_index, validate_args, normalization, **kwargs)
        self.max_fpr = None if max_fpr is None else fraction(max_fpr, "max_fpr")

    def compute(self) -> Any:
        """Return the area, a tensor without dimensions."""
        limit = 1.0 if self.max_fpr is None else self.max_fpr
        if self.thresholds is not None:
            fpr, tpr, _ = self._roc()
            partial = limit < 1 and bool(fpr.sum()) and bool(tpr.sum())
            area = _area_up_to(fpr.numpy(), tpr.numpy(), limit) if partial else float(torch.trapezoid(tpr, fpr))
            return self._result(_mcclish(area, limit) if partial else area)
        found = self._count()
        if not found.positives or not found.negatives:
            warn(f"BinaryAUROC is undefined and set to zero: no label is {0 if found.positives else 1}")
            return self._result(0.0)
        area = found.auroc(limit)
        return self._result(area if limit == 1 else _mcclish(area * limit, limit))


class BinaryAveragePrecision(Ranking):
    """Average precision of the scores of all updates.

    Parameters
    ----------
    thresholds, ignore_index, validate_args, normalization, **kwargs
        As in :class:`BinaryAUROC`.

    Raises
    ------
    InvalidInputError
        As in :class:`BinaryAUROC`.

    Notes
    -----
    As :func:`anomalib_cpp.metrics.average_precision`. Without anomalous items the value is 0, with an
    `UndefinedMetricWarning`.

    Examples
    --------
    >>> import torch
    >>> from anomalib_cpp.torchmetrics import BinaryAveragePrecision
    >>> BinaryAveragePrecision()(torch.tensor([0.1, 0.4, 0.3, 0.8]), torch.tensor([0, 0, 1, 1]))
    tensor(0.8333)
    """

    def compute(self) -> Any:
        """Return the average precision, a tensor without dimensions."""
        if self.thresholds is not None:
            precision, recall, _ = (values.nan_to_num(0.0) for values in self._precision_recall())
            return self._result(-(recall.diff() * precision[:-1]).sum())
        found = self._count()
        if not found.positives:
            warn("BinaryAveragePrecision is undefined and set to zero: no label is 1")
            return self._result(0.0)
        return self._result(found.average_precision())


def _mcclish(area: float, limit: float) -> float:
    """Rescale the area up to `limit` so that chance gives 0.5."""
    return 0.5 * (1 + (area - limit**2 / 2) / (limit - limit**2 / 2))


def _area_up_to(fpr: Any, tpr: Any, limit: float) -> float:
    if not fpr[0] <= limit < fpr[-1] or (fpr[1:] < fpr[:-1]).any():
        raise InvalidInputError(
            f"max_fpr must lie between the false positive rates of two thresholds, and thresholds must ascend; "
            f"got {limit}, with rates from {fpr[0]:.6g} to {fpr[-1]:.6g}"
        )
    return area_up_to(fpr, tpr, limit)
