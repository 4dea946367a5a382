"""Metrics for the training loop: torchmetrics' classes by their own names, computed by our exact counts.

Replace ``from torchmetrics.classification import BinaryAUROC`` by
``from anomalib_cpp.torchmetrics import BinaryAUROC``. All classes are `torchmetrics.Metric`: `update`, `compute`,
`forward`, `reset`, `merge_state`, `MetricCollection` and the synchronisation of several processes work as usual. Needs
the packages torch and torchmetrics. What differs from torchmetrics 1.9:

- Scores are ranked as they are. torchmetrics applies a sigmoid to each batch that has a score outside [0, 1], which
  reorders scores between batches and ties large ones; ``normalization="sigmoid_per_batch"`` does the same, to reproduce
  its numbers.
- NaN scores raise an error; torchmetrics ranks them highest.
- Counts are integers and areas float64, rounded once to the dtype of the metric: that of `set_dtype`, else the default
  dtype of torch. Scores keep the dtype they came in.
- `max_fpr` outside (0, 1] is refused, and in binned mode also a `max_fpr` that no two neighbouring thresholds enclose;
  torchmetrics reads past the ends of its curve there.
- A missing class gives torchmetrics' value, with an `UndefinedMetricWarning`.
- Errors about arguments are `InvalidInputError`, a `ValueError`. Labels other than 0 and 1 are one, unless
  ``validate_args=False``; torchmetrics raises RuntimeError for them, and its `BinaryAUROC` takes them for 0.
- `BinaryF1Max` and `BinaryAUPRO` have no counterpart in torchmetrics.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from ._checks import as_integer, choice, flag, fraction
from ._errors import InvalidInputError, UndefinedMetricWarning
from .metrics._inputs import Options, counts

try:
    import torch
    from torchmetrics import Metric
    from torchmetrics.utilities.distributed import gather_all_tensors
    from torchmetrics.utilities.plot import plot_curve
except ImportError as error:
    raise ImportError(
        f'anomalib_cpp.torchmetrics needs torch and torchmetrics: pip install "torchmetrics" ({error})'
    ) from error

__all__ = [
    "BinaryAUPRO",
    "BinaryAUROC",
    "BinaryAveragePrecision",
    "BinaryF1Max",
    "BinaryPrecisionRecallCurve",
    "BinaryROC",
]

_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_EMPTY = {  # what a process without data contributes
    "preds": torch.empty(0, dtype=torch.float32),
    "target": torch.empty(0, dtype=torch.uint8),
    "shapes": torch.empty(0, dtype=torch.int64),
}


class _Collected(Metric):  # type: ignore[misc]
    """Keeps the scores and labels of all updates: in one dimension, so that processes can join theirs."""

    is_differentiable = False
    full_state_update = False
    higher_is_better: bool | None = True
    plot_lower_bound = 0.0
    plot_upper_bound = 1.0

    preds: Any  # a list of tensors; one tensor while synchronised
    target: Any

    def __init__(self, ignore_index: int | None, validate_args: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if ignore_index is not None and as_integer(ignore_index) is None:
            raise InvalidInputError(f"ignore_index must be None or an integer; got {ignore_index!r}")
        self.ignore_index = ignore_index
        self.validate_args = flag(validate_args, "validate_args")

    def _collect(self) -> None:
        self.add_state("preds", default=[], dist_reduce_fx="cat")
        self.add_state("target", default=[], dist_reduce_fx="cat")

    def _joined(self, name: str) -> Any:
        state = getattr(self, name)
        if isinstance(state, torch.Tensor):
            return state
        if not state:
            raise InvalidInputError(f"{type(self).__name__} has no data yet: call update before compute")
        return torch.cat(state)

    def _result(self, value: Any) -> Any:
        """Return numbers as a tensor of the metric's dtype and device."""
        return torch.as_tensor(value, dtype=self.dtype).to(self.device)

    def _checked(self, target: Any) -> Any:
        """Return labels as uint8, 1 where anomalous."""
        if self.validate_args:
            others = target[(target != 0) & (target != 1)]
            if others.numel():
                allowed = "0 and 1" if self.ignore_index is None else f"0, 1 and ignore_index={self.ignore_index}"
                raise InvalidInputError(f"target must hold {allowed} only; got {torch.unique(others)[:5].tolist()}")
        return (target == 1).to(torch.uint8)

    def plot(self, val: Any = None, ax: Any = None) -> Any:
        """Plot one value or several; `compute` gives it by default. Returns figure and axes."""
        return self._plot(val, ax)

    def _sync_dist(self, dist_sync_fn: Callable[..., Any] = gather_all_tensors, process_group: Any = None) -> None:
        """Join the data of all processes, which may have none or scores of different dtypes."""
        names = [name for name in self._defaults if name in _EMPTY]
        for name in names:
            setattr(self, name, [torch.cat(getattr(self, name) or [_EMPTY[name].to(self.device)])])
        if names:
            wide = torch.tensor([self.preds[0].dtype == torch.float64], dtype=torch.uint8, device=self.device)
            gathered = dist_sync_fn(wide, group=process_group or self.process_group)
            common = torch.float64 if any(bool(part.any()) for part in gathered) else torch.float32
            self.preds = [self.preds[0].to(common)]
        super()._sync_dist(dist_sync_fn, process_group=process_group)

    def _apply(self, fn: Callable[..., Any], exclude_state: Any = ()) -> Any:
        """Move the states to another device, but keep their dtypes: labels and counts are whole, scores as given."""
        super()._apply(fn, exclude_state=tuple(self._defaults))
        for name, default in self._defaults.items():
            self._defaults[name] = _moved(default, fn)
            setattr(self, name, _moved(getattr(self, name), fn))
        return self


