"""What a call will take, before it is made."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _core
from ._checks import choice, integer
from ._config import parse_budget, threads_or_default
from ._errors import InvalidInputError, InvalidTypeError

__all__ = ["MemoryEstimate", "estimate_memory"]

_FIXED = 2 << 20  # small tables, stacks of threads


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes that a call takes beside its inputs, results included.

    Attributes
    ----------
    host_bytes : int
        Of main memory, under the memory budget.
    device_bytes : int
        Of GPU memory.
    minimum_bytes : int
        Of main memory under the smallest budget that the function accepts.
    blocks : int
        Parts in which the function works through its inputs under the budget.
    """

    host_bytes: int
    device_bytes: int
    minimum_bytes: int
    blocks: int


def _shape(value: Any, name: str, axes: str) -> tuple[int, ...]:
    sizes = axes.split(", ")
    if not isinstance(value, (tuple, list)) or len(value) != len(sizes):
        raise InvalidTypeError(f"{name} must be a shape ({axes}); got {value!r}")
    for size in value:
        integer(size, name, 0)
    return tuple(int(size) for size in value)


def _item(dtype: Any) -> int:
    name = np.dtype(dtype).name
    if name not in ("float16", "float32", "float64"):
        raise InvalidTypeError(f"dtype must be float16, float32 or float64; got {name}")
    return 8 if name == "float64" else 4


def _knn(
    *,
    queries: Any,
    bank: Any,
    k: int = 1,
    metric: str = "euclidean",
    dtype: Any = "float32",
    memory_budget: int | str | None = None,
) -> MemoryEstimate:
    count, width = _shape(queries, "queries", "n, d")
    rows, bank_width = _shape(bank, "bank", "m, d")
    if width != bank_width:
        raise InvalidInputError(f"queries has shape {queries} but bank has shape {bank}; their widths must agree")
    k = min(integer(k, "k", 1), max(rows, 1))
    norms = 8 * (count + rows) if metric in ("cosine", "half_cosine") else 0
    results = count * k * (16 + _item(dtype)) + norms + _FIXED
    nbytes, minimum, blocks = _core.search_blocks(
        count, max(rows, 1), max(width, 1), k, parse_budget(memory_budget), threads_or_default(None)
    )
    return MemoryEstimate(nbytes + results, 0, minimum + results, blocks)


def _coreset(
    *,
    features: Any,
    size: int | None = None,
    ratio: float | None = None,
    variant: str = "anomalib",
    projection: Any = "auto",
    dtype: Any = "float32",
) -> MemoryEstimate:
    from .bank.coresets import VARIANTS, coreset_size, random_projection

    rows, width = _shape(features, "features", "n, d")
    picks = coreset_size(rows, size, ratio)
    choice(variant, "variant", tuple(VARIANTS))
    drawn = None if projection is None else random_projection(projection, variant, rows, width)
    columns = drawn[1] if drawn else 0
    item = _item(dtype)
    between = picks * picks * item
    fixed = _FIXED + picks * (2 * (columns or width) * item + 24) + (between if between <= 64 << 20 else 0)
    least = fixed + rows * (24 + columns * item)
    working_set = rows * (columns or width) * item  # at most; rows that may be the next pick
    return MemoryEstimate(least + working_set, 0, least, 1)


def _pixel_metric(
    *, maps: Any, anomalous: float = 0.05, dtype: Any = "float32", threads: int | None = None, regions: bool
) -> MemoryEstimate:
    images, height, width = _shape(maps, "maps", "N, H, W")
    if isinstance(anomalous, bool) or not isinstance(anomalous, (int, float)) or not 0 <= anomalous <= 1:
        raise InvalidInputError(f"anomalous must be the share of anomalous pixels, in [0, 1]; got {anomalous!r}")
    pixels = images * height * width
    positives = int(pixels * anomalous)
    counters = 16 * (positives + 1)
    copies = max(1, min(threads_or_default(threads), 4 * pixels // counters))
    total = positives * (57 + 8 * (_item(dtype) - 4) + 8 * regions) + copies * counters + _FIXED
    return MemoryEstimate(total, 0, total - (copies - 1) * counters, 1)


def _counting(regions: bool) -> Callable[..., MemoryEstimate]:
    def estimate(
        *, maps: Any, anomalous: float = 0.05, dtype: Any = "float32", threads: int | None = None
    ) -> MemoryEstimate:
        return _pixel_metric(maps=maps, anomalous=anomalous, dtype=dtype, threads=threads, regions=regions)

    return estimate


_ESTIMATES: dict[str, Callable[..., MemoryEstimate]] = {
    "knn": _knn,
    "coreset": _coreset,
    "auroc": _counting(False),
    "average_precision": _counting(False),
    "f1_max": _counting(False),
    "aupro": _counting(True),
    "pixel_report": _counting(True),
}


def estimate_memory(function: str, **shapes: Any) -> MemoryEstimate:
    """Estimate the memory that a call takes beside its inputs, without making it.

    Parameters
    ----------
    function : {"knn", "coreset", "auroc", "average_precision", "f1_max", "aupro", "pixel_report"}
        The function.
    **shapes
        What the estimate depends on, by the names of the function's own arguments:

        - ``"knn"``: `queries` (n, d) and `bank` (m, d) as shapes, `k`, `metric`, `dtype`, `memory_budget`;
        - ``"coreset"``: `features` (n, d), `size` or `ratio`, `variant`, `projection` (a name or None), `dtype`;
        - pixel metrics: `maps` (N, H, W), `anomalous`, the share of anomalous pixels (0.05), `dtype`, `threads`.

    Returns
    -------
    MemoryEstimate
        `host_bytes`, `device_bytes`, `minimum_bytes`, `blocks`.

    Raises
    ------
    ValueError, TypeError
        For an unknown function, a missing or unknown shape, and sizes that the function would refuse.

    Notes
    -----
    An estimate from above for usual data: the working set of a coreset may be smaller; a search of data without
    structure may keep more candidates. Inputs that have to be converted or copied come on top.

    Examples
    --------
    >>> import anomalib_cpp as ac
    >>> need = ac.estimate_memory("knn", queries=(784, 1024), bank=(16384, 1024), k=9)
    >>> need.host_bytes < 64 << 20
    True
    """
    if function not in _ESTIMATES:
        raise InvalidInputError(f"function must be one of {', '.join(map(repr, _ESTIMATES))}; got {function!r}")
    estimate = _ESTIMATES[function]
    known = inspect.signature(estimate).parameters
    unknown = [name for name in shapes if name not in known]
    missing = [name for name, of in known.items() if of.default is of.empty and name not in shapes]
    if unknown or missing:
        raise InvalidTypeError(
            f"estimate_memory({function!r}) takes {', '.join(known)}; "
            + (f"got {unknown[0]!r}" if unknown else f"{missing[0]!r} is missing")
        )
    return estimate(**shapes)
