"""Scores and labels of any shape, and their curves: exact, or at given thresholds."""

from __future__ import annotations

from typing import Any

import torch

from .._checks import as_integer, choice
from .._errors import InvalidInputError
from ..metrics._counting import PAIRS, Count, score_levels
from ..metrics._inputs import Options, counts
from ._states import Collected, check_pair, warn

__all__ = ["Ranking", "ratio"]


class Ranking(Collected):
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
        check_pair(preds, target)
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

    def _pair(self) -> tuple[Any, Any]:
        """Return all scores and their labels, on the CPU."""
        preds, target = self._joined("preds").cpu(), self._joined("target").cpu()
        if not preds.numel():
            raise InvalidInputError(f"{type(self).__name__} has no data: every label equals ignore_index, or none came")
        return preds, target

    def _count(self, count: Count = PAIRS) -> Any:
        preds, target = self._pair()
        found, _ = counts(preds, target, Options("raise", "nan", None), count, names=("preds", "target"))
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
            return ratio(false[:, 1], false.sum(1)), ratio(true[:, 1], true.sum(1)), self.thresholds.flip(0)
        found = self._count(score_levels())
        fpr, tpr, thresholds = found.roc_curve(False)
        if not found.negatives:
            warn("the false positive rate is undefined and set to zero: no label is 0")
            fpr[:] = 0
        if not found.positives:
            warn("the true positive rate is undefined and set to zero: no label is 1")
            tpr[:] = 0
        thresholds[0] = 1
        return torch.from_numpy(fpr), torch.from_numpy(tpr), self._as_scores(thresholds)

    def _precision_recall(self) -> tuple[Any, Any, Any]:
        """Return precision and recall as float64 on the CPU, and thresholds, ascending."""
        if self.thresholds is not None:
            table = self.confmat.cpu().double()
            true = table[:, 1, 1]
            nan = float("nan")
            precision, recall = ratio(true, table[:, :, 1].sum(1), nan), ratio(true, table[:, 1].sum(1), nan)
            return (
                torch.cat([precision, precision.new_ones(1)]),
                torch.cat([recall, recall.new_zeros(1)]),
                self.thresholds,
            )
        found = self._count(score_levels())
        recall, precision, thresholds = found.pr_curve()
        if not found.positives:
            warn("recall is undefined and set to one: no label is 1")
            recall[:-1] = 1
        return torch.from_numpy(precision), torch.from_numpy(recall), self._as_scores(thresholds[:-1])


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


def ratio(part: Any, whole: Any, empty: float = 0.0) -> Any:
    """Divide; `empty` where there is nothing to divide by."""
    return torch.where(whole != 0, part / whole, torch.full_like(part, empty))
