"""Exact nearest neighbours: one answer per pair of rows, whatever the batch, the threads and the machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._arrays import as_float_rows, locate
from .._checks import choice, flag, integer
from .._config import parse_budget, threads_or_default
from .._errors import InvalidInputError, InvalidTypeError

__all__ = ["Neighbourhoods", "knn", "knn_self", "pairwise_distances", "radius_neighbors"]

Metric = Literal["euclidean", "sqeuclidean", "cosine", "half_cosine", "inner_product"]
OnShort = Literal["error", "pad", "clip"]
_MOST_COLUMNS = 2**31 - 1
_METRICS = ("euclidean", "sqeuclidean", "cosine", "half_cosine", "inner_product")


class Neighbourhoods(NamedTuple):
    """Neighbours within a radius: those of query ``i`` stand at ``limits[i]:limits[i + 1]``.

    Attributes
    ----------
    limits : array of int64, shape (n + 1,)
        Where the neighbours of each query begin and end.
    distances : array of float32 or float64, shape (limits[-1],)
        Nearest first within a query.
    indices : array of int64, shape (limits[-1],)
        Row numbers.
    """

    limits: Any
    distances: Any
    indices: Any


def finish(keys: NDArray[np.float64], metric: str, dtype: Any) -> NDArray[Any]:
    """Turn canonical ordering keys into the distances (or similarities) of `metric`."""
    if metric == "euclidean":
        values = np.sqrt(keys)
    elif metric == "half_cosine":
        values = keys / 2
    elif metric == "inner_product":
        values = -keys
    else:
        values = keys
    with np.errstate(over="ignore"):  # a distance above the largest float32 is inf there
        return values.astype(dtype, copy=False)


def merge_nearest(
    parts: Sequence[tuple[NDArray[np.float64], NDArray[np.int64]]], k: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Merge the neighbours found in disjoint parts of a bank: the `k` smallest by (key, index)."""
    keys = np.concatenate([part[0] for part in parts], axis=1)
    indices = np.concatenate([part[1] for part in parts], axis=1)
    # What is missing (-1) comes after every real neighbour, also after one at distance inf.
    order = np.lexsort((indices, keys, indices < 0), axis=1)[:, :k]
    return np.take_along_axis(keys, order, axis=1), np.take_along_axis(indices, order, axis=1)


def checked_metric(metric: Any) -> str:
    """Return `metric` if it is one of the names."""
    return str(choice(metric, "metric", _METRICS))


def checked_k(k: Any, rows: int, on_short: Any, rows_are: str = "bank rows") -> tuple[int, int]:
    """Return (neighbours to look for, columns to return)."""
    number = integer(k, "k", 1)
    choice(on_short, "on_short", ("error", "pad", "clip"))
    if number <= rows:
        return number, number
    if on_short == "error":
        raise InvalidInputError(
            f"k must be at most the number of {rows_are}; got k={number} for {rows} rows "
            "(on_short='pad' or 'clip' allows it)"
        )
    if on_short == "pad" and number > _MOST_COLUMNS:
        raise InvalidInputError(f"k must be at most {_MOST_COLUMNS} with on_short='pad'; got {number}")
    return rows, number if on_short == "pad" else rows


def _groups(value: Any, rows: int, name: str, of: str) -> NDArray[np.uint64] | None:
    """Bit sets of group membership: uint64 arrays are taken as such, other integers as group numbers 0 to 63."""
    if value is None:
        return None
    data = locate(value, name).data
    if data.shape == (0,):
        data = data.astype(np.uint64)  # an empty list is of float64
    if data.dtype.kind not in "ui":
        raise InvalidTypeError(f"{name} must hold integers; got dtype {data.dtype}")
    if data.shape != (rows,):
        raise InvalidInputError(f"{name} must have one entry per {of}, shape ({rows},); got shape {data.shape}")
    if data.dtype == np.uint64:
        return np.ascontiguousarray(data)
    if data.size and (data.min() < 0 or data.max() > 63):
        raise InvalidInputError(f"{name} must hold group numbers from 0 to 63; got {data.min()} to {data.max()}")
    return np.uint64(1) << data.astype(np.uint64)


