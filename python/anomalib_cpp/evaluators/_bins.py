"""Counts in bins as an accumulator holds them: their range, their rows, their curves, and the images of a state."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import number_pair
from .._errors import FormatError, InvalidInputError
from ..metrics import Curve
from ..metrics._image_sizes import ImageSizes
from ..metrics._pimo_intervals import ROWS
from ._protocol import part


def checked_range(value: Any) -> tuple[float, float]:
    """Return the lowest and the highest score to expect."""
    low, high = number_pair(value, "score_range", "lowest, highest")
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise InvalidInputError(f"score_range must be finite and ascend; got {value!r}")
    return low, high


def rows_of(weighted: bool, per_image: bool) -> int:
    """Return the number of rows: anomalous and normal pixels, the mass of regions, what images add."""
    return 2 + 2 * weighted + ROWS * per_image


def curves_of(counts: NDArray[np.int64], edges: NDArray[np.float64], *, weighted: bool) -> dict[str, Curve]:
    """Return curves with a point for each edge, thresholds falling; none where a class is missing."""
    thresholds = np.concatenate([[np.inf], edges[::-1], [-np.inf]])
    counted = np.cumsum(np.pad(counts[:, ::-1], ((0, 0), (1, 0))), axis=1)
    tp, fp = counted[:2]
    if fp[-1] == 0 or tp[-1] == 0:
        return {}
    precision = np.where(tp + fp > 0, tp / np.maximum(tp + fp, 1), 1.0)
    curves = {
        "roc": Curve(fp / fp[-1], tp / tp[-1], thresholds),
        "pr": Curve(tp / tp[-1], precision, thresholds),
    }
    if weighted:
        mass = counted[2] * 2.0**31 + counted[3]
        curves["pro"] = Curve(fp / fp[-1], mass / mass[-1], thresholds)
    return curves


def images_of(parts: dict[str, Any], counts: NDArray[np.int64]) -> ImageSizes:
    """Read the images of a state, which must fit its counts."""
    highest = part(parts, "highest_normal", np.float64, (1,))
    images = ImageSizes.from_arrays(part(parts, "image_sizes", np.int64, (None, 4)), float(highest[0]))
    limbs = [int(row.sum()) for row in counts[-ROWS:]]
    share, normal = (high * 2**31 + low for high, low in (limbs[:2], limbs[2:]))
    fits = (
        images.n_pixels == int(counts[:2].sum())
        and normal == images.normal_worth
        and (share > 0) == (images.n_anomalous > 0) == bool(counts[0].any())
    )
    if not fits:
        raise FormatError("state must hold images that fit its counts")
    return images
