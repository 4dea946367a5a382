"""What a false positive rate that normal images share divides by: their number and their sizes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._errors import InvalidTypeError

_WHOLE = 1 << 62  # what an image is worth


def worth(pixels: int) -> int:
    """Return what each of so many pixels is worth, so that all images are worth the same.

    Rounded down: the share of a pixel is short by less than ``pixels / 2^62`` of itself.
    """
    return _WHOLE // pixels


def is_anomalous(image: NDArray[Any], marked: NDArray[np.bool_]) -> bool:
    """Tell whether one of the marked pixels has a score."""
    if not marked.any():
        return False
    return image.dtype.kind != "f" or not bool(np.isnan(image[marked]).all())


def by_kind(pairs: Iterable[tuple[NDArray[Any], NDArray[np.bool_]]]) -> dict[int, tuple[list[Any], list[Any]]]:
    """Group images and their masks: normal ones under their number of pixels, anomalous ones under 0."""
    groups: dict[int, tuple[list[Any], list[Any]]] = {}
    for image, mask in pairs:
        group = groups.setdefault(0 if is_anomalous(image, mask) else image.size, ([], []))
        group[0].append(image)
        group[1].append(mask)
    return groups


class ImageSizes:
    """Images by their number of pixels, and the highest score of the normal ones."""

    def __init__(self) -> None:
        self.normal: dict[int, int] = {}  # size -> images
        self.anomalous: dict[int, int] = {}
        self.highest = -math.inf
        self.at_highest: dict[int, int] = {}  # size -> pixels with the highest score

    def add(self, image: NDArray[Any], marked: NDArray[np.bool_]) -> None:
        """Count an image with its anomalous pixels."""
        kind = self.anomalous if is_anomalous(image, marked) else self.normal
        _increase(kind, image.size, 1)
        if kind is self.anomalous:
            return
        scores = image[~marked] if marked.any() else image
        if scores.dtype.kind == "f" and np.isnan(scores.max(initial=-math.inf)):
            scores = scores[~np.isnan(scores)]
        if scores.size == 0:
            return
        top = scores.max()
        if top.item() != float(top):
            raise InvalidTypeError(f"maps must hold integers of at most 2^53 here; got {image.dtype} beyond that")
        if top >= self.highest:
            self._add_highest(float(top), {image.size: int(np.count_nonzero(scores == top))})

    def _add_highest(self, score: float, pixels: dict[int, int]) -> None:
        if score > self.highest:
            self.highest, self.at_highest = score, {}
        if score == self.highest:
            for size, number in pixels.items():
                _increase(self.at_highest, size, number)

    def merge(self, other: ImageSizes) -> None:
        """Add the images of another table."""
        for mine, theirs in ((self.normal, other.normal), (self.anomalous, other.anomalous)):
            for size, number in theirs.items():
                _increase(mine, size, number)
        self._add_highest(other.highest, other.at_highest)

    @property
    def n_normal(self) -> int:
        """Normal images."""
        return sum(self.normal.values())

    @property
    def n_anomalous(self) -> int:
        """Anomalous images."""
        return sum(self.anomalous.values())

    @property
    def n_pixels(self) -> int:
        """Pixels of all images."""
        return sum(size * number for part in (self.normal, self.anomalous) for size, number in part.items())

    @property
    def largest(self) -> int:
        """Pixels of the largest image."""
        return max((*self.normal, *self.anomalous), default=0)

    @property
    def normal_worth(self) -> int:
        """What all pixels of normal images are worth."""
        return sum(number * size * worth(size) for size, number in self.normal.items())

    @property
    def smallest_rate(self) -> float:
        """Rate of the highest score of the normal images."""
        return float(shared_rate(self.at_highest, self.n_normal))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as arrays."""
        parts = self.normal, self.anomalous, self.at_highest
        rows = [[size, *(part.get(size, 0) for part in parts)] for size in sorted({*self.normal, *self.anomalous})]
        return {
            "image_sizes": np.array(rows, np.int64).reshape(-1, 4),
            "highest_normal": np.array([self.highest], np.float64),
        }

    @classmethod
    def from_arrays(cls, table: NDArray[np.int64], highest: float) -> ImageSizes:
        """Make a table of its arrays, which must be possible."""
        sizes, normal, anomalous, top = table.T
        possible = (
            (np.diff(sizes, prepend=0) > 0).all()
            and (sizes <= _WHOLE).all()
            and (table >= 0).all()
            and (normal + anomalous > 0).all()
            and (top <= normal * sizes).all()
            and highest == highest
        )
        if not possible:
            raise ValueError("image_sizes must ascend, with possible numbers of images and pixels")
        made = cls()
        made.highest = highest
        parts = (made.normal, normal), (made.anomalous, anomalous), (made.at_highest, top)
        for counts, column in parts:
            counts.update({int(size): int(number) for size, number in zip(sizes, column, strict=True) if number})
        return made


def shared_rate(pixels: dict[int, Any], images: int) -> Any:
    """Return the mean over normal images of each one's share, from pixels by size; summed as the engine sums."""
    rate: Any = 0.0
    for size in sorted(pixels):
        rate = rate + pixels[size] / (float(images) * float(size))
    return rate


def _increase(table: dict[int, int], size: int, number: int) -> None:
    table[size] = table.get(size, 0) + number
