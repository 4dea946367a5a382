"""Metrics and labels of ground-truth regions."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _core
from .._checks import choice, fraction
from .._config import threads_or_default
from .._errors import InvalidInputError
from ._counting import rank_pairs, score_levels
from ._grids import PRO_THRESHOLDS, pro_on_grid
from ._ignored import without_ignored
from ._inputs import SMALL, Options, argument, counts, defined, options, propagates, why_undefined
from ._results import Curve, ProResult

__all__ = ["aupro", "connected_components"]


def connected_components(masks: Any, *, connectivity: int = 8, threads: int | None = None) -> tuple[Any, Any]:
    """Label the connected regions of binary masks.

    Parameters
    ----------
    masks : array of bool, integers or floats in {0, 1}, or uint8 in {0, 255}; or list of such arrays
        Shape (h, w), (n, h, w) or (n, 1, h, w); a list holds (h, w) masks of any sizes.
    connectivity : {4, 8}, default 8
        Whether pixels that touch at a corner belong together.
    threads : int, optional
        Upper bound; the result does not depend on it.

    Returns
    -------
    labels : array of int32, shape of `masks`
        0 for background; regions are numbered 1, 2, ... over all images in order, inside an image in raster order of
        their first pixels. A list in gives a list out.
    n_regions : array of int64, shape (n_images,)
        Regions of each image.

    Raises
    ------
    InvalidInputError
        For other values, shapes or connectivities, or more than 2^31 - 1 regions.

    Notes
    -----
    Union-find over the runs of each row: O(n) reads of the mask, images in parallel.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.metrics import connected_components
    >>> mask = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]], bool)
    >>> connected_components(mask)[0].tolist()
    [[1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 2]]
    >>> connected_components(mask, connectivity=4)[1].tolist()
    [3]
    """
    choice(connectivity, "connectivity", (4, 8))
    given = argument(masks, "masks")
    if not isinstance(given.data, list) and given.data.ndim < 2:
        raise InvalidInputError(
            "masks must have shape (h, w), (n, h, w) or (n, 1, h, w), or be a list of (h, w) arrays; "
            f"got {given.data.shape}"
        )
    workers = 1 if threads is None and given.size < SMALL else threads_or_default(threads)
    labels, n_regions = _core.connected_components(given.data, int(connectivity), workers)
    if isinstance(labels, list):
        return [given.like_input(image) for image in labels], given.like_input(n_regions)
    return given.like_input(labels), given.like_input(n_regions)


def aupro(
    maps: Any,
    masks: Any,
    *,
    integration_limit: Any = 0.3,
    connectivity: int = 8,
    variant: str = "exact",
    num_thresholds: int | None = None,
    per_region: bool = False,
    return_curve: bool = False,
    ignore_value: int | None = None,
    nan_policy: str | None = None,
    undefined: str | float | None = None,
    threads: int | None = None,
) -> Any:
    """Area under the per-region overlap curve up to a false positive rate, divided by that rate.

    At a threshold, PRO is the mean over ground-truth regions of the share of their pixels at or above it; the false
    positive rate is that of all normal pixels of all images [1]_. Every distinct score is a threshold, and the curve
    is interpolated linearly at the limit.

    Parameters
    ----------
    maps : array of float16, bfloat16, float32, float64, (u)int8..64, or list of (h, w) arrays
        Anomaly maps, shape (h, w), (n, h, w) or (n, 1, h, w); higher means more anomalous.
    masks : array of bool, integers or floats in {0, 1}, or uint8 in {0, 255}
        Ground truth, the shape of `maps`.
    integration_limit : float or sequence of floats in (0, 1], default 0.3
        Largest false positive rate. A sequence gives an array of areas at almost no extra cost.
    connectivity : {4, 8}, default 8
        Of the regions, see :func:`connected_components`.
    variant : {"exact", "mvtec", "anomalib", "quantile", "compute_pro", "adeval"}, default "exact"
        ``"mvtec"`` is the same. The others give the numbers of other programs: ``"anomalib"`` in float32;
        ``"quantile"`` at evenly spaced ranks of the normal scores (older MVTec 3D evaluations); ``"compute_pro"`` at
        evenly spaced scores, with the rates below the limit stretched to [0, 1] (MuSc, ADer and many more);
        ``"adeval"`` in evenly wide bins.
    num_thresholds : int, optional
        Of ``"quantile"`` (100), ``"compute_pro"`` (200) and ``"adeval"`` (1000).
    per_region, return_curve : bool, default False
        With ``"exact"``: return a `ProResult` with every region's score, or with the whole curve (which needs a sort
        of all scores).
    ignore_value : int, optional
        Label of pixels that are left out of every count and every region, other than 0 and 1; for masks of integers.
    nan_policy : {"raise", "propagate", "omit"}, optional
        As in :func:`auroc`; omitted pixels leave the areas of their regions.
    undefined : {"nan", "raise"} or float, optional
        Result where there is no region or no normal pixel.
    threads : int, optional
        Upper bound; the result does not depend on it.

    Returns
    -------
    float, array of float64, or ProResult
        In [0, 1]; the mean of the region scores.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`auroc`, and for limits outside (0, 1] or an unknown connectivity.

    Notes
    -----
    Exact counts; the same bits for any order of the images and any number of threads. The official MVTec evaluation
    gives this value up to its float32 rates. O(n + P log P) time, O(P) extra memory.

    References
    ----------
    .. [1] P. Bergmann et al., "The MVTec Anomaly Detection Dataset: A Comprehensive Real-World Dataset for
       Unsupervised Anomaly Detection", International Journal of Computer Vision 129, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.metrics import aupro
    >>> maps = np.arange(2800.0).reshape(400, 7)
    >>> masks = np.zeros((400, 7), bool)
    >>> masks[:, 3] = True
    >>> round(aupro(maps, masks, integration_limit=1 / 3), 9)
    0.166665625
    """
    opts = options(nan_policy, undefined, threads, ignore_value)
    choice(connectivity, "connectivity", (4, 8))
    choice(variant, "variant", ("exact", "mvtec", "anomalib", *PRO_THRESHOLDS))
    if num_thresholds is not None and variant not in PRO_THRESHOLDS:
        raise InvalidInputError(f"num_thresholds belongs to {', '.join(PRO_THRESHOLDS)}; got variant={variant!r}")
    if (per_region or return_curve) and variant not in ("exact", "mvtec"):
        raise InvalidInputError(f"per_region and return_curve belong to variant='exact'; got variant={variant!r}")
    single = np.ndim(integration_limit) == 0
    limits = [fraction(limit, "integration_limit") for limit in ([integration_limit] if single else integration_limit)]
    if not limits:
        raise InvalidInputError("integration_limit must be a number or a sequence of at least one number; got none")
    if variant in PRO_THRESHOLDS:
        sampled = [_sampled(variant, maps, masks, limit, int(connectivity), num_thresholds, opts) for limit in limits]
        return sampled[0] if single else np.array(sampled)
    found, given = counts(maps, masks, opts, rank_pairs(int(connectivity)), names=("maps", "masks"), images=True)
    if variant == "anomalib":
        limits = [float(np.float32(limit)) for limit in limits]
    if propagates(found, opts):
        values = [float("nan")] * len(limits)
    else:
        values = [found.aupro(limit) for limit in limits]
        if values[0] != values[0]:
            values = [defined(values[0], opts.undefined, "aupro", why_undefined(found, regions=True))] * len(limits)
        if variant == "anomalib":
            values = [float(np.float32(value)) for value in values]
    value = values[0] if single else given.like_input(np.array(values))
    if not per_region and not return_curve:
        return value
    result: dict[str, Any] = {}
    if per_region:
        shape = (len(limits), found.regions)
        scores = np.full(shape, np.nan)
        if found.negatives and not propagates(found, opts):
            scores = np.array([found.region_scores(limit) for limit in limits]).reshape(shape)
        images, areas = found.region_table()
        result["region_scores"] = given.like_input(scores[0] if single else scores)
        result["region_images"], result["region_areas"] = given.like_input(images), given.like_input(areas)
    if return_curve:
        levels, _ = counts(maps, masks, opts, score_levels(int(connectivity)), names=("maps", "masks"), images=True)
        result["curve"] = Curve(*map(given.like_input, levels.pro_curve(False)))
    return ProResult(value, **result)


def _sampled(
    variant: str, maps: Any, masks: Any, limit: float, connectivity: int, size: int | None, opts: Options
) -> float:
    maps, masks, opts = without_ignored(maps, masks, ("maps", "masks"), opts)
    value, found = pro_on_grid(variant, maps, masks, limit, connectivity, size, opts)
    if propagates(found, opts) or value == value:
        return float("nan") if propagates(found, opts) else value
    exists = found.regions and found.negatives
    why = "too few thresholds have a rate within the limit" if exists else why_undefined(found, regions=True)
    return defined(value, opts.undefined, "aupro", why)
