"""Thresholds that are picked from scores and labels, and what is gained at them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ..metrics import pbn, pgn
from ..metrics._arguments import refuse_nan
from ..metrics._pickers import _rate
from ._ranking import Ranking, ratio
from ._states import warn

__all__ = ["BinaryF1Max", "F1AdaptiveThreshold", "PBn", "PGn"]


class BinaryF1Max(Ranking):
    """Best F1 score over all thresholds.

    Parameters
    ----------
    ignore_index, validate_args, normalization, **kwargs
        As in :class:`BinaryAUROC`.

    Attributes
    ----------
    threshold : torch.Tensor without dimensions, or None
        Of the last `compute`: the lowest score that reaches the F1 score. None before.

    Raises
    ------
    InvalidInputError
        As in :class:`BinaryAUROC`.

    Notes
    -----
    As :func:`anomalib_cpp.metrics.f1_max`. Without anomalous items the value is 0, with an `UndefinedMetricWarning`.

    Examples
    --------
    >>> import torch
    >>> from anomalib_cpp.torchmetrics import BinaryF1Max
    >>> metric = BinaryF1Max()
    >>> metric(torch.tensor([0.1, 0.4, 0.35, 0.8]), torch.tensor([0, 0, 1, 1])), metric.threshold
    (tensor(0.8000), tensor(0.3500))
    """

    def __init__(
        self,
        ignore_index: int | None = None,
        validate_args: bool = True,
        normalization: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(None, ignore_index, validate_args, normalization, **kwargs)
        self.threshold: Any = None

    def compute(self) -> Any:
        """Return the F1 score, a tensor without dimensions, and set `threshold`."""
        found = self._count()
        value, threshold = found.f1_max()[:2]
        if not found.positives:
            warn(f"{type(self).__name__} is undefined and set to zero: no label is 1")
            value, threshold = 0.0, float(self._joined("preds").min())
        self.threshold = self._as_scores(threshold)
        return self._result(value)


class F1AdaptiveThreshold(Ranking):
    """Lowest threshold with the best F1 score.

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
    As :func:`anomalib_cpp.metrics.f1_adaptive_threshold`. Where nothing is anomalous, the highest score (or the last of
    the given thresholds); where all is, the lowest score (or the first); both with an `UndefinedMetricWarning`.

    Examples
    --------
    >>> import torch
    >>> from anomalib_cpp.torchmetrics import F1AdaptiveThreshold
    >>> F1AdaptiveThreshold()(torch.tensor([2.3, 1.6, 2.6, 7.9, 3.3]), torch.tensor([0, 0, 0, 1, 1]))
    tensor(3.3000)
    """

    higher_is_better = None
    plot_lower_bound = None
    plot_upper_bound = None

    def compute(self) -> Any:
        """Return the threshold, a tensor without dimensions, in the dtype of the scores or of `thresholds`."""
        if self.thresholds is not None:
            table = self.confmat.cpu()
            errors, true = table[:, 0, 1] + table[:, 1, 0], table[:, 1, 1]
            normal, anomalous = (int(total) for total in table[0].sum(1))
            picked = self.thresholds[torch.argmax(ratio(2 * true.double(), 2 * true.double() + errors))]
            lowest, highest, what = self.thresholds[0], self.thresholds[-1], "threshold"
        else:
            found = self._count()
            normal, anomalous = found.negatives, found.positives
            scores = self._joined("preds")
            picked = self._as_scores(found.f1_max()[1])
            lowest, highest, what = scores.min(), scores.max(), "score"
        if anomalous and normal:
            return picked
        end = "lowest" if anomalous else "highest"
        warn(f"{type(self).__name__} has no label {0 if anomalous else 1} to go by and takes the {end} {what}")
        return lowest if anomalous else highest


class _Presorted(Ranking):
    """A share of one class beyond a quantile of the other, at the rate of the attribute `rate_name`."""

    rate_name: str
    share: Callable[..., float]

    def __init__(self, rate: float, ignore_index: int | None, validate_args: bool, **kwargs: Any) -> None:
        super().__init__(None, ignore_index, validate_args, None, **kwargs)
        setattr(self, self.rate_name, float(_rate(rate, self.rate_name)))

    def compute(self) -> Any:
        """Return the share, a tensor without dimensions."""
        preds, target = self._pair()
        scores = preds if preds.dtype == torch.float64 else preds.float()
        refuse_nan(scores.numpy(), "preds", "raise")
        rate = {self.rate_name: getattr(self, self.rate_name)}
        return self._result(self.share(scores, target, **rate, nan_policy="raise"))


class PGn(_Presorted):
    """Presorted good: share of the normal items below the `fnr` quantile of the anomalous ones.

    Parameters
    ----------
    fnr : float in [0, 1], default 0.05
        False negative rate.
    ignore_index, validate_args, **kwargs
        As in :class:`BinaryAUROC`.

    Raises
    ------
    InvalidInputError
        As in :class:`BinaryAUROC`; at `compute` where a class is missing.

    Notes
    -----
    As :func:`anomalib_cpp.metrics.pgn`.

    Examples
    --------
    >>> import torch
    >>> from anomalib_cpp.torchmetrics import PGn
    >>> PGn(fnr=0.2)(torch.tensor([0.1, 0.4, 0.35, 0.8]), torch.tensor([0, 0, 1, 1]))
    tensor(1.)
    """

    rate_name = "fnr"
    share = staticmethod(pgn)
    fnr: float

    def __init__(
        self, fnr: float = 0.05, ignore_index: int | None = None, validate_args: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(fnr, ignore_index, validate_args, **kwargs)


class PBn(_Presorted):
    """Presorted bad: share of the anomalous items above the ``1 - fpr`` quantile of the normal ones.

    Parameters
    ----------
    fpr : float in [0, 1], default 0.05
        False positive rate.
    ignore_index, validate_args, **kwargs
        As in :class:`BinaryAUROC`.

    Raises
    ------
    InvalidInputError
        As in :class:`PGn`.

    Notes
    -----
    As :func:`anomalib_cpp.metrics.pbn`.

    Examples
    --------
    >>> import torch
    >>> from anomalib_cpp.torchmetrics import PBn
    >>> PBn(fpr=0.2)(torch.tensor([0.1, 0.4, 0.35, 0.8]), torch.tensor([0, 0, 1, 1]))
    tensor(1.)
    """

    rate_name = "fpr"
    share = staticmethod(pbn)
    fpr: float

    def __init__(
        self, fpr: float = 0.05, ignore_index: int | None = None, validate_args: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(fpr, ignore_index, validate_args, **kwargs)
