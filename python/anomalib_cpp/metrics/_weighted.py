"""Counts of samples that weigh differently: sums of weights in the place of numbers of samples."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._arrays import locate
from .._errors import InvalidInputError
from ._arguments import argument, binary, flat
from ._counting import PAIRS, TOTALS, Count
from ._inputs import Options, counts
from ._polylines import area_up_to


class WeightedLevels(NamedTuple):
    """Weight that reaches each distinct score, highest first: what `_core.Levels` holds for equal weights."""

    tp: NDArray[np.float64]
    fp: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    missing: int

    @property
    def positives(self) -> float:
        """Weight of the anomalous samples."""
        return float(self.tp[-1]) if len(self.tp) else 0.0

    @property
    def negatives(self) -> float:
        """Weight of the normal samples."""
        return float(self.fp[-1]) if len(self.fp) else 0.0

    def roc_curve(self, drop_collinear: bool) -> tuple[NDArray[np.float64], ...]:
        """Rates at every distinct score; NaN for a class without weight."""
        tp, fp, thresholds = self.tp, self.fp, self.thresholds
        if drop_collinear and len(tp) > 2:
            bends = np.concatenate([[True], (np.diff(fp, 2) != 0) | (np.diff(tp, 2) != 0), [True]])
            tp, fp, thresholds = tp[bends], fp[bends], thresholds[bends]
        tp, fp = (np.concatenate([[0.0], reached]) for reached in (tp, fp))
        return _share(fp, self.negatives), _share(tp, self.positives), np.concatenate([[np.inf], thresholds])

    def pr_curve(self) -> tuple[NDArray[np.float64], ...]:
        """Recall and precision at every distinct score, lowest first, and the point without a threshold."""
        recall = np.append(_share(self.tp, self.positives)[::-1], 0.0)
        precision = np.append(self._precision()[::-1], 1.0)
        return recall, precision, np.append(self.thresholds[::-1], np.inf)

    def auroc(self, limit: float) -> float:
        """Area under the ROC curve up to a false positive rate, divided by it; NaN for a class without weight."""
        fpr, tpr, _ = self.roc_curve(False)
        return area_up_to(fpr, tpr, limit) / limit if self.positives and self.negatives else float("nan")

    def average_precision(self) -> float:
        """Precision times gain in recall; NaN without an anomalous sample."""
        if not self.positives:
            return float("nan")
        return float((np.diff(self.tp, prepend=0.0) * self._precision()).sum() / self.positives)

    def _precision(self) -> NDArray[np.float64]:
        return self.tp / (self.tp + self.fp)  # every level has some weight


def _share(reached: NDArray[np.float64], total: float) -> NDArray[np.float64]:
    return reached / total if total else np.full_like(reached, np.nan)


def weighted_counts(
    scores: Any,
    labels: Any,
    sample_weight: Any,
    opts: Options,
    count: Count = PAIRS,
    *,
    names: tuple[str, str] = ("scores", "labels"),
    keep_order: bool = False,
) -> tuple[Any, Any]:
    """Count samples as :func:`counts` does; by weight, unless all weigh the same.

    Samples without weight count as absent, so that they make no point of a curve. Tied samples are added up in the
    order of their weights, so that sums do not depend on the order of the samples; with `keep_order` as they come.
    """
    if sample_weight is None:
        return counts(scores, labels, opts, count, names=names)
    weights = locate(sample_weight, "sample_weight").data.astype(np.float64)
    equal = weights.size == 0 or weights.min() == weights.max() > 0
    found, given = counts(scores, labels, opts, count if equal else TOTALS, names=names, samples=True)
    values, truth = (flat(argument(value, name)).data for value, name in zip((scores, labels), names, strict=True))
    weights = weights.reshape(-1) if weights.shape == (len(values), 1) else weights
    if weights.shape != values.shape:
        raise InvalidInputError(
            f"sample_weight must have shape {values.shape}, as {names[0]}; got shape {weights.shape}"
        )
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise InvalidInputError(
            f"sample_weight must be finite and not negative; got values from {weights.min()} to {weights.max()}"
        )
    if equal:
        return found, given
    with np.errstate(over="ignore"):
        if not np.isfinite(weights.sum()):
            raise InvalidInputError(f"sample_weight must have a finite sum; got values up to {weights.max()}")
    if opts.ignore is not None:
        truth, weights = np.where(truth == opts.ignore, 0, truth), np.where(truth == opts.ignore, 0, weights)
    present = weights > 0
    if values.dtype.kind == "f":
        present &= ~np.isnan(values)
    marked = binary(truth, names[1])
    kept = np.flatnonzero(present)
    if not keep_order:
        kept = kept[np.argsort(weights[kept])]
    values = values[kept]
    order = len(values) - 1 - np.argsort(values[::-1], kind="stable")[::-1]  # falling scores, ties as they come
    values, weights, marked = values[order], weights[kept][order], marked[kept][order]
    last = np.flatnonzero(np.append(values[1:] != values[:-1], [True] * bool(len(values))))
    tp, fp = (np.cumsum(np.where(mine, weights, 0.0))[last] for mine in (marked, ~marked))
    return WeightedLevels(tp, fp, values[last].astype(np.float64), found.missing), given
