"""What all metrics share: their data, which processes can join, and their results."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torchmetrics import Metric
from torchmetrics.utilities.distributed import gather_all_tensors
from torchmetrics.utilities.plot import plot_curve

from .._checks import as_integer, flag
from .._errors import AnomalibCppError, InvalidInputError, UndefinedMetricWarning
from ..metrics._inputs import caller_depth

__all__ = ["Collected", "Stated", "check_pair", "plotted", "warn"]

_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_EMPTY = {  # what a process without data contributes
    "preds": torch.empty(0, dtype=torch.float32),
    "target": torch.empty(0, dtype=torch.uint8),
    "shapes": torch.empty(0, dtype=torch.int64),
    "per_sample": torch.empty(0, dtype=torch.int64),
}


class Stated(Metric):  # type: ignore[misc]
    """Keeps its data in tensors that move between devices, but never change their dtype."""

    is_differentiable = False
    full_state_update = False
    higher_is_better: bool | None = True
    plot_lower_bound: float | None = 0.0
    plot_upper_bound: float | None = 1.0

    scores: tuple[str, ...] = ()  # states that hold scores, whose dtype may differ between processes

    def __init__(self, ignore_index: int | None = None, validate_args: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if ignore_index is not None and as_integer(ignore_index) is None:
            raise InvalidInputError(f"ignore_index must be None or an integer; got {ignore_index!r}")
        self.ignore_index = ignore_index
        self.validate_args = flag(validate_args, "validate_args")

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
        for name in self._defaults:
            if name in _EMPTY:
                setattr(self, name, [torch.cat(getattr(self, name) or [_EMPTY[name].to(self.device)])])
        if self.scores:
            first = _tensor(getattr(self, self.scores[0]))
            wide = torch.tensor([first.dtype == torch.float64], dtype=torch.uint8, device=self.device)
            gathered = dist_sync_fn(wide, group=process_group or self.process_group)
            common = torch.float64 if any(bool(part.any()) for part in gathered) else torch.float32
            for name in self.scores:
                state = getattr(self, name)
                widened = _tensor(state).to(common)
                setattr(self, name, [widened] if isinstance(state, list) else widened)
        super()._sync_dist(dist_sync_fn, process_group=process_group)

    def _apply(self, fn: Callable[..., Any], exclude_state: Any = ()) -> Any:
        """Move the states to another device, but keep their dtypes: labels and counts are whole, scores as given."""
        super()._apply(fn, exclude_state=tuple(self._defaults))
        for name, default in self._defaults.items():
            self._defaults[name] = _moved(default, fn)
            setattr(self, name, _moved(getattr(self, name), fn))
        return self


class Collected(Stated):
    """Keeps the scores and labels of all updates: in one dimension, so that processes can join theirs."""

    no_data: type[AnomalibCppError] = InvalidInputError

    preds: Any  # a list of tensors; one tensor while synchronised
    target: Any

    def _collect(self) -> None:
        self.scores = ("preds",)
        self.add_state("preds", default=[], dist_reduce_fx="cat")
        self.add_state("target", default=[], dist_reduce_fx="cat")

    def _joined(self, name: str) -> Any:
        state = getattr(self, name)
        if isinstance(state, torch.Tensor):
            return state
        if not state:
            raise self.no_data(f"{type(self).__name__} has no data yet: call update before compute")
        return torch.cat(state)


def warn(message: str) -> None:
    """Warn whoever called a method of a metric."""
    warnings.warn(message, UndefinedMetricWarning, stacklevel=caller_depth())


def plotted(metric: Any, curve: tuple[Any, Any, Any], score: Any, ax: Any, axes: tuple[str, str]) -> Any:
    """Plot a curve with torchmetrics' means."""
    if score is True:
        score = torch.trapezoid(curve[1], curve[0]).abs()
    shown = score if isinstance(score, torch.Tensor) else None
    return plot_curve(curve, score=shown, ax=ax, label_names=axes, name=type(metric).__name__)


def check_pair(preds: Any, target: Any, *, flags: bool = False) -> None:
    """Refuse what cannot be scores and their labels; with `flags`, decisions may take the place of scores."""
    for value, name in ((preds, "preds"), (target, "target")):
        if not isinstance(value, torch.Tensor):
            raise InvalidInputError(f"{name} must be a torch.Tensor; got {type(value).__name__}")
    if preds.shape != target.shape:
        raise InvalidInputError(
            f"preds and target must have the same shape; got {tuple(preds.shape)} and {tuple(target.shape)}"
        )
    if preds.dtype not in _FLOATS and (not flags or preds.is_complex()):
        also = ", or hold integers or booleans" if flags else ""
        raise InvalidInputError(f"preds must be float16, bfloat16, float32 or float64{also}; got {preds.dtype}")
    if target.is_floating_point() or target.is_complex():
        raise InvalidInputError(f"target must hold integers or booleans; got {target.dtype}")


def _tensor(state: Any) -> Any:
    return state[0] if isinstance(state, list) else state


def _moved(state: Any, fn: Callable[..., Any]) -> Any:
    """Return a state on the device to which `fn` brings tensors."""
    if isinstance(state, list):
        return [_moved(part, fn) for part in state]
    return state.to(fn(state.new_empty(0)).device)
