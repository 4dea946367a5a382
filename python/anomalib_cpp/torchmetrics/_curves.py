"""Whole curves."""

from __future__ import annotations

from typing import Any

from ._ranking import Ranking
from ._states import plotted

__all__ = ["BinaryPrecisionRecallCurve", "BinaryROC"]


class BinaryROC(Ranking):
    """Receiver operating characteristic of the scores of all updates.

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
    As :func:`anomalib_cpp.metrics.roc_curve`. The rate of a class that is missing is 0, with an
    `UndefinedMetricWarning`.

    Examples
    --------
    >>> import torch
    >>> from anomalib_cpp.torchmetrics import BinaryROC
    >>> fpr, tpr, thresholds = BinaryROC()(torch.tensor([0.1, 0.4, 0.3, 0.8]), torch.tensor([0, 0, 1, 1]))
    >>> fpr, tpr
    (tensor([0.0000, 0.0000, 0.5000, 0.5000, 1.0000]), tensor([0.0000, 0.5000, 0.5000, 1.0000, 1.0000]))
    >>> thresholds
    tensor([1.0000, 0.8000, 0.4000, 0.3000, 0.1000])
    """

    higher_is_better = None

    def compute(self) -> tuple[Any, Any, Any]:
        """Return false positive rates, true positive rates and thresholds.

        Thresholds descend. The exact curve begins at (0, 0), where the threshold is given as 1 whatever the scores are.
        """
        fpr, tpr, thresholds = self._roc()
        return self._result(fpr), self._result(tpr), thresholds

    def plot(self, curve: Any = None, score: Any = None, ax: Any = None) -> Any:  # type: ignore[override]
        """Plot a curve; `compute` gives it by default. ``score=True`` shows its area, a tensor is shown as it is."""
        fpr, tpr, thresholds = self.compute() if curve is None else curve
        return plotted(self, (fpr, tpr, thresholds), score, ax, ("False positive rate", "True positive rate"))


class BinaryPrecisionRecallCurve(Ranking):
    """Precision and recall of the scores of all updates.

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
    As :func:`anomalib_cpp.metrics.pr_curve`. Without anomalous items the recall is 1, with an `UndefinedMetricWarning`;
    at given thresholds it is NaN then, and so is the precision where no score reaches the threshold.

    Examples
    --------
    >>> import torch
    >>> from anomalib_cpp.torchmetrics import BinaryPrecisionRecallCurve
    >>> metric = BinaryPrecisionRecallCurve(thresholds=3)
    >>> precision, recall, thresholds = metric(torch.tensor([0.1, 0.4, 0.3, 0.8]), torch.tensor([0, 0, 1, 1]))
    >>> precision, recall
    (tensor([0.5000, 1.0000,    nan, 1.0000]), tensor([1.0000, 0.5000, 0.0000, 0.0000]))
    >>> thresholds
    tensor([0.0000, 0.5000, 1.0000])
    """

    higher_is_better = None

    def compute(self) -> tuple[Any, Any, Any]:
        """Return precision, recall and thresholds, which ascend and lack the last point, (1, 0)."""
        precision, recall, thresholds = self._precision_recall()
        return self._result(precision), self._result(recall), thresholds

    def plot(self, curve: Any = None, score: Any = None, ax: Any = None) -> Any:  # type: ignore[override]
        """Plot a curve; `compute` gives it by default. ``score=True`` shows its area, a tensor is shown as it is."""
        precision, recall, thresholds = self.compute() if curve is None else curve
        return plotted(self, (recall, precision, thresholds), score, ax, ("Recall", "Precision"))
