"""A box plot of per-image scores, with an image for each of its values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import locate
from .._checks import choice, integer
from .._errors import InvalidInputError, InvalidTypeError
from ._per_image import read_tolerance, read_vector, require_finite, single_column

__all__ = ["per_image_scores_stats"]


def per_image_scores_stats(
    scores: Any,
    *,
    classes: Any = None,
    only_class: int | None = None,
    outliers_policy: str | None = "none",
    repeated_policy: str | None = "avoid",
    repeated_replacement_atol: float = 0.01,
) -> list[dict[str, Any]]:
    """Summarise per-image scores by a box plot, and name an image whose score stands for each of its values.

    The values are the mean, the median, both quartiles (linear interpolation), both whiskers and, where asked for,
    the outliers. A whisker ends at the last score within 1.5 interquartile ranges of its quartile [1]_, and at the
    quartile itself where that score lies inside the box. Outliers are the scores beyond the whiskers.

    Parameters
    ----------
    scores : array of real numbers, shape (n,) or (n, 1)
        One score per image, for example `AupimoResult.scores`; finite for the images that are used.
    classes : array of bool or integers, shape (n,) or (n, 1), optional
        Class of each image.
    only_class : int, optional
        Use the images of this class only. Takes effect together with `classes`; one without the other uses all.
    outliers_policy : {"none", "hi", "lo", "both"} or None, default "none"
        Which outliers are listed: none of them, those above the median, those below, or all.
    repeated_policy : {"avoid", "none"} or None, default "avoid"
        Whether a value whose nearest image stands for a lower value already takes another image.
    repeated_replacement_atol : float >= 0, default 0.01
        How far from the value that other image's score may lie, beside a relative 1e-5 of the value. Where no unused
        image is that near, the nearest one is named again.

    Returns
    -------
    list of dict
        ``stat_name`` ("mean", "med", "q1", "q3", "whislo", "whishi", "outlo_000000", ..., "outhi_000000", ...),
        ``stat_value``, ``image_idx`` (position in `scores`) and ``score`` of that image; by ascending score, then
        ascending value. Of images equally near, the first is taken.

    Raises
    ------
    InvalidInputError
        For other shapes, no image of the class, NaN or infinite scores among the images used, unknown policies, or a
        negative tolerance.
    InvalidTypeError
        For scores that are not real numbers, or classes that are not integers.

    Notes
    -----
    O(n log n + n m) time for m values, O(n) extra memory.

    References
    ----------
    .. [1] J. W. Tukey, "Exploratory Data Analysis", 1977.

    Examples
    --------
    >>> from anomalib_cpp.metrics import per_image_scores_stats
    >>> for stat in per_image_scores_stats([0.5, 0.1, 0.9, 0.7, 0.3]):
    ...     print(stat["stat_name"], round(stat["stat_value"], 3), stat["image_idx"])
    whislo 0.1 1
    q1 0.3 4
    mean 0.5 0
    med 0.5 0
    q3 0.7 3
    whishi 0.9 2
    """
    outliers = choice(outliers_policy, "outliers_policy", ("none", "hi", "lo", "both", None))
    avoid = choice(repeated_policy, "repeated_policy", ("avoid", "none", None)) == "avoid"
    atol = read_tolerance(repeated_replacement_atol, "repeated_replacement_atol")
    values = read_vector(scores, "scores")
    images = _images_of_class(classes, only_class, len(values))
    chosen = values[images]
    require_finite(chosen, "scores", images)

    picks = []
    used = np.zeros(len(chosen), bool)
    for name, value in sorted(_box_plot(chosen, outliers), key=lambda stat: stat[1]):
        distance = np.abs(chosen - value)
        at = int(distance.argmin())
        if avoid and used[at]:
            free = ~used & (distance <= atol + 1e-5 * abs(value))
            at = int(np.where(free, distance, np.inf).argmin()) if free.any() else at
        used[at] = True
        picks.append({"stat_name": name, "stat_value": value, "image_idx": int(images[at]), "score": float(chosen[at])})
    return sorted(picks, key=lambda pick: pick["score"])


def _images_of_class(classes: Any, only_class: Any, n: int) -> NDArray[np.intp]:
    """Positions of the images to use."""
    if n == 0:
        raise InvalidInputError("scores is empty")
    wanted = None
    if only_class is not None:
        wanted = int(only_class) if isinstance(only_class, (bool, np.bool_)) else integer(only_class, "only_class")
    if classes is None:
        return np.arange(n)
    kinds = single_column(locate(classes, "classes").data, "classes")
    if kinds.dtype.kind not in "biu":
        raise InvalidTypeError(f"classes must hold integers; got dtype {kinds.dtype}")
    if len(kinds) != n:
        raise InvalidInputError(f"classes has shape ({len(kinds)},) but scores has shape ({n},)")
    if wanted is None:
        return np.arange(n)
    images = np.flatnonzero(kinds == wanted)
    if len(images) == 0:
        raise InvalidInputError(f"only_class must occur in classes; got {wanted}")
    return images


def _box_plot(chosen: NDArray[np.float64], outliers: str | None) -> list[tuple[str, float]]:
    q1, med, q3 = (float(value) for value in np.percentile(chosen, (25, 50, 75)))
    reach = 1.5 * (q3 - q1)
    low = min(float(chosen[chosen >= q1 - reach].min()), q1)
    high = max(float(chosen[chosen <= q3 + reach].max()), q3)
    stats = [("mean", float(chosen.mean())), ("med", med), ("q1", q1), ("q3", q3), ("whislo", low), ("whishi", high)]
    for side, beyond in (("lo", chosen < low), ("hi", chosen > high)):
        if outliers in (side, "both"):
            stats += [(f"out{side}_{i:06d}", float(value)) for i, value in enumerate(chosen[beyond])]
    return stats
