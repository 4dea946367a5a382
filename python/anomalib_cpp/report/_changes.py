"""What two results say differently about the same images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._evaluation_rows import ROWS, VALUES, best_threshold, shown_number, verdict
from ._sides import Side

if TYPE_CHECKING:
    from ..cli.results import Result

__all__ = ["Change", "Pair", "change_tables", "changes", "shared_images", "truth_of"]

Pair = tuple[dict[str, Any], dict[str, Any]]  # what A and what B say about an image


@dataclass(frozen=True, eq=False)
class Change:
    """One value of the images that have it in both results, the largest change first.

    Attributes
    ----------
    value : str
        ``"aupro"``, ``"aupimo"`` or ``"score"``.
    images : list of pairs of dict
    moved : array of float64, shape (n,)
        By how much B is above A; of scores, their ranks: scores of two detectors have no common unit.
    ranks : array of float64, shape (2, n), or None
        Of the scores in A and in B, 1 the highest.
    """

    value: str
    images: list[Pair]
    moved: NDArray[np.float64]
    ranks: NDArray[np.float64] | None = None


def shared_images(a: Result, b: Result) -> list[Pair]:
    """Return what both say about the images that both have, in the order of `a`."""
    theirs = {image["name"]: image for image in b.images}
    return [(image, theirs[image["name"]]) for image in a.images if image["name"] in theirs]


def changes(a: Result, b: Result) -> list[Change]:
    """Return how the overlaps, and the scores, of the same images differ."""
    shared = shared_images(a, b)
    overlap = next((value for value in ("aupro", "aupimo") if _with(shared, value)), None)
    found = [] if overlap is None else [_of_overlaps(overlap, _with(shared, overlap))]
    scored = _with(shared, "score")
    return [*found, _of_scores(scored)] if scored else found


def _with(shared: list[Pair], value: str) -> list[Pair]:
    """Images that have a finite value in both."""
    return [pair for pair in shared if all(math.isfinite(image.get(value, math.nan)) for image in pair)]


def _of_overlaps(value: str, images: list[Pair]) -> Change:
    moved = np.array([b[value] - a[value] for a, b in images], np.float64)
    order = np.argsort(-np.abs(moved), kind="stable")
    return Change(value, [images[i] for i in order], moved[order])


def _of_scores(images: list[Pair]) -> Change:
    ranks = np.stack([_ranks(np.array([pair[side]["score"] for pair in images])) for side in (0, 1)])
    moved = ranks[1] - ranks[0]
    order = np.argsort(-np.abs(moved), kind="stable")
    return Change("score", [images[i] for i in order], moved[order], ranks[:, order])


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the highest value 1; equal values share their mean rank."""
    _, at, counts = np.unique(-values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    mean: NDArray[np.float64] = (last - counts + 1 + last) / 2
    return mean[at]


def change_tables(sides: Sequence[Side]) -> list[dict[str, Any]]:
    """Return the tables of the images that the two results see most differently."""
    a, b = sides
    return [_table(a, b, change) for change in changes(a.result, b.result)]


def _table(a: Side, b: Side, change: Change) -> dict[str, Any]:
    name, ranked = VALUES[change.value], change.ranks is not None
    thresholds = [best_threshold(side.result) for side in (a, b)] if ranked else []
    judged = [at for at in thresholds if at is not None]
    rows = []
    for i, pair in enumerate(change.images[:ROWS]):
        cells = [truth_of(pair), *(shown_number(image[change.value]) for image in pair)]
        if change.ranks is not None:
            cells += [f"{rank:g}" for rank in change.ranks[:, i]]
        cells.append(f"{change.moved[i]:+.4g}")
        if len(judged) == 2:
            cells += [verdict(image, at) for image, at in zip(pair, judged, strict=True)]
        rows.append((pair[0]["name"], cells))
    both = (a.name, b.name)
    header = ["truth", *(f"{name} {side}" for side in both), *(f"rank {side}" for side in both if ranked)]
    header += ["difference of ranks" if ranked else "difference"]
    header += [f"verdict {side}" for side in both if len(judged) == 2]
    title = f"Largest changes of {'the rank of the score' if ranked else name}"
    note = "; the highest score has rank 1" if ranked else ""
    return {"title": title, "header": header, "rows": rows, "total": len(change.images), "note": note}


def truth_of(pair: Pair) -> str:
    """Say whether an image is anomalous, if both results agree about that."""
    a, b = (image["label"] for image in pair)
    return "differs" if a != b else "anomalous" if a else "normal"
