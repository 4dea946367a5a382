"""Scores on other programs' scales, and what such a scale loses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import choice, number
from .._errors import InvalidInputError, InvalidTypeError
from .._records import Record
from ._arguments import argument

__all__ = ["NormalizedScores", "normalize_scores"]


@dataclass(frozen=True, repr=False, eq=False)
class NormalizedScores(Record):
    """Scores on a new scale.

    Attributes
    ----------
    scores : array of float32 or float64, shape of the scores, or list of such arrays
        On the new scale.
    new_ties : int
        Distinct scores that became equal to the one below them. Metrics of a ranking change where this is not 0.
    low, high : float
        Range that was mapped.
    threshold : float or None
        Score that was mapped to 0.5, with ``kind="anomalib"``.
    """

    scores: Any
    new_ties: int
    low: float
    high: float
    threshold: float | None


def normalize_scores(
    scores: Any,
    *,
    kind: str = "minmax",
    low: float | None = None,
    high: float | None = None,
    threshold: float | None = None,
) -> NormalizedScores:
    """Map scores to [0, 1] as other programs do, and count the ties that this makes.

    No metric of this package scales its scores, since rank metrics do not need it; this is for comparing with numbers
    that were computed from scaled scores, and for adding up the maps of several models.

    Parameters
    ----------
    scores : array of floats or integers of any shape, or list of (h, w) arrays
        Finite.
    kind : {"minmax", "anomalib"}, default "minmax"
        ``"minmax"``: ``(s - low) / (high - low)``, as patchcore-inspection and ADer do with all scores of a class.
        ``"anomalib"``: ``(s - threshold) / (high - low) + 0.5``, cut off at 0 and 1, as anomalib's post-processing does
        with range and threshold of the validation set. What lies far from the threshold ends up as tied.
    low, high : float, optional
        Range to map; by default that of `scores`.
    threshold : float, optional
        With ``"anomalib"``: the score that becomes 0.5, by default the middle of the range.

    Returns
    -------
    NormalizedScores
        ``scores`` in float64 for float64 and integers, else in float32; ``new_ties``, ``low``, ``high``,
        ``threshold``.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        For scores that are not finite numbers, an empty range, and a threshold that the kind does not have.

    Notes
    -----
    In the dtype of the result throughout. O(n log n) time, for counting ties.

    Examples
    --------
    >>> from anomalib_cpp.metrics import normalize_scores
    >>> scaled = normalize_scores([0.0, 0.1, 0.75, 0.8, 0.9], kind="anomalib", high=1, threshold=0.2)
    >>> scaled.scores.round(2).tolist(), scaled.new_ties
    ([0.3, 0.4, 1.0, 1.0, 1.0], 2)
    """
    choice(kind, "kind", ("minmax", "anomalib"))
    if threshold is not None and kind != "anomalib":
        raise InvalidInputError(f"threshold belongs to kind='anomalib'; got kind={kind!r}")
    given = argument(scores, "scores")
    images = given.data if isinstance(given.data, list) else [given.data]
    if given.size == 0:
        raise InvalidInputError("scores must have at least one value; got none")
    if images[0].dtype.kind not in "fui":
        raise InvalidTypeError(f"scores must hold numbers; got dtype {images[0].dtype}")
    dtype = np.float32 if images[0].dtype in (np.float16, np.float32) else np.float64
    data = [image.astype(dtype) for image in images]
    if not all(np.isfinite(image).all() for image in data):
        raise InvalidInputError("scores must be finite; got NaN or an infinity")
    ends = [
        dtype(found if end is None else number(end, name))
        for end, name, found in (
            (low, "low", min(image.min() for image in data)),
            (high, "high", max(image.max() for image in data)),
        )
    ]
    if not (np.isfinite(ends).all() and ends[0] < ends[1]):
        raise InvalidInputError(f"low must be below high, and both finite; got {float(ends[0]):g}, {float(ends[1]):g}")
    middle = None
    if kind == "anomalib":
        middle = (ends[0] + ends[1]) / dtype(2) if threshold is None else dtype(number(threshold, "threshold"))
        if not np.isfinite(middle):
            raise InvalidInputError(f"threshold must be finite; got {threshold!r}")
        scaled = [np.clip((image - middle) / (ends[1] - ends[0]) + dtype(0.5), 0, 1) for image in data]
    else:
        scaled = [(image - ends[0]) / (ends[1] - ends[0]) for image in data]
    lost = _distinct(data) - _distinct(scaled)
    results = [given.like_input(image) for image in scaled]
    return NormalizedScores(
        results if isinstance(given.data, list) else results[0],
        lost,
        float(ends[0]),
        float(ends[1]),
        None if middle is None else float(middle),
    )


def _distinct(images: list[NDArray[Any]]) -> int:
    return len(np.unique(np.concatenate([image.reshape(-1) for image in images])))
