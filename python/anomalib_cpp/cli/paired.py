"""Tests of two results that are about the same images."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._errors import InvalidInputError
from .results import Result

__all__ = ["NOTES", "TESTS", "Compared", "paired", "same_masks", "table"]

TESTS = ("wilcoxon", "ttest", "bootstrap")
NOTES = {
    "wilcoxon": "Wilcoxon signed-rank test of the overlaps of each defective image, two-sided; p: of no difference. "
    "Differences of at most 0.001 count as none.",
    "ttest": "Paired t test of the overlaps of each defective image, two-sided; p: of no difference.",
    "bootstrap": "Resampled images, the same for both; 95 % interval of the difference; p, two-sided: of none.",
}
_OF_IMAGES = ("auroc", "average_precision", "f1_max")
_OF_PIXELS = (*_OF_IMAGES, "aupro")


@dataclass(frozen=True)
class Compared:
    """One value of both results on the same images; the difference is B less A.

    Attributes
    ----------
    n_images : int
        Images that have it in both.
    a, b : float
        Means over the images, or the metric of them.
    low, high : float or None
        Of the difference.
    p : float
        Of no difference.
    """

    n_images: int
    a: float
    b: float
    low: float | None
    high: float | None
    p: float


def paired(a: Result, b: Result, test: str, resamples: int) -> dict[str, Compared]:
    """Test everything that both results say about the same images."""
    found = _resampled(a, b, resamples) if test == "bootstrap" else _tested(a, b, test)
    if not found:
        what = "scores of both classes" if test == "bootstrap" else "overlaps (metrics aupro or aupimo)"
        raise InvalidInputError(
            f"--paired {test} needs {what} of the same images in both results; evaluate --json keeps them"
        )
    return found


def _shared(a: Result, b: Result, name: str) -> tuple[list[int], NDArray[np.float64], NDArray[np.float64]]:
    """Labels and values of the images that have a finite value in both, in the order of `a`."""
    theirs = {image["name"]: image for image in b.images}
    pairs = []
    for image in a.images:
        other = theirs.get(image["name"])
        if other is None or name not in image or name not in other:
            continue
        if not (math.isfinite(image[name]) and math.isfinite(other[name])):
            continue
        if image["label"] != other["label"]:
            raise InvalidInputError(f"the image {image['name']!r} is anomalous in one result only: the data differ")
        pairs.append((image["label"], image[name], other[name]))
    columns = np.array(pairs, np.float64).reshape(-1, 3)
    return columns[:, 0].astype(int).tolist(), columns[:, 1], columns[:, 2]


def _tested(a: Result, b: Result, test: str) -> dict[str, Compared]:
    from ..metrics import compare_models_pairwise_ttest_rel, compare_models_pairwise_wilcoxon

    compare: Any = compare_models_pairwise_wilcoxon if test == "wilcoxon" else compare_models_pairwise_ttest_rel
    found = {}
    for name in ("aupro", "aupimo"):
        labels, one, two = _shared(a, b, name)
        if len(labels) < 2:
            continue
        _, confidences = compare({"A": one, "B": two}, alternative="two-sided", higher_is_better=True)
        p = 1 - confidences["A", "B"]
        found[name] = Compared(len(labels), float(one.mean()), float(two.mean()), None, None, p)
    return found


def _resampled(a: Result, b: Result, resamples: int) -> dict[str, Compared]:
    from ..metrics import image_report, pixel_report

    found: dict[str, Compared] = {}
    if a.pixels is not None and b.pixels is not None:
        (maps, masks), (others, _) = a.pixels, b.pixels
        if not same_masks(a, b):
            raise InvalidInputError("--paired bootstrap needs two states with the same masks; they differ")
        found = _bootstrapped("pixel", _OF_PIXELS, pixel_report, (maps, others), masks, resamples)
    labels, one, two = _shared(a, b, "score")
    if len(set(labels)) == 2:
        found = _bootstrapped("image", _OF_IMAGES, image_report, (one, two), np.array(labels), resamples) | found
    return found


def same_masks(a: Result, b: Result) -> bool:
    """Whether two states are about the same masks."""
    if a.pixels is None or b.pixels is None:
        return False
    masks, theirs = a.pixels[1], b.pixels[1]
    return len(masks) == len(theirs) and all(map(np.array_equal, masks, theirs))


def _bootstrapped(
    level: str, names: tuple[str, ...], report: Any, scores: tuple[Any, Any], labels: Any, resamples: int
) -> dict[str, Compared]:
    from ..metrics import bootstrap

    a, b = scores
    found = bootstrap(names, b, labels, paired_with=a, n_resamples=resamples)
    values = [report(side, labels, metrics=names) for side in scores]
    return {
        f"{level}_{name}": Compared(
            len(a), values[0][name], values[1][name], found[name].low, found[name].high, found[name].p_value
        )
        for name in names
    }


def table(found: dict[str, Compared], resamples: int) -> tuple[list[str], list[list[str]]]:
    """Return header and rows for people; so many resamples tell no smaller p than one of them."""
    intervals = any(one.low is not None for one in found.values())
    header = ["value", "images", "A", "B", "difference", *(["low", "high"] if intervals else []), "p"]
    rows = []
    for name, one in found.items():
        ends = [f"{end:+.4g}" for end in (one.low, one.high) if end is not None]
        cells = [name, str(one.n_images), f"{one.a:.4g}", f"{one.b:.4g}", f"{one.b - one.a:+.4g}", *ends]
        rows.append([*cells, f"<{2 / resamples:.1g}" if ends and one.p == 0 else f"{one.p:.3g}"])
    return header, rows
