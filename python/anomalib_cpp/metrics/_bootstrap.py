"""Confidence intervals by resampling images, on counts that are made once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import choice, fraction, integer, number
from .._config import threads_or_default
from .._errors import InvalidInputError
from .._resampling import generator, summary
from ._counting import by_image
from ._inputs import Options, counts, options
from ._values import chosen

__all__ = ["bootstrap"]

_METRICS = ("auroc", "average_precision", "f1_max", "aupro")
_AT_ONCE = 1 << 22  # weights


def bootstrap(
    metrics: str | Sequence[str],
    scores: Any,
    labels: Any,
    *,
    n_resamples: int = 10_000,
    paired_with: Any = None,
    confidence: float = 0.95,
    method: str = "percentile",
    integration_limit: float = 0.3,
    connectivity: int = 8,
    random_state: int | np.random.Generator | str | None = None,
    nan_policy: str | None = None,
    threads: int | None = None,
) -> Any:
    """Estimate how much metrics would vary with other images: intervals from resampled data sets.

    A resample draws as many images as there are, with replacement; pixels of one image stay together. Of image-level
    scores every score is an image.

    Parameters
    ----------
    metrics : {"auroc", "average_precision", "f1_max", "aupro"} or sequence of them
        What to estimate. ``"aupro"`` needs maps.
    scores : array of shape (n,), (n, 1), (n, h, w) or (n, 1, h, w), or list of (h, w) maps
        As in :func:`auroc`; at least two images.
    labels : array or list
        As in :func:`auroc`.
    n_resamples : int >= 1, default 10000
        Resampled data sets. Those without an anomalous or a normal pixel are left out, with a warning.
    paired_with : array or list, optional
        Scores of another detector for the same images: both are evaluated on the same resamples, and the result is
        about the difference, `scores` less `paired_with`.
    confidence : float in (0, 1), default 0.95
        Of the interval.
    method : {"percentile", "bca"}, default "percentile"
        Quantiles of the resamples; or the same, corrected for bias and acceleration (BCa), which needs one more
        evaluation per image.
    integration_limit, connectivity
        Of ``"aupro"``.
    random_state : int, numpy.random.Generator, "entropy" or None, default None
        Seed of the resamples; None means 0.
    nan_policy : {"raise", "omit"}, optional
        As in :func:`auroc`.
    threads : int, optional
        Upper bound; the result does not depend on it.

    Returns
    -------
    BootstrapResult, or dict of str to BootstrapResult
        One for a name, a dict for a sequence of names.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`aupro`; for fewer than two images, options out of range, resampled data sets of 2^31 pixels.

    Notes
    -----
    Scores are sorted once, image by image; a resample is a weighted sum over the structure of ranks, 16 of them at a
    time. Values of resamples are those of the functions on the resampled data up to the rounding of float64 sums.
    O(n log n) time once, O(n) at most per resample; 8 bytes a pixel at most.

    References
    ----------
    B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap", 1993.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.metrics import bootstrap
    >>> rng = np.random.default_rng(0)
    >>> labels = np.arange(100) % 2
    >>> result = bootstrap("auroc", rng.normal(labels), labels, n_resamples=2000)
    >>> round(result.low, 2), round(result.value, 2), round(result.high, 2)
    (0.73, 0.81, 0.88)
    """
    opts = options(nan_policy, None, threads)
    if opts.nan_policy == "propagate":
        raise InvalidInputError("nan_policy must be one of 'raise', 'omit' for resamples; got 'propagate'")
    names = chosen(metrics, _METRICS)
    size = integer(n_resamples, "n_resamples", 1)
    level = number(confidence, "confidence")
    if not 0 < level < 1:
        raise InvalidInputError(f"confidence must lie in (0, 1); got {confidence!r}")
    choice(method, "method", ("percentile", "bca"))
    limit = fraction(integration_limit, "integration_limit")
    connected = int(choice(connectivity, "connectivity", (4, 8)))
    rng = generator(random_state)

    detectors = [_slots(scores, labels, "scores", "aupro" in names, connected, opts)]
    if paired_with is not None:
        detectors.append(_slots(paired_with, labels, "paired_with", "aupro" in names, connected, opts))
    images = detectors[0].images
    if images < 2:
        raise InvalidInputError(f"scores must hold at least two images to resample; got {images}")
    if any(slots.images != images for slots in detectors):
        raise InvalidInputError("paired_with must hold as many images as scores")
    team = threads_or_default(opts.threads)

    value = _differences(detectors, np.ones((1, images)), limit, team)
    resamples = _resampled(detectors, rng, size, limit, team)
    left_out = _differences(detectors, 1 - np.eye(images), limit, team) if method == "bca" else None
    results = {}
    for name in names:
        at = _METRICS.index(name)
        results[name] = summary(
            float(value[at, 0]),
            resamples[at],
            None if left_out is None else left_out[at],
            level,
            name,
            paired_with is not None,
        )
    return results[names[0]] if isinstance(metrics, str) else results


def _slots(scores: Any, labels: Any, name: str, maps: bool, connectivity: int, opts: Options) -> Any:
    found, _ = counts(scores, labels, opts, by_image(connectivity), names=(name, "labels"), images=maps)
    return found


def _differences(detectors: list[Any], weights: NDArray[np.float64], limit: float, team: int) -> NDArray[np.float64]:
    """Every metric under every weighting, less that of the second detector if there is one."""
    first, *second = (np.array(slots.reweighted(weights, limit, team)) for slots in detectors)
    return first - second[0] if second else first


def _resampled(
    detectors: list[Any], rng: np.random.Generator, size: int, limit: float, team: int
) -> NDArray[np.float64]:
    images = detectors[0].images
    at_once = max(16, _AT_ONCE // images // 16 * 16)
    parts = []
    for begin in range(0, size, at_once):
        draws = rng.multinomial(images, np.full(images, 1 / images), size=min(at_once, size - begin))
        parts.append(_differences(detectors, draws.astype(np.float64), limit, team))
    return np.concatenate(parts, axis=1)
