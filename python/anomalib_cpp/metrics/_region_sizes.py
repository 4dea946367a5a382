"""AUPRO of small and of large regions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import fraction
from .._errors import InvalidInputError
from ._inputs import argument
from ._regions import aupro
from ._results import SizeResult

__all__ = ["aupro_by_size"]


def aupro_by_size(
    maps: Any,
    masks: Any,
    *,
    edges: Any = None,
    quantiles: Any = (0.25, 0.5, 0.75),
    relative: bool = False,
    integration_limit: float = 0.3,
    connectivity: int = 8,
    ignore_value: int | None = None,
    nan_policy: str | None = None,
    threads: int | None = None,
) -> SizeResult:
    """Compare how well small and large regions are covered.

    Parameters
    ----------
    maps, masks, integration_limit, connectivity, ignore_value, nan_policy, threads
        As in :func:`aupro`; one limit.
    edges : array-like of numbers, shape (k,), optional
        Ascending region sizes that separate the groups: the first is below ``edges[0]``, the last from ``edges[-1]``
        on.
    quantiles : array-like of numbers in (0, 1), default (0.25, 0.5, 0.75)
        Without `edges`: quantiles of the region sizes that serve as edges.
    relative : bool, default False
        Sizes are shares of their image instead of pixels.

    Returns
    -------
    SizeResult
        ``aupro`` of each group (NaN for an empty one), all against the normal pixels of all images; ``edges``,
        ``n_regions``; ``ratio`` of the first group to the last, ``gap`` of the last less the first;
        ``area_weighted``, the mean over region pixels; and ``rank_correlation`` (Spearman) of size and score.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`aupro`; without a region or a normal pixel; for edges that do not ascend.

    Notes
    -----
    As :func:`aupro`, of which every group is the mean over its own regions.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.metrics import aupro_by_size
    >>> maps = np.array([[5.0, 0.0, 1.0, 0.0, 3.0, 4.0]])
    >>> masks = np.array([[1, 0, 0, 0, 1, 1]])
    >>> aupro_by_size(maps, masks, edges=[2]).n_regions.tolist()
    [1, 1]
    """
    result = aupro(
        maps,
        masks,
        integration_limit=fraction(integration_limit, "integration_limit"),
        connectivity=connectivity,
        per_region=True,
        ignore_value=ignore_value,
        nan_policy=nan_policy,
        undefined="raise",
        threads=threads,
    )
    scores, areas = np.asarray(result.region_scores), np.asarray(result.region_areas)
    sizes = areas.astype(np.float64)
    if relative:
        given = argument(maps, "maps").data
        stack = given if isinstance(given, list) else given.reshape((-1, *given.shape[-2:]))
        sizes = sizes / np.array([image.size for image in stack])[np.asarray(result.region_images)]
    cuts = np.quantile(sizes, np.asarray(quantiles, np.float64)) if edges is None else np.asarray(edges, np.float64)
    if cuts.ndim != 1 or len(cuts) == 0 or not (np.diff(cuts) >= 0).all():
        raise InvalidInputError(f"edges must ascend and have shape (k,); got {cuts.tolist()}")
    group = np.searchsorted(cuts, sizes, side="right")
    number = np.bincount(group, minlength=len(cuts) + 1)
    means = np.array([scores[group == g].mean() if number[g] else np.nan for g in range(len(cuts) + 1)])
    return SizeResult(
        means,
        cuts,
        number,
        float(means[0] / means[-1]) if means[-1] else float("nan"),
        float(means[-1] - means[0]),
        float((scores * areas).sum() / areas.sum()),
        _spearman(sizes, scores),
    )


def _spearman(x: NDArray[Any], y: NDArray[Any]) -> float:
    """Correlation of the ranks, equal values sharing their mean rank."""

    def ranks(values: NDArray[Any]) -> NDArray[np.float64]:
        _, inverse, number = np.unique(values, return_inverse=True, return_counts=True)
        last = np.cumsum(number)
        return ((last - number + 1 + last) / 2)[inverse]

    a, b = ranks(x) - (len(x) + 1) / 2, ranks(y) - (len(y) + 1) / 2
    norm = np.sqrt((a * a).sum() * (b * b).sum())
    return float((a * b).sum() / norm) if norm > 0 else float("nan")
