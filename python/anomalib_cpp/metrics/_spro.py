"""Saturated overlap of defects that need not be covered whole."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import as_integer, choice, fraction, number
from .._errors import InvalidInputError, InvalidTypeError, UndefinedMetricWarning
from ._counting import rank_pairs, score_levels
from ._inputs import argument, counts, defined, options, propagates
from ._results import SproResult
from ._spro_loco import refined_scores

__all__ = ["spro"]


def spro(
    maps: Any,
    channels: Sequence[Any],
    saturation: Sequence[Any],
    *,
    integration_limit: Any = 0.05,
    variant: str = "exact",
    nan_policy: str | None = None,
    undefined: str | float | None = None,
    threads: int | None = None,
) -> SproResult:
    """Area under the saturated per-region overlap curve (MVTec LOCO) up to a false positive rate, divided by that rate.

    Every channel is one defect. At a threshold it is found to the share of its `saturation` pixels that are found, at
    most 1; sPRO is the mean over all defects. The false positive rate is that of the pixels that are normal in every
    channel of their image. Every distinct score is a threshold, and the curve is interpolated linearly at the limit.

    Parameters
    ----------
    maps : array of float16, bfloat16, float32, float64, (u)int8..64, or list of (h, w) arrays
        Anomaly maps, shape (n, h, w) or (n, 1, h, w), or (h, w) for one image; higher means more anomalous.
    channels : sequence of n arrays of bool or integers, shape (c_i, h, w) or (h, w), or None
        Masks of each image's defects; None or no channel for a normal image. Nonzero is anomalous. Channels may
        overlap.
    saturation : sequence of n sequences of c_i numbers, or n None
        What each defect asks for: an integer is a number of pixels, a float in (0, 1] a share of the defect's pixels
        (rounded down, at least one). Numbers above the defect's size stand for its size.
    integration_limit : float or sequence of floats in (0, 1], default 0.05
        Largest false positive rate. A sequence gives one area each.
    variant : {"exact", "loco"}, default "exact"
        ``"loco"`` looks at the curve at the thresholds that the official evaluation refines, where a pixel is found if
        its score lies above the threshold.
    nan_policy, undefined, threads
        As in :func:`aupro`.

    Returns
    -------
    SproResult
        ``value``, one number for each limit, and the scores of the single defects.

    Raises
    ------
    InvalidInputError
        As in :func:`aupro`; for a different number of images, empty channels, saturations out of range.
    InvalidTypeError
        As in :func:`aupro`.

    Notes
    -----
    With saturations equal to the sizes of connected regions this is :func:`aupro`. O(n + P log P) time, O(P) extra
    memory.

    ``"loco"`` starts from 50 thresholds: 48 scores at evenly spaced ranks, and 1e-6 beyond the highest and the lowest
    score. In each of at most 10 rounds it puts 20 to 100 new ones between neighbours that lie more than 1e-3 apart on
    the curve, unless the triangle over them is no larger than a quarter of 1e-3 squared. The result differs from the
    exact one by about 1e-3 at most. Above ten million scores the official code takes the ranks within a random sample;
    here they are always those of all scores, so that results repeat. The curve that is refined is that of the maps
    given, where the official code refines that of structural and logical anomalies together. This needs a sort of all
    scores, which must be finite.

    References
    ----------
    P. Bergmann et al., "Beyond Dents and Scratches: Logical Constraints in Unsupervised Anomaly Detection and
    Localization", International Journal of Computer Vision 130, 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.metrics import spro
    >>> maps = np.array([[[3.0, 2.0, 0.0, 1.0]]])
    >>> channel = np.array([[[1, 0, 1, 0]]])  # two places where a part may lie; one is enough
    >>> float(spro(maps, [channel], [[1]], integration_limit=1.0))
    1.0
    """
    opts = options(nan_policy, undefined, threads)
    choice(variant, "variant", ("exact", "loco"))
    single = np.ndim(integration_limit) == 0
    limits = [fraction(limit, "integration_limit") for limit in ([integration_limit] if single else integration_limit)]
    if not limits:
        raise InvalidInputError("integration_limit must be a number or a sequence of at least one number; got none")
    given = argument(maps, "maps")
    images = _images(given.data)
    for value, name in ((channels, "channels"), (saturation, "saturation")):
        if len(value) != len(images):
            raise InvalidInputError(f"{name} must have one entry for each of the {len(images)} maps; got {len(value)}")
    layers = [_layers(channels[i], image.shape, i) for i, image in enumerate(images)]
    unions = [of_image.any(axis=0) for of_image in layers]
    exact = variant == "exact"
    count = rank_pairs(8) if exact else score_levels()
    found, _ = counts(images, unions, opts, count, names=("maps", "channels"), images=True)

    defects, wanted, where, areas = [], [], [], []  # of each defect's pixels the ranks, or the scores
    for i, (image, of_image, union) in enumerate(zip(images, layers, unions, strict=True)):
        asked = [] if saturation[i] is None else list(saturation[i])
        if len(asked) != len(of_image):
            raise InvalidInputError(
                f"saturation[{i}] must have one number for each of the {len(of_image)} channels; got {len(asked)}"
            )
        if not len(of_image):
            continue
        has_score = ~np.isnan(image) if image.dtype.kind == "f" else np.ones(image.shape, bool)
        pixels = union & has_score
        values = found.image_ranks(i) if exact else image[pixels]
        for c, layer in enumerate(of_image):
            mine = values[layer[pixels]]
            if len(mine) == 0:
                continue  # every pixel of it lacks a score
            defects.append(mine)
            wanted.append(_pixels_asked_for(asked[c], len(mine), f"saturation[{i}][{c}]"))
            where.append(i)
            areas.append(len(mine))
    result = {
        "defect_images": np.array(where, np.int64),
        "defect_areas": np.array(areas, np.int64),
        "saturation": np.array(wanted, np.int64),
    }
    shape = (len(limits), len(defects))
    if propagates(found, opts):
        values, scores = np.full(len(limits), np.nan), np.full(shape, np.nan)
    elif not defects or found.negatives == 0:
        why = "there is no defect" if not defects else "there is no normal pixel"
        values = np.full(len(limits), defined(float("nan"), opts.undefined, "spro", why))
        scores = np.full(shape, np.nan)
    else:
        if exact:
            scores = np.array([found.defect_scores(defects, wanted, limit) for limit in limits])
        else:
            highest = [np.sort(mine)[-asked:] for mine, asked in zip(defects, wanted, strict=True)]
            scores = refined_scores(found, highest, limits)
        values = scores.mean(axis=1)
    return SproResult(float(values[0]) if single else values, scores[0] if single else scores, **result)


def _images(data: Any) -> list[NDArray[Any]]:
    if isinstance(data, list):
        return data
    if data.ndim < 2 or data.ndim > 4 or (data.ndim == 4 and data.shape[1] != 1):
        raise InvalidInputError(f"maps must have shape (h, w), (n, h, w) or (n, 1, h, w); got {data.shape}")
    return list(data.reshape((-1, *data.shape[-2:])))


def _layers(value: Any, shape: tuple[int, ...], image: int) -> NDArray[np.bool_]:
    if value is None:
        return np.zeros((0, *shape), bool)
    masks = argument(value, f"channels[{image}]").data
    masks = np.stack(masks) if isinstance(masks, list) and masks else np.asarray(masks)
    if masks.size == 0:
        return np.zeros((0, *shape), bool)
    if masks.dtype.kind not in "bui":
        raise InvalidTypeError(f"channels[{image}] must hold booleans or integers; got dtype {masks.dtype}")
    if masks.ndim == 2:
        masks = masks[None]
    if masks.ndim != 3 or masks.shape[1:] != shape:
        raise InvalidInputError(f"channels[{image}] must have shape (c, {shape[0]}, {shape[1]}); got {masks.shape}")
    layers = masks != 0
    if not layers.any(axis=(1, 2)).all():
        empty = int(np.flatnonzero(~layers.any(axis=(1, 2)))[0])
        raise InvalidInputError(f"channels[{image}][{empty}] must have an anomalous pixel; got none")
    return layers  # type: ignore[no-any-return]


def _pixels_asked_for(value: Any, area: int, name: str) -> int:
    pixels = as_integer(value)
    if pixels is None:
        share = number(value, name)
        if not 0 < share <= 1:
            raise InvalidInputError(f"{name} must be an integer >= 1 or a share in (0, 1]; got {value!r}")
        return max(1, int(share * area))
    if pixels < 1:
        raise InvalidInputError(f"{name} must be an integer >= 1 or a share in (0, 1]; got {value!r}")
    if pixels > area:
        warnings.warn(
            f"{name} is {pixels}, more than the {area} pixels of the defect", UndefinedMetricWarning, stacklevel=3
        )
    return min(pixels, area)