class PackedRows:
    """Rows made ready for exact search. Borrows the rows; safe for concurrent searches."""

    def __init__(
        self,
        rows: NDArray[Any],
        *,
        metric: str = "euclidean",
        prefilter: str = "auto",
        keep_codes: bool = True,
        check_finite: bool = True,
        threads: int | None = None,
    ) -> None:
        self.metric = checked_metric(metric)
        flag(check_finite, "check_finite")
        if rows.shape[0] == 0:
            raise InvalidInputError("memory bank is empty")
        self.rows = rows
        self._packed = _core.PackedRows(
            rows,
            self.metric,
            prefilter,
            keep_codes,
            check_finite,
            threads_or_default(threads),
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return (self.rows.shape[0], self.rows.shape[1])

    @property
    def nbytes(self) -> int:
        """Bytes held beside the rows."""
        return int(self._packed.nbytes)

    def search_keys(
        self,
        queries: NDArray[Any],
        k: int,
        *,
        on_short: str = "error",
        query_groups: Any = None,
        bank_groups: Any = None,
        exclude_self: bool = False,
        memory_budget: int | str | None = None,
        check_finite: bool = True,
        threads: int | None = None,
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return canonical ordering keys and row numbers of the `k` nearest rows; (inf, -1) where there is none."""
        rows_are = "other bank rows" if exclude_self else "bank rows"
        look_for, columns = checked_k(k, self.shape[0] - int(exclude_self), on_short, rows_are)
        if (query_groups is None) != (bank_groups is None):
            raise InvalidInputError("query_groups and bank_groups must be given together")
        keys, indices = self._packed.nearest(
            queries,
            max(look_for, 1),
            _groups(query_groups, queries.shape[0], "query_groups", "query"),
            _groups(bank_groups, self.shape[0], "bank_groups", "bank row"),
            exclude_self,
            parse_budget(memory_budget),
            check_finite,
            threads_or_default(threads),
        )
        missing = columns - keys.shape[1]
        if missing > 0:
            keys = np.pad(keys, ((0, 0), (0, missing)), constant_values=np.inf)
            indices = np.pad(indices, ((0, 0), (0, missing)), constant_values=-1)
        return keys[:, :columns], indices[:, :columns]

    def search(self, queries: NDArray[Any], k: int, **options: Any) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Return distances and row numbers of the `k` nearest rows; options as in :meth:`search_keys`."""
        keys, indices = self.search_keys(queries, k, **options)
        return finish(keys, self.metric, result_dtype(queries, self.rows)), indices

    def within(
        self,
        queries: NDArray[Any],
        radius: float,
        query_groups: NDArray[np.uint64] | None,
        bank_groups: NDArray[np.uint64] | None,
        *,
        memory_budget: int | str | None = None,
        check_finite: bool = True,
        threads: int | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
        """Return (limits, keys, indices) of all rows within `radius`."""
        found = self._packed.within(
            queries,
            radius,
            query_groups,
            bank_groups,
            parse_budget(memory_budget),
            check_finite,
            threads_or_default(threads),
        )
        return found

    def all_keys(
        self, queries: NDArray[Any], *, check_finite: bool = True, threads: int | None = None
    ) -> NDArray[np.float64]:
        """Return the canonical ordering keys of all pairs."""
        keys: NDArray[np.float64] = self._packed.all_keys(queries, check_finite, threads_or_default(threads))
        return keys


def result_dtype(queries: NDArray[Any], rows: NDArray[Any]) -> type[np.floating[Any]]:
    """Distances are float64 where either side is, float32 otherwise."""
    return np.float64 if np.float64 in (queries.dtype, rows.dtype) else np.float32


def _require_same_width(queries: NDArray[Any], bank: NDArray[Any]) -> None:
    if queries.shape[1] != bank.shape[1]:
        raise InvalidInputError(
            f"queries has shape {queries.shape} but bank has shape {bank.shape}; their widths must agree"
        )


def _labels(indices: NDArray[np.int64], ids: Any, rows: int) -> NDArray[np.int64]:
    if ids is None:
        return indices
    labels = locate(ids, "ids").data
    if labels.dtype.kind not in "ui":
        raise InvalidTypeError(f"ids must hold integers; got dtype {labels.dtype}")
    if labels.shape != (rows,):
        raise InvalidInputError(f"ids must have one entry per bank row, shape ({rows},); got shape {labels.shape}")
    if labels.dtype == np.uint64 and labels.max() > np.iinfo(np.int64).max:
        raise InvalidInputError(f"ids must fit int64; got {labels.max()}")
    return np.where(indices < 0, -1, labels.astype(np.int64)[indices])


def knn(
    queries: Any,
    bank: Any,
    *,
    k: int = 1,
    metric: Metric = "euclidean",
    ids: Any = None,
    on_short: OnShort = "error",
    query_groups: Any = None,
    bank_groups: Any = None,
    check_finite: bool = True,
    threads: int | None = None,
    memory_budget: int | str | None = None,
) -> tuple[Any, Any]:
    """Find the `k` nearest bank rows of every query, exactly.

    Every pair of rows has one distance, computed from differences in float64 and a fixed order of additions.
    Neighbours are sorted by that value, then by row number. Low-precision products only decide which pairs need not
    be looked at, with a proven bound, so the answer does not depend on the batch, `threads`, `memory_budget` or the
    instruction set. To search one bank many times, keep a :class:`PatchMemoryBank`, which packs its rows once.

    Parameters
    ----------
    queries : array of float16, bfloat16, float32 or float64, shape (n, d)
        Rows to look up.
    bank : array of float16, bfloat16, float32 or float64, shape (m, d)
        Rows to search, at least one.
    k : int, default 1
        Neighbours per query.
    metric : {"euclidean", "sqeuclidean", "cosine", "half_cosine", "inner_product"}, default "euclidean"
        ``|q - b|``; its square; ``1 - cos(q, b)`` in [0, 2]; half of that; or ``<q, b>``, where larger is nearer.
        A zero vector has cosine 0 with everything.
    ids : array of int, shape (m,), optional
        Labels to return in place of row numbers. Ties still break by row number.
    on_short : {"error", "pad", "clip"}, default "error"
        What to do when `k` exceeds `m`: refuse; fill with index -1 and distance inf (-inf for ``"inner_product"``); or
        return `m` columns.
    query_groups, bank_groups : arrays of int, shapes (n,) and (m,), optional
        Group numbers from 0 to 63, or bit sets as uint64. A query matches only rows that share a group with it; a
        query that matches nothing gets index -1 and distance inf (-inf for ``"inner_product"``).
    check_finite : bool, default True
        Refuse NaN and infinity. If False, a pair without a number as distance is never preferred to one with.
    threads : int, optional
        Upper bound of the threads to use; by default :func:`anomalib_cpp.get_num_threads`.
    memory_budget : int or str, optional
        Working memory beside inputs and outputs, for example ``"2GiB"``.

    Returns
    -------
    distances : array of float32 (float64 if either input is), shape (n, k)
        Ascending (descending for ``"inner_product"``), correctly rounded from float64.
    indices : array of int64, shape (n, k)
        Row numbers. Both have the array type of `queries`.

    Raises
    ------
    ValueError
        For an empty bank, different widths, `k` out of range, NaN or infinity (with its position).
    TypeError
        For a dtype that is not floating point.
    KeyboardInterrupt
        Within about 100 ms of Ctrl-C.

    Notes
    -----
    2 n m d operations in int8 (float32 without AVX2), and about 3 d operations in float64 per surviving pair. Never
    forms the (n, m) matrix.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp import bank
    >>> rows = np.array([[0, 0], [1, 0], [0, 1], [3, 3]], dtype=np.float32)
    >>> distances, indices = bank.knn(np.array([[0.5, 0.0], [3, 4]], dtype=np.float32), rows, k=2)
    >>> indices.tolist()
    [[0, 1], [3, 2]]
    >>> distances[0].tolist()
    [0.5, 0.5]
    """
    query_place, rows = as_float_rows(queries, "queries"), as_float_rows(bank, "bank").data
    _require_same_width(query_place.data, rows)
    packed = PackedRows(rows, metric=metric, keep_codes=False, check_finite=check_finite, threads=threads)
    distances, indices = packed.search(
        query_place.data,
        k,
        on_short=on_short,
        query_groups=query_groups,
        bank_groups=bank_groups,
        memory_budget=memory_budget,
        check_finite=check_finite,
        threads=threads,
    )
    indices = _labels(indices, ids, rows.shape[0])
    return query_place.like_input(distances), query_place.like_input(indices)


def knn_self(
    bank: Any,
    *,
    k: int = 1,
    metric: Metric = "euclidean",
    on_short: OnShort = "error",
    check_finite: bool = True,
    threads: int | None = None,
    memory_budget: int | str | None = None,
) -> tuple[Any, Any]:
    """Find the `k` nearest other rows of every bank row, exactly.

    Row ``i`` leaves out row number ``i``, not rows of equal value: duplicates of a row are its neighbours at
    distance 0. Everything else is as in :func:`knn`.

    Parameters
    ----------
    bank : array of float16, bfloat16, float32 or float64, shape (m, d)
        At least one row.
    k : int, default 1
        Neighbours per row, at most ``m - 1`` unless `on_short` says otherwise.
    metric, on_short, check_finite, threads, memory_budget
        As in :func:`knn`.

    Returns
    -------
    distances : array of float32 or float64, shape (m, k)
    indices : array of int64, shape (m, k)

    Raises
    ------
    ValueError
        As in :func:`knn`.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp import bank
    >>> distances, indices = bank.knn_self(np.array([[0.0], [1.0], [3.0], [3.0]], dtype=np.float32))
    >>> indices[:, 0].tolist(), distances[:, 0].tolist()
    ([1, 0, 3, 2], [1.0, 1.0, 0.0, 0.0])
    """
    place = as_float_rows(bank, "bank")
    packed = PackedRows(place.data, metric=metric, keep_codes=False, check_finite=check_finite, threads=threads)
    distances, indices = packed.search(
        place.data,
        k,
        on_short=on_short,
        exclude_self=True,
        memory_budget=memory_budget,
        check_finite=False,
        threads=threads,
    )
    return place.like_input(distances), place.like_input(indices)


def radius_neighbors(
    queries: Any,
    bank: Any,
    radius: float,
    *,
    metric: Metric = "euclidean",
    ids: Any = None,
    query_groups: Any = None,
    bank_groups: Any = None,
    check_finite: bool = True,
    threads: int | None = None,
    memory_budget: int | str | None = None,
) -> Neighbourhoods:
    """Find all bank rows within a distance of every query, exactly.

    The limit is inclusive: a row at exactly `radius` is found. The comparison is made on the float64 value that
    :func:`knn` sorts by, so both functions agree on every pair.

    Parameters
    ----------
    queries : array of float16, bfloat16, float32 or float64, shape (n, d)
    bank : array of float16, bfloat16, float32 or float64, shape (m, d)
    radius : float
        Largest distance; for ``"inner_product"`` the smallest product. Not NaN.
    metric, ids, query_groups, bank_groups, check_finite, threads, memory_budget
        As in :func:`knn`.

    Returns
    -------
    Neighbourhoods
        Named tuple ``(limits, distances, indices)``: the neighbours of query ``i`` are the entries
        ``limits[i]:limits[i + 1]``, nearest first, ties by row number. `limits` is int64 of shape (n + 1,).

    Raises
    ------
    ValueError
        As in :func:`knn`, and for a radius that is NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp import bank
    >>> rows = np.array([[0.0], [1.0], [2.0]], dtype=np.float32)
    >>> found = bank.radius_neighbors(np.array([[0.5], [9.0]], dtype=np.float32), rows, 1.5)
    >>> found.limits.tolist(), found.indices.tolist()
    ([0, 3, 3], [0, 1, 2])
    """
    query_place, rows = as_float_rows(queries, "queries"), as_float_rows(bank, "bank").data
    _require_same_width(query_place.data, rows)
    try:
        radius = float(radius)
    except (TypeError, ValueError):
        raise InvalidTypeError(f"radius must be a number; got {radius!r}") from None
    if np.isnan(radius):
        raise InvalidInputError("radius must be a number; got nan")
    packed = PackedRows(rows, metric=metric, keep_codes=False, check_finite=check_finite, threads=threads)
    if (query_groups is None) != (bank_groups is None):
        raise InvalidInputError("query_groups and bank_groups must be given together")
    limits, keys, indices = packed.within(
        query_place.data,
        radius,
        _groups(query_groups, query_place.data.shape[0], "query_groups", "query"),
        _groups(bank_groups, rows.shape[0], "bank_groups", "bank row"),
        memory_budget=memory_budget,
        check_finite=check_finite,
        threads=threads,
    )
    distances = finish(keys, packed.metric, result_dtype(query_place.data, rows))
    like = query_place.like_input
    return Neighbourhoods(like(limits), like(distances), like(_labels(indices, ids, rows.shape[0])))


def pairwise_distances(
    x: Any,
    y: Any = None,
    *,
    metric: Metric = "euclidean",
    check_finite: bool = True,
    threads: int | None = None,
) -> Any:
    """Compute the distance of every row of `x` to every row of `y` (or of `x`): the values that :func:`knn` sorts.

    Parameters
    ----------
    x : array of float16, bfloat16, float32 or float64, shape (n, d)
    y : array of the same kinds, shape (m, d), optional
        By default `x` itself.
    metric, check_finite, threads
        As in :func:`knn`.

    Returns
    -------
    array of float32 (float64 if either input is), shape (n, m)
        Correctly rounded from differences in float64: identical rows are at distance exactly 0, and a large common
        offset costs no digits.

    Raises
    ------
    ValueError
        For different widths, NaN or infinity, or no rows.

    Notes
    -----
    2 n m d operations in float64. To find neighbours, :func:`knn` is much faster and needs no (n, m) memory.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp import bank
    >>> bank.pairwise_distances(np.array([[0.0, 0.0], [3.0, 4.0]]))
    array([[0., 5.],
           [5., 0.]])
    """
    place = as_float_rows(x, "x")
    rows = place.data if y is None else as_float_rows(y, "y").data
    if place.data.shape[1] != rows.shape[1]:
        raise InvalidInputError(f"x has shape {place.data.shape} but y has shape {rows.shape}; their widths must agree")
    if rows.shape[0] == 0:
        raise InvalidInputError(f"{'x' if y is None else 'y'} must have at least one row; got shape {rows.shape}")
    if flag(check_finite, "check_finite"):
        for data, name in ((place.data, "x"), (rows, "y"))[: 1 if y is None else 2]:
            _core.require_finite(data, name, threads_or_default(threads))
    packed = PackedRows(rows, metric=metric, prefilter="none", check_finite=False, threads=threads)
    keys = packed.all_keys(place.data, check_finite=False, threads=threads)
    return place.like_input(finish(keys, packed.metric, result_dtype(place.data, rows)))
