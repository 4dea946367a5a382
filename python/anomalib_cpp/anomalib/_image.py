"""Metrics of scores and labels, of images or of pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import torchmetrics as ours
from .._checks import choice
from .._errors import InvalidInputError
from ._base import Peer
from ._fields import IMAGE, Labelled, Ranked, figure

__all__ = ["AUPR", "AUROC", "F1AdaptiveThreshold", "F1Max", "F1Score", "PBn", "PGn"]


class AUROC(Ranked, ours.BinaryAUROC, Peer):  # type: ignore[misc]
    """Area under the ROC curve.

    Parameters
    ----------
    fields, prefix, strict
        As in :class:`AnomalibMetric`; by default pred_score and gt_label.
    **kwargs
        As in :class:`~anomalib_cpp.torchmetrics.BinaryAUROC`.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :class:`AnomalibMetric` and :class:`~anomalib_cpp.torchmetrics.BinaryAUROC`.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import torch
    >>> from anomalib_cpp.anomalib import AUROC
    >>> batch = SimpleNamespace(pred_score=torch.tensor([0.1, 0.4, 0.3, 0.8]), gt_label=torch.tensor([0, 0, 1, 1]))
    >>> metric = AUROC(prefix="image_")
    >>> metric.update(batch)
    >>> metric.name, metric.compute()
    ('image_AUROC', tensor(0.7500))
    """

    default_fields = IMAGE

    def generate_figure(self) -> tuple[Any, str]:
        """Draw the curve. Returns a Matplotlib figure and "ROC"."""
        fpr, tpr, _ = self._roc()
        return figure("plot_roc", (fpr.numpy(), tpr.numpy()), "ROC", f"AUROC: {self.compute():.2f}")


class AUPR(Ranked, ours.BinaryAveragePrecision, Peer):  # type: ignore[misc]
    """Area under the precision-recall curve: average precision.

    Parameters
    ----------
    fields, prefix, strict
        As in :class:`AnomalibMetric`; by default pred_score and gt_label.
    method : {"average_precision", "trapezoid_reordered"}, default "average_precision"
        The latter is what anomalib computed before version 2.7: see :func:`anomalib_cpp.metrics.aupr`, variant
        "anomalib". It needs ``thresholds=None``.
    **kwargs
        As in :class:`~anomalib_cpp.torchmetrics.BinaryAveragePrecision`.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :class:`AnomalibMetric` and :class:`~anomalib_cpp.torchmetrics.BinaryAveragePrecision`.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import torch
    >>> from anomalib_cpp.anomalib import AUPR
    >>> batch = SimpleNamespace(pred_score=torch.tensor([0.1, 0.2, 0.8, 0.9]), gt_label=torch.tensor([0, 0, 1, 1]))
    >>> AUPR()(batch), AUPR(method="trapezoid_reordered")(batch)
    (tensor(1.), tensor(0.8750))
    """

    default_fields = IMAGE

    def __init__(
        self,
        fields: Sequence[str] | None = None,
        prefix: str = "",
        strict: bool = True,
        method: str = "average_precision",
        **kwargs: Any,
    ) -> None:
        super().__init__(fields, prefix, strict, **kwargs)
        self.method = choice(method, "method", ("average_precision", "trapezoid_reordered"))
        if self.method == "trapezoid_reordered" and self.thresholds is not None:
            raise InvalidInputError("thresholds must be None for method='trapezoid_reordered'")

    def compute(self) -> Any:
        """Return the area, a tensor without dimensions; None where a metric that is not strict has no data."""
        if self.method == "average_precision" or not self._fed():
            return super().compute()
        found = self._count()
        return self._result(found.aupr_reordered()) if found.positives else super().compute()

    def generate_figure(self) -> tuple[Any, str]:
        """Draw the curve. Returns a Matplotlib figure and "PR"."""
        precision, recall, _ = self._precision_recall()
        return figure("plot_pr", (recall.numpy(), precision.numpy()), "PR", f"AUPR: {self.compute():.2f}")


class F1Max(Ranked, ours.BinaryF1Max, Peer):  # type: ignore[misc]
    """Best F1 score over all thresholds.

    Parameters
    ----------
    fields, prefix, strict
        As in :class:`AnomalibMetric`; by default pred_score and gt_label.
    **kwargs
        As in :class:`~anomalib_cpp.torchmetrics.BinaryF1Max`.

    Attributes
    ----------
    threshold : torch.Tensor without dimensions, or None
        Of the last `compute`: the lowest score that reaches the F1 score. None before.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :class:`AnomalibMetric` and :class:`~anomalib_cpp.torchmetrics.BinaryF1Max`.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import torch
    >>> from anomalib_cpp.anomalib import F1Max
    >>> batch = SimpleNamespace(pred_score=torch.tensor([0.1, 0.4, 0.35, 0.8]), gt_label=torch.tensor([0, 0, 1, 1]))
    >>> metric = F1Max()
    >>> metric(batch), metric.threshold
    (tensor(0.8000), tensor(0.3500))
    """

    default_fields = IMAGE


class F1Score(Labelled, ours.BinaryF1Score, Peer):  # type: ignore[misc]
    """F1 score of decisions, or of scores at a threshold.

    Parameters
    ----------
    fields, prefix, strict
        As in :class:`AnomalibMetric`; by default pred_label and gt_label.
    **kwargs
        As in :class:`~anomalib_cpp.torchmetrics.BinaryF1Score`.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :class:`AnomalibMetric` and :class:`~anomalib_cpp.torchmetrics.BinaryF1Score`.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import torch
    >>> from anomalib_cpp.anomalib import F1Score
    >>> F1Score()(SimpleNamespace(pred_label=torch.tensor([0, 1, 1, 1]), gt_label=torch.tensor([0, 0, 1, 1])))
    tensor(0.8000)
    """

    default_fields = ("pred_label", "gt_label")


class F1AdaptiveThreshold(Ranked, ours.F1AdaptiveThreshold, Peer):  # type: ignore[misc]
    """Lowest threshold with the best F1 score.

    Parameters
    ----------
    fields, prefix, strict
        As in :class:`AnomalibMetric`; by default pred_score and gt_label.
    **kwargs
        As in :class:`anomalib_cpp.torchmetrics.F1AdaptiveThreshold`.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :class:`AnomalibMetric` and :class:`anomalib_cpp.torchmetrics.F1AdaptiveThreshold`.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import torch
    >>> from anomalib_cpp.anomalib import F1AdaptiveThreshold
    >>> scores, labels = torch.tensor([2.3, 1.6, 2.6, 7.9, 3.3]), torch.tensor([0, 0, 0, 1, 1])
    >>> F1AdaptiveThreshold()(SimpleNamespace(pred_score=scores, gt_label=labels))
    tensor(3.3000)
    """

    default_fields = IMAGE


class PGn(Ranked, ours.PGn, Peer):  # type: ignore[misc]
    """Presorted good: share of the normal items below the `fnr` quantile of the anomalous ones.

    Parameters
    ----------
    fields, strict
        As in :class:`AnomalibMetric`; by default pred_score and gt_label.
    prefix : str, default ""
        Not part of `name`, as in anomalib: that is "PG" and the rate in whole percent.
    **kwargs
        As in :class:`anomalib_cpp.torchmetrics.PGn`; above all `fnr`, 0.05 by default.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :class:`AnomalibMetric` and :class:`anomalib_cpp.torchmetrics.PGn`.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import torch
    >>> from anomalib_cpp.anomalib import PGn
    >>> batch = SimpleNamespace(pred_score=torch.tensor([0.1, 0.4, 0.35, 0.8]), gt_label=torch.tensor([0, 0, 1, 1]))
    >>> metric = PGn(fnr=0.2)
    >>> metric(batch), metric.name
    (tensor(1.), 'PG20')
    """

    default_fields = IMAGE

    def __init__(
        self, fields: Sequence[str] | None = None, prefix: str = "", strict: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(fields, prefix, strict, **kwargs)
        self.name = f"PG{int(self.fnr * 100)}"


class PBn(Ranked, ours.PBn, Peer):  # type: ignore[misc]
    """Presorted bad: share of the anomalous items above the ``1 - fpr`` quantile of the normal ones.

    Parameters
    ----------
    fields, strict
        As in :class:`AnomalibMetric`; by default pred_score and gt_label.
    prefix : str, default ""
        Not part of `name`, as in anomalib: that is "PB" and the rate in whole percent.
    **kwargs
        As in :class:`anomalib_cpp.torchmetrics.PBn`; above all `fpr`, 0.05 by default.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :class:`AnomalibMetric` and :class:`anomalib_cpp.torchmetrics.PBn`.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import torch
    >>> from anomalib_cpp.anomalib import PBn
    >>> batch = SimpleNamespace(pred_score=torch.tensor([0.1, 0.4, 0.35, 0.8]), gt_label=torch.tensor([0, 0, 1, 1]))
    >>> metric = PBn(fpr=0.2)
    >>> metric(batch), metric.name
    (tensor(1.), 'PB20')
    """

    default_fields = IMAGE

    def __init__(
        self, fields: Sequence[str] | None = None, prefix: str = "", strict: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(fields, prefix, strict, **kwargs)
        self.name = f"PB{int(self.fpr * 100)}"
