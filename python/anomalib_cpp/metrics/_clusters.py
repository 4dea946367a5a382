"""How well discovered classes of anomalies match the true ones, and an image's class from those of its regions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import Place, locate
from .._checks import integer, number
from .._errors import InvalidInputError, InvalidTypeError
from .._records import Record

__all__ = ["ClusterScores", "MergedRegions", "cluster_scores", "merge_regions"]


@dataclass(frozen=True, repr=False, eq=False)
class ClusterScores(Record):
    """Agreement of clusters with true classes.

    Attributes
    ----------
    nmi : float
        Mutual information over the mean of the two entropies, in [0, 1].
    ari : float
        Rand index adjusted for chance: 1 for equal partitions, 0 on average for random ones.
    f1 : float
        Share of samples whose cluster is matched to their class: the micro-averaged F1 score.
    """

    nmi: float
    ari: float
    f1: float


@dataclass(frozen=True, repr=False, eq=False)
class MergedRegions(Record):
    """Classes of images, put together from their regions.

    Attributes
    ----------
    images : array of int64, shape (m,)
        The images that have regions, ascending.
    labels : array of int64, shape (m,)
        The most probable class of each; of several, the first.
    probabilities : array of float64, shape (m, k)
        Of each class; every row sums to 1.
    """

    images: Any
    labels: Any
    probabilities: Any


def cluster_scores(y_true: Any, y_pred: Any, *, old: Any = None) -> ClusterScores:
    """Score clusters against true classes: NMI, ARI, and F1 after the best one-to-one matching.

    Clusters are matched to classes so that most samples agree (Hungarian assignment over all samples). Scored are the
    samples of the new classes, which are those with at least one sample that is not `old`.

    Parameters
    ----------
    y_true, y_pred : array of integers >= 0, shape (n,)
        True class and cluster of each sample. Only which samples are equal matters, not the numbers.
    old : array of bool or of integers in {0, 1}, shape (n,), optional
        Samples whose class was known beforehand; by default none.

    Returns
    -------
    ClusterScores
        ``nmi`` (natural logarithms, arithmetic mean; 1 if both sides are a single cluster), ``ari`` and ``f1``.

    Raises
    ------
    InvalidInputError
        For empty input, shapes that differ, negative numbers, or no sample that is new.
    InvalidTypeError
        For labels that are not integers.
    ImportError
        If SciPy is missing.

    Notes
    -----
    Pairs are counted in exact integers. Where several matchings are best and some classes are not scored, ``f1``
    depends on which of them SciPy finds; ``nmi`` and ``ari`` never do. O(n log n + k^3) time and O(k^2) memory for k
    distinct numbers.

    References
    ----------
    L. Hubert and P. Arabie, "Comparing Partitions", Journal of Classification 2, 1985.

    H. W. Kuhn, "The Hungarian Method for the Assignment Problem", Naval Research Logistics Quarterly 2, 1955.

    Examples
    --------
    >>> from anomalib_cpp.metrics import cluster_scores
    >>> cluster_scores([0, 0, 1, 1], [5, 5, 3, 3])
    ClusterScores(nmi=1, ari=1, f1=1)
    >>> cluster_scores([0, 0, 1, 1], [0, 1, 0, 1])
    ClusterScores(nmi=0, ari=-0.5, f1=0.5)
    """
    true, pred = _labels(y_true, "y_true"), _labels(y_pred, "y_pred")
    if len(pred) != len(true):
        raise InvalidInputError(f"y_pred has shape ({len(pred)},) but y_true has shape ({len(true)},)")
    known = _mask(old, "old", len(true), "y_true")
    if known.all():
        raise InvalidInputError(f"old must leave at least one sample new; got {len(true)} of {len(true)} old")
    names, codes = np.unique(np.concatenate([true, pred]), return_inverse=True)
    size = len(names)
    true, pred = np.split(codes, 2)
    table = np.bincount(pred * size + true, minlength=size * size).reshape(size, size)  # clusters x classes
    clusters, classes = _assignment(table.max() - table)
    new = np.unique(true[~known])
    scored = table[:, new]
    matched = np.isin(classes, new)
    agreed = int(table[clusters[matched], classes[matched]].sum())
    nmi, ari = _agreement(scored)
    return ClusterScores(nmi, ari, agreed / int(scored.sum()))


def _agreement(table: NDArray[np.intp]) -> tuple[float, float]:
    """NMI and ARI of a contingency table."""
    row_sums, column_sums = table.sum(axis=1), table.sum(axis=0)
    n = int(table.sum())
    cells, rows, columns = (_sum_of_squares(part) for part in (table, row_sums, column_sums))
    together, apart = cells - n, n * n - rows - columns + cells  # ordered pairs of samples on which both agree
    only_rows, only_columns = rows - cells, columns - cells
    if only_rows == only_columns == 0:
        return 1.0, 1.0
    ari = (
        2
        * (together * apart - only_rows * only_columns)
        / ((together + only_columns) * (only_columns + apart) + (together + only_rows) * (only_rows + apart))
    )
    r, c = np.nonzero(table)
    joint = table[r, c]
    information = math.fsum(joint / n * (np.log(joint / row_sums[r]) - np.log(column_sums[c] / n)))
    nmi = information / ((_entropy(row_sums, n) + _entropy(column_sums, n)) / 2)
    return min(max(nmi, 0.0), 1.0), ari


def _sum_of_squares(part: NDArray[np.intp]) -> int:
    return sum(value * value for value in part[part > 0].tolist())


def _entropy(sizes: NDArray[np.intp], n: int) -> float:
    shares = sizes[sizes > 0] / n
    return -math.fsum(shares * np.log(shares))


def merge_regions(
    logits: Any,
    areas: Any,
    images: Any,
    *,
    old_classes: Any = (),
    old: Any = None,
    temperature: float = 0.1,
    area_temperature: float = 50.0,
) -> MergedRegions:
    """Put the classes of images together from the class logits of their regions, large regions weighing more.

    A region's probabilities are the softmax of its logits over `temperature`; the classes known beforehand get none in
    images that are not `old`. An image's probabilities are the mean over its regions, weighted by the softmax of
    ``sqrt(area) / area_temperature`` among them [1]_.

    Parameters
    ----------
    logits : array of real numbers, shape (n, k)
        One row per region, finite.
    areas : array of real numbers, shape (n,)
        Anomalous pixels of each region's crop; at least 0, finite.
    images : array of integers, shape (n,)
        Image of each region, in any order.
    old_classes : sequence of int, default ()
        Columns of `logits` whose classes were known beforehand.
    old : array of bool or of integers in {0, 1}, shape (n,), optional
        Regions of images whose class was known; the same for all regions of an image. By default none.
    temperature : float > 0, default 0.1
        Of the classes: lower is more decided.
    area_temperature : float > 0, default 50
        Of the areas, in pixels of a side. The method's authors take 100 on MVTec AD and 50 elsewhere.

    Returns
    -------
    MergedRegions
        ``images``, ``labels`` and ``probabilities``, in the array type of `logits`.

    Raises
    ------
    InvalidInputError
        For shapes that do not fit, values out of range, an image that is old in part, or no class left.
    InvalidTypeError
        For logits or areas that are not real numbers, or images or classes that are not integers.

    Notes
    -----
    Sums run in the order of the regions. O(n k + n log n) time, O(n k) extra memory.

    References
    ----------
    .. [1] Z. Huang et al., "AnomalyNCD: Towards Novel Anomaly Class Discovery in Industrial Scenarios", CVPR 2025.

    Examples
    --------
    >>> from anomalib_cpp.metrics import merge_regions
    >>> merged = merge_regions([[0.1, 0.0], [0.0, 0.1], [0.0, 0.1]], [10000, 400, 25], [4, 4, 7])
    >>> merged.images.tolist(), merged.labels.tolist()
    ([4, 7], [0, 1])
    """
    place = locate(logits, "logits")
    rows = place.data.astype(np.float64)
    if rows.ndim != 2 or rows.size == 0:
        raise InvalidInputError(f"logits must have shape (n, k) with n, k >= 1; got {rows.shape}")
    n, k = rows.shape
    sizes = _vector(locate(areas, "areas"), "areas", n, "logits").astype(np.float64)
    for values, name in ((rows, "logits"), (sizes, "areas")):
        if not np.isfinite(values).all():
            raise InvalidInputError(f"{name} must be finite; got {values[~np.isfinite(values)][0]}")
    if sizes.min() < 0:
        raise InvalidInputError(f"areas must be at least 0; got {sizes.min()}")
    owner = _integers(_vector(locate(images, "images"), "images", n, "logits"), "images")
    known = _mask(old, "old", n, "logits")
    sharpness, breadth = _positive(temperature, "temperature"), _positive(area_temperature, "area_temperature")

    numbers, first, at = np.unique(owner, return_index=True, return_inverse=True)
    if len(torn := np.flatnonzero(known != known[first][at])):
        raise InvalidInputError(
            f"old must be the same for all regions of an image; got both for image {owner[torn[0]]}"
        )
    barred = _columns(old_classes, k)
    if barred.all() and not known.all():
        raise InvalidInputError(f"old_classes must leave a class for the images that are not old; got all {k}")

    rows = np.where(barred & ~known[:, None], -np.inf, rows)  # their share is zero, the others' make up for it
    chances = np.exp((rows - rows.max(axis=1, keepdims=True)) / sharpness)
    chances /= chances.sum(axis=1, keepdims=True)
    pull = np.sqrt(sizes) / breadth
    strongest = np.full(len(numbers), -np.inf)
    np.maximum.at(strongest, at, pull)
    weights = np.exp(pull - strongest[at])
    total = np.zeros(len(numbers))
    np.add.at(total, at, weights)
    merged = np.zeros((len(numbers), k))
    np.add.at(merged, at, chances * (weights / total[at])[:, None])
    labels = merged.argmax(axis=1).astype(np.int64)
    return MergedRegions(*map(place.like_input, (numbers.astype(np.int64), labels, merged)))


def _labels(value: Any, name: str) -> NDArray[Any]:
    data = _integers(locate(value, name).data, name)
    if data.ndim != 1:
        raise InvalidInputError(f"{name} must have shape (n,); got {data.shape}")
    if len(data) == 0:
        raise InvalidInputError(f"{name} is empty")
    if (least := int(data.min())) < 0:
        raise InvalidInputError(f"{name} must be at least 0; got {least}")
    return data.astype(np.uint64)


def _integers(data: NDArray[Any], name: str) -> NDArray[Any]:
    if data.dtype.kind not in "biu" and data.size:
        raise InvalidTypeError(f"{name} must hold integers; got dtype {data.dtype}")
    return data


def _mask(value: Any, name: str, n: int, other: str) -> NDArray[np.bool_]:
    if value is None:
        return np.zeros(n, bool)
    data = _integers(_vector(locate(value, name), name, n, other), name)
    if data.dtype.kind != "b" and not np.isin(data, (0, 1)).all():
        raise InvalidInputError(f"{name} must be 0 or 1; got {data[~np.isin(data, (0, 1))][0]}")
    return data.astype(bool)


def _vector(place: Place, name: str, n: int, other: str) -> NDArray[Any]:
    if place.data.ndim != 1:
        raise InvalidInputError(f"{name} must have shape (n,); got {place.data.shape}")
    if len(place.data) != n:
        raise InvalidInputError(
            f"{name} must have one entry for each of the {n} rows of {other}; got {len(place.data)}"
        )
    return place.data


def _columns(old_classes: Any, k: int) -> NDArray[np.bool_]:
    chosen = np.zeros(k, bool)
    for column in old_classes:
        at = integer(column, "old_classes", 0)
        if at >= k:
            raise InvalidInputError(f"old_classes must lie below the {k} classes; got {at}")
        chosen[at] = True
    return chosen


def _positive(value: Any, name: str) -> float:
    result = number(value, name)
    if not 0 < result < math.inf:
        raise InvalidInputError(f"{name} must be above 0 and finite; got {value!r}")
    return result


def _assignment(costs: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError as error:
        raise ModuleNotFoundError(
            "matching clusters to classes needs the package SciPy: pip install scipy", name="scipy"
        ) from error
    rows, columns = linear_sum_assignment(costs)
    return rows, columns