class _Ranking(_Collected):
    """Metrics of scores and labels of any shape, exact or at given thresholds."""

    confmat: Any

    def __init__(
        self,
        thresholds: Any = None,
        ignore_index: int | None = None,
        validate_args: bool = True,
        normalization: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(ignore_index, validate_args, **kwargs)
        self.normalization = choice(normalization, "normalization", (None, "sigmoid_per_batch"))
        levels = _thresholds(thresholds)
        if levels is None:
            self.thresholds = None
            self._collect()
        else:
            self.register_buffer("thresholds", levels, persistent=False)
            empty = torch.zeros(len(levels), 2, 2, dtype=torch.int64)
            self.add_state("confmat", default=empty, dist_reduce_fx="sum")

    def update(self, preds: Any, target: Any) -> None:
        """Add scores and their labels.

        Parameters
        ----------
        preds : torch.Tensor of float16, bfloat16, float32 or float64, any shape
            Higher means more anomalous. Kept without a copy where possible: do not overwrite it.
        target : torch.Tensor of bool or integers, the shape of `preds`
            1 is anomalous, 0 normal.
        """
        _check_pair(preds, target)
        preds, target = preds.detach().flatten(), target.detach().flatten()
        if self.ignore_index is not None:
            kept = target != self.ignore_index
            preds, target = preds[kept], target[kept]
        labels = self._checked(target)
        if self.normalization == "sigmoid_per_batch" and bool(((preds < 0) | (preds > 1)).any()):
            preds = preds.sigmoid()
        if self.thresholds is None:
            self.preds.append(preds)
            self.target.append(labels)
        else:
            self.confmat += _confusion(preds, labels, self.thresholds)

    def _count(self, *, levels: bool = False) -> Any:
        preds, target = self._joined("preds").cpu(), self._joined("target").cpu()
        if not preds.numel():
            raise InvalidInputError(f"{type(self).__name__} has no data: every label equals ignore_index, or none came")
        found, _ = counts(preds, target, Options("raise", "nan", None), names=("preds", "target"), levels=levels)
        return found

    def _as_scores(self, thresholds: Any) -> Any:
        """Return thresholds in the dtype of the scores, which holds them exactly."""
        state = self.preds if isinstance(self.preds, torch.Tensor) else torch.cat([part[:0] for part in self.preds])
        return torch.as_tensor(thresholds, dtype=torch.float64).to(state.dtype).to(self.device)

    def _roc(self) -> tuple[Any, Any, Any]:
        """Return false and true positive rates as float64 on the CPU, and thresholds, descending."""
        if self.thresholds is not None:
            table = self.confmat.cpu().double().flip(0)
            false, true = table[:, 0], table[:, 1]
            return _ratio(false[:, 1], false.sum(1)), _ratio(true[:, 1], true.sum(1)), self.thresholds.flip(0)
        found = self._count(levels=True)
        fpr, tpr, thresholds = found.roc_curve(False)
        if not found.negatives:
            _warn("the false positive rate is undefined and set to zero: no label is 0", 2)
            fpr[:] = 0
        if not found.positives:
            _warn("the true positive rate is undefined and set to zero: no label is 1", 2)
            tpr[:] = 0
        thresholds[0] = 1
        return torch.from_numpy(fpr), torch.from_numpy(tpr), self._as_scores(thresholds)

    def _precision_recall(self) -> tuple[Any, Any, Any]:
        """Return precision and recall as float64 on the CPU, and thresholds, ascending."""
        if self.thresholds is not None:
            table = self.confmat.cpu().double()
            true = table[:, 1, 1]
            nan = float("nan")
            precision, recall = _ratio(true, table[:, :, 1].sum(1), nan), _ratio(true, table[:, 1].sum(1), nan)
            return (
                torch.cat([precision, precision.new_ones(1)]),
                torch.cat([recall, recall.new_zeros(1)]),
                self.thresholds,
            )
        found = self._count(levels=True)
        recall, precision, thresholds = found.pr_curve()
        if not found.positives:
            _warn("recall is undefined and set to one: no label is 1", 2)
            recall[:-1] = 1
        return torch.from_numpy(precision), torch.from_numpy(recall), self._as_scores(thresholds[:-1])


class BinaryAUROC(_Ranking):
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
            area = _area_up_to(fpr, tpr, limit) if partial else float(torch.trapezoid(tpr, fpr))
            return self._result(_mcclish(area, limit) if partial else area)
        found = self._count()
        if not found.positives or not found.negatives:
            _warn(f"BinaryAUROC is undefined and set to zero: no label is {0 if found.positives else 1}")
            return self._result(0.0)
        area = found.auroc(limit)
        return self._result(area if limit == 1 else _mcclish(area * limit, limit))


class BinaryAveragePrecision(_Ranking):
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
            _warn("BinaryAveragePrecision is undefined and set to zero: no label is 1")
            return self._result(0.0)
        return self._result(found.average_precision())


class BinaryROC(_Ranking):
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
        return _plotted(self, (fpr, tpr, thresholds), score, ax, ("False positive rate", "True positive rate"))


class BinaryPrecisionRecallCurve(_Ranking):
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
        return _plotted(self, (recall, precision, thresholds), score, ax, ("Recall", "Precision"))


class BinaryF1Max(_Ranking):
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
        self.threshold = self._as_scores(threshold)
        if not found.positives:
            _warn("BinaryF1Max is undefined and set to zero: no label is 1")
            value = 0.0
        return self._result(value)


class BinaryAUPRO(_Collected):
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

    shapes: Any  # (images, height, width) of each update, one after another

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
        preds, target = _images(preds, "preds"), _images(target, "target")
        _check_pair(preds, target)
        if self.ignore_index is not None:
            ignored = target == self.ignore_index
            if bool((preds.isnan() & ~ignored).any()):
                raise InvalidInputError("preds contains NaN at pixels that are not ignored")
            preds, target = preds.masked_fill(ignored, float("nan")), target.masked_fill(ignored, 0)
        self.preds.append(preds.flatten())
        self.target.append(self._checked(target).flatten())
        self.shapes.append(torch.tensor(preds.shape, dtype=torch.int64, device=preds.device))

    def compute(self) -> Any:
        """Return the area, a tensor without dimensions."""
        preds, target = self._joined("preds").cpu(), self._joined("target").cpu()
        sizes = [(h, w) for n, h, w in self._joined("shapes").reshape(-1, 3).tolist() for _ in range(n)]
        if not preds.numel():
            raise InvalidInputError("BinaryAUPRO has no data: no pixel came")
        maps: Any
        masks: Any
        if len(set(sizes)) == 1:
            maps, masks = preds.reshape(-1, *sizes[0]), target.reshape(-1, *sizes[0])
        else:
            areas = [h * w for h, w in sizes]
            maps, masks = (
                [part.reshape(size) for part, size in zip(values.split(areas), sizes, strict=True)]
                for values in (preds, target)
            )
        opts = Options("raise" if self.ignore_index is None else "omit", "nan", None)
        found, _ = counts(maps, masks, opts, names=("preds", "target"), connectivity=self.connectivity, images=True)
        if not found.regions or not found.negatives:
            _warn(f"BinaryAUPRO is undefined and set to zero: no label is {0 if found.regions else 1}")
            return self._result(0.0)
        return self._result(found.aupro(self.fpr_limit))


def _warn(message: str, depth: int = 1) -> None:
    """Warn the caller of a metric's method, `depth` frames up and wrapped by torchmetrics."""
    warnings.warn(message, UndefinedMetricWarning, stacklevel=depth + 3)


def _plotted(metric: Any, curve: tuple[Any, Any, Any], score: Any, ax: Any, axes: tuple[str, str]) -> Any:
    if score is True:
        score = torch.trapezoid(curve[1], curve[0]).abs()
    shown = score if isinstance(score, torch.Tensor) else None
    return plot_curve(curve, score=shown, ax=ax, label_names=axes, name=type(metric).__name__)


def _moved(state: Any, fn: Callable[..., Any]) -> Any:
    """Return a state on the device to which `fn` brings tensors."""
    if isinstance(state, list):
        return [_moved(part, fn) for part in state]
    return state.to(fn(state.new_empty(0)).device)


def _check_pair(preds: Any, target: Any) -> None:
    for value, name in ((preds, "preds"), (target, "target")):
        if not isinstance(value, torch.Tensor):
            raise InvalidInputError(f"{name} must be a torch.Tensor; got {type(value).__name__}")
    if preds.shape != target.shape:
        raise InvalidInputError(
            f"preds and target must have the same shape; got {tuple(preds.shape)} and {tuple(target.shape)}"
        )
    if preds.dtype not in _FLOATS:
        raise InvalidInputError(f"preds must be float16, bfloat16, float32 or float64; got {preds.dtype}")
    if target.is_floating_point() or target.is_complex():
        raise InvalidInputError(f"target must hold integers or booleans; got {target.dtype}")


def _images(value: Any, name: str) -> Any:
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


def _thresholds(value: Any) -> Any:
    """Return thresholds as a tensor; None for None."""
    if value is None:
        return None
    number = as_integer(value) if not isinstance(value, torch.Tensor) else None
    if number is not None and number >= 2:
        return torch.linspace(0, 1, number)
    if isinstance(value, torch.Tensor) and value.ndim == 1 and value.numel() and not bool(value.isnan().any()):
        return value.detach().clone()
    if isinstance(value, list) and value and all(isinstance(t, float) and 0 <= t <= 1 for t in value):
        return torch.tensor(value)
    raise InvalidInputError(
        f"thresholds must be None, an integer >= 2, a list of floats in [0, 1] or a 1-d tensor; got {value!r}"
    )


def _confusion(preds: Any, labels: Any, thresholds: Any) -> Any:
    """Count [[true negative, false positive], [false negative, true positive]] at each threshold, in one pass."""
    if bool(preds.isnan().any()):
        raise InvalidInputError(f"preds contains {int(preds.isnan().sum())} NaN")
    common = torch.promote_types(preds.dtype, thresholds.dtype)
    levels, order = thresholds.to(common).sort()
    reached = torch.bucketize(preds.to(common), levels, right=True)  # as many thresholds does a score reach
    n = len(levels) + 1
    table = torch.bincount(reached + n * labels.long(), minlength=2 * n).reshape(2, n)
    above = table.flip(1).cumsum(1).flip(1)[:, 1:]
    counted = torch.stack([table.sum(1, keepdim=True) - above, above], dim=2)  # (label, threshold, predicted)
    result = torch.empty_like(counted.transpose(0, 1))
    result[order] = counted.transpose(0, 1)
    return result


def _ratio(part: Any, whole: Any, empty: float = 0.0) -> Any:
    return torch.where(whole != 0, part / whole, torch.full_like(part, empty))


def _mcclish(area: float, limit: float) -> float:
    """Rescale the area up to `limit` so that chance gives 0.5."""
    return 0.5 * (1 + (area - limit**2 / 2) / (limit - limit**2 / 2))


def _area_up_to(fpr: Any, tpr: Any, limit: float) -> float:
    """Area under the lines between points of ascending `fpr`, up to `limit`."""
    stop = int(torch.searchsorted(fpr.contiguous(), limit, right=True))
    if not 0 < stop < len(fpr) or bool((fpr.diff() < 0).any()):
        raise InvalidInputError(
            f"max_fpr must lie between the false positive rates of two thresholds, and thresholds must ascend; "
            f"got {limit}, with rates from {float(fpr[0]):.6g} to {float(fpr[-1]):.6g}"
        )
    share = (limit - fpr[stop - 1]) / (fpr[stop] - fpr[stop - 1])
    height = tpr[stop - 1] + share * (tpr[stop] - tpr[stop - 1])
    return float(
        torch.trapezoid(torch.cat([tpr[:stop], height[None]]), torch.cat([fpr[:stop], torch.tensor([limit]).to(fpr)]))
    )
