"""The exact metrics of counts that were gathered in parts, with the bits of the engine's own.

The arithmetic is that of the C++ metrics step by step: integers up to one division, and Neumaier's sum where terms are
fractions.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_NAN = float("nan")
_LOW_BITS = 20  # ranks are below 2^41 and pixels below 2^32, so that sums of either half stay exact in 53 bits


class RegionPixels(NamedTuple):
    """The regions' pixels."""

    rank: NDArray[np.int64]  # per pixel: its place among the distinct scores, highest first
    region: NDArray[np.int64]
    areas: NDArray[np.int64]  # per region


class RankCounts(NamedTuple):
    """How each distinct anomalous score, highest first, ranks among the background's: what `_core.RankPairs` holds."""

    score: NDArray[np.float64]
    tp: NDArray[np.int64]
    above: NDArray[np.int64]  # background pixels with a higher score
    equal: NDArray[np.int64]  # and with this score
    negatives: int
    missing: int
    pixels: RegionPixels | None

    @property
    def positives(self) -> int:
        """Anomalous pixels."""
        return int(self.tp.sum())

    @property
    def regions(self) -> int:
        """Regions with at least one pixel."""
        return 0 if self.pixels is None else len(self.pixels.areas)

    def auroc(self, limit: float) -> float:
        """Area under the ROC curve up to a limit, divided by it."""
        if self.positives == 0 or self.negatives == 0:
            return _NAN
        inside, across = self._limit(limit)
        twice = 2 * self.above[:inside] + self.equal[:inside]
        high, low = twice >> _LOW_BITS, twice & ((1 << _LOW_BITS) - 1)
        rank = (int(high @ self.tp[:inside]) << _LOW_BITS) + int(low @ self.tp[:inside])
        crossing = int(self.tp[inside : inside + 1].sum())
        return self._share(rank, int(self.tp[:inside].sum()), crossing, across, self.positives, limit)

    def aupro(self, limit: float) -> float:
        """Mean over regions of the area under each one's coverage."""
        if self.pixels is None or self.regions == 0 or self.negatives == 0:
            return _NAN
        inside, across = self._limit(limit)
        rank, region, areas = self.pixels
        twice = 2 * self.above + self.equal
        within = rank < inside
        owner, ranks = region[within], twice[rank[within]]
        high, low = (
            np.bincount(owner, weights=part, minlength=len(areas)).astype(np.int64).tolist()
            for part in (ranks >> _LOW_BITS, ranks & ((1 << _LOW_BITS) - 1))
        )
        below = np.bincount(owner, minlength=len(areas)).tolist()
        crossing = np.bincount(region[rank == inside], minlength=len(areas)).tolist()
        scores = (
            self._share((h << _LOW_BITS) + w, b, c, across, area, limit)
            for h, w, b, c, area in zip(high, low, below, crossing, areas.tolist(), strict=True)
        )
        # Fixed point with 96 fractional bits, so that the order of the regions does not matter.
        return float(sum(int(score * 2.0**96) for score in scores)) / 2.0**96 / self.regions

    def _limit(self, limit: float) -> tuple[int, float]:
        """Scores that lie inside of the limit altogether, and the area of a pixel of the one that may cross it."""
        cut = limit * self.negatives
        inside = int(np.searchsorted(self.above + self.equal, cut, side="right"))
        if inside == len(self.score):
            return inside, 0.0
        height = cut - float(self.above[inside])
        return inside, height * height / (2 * float(self.equal[inside]) * self.negatives) if height > 0 else 0.0

    def _share(self, rank: int, below: int, crossing: int, across: float, total: int, limit: float) -> float:
        whole = 2 * self.negatives
        if limit == 1:
            return float(whole * below - rank) / float(whole * total)
        area = below * limit - float(rank) / (2 * float(self.negatives)) + crossing * across
        return min(max(area / (float(total) * limit), 0.0), 1.0)

    def average_precision(self) -> float:
        """Sum of precision times gain in recall."""
        return self._precisions(np.zeros(0))

    def aupr_trapezoid(self) -> float:
        """Area under straight lines between the points of the precision-recall curve."""
        before = np.cumsum(self.tp) - self.tp
        return self._precisions(_precision(before, self.above))

    def _precisions(self, start: NDArray[np.float64]) -> float:
        if self.positives == 0:
            return _NAN
        best = _precision(np.cumsum(self.tp), self.above + self.equal)
        gain = self.tp.astype(np.float64)
        return _compensated(gain * (start + best) / 2 if len(start) else gain * best) / self.positives

    def f1_max(self) -> tuple[float, float, float, float, float]:
        """Best F1, its lowest threshold, precision and recall there, and the best IoU."""
        if self.positives == 0:
            return _NAN, _NAN, _NAN, _NAN, _NAN
        tp, fp, p = np.cumsum(self.tp), self.above + self.equal, self.positives
        near = tp / (p + tp + fp)
        candidates = np.flatnonzero(near >= near.max() * (1 - 1e-12)).tolist()
        at = max(candidates, key=lambda i: (Fraction(int(tp[i]), p + int(tp[i]) + int(fp[i])), i))
        t, f = int(tp[at]), int(fp[at])
        precision = float(_precision(tp[at : at + 1], fp[at : at + 1])[0])
        return 2 * float(t) / float(p + t + f), float(self.score[at]), precision, t / p, t / (p + f)

    def fpr_at_tpr(self, rate: float, method: str) -> tuple[float, float]:
        """Find the false positive rate at the highest threshold that reaches a true positive rate."""
        assert method == "step"
        if self.positives == 0 or self.negatives == 0:
            return _NAN, _NAN
        at = int(np.searchsorted(np.cumsum(self.tp), math.ceil(rate * self.positives - 1e-9)))
        return float(self.above[at] + self.equal[at]) / self.negatives, float(self.score[at])


def _precision(tp: NDArray[np.int64], fp: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.where(tp == 0, np.where(fp == 0, 1.0, 0.0), tp / np.maximum(tp + fp, 1))


def _compensated(terms: NDArray[np.float64]) -> float:
    """Neumaier's sum of terms >= 0, in their order."""
    after = np.cumsum(terms)  # adds one after the other
    before = np.concatenate([[0.0], after[:-1]])
    lost = np.where(before < terms, (terms - after) + before, (before - after) + terms)
    return float(after[-1] + np.cumsum(lost)[-1])
