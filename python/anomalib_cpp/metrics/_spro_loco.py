"""The saturated overlap at the thresholds of the official MVTec LOCO evaluation, which refines a coarse curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._errors import InvalidInputError
from ._polylines import area_up_to

__all__ = ["refined_scores"]

FIRST_THRESHOLDS = 50
BEYOND = 1e-6  # how far the outer thresholds lie beyond the scores
ROUNDS = 10
FEWEST, MOST = 20, 100  # new thresholds of a round
DISTANCE = 1e-3  # between neighbours on the curve
AREA = DISTANCE**2 / 4  # of the triangle over two neighbours: the curve is monotone and stays inside


def refined_scores(levels: Any, defects: Sequence[NDArray[Any]], limits: Sequence[float]) -> NDArray[np.float64]:
    """Each defect's share of the area up to each limit, divided by the limit, on the refined curve.

    Parameters
    ----------
    levels : _core.Levels
        Of all pixels, those of defects being the positive ones.
    defects : sequence of arrays
        The highest scores of each defect, as many as it asks for, ascending.
    limits : sequence of floats in (0, 1]

    Returns
    -------
    array of float64, shape (len(limits), len(defects))

    Raises
    ------
    InvalidInputError
        For infinite scores: thresholds are spaced evenly between scores.
    """
    rates, found, scores = levels.roc_curve(False)
    rising = np.ascontiguousarray(scores[::-1])  # or every search would copy it
    ordered = [defect.astype(np.float64) for defect in defects]

    def curve(thresholds: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the false positive rate and each defect's share of scores above each threshold."""
        level = len(rising) - np.searchsorted(rising, thresholds, side="right") - 1
        counted = [len(defect) - np.searchsorted(defect, thresholds, side="right") for defect in ordered]
        return rates[level], np.array([n / len(defect) for n, defect in zip(counted, ordered, strict=True)])

    reaching = np.rint(rates * levels.negatives + found * levels.positives)  # how many scores reach each threshold
    thresholds = _first(scores, reaching)
    x, shares = curve(thresholds)
    for _ in range(ROUNDS):
        new = _between(thresholds, x, shares.mean(axis=0))
        if not new:
            break
        thresholds = np.unique(np.concatenate([thresholds, *new]))[::-1]
        x, shares = curve(thresholds)
    return np.array([[area_up_to(x, y, limit) / limit for y in shares] for limit in limits])


def _first(scores: NDArray[np.float64], reaching: NDArray[np.float64]) -> NDArray[np.float64]:
    """Thresholds beyond all scores, and at scores of evenly spaced ranks; falling."""
    low, high = scores[-1], scores[1]
    last = reaching[-1] - 1
    ranks = np.linspace(0, last, FIRST_THRESHOLDS, dtype=np.int64)[1:-1]
    inner = scores[np.searchsorted(reaching, last - ranks, side="right")]
    outer = [max(high + BEYOND, np.nextafter(high, np.inf)), min(low - BEYOND, np.nextafter(low, -np.inf))]
    if not np.isfinite(outer).all():
        raise InvalidInputError(f"maps must be finite for variant='loco'; got scores from {low:g} to {high:g}")
    return np.unique(np.concatenate([outer, inner]))[::-1]


def _between(
    thresholds: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    """Thresholds inside the intervals over which the curve goes farthest."""
    dx, dy = np.diff(x), np.diff(y)
    distance = np.hypot(dx, dy)
    far = np.flatnonzero((distance > DISTANCE) & (dx * dy / 2 > AREA))
    far = far[np.argsort(-distance[far], kind="stable")][:MOST]
    spare, left = max(FEWEST - len(far), 0), float(distance[far].sum())
    new = []
    for i in far:  # the farthest first, each with its share of the spare ones
        more = round(distance[i] / left * spare)
        new.append(np.linspace(thresholds[i], thresholds[i + 1], more + 3)[1:-1])
        spare, left = spare - more, left - distance[i]
    return new
