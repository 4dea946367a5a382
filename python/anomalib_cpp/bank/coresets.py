"""Coresets: few rows that cover all rows, picked farthest first."""

from __future__ import annotations

import math
import numbers
import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._arrays import Place, as_float_rows, as_floats, locate
from .._checks import as_integer, choice, integer
from .._config import threads_or_default
from .._errors import InvalidInputError, InvalidTypeError
from .._progress import adapt

__all__ = ["CoresetResult", "coreset"]

VARIANTS = {"anomalib": "sparse", "inspection_exact": "linear", "inspection_approx": "linear"}
_PROJECTIONS = ("sparse", "gaussian", "linear")
_ON_DUPLICATE = ("stop", "repeat", "fill")
_LINEAR_COLUMNS = 128  # of patchcore-inspection's mapper
_EPS = 0.9  # distortion that anomalib's sparse projection allows


class CoresetResult(NamedTuple):
    """Rows picked by :func:`coreset`.

    Attributes
    ----------
    indices : array of int64, shape (m,)
        Row numbers in the order they were picked.
    radii : array of float32 or float64, shape (m,)
        Distance of each pick to the nearest earlier pick when it was picked.
    radius : float
        Distance from the picks within which every row lies, in the space of the projection.
    """

    indices: Any
    radii: Any
    radius: float


def coreset(
    features: Any,
    *,
    size: int | None = None,
    ratio: float | None = None,
    variant: str = "anomalib",
    projection: Any = "auto",
    start: Any = None,
    on_duplicate: str = "stop",
    random_state: int | np.random.Generator | str | None = 0,
    threads: int | None = None,
    progress: Any = None,
) -> CoresetResult:
    """Pick rows that cover `features`, farthest first.

    After the first pick, every pick is the row farthest, in Euclidean distance, from all picks so far; the row with
    the lowest number wins a tie. This greedy k-center selection [1]_ is how PatchCore [2]_ thins its memory bank: the
    rows lie within at most twice the smallest radius that this many centres can reach. Distances are measured after a
    projection to fewer columns; the indices refer to the rows of `features`.

    Parameters
    ----------
    features : array of float16, bfloat16, float32 or float64, shape (n, d)
        One row per patch embedding, finite, n >= 1 and d >= 1. float64 is computed in float64, all else in float32.
    size : int, optional
        Number of picks, 1 <= size <= n. Give either `size` or `ratio`.
    ratio : float, optional
        Share of rows to pick, 0 < ratio <= 1: ``int(n * ratio)`` picks. With 1 all rows are returned in their order,
        and as nothing is measured `radii` is nan.
    variant : {"anomalib", "inspection_exact", "inspection_approx"}, default "anomalib"
        Where the selection starts. ``"anomalib"``: the first pick is `start` or a drawn row.
        ``"inspection_exact"``: the row whose distances to all rows have the largest root of summed squares.
        ``"inspection_approx"``: the row with the largest mean distance to the rows of `start`, and that mean caps the
        row's distance from then on. The last two follow the samplers of patchcore-inspection.
    projection : {"auto", "sparse", "gaussian", "linear"}, None or array of shape (columns, d), default "auto"
        ``"sparse"``: very sparse random signs [3]_, ``int(4 ln n / (0.9**2 / 2 - 0.9**3 / 3))`` columns, as anomalib.
        ``"gaussian"``: normal entries, as many columns. ``"linear"``: uniform entries, 128 columns, as
        patchcore-inspection. ``"auto"``: ``"sparse"`` for the variant ``"anomalib"``, else ``"linear"``. These are
        left out when they would not reduce the number of columns. None: no projection. An array is multiplied from
        the right, ``features @ projection.T``, whatever its shape.
    start : int or sequence of int, optional
        Row to begin with (``"anomalib"``: one), or the rows, at least one, from which mean distances are taken
        (``"inspection_approx"``; by default 10 different drawn rows). Not accepted by ``"inspection_exact"``.
    on_duplicate : {"stop", "repeat", "fill"}, default "stop"
        What to do when every row coincides with a pick before `size` is reached. ``"stop"``: return fewer picks with
        a UserWarning. ``"repeat"``: repeat row 0, as both references do. ``"fill"``: go on with the lowest rows that
        have not been picked.
    random_state : int, numpy.random.Generator, None or "entropy", default 0
        Seed of the projection and of drawn rows. None means 0.
    threads : int, optional
        Upper bound for threads; the result does not depend on it.
    progress : bool or callable, optional
        True shows a meter. A callable receives ``(done, total, info)`` or ``(done, total)`` at most ten times a
        second; returning False cancels.

    Returns
    -------
    CoresetResult
        ``indices`` (int64) and ``radii``, both of the array type of `features`, and ``radius`` (float).
        ``radii[p]`` is the largest distance of a row to its nearest pick when pick ``p`` was made: infinite for a
        first pick that was given or drawn, the starting value for the ``inspection`` variants; it never rises.

    Raises
    ------
    InvalidInputError (ValueError)
        If `features` is empty, not 2-D or not finite (the message names the position), `size` or `ratio` is out of
        range or comes to no row, or an option is unknown.
    InvalidTypeError (TypeError)
        If `features` does not hold floating-point numbers.
    OperationCancelled
        If the progress callback returned False.
    KeyboardInterrupt
        Within 100 ms of Ctrl-C.

    Notes
    -----
    At most O(n d m) operations and O(n d) extra memory for m picks of d projected columns; rows that cannot be the
    next pick are skipped, which is decided without error, so that picks are the same as by looking at all of them.
    No n x n matrix is formed. Squared distances are sums of squared differences in a fixed order with fused
    multiply-adds: picks are the same for every number of threads and on every CPU. The first t picks do not depend on
    how many follow.

    References
    ----------
    .. [1] T. F. Gonzalez, "Clustering to minimize the maximum intercluster distance", Theoretical Computer Science
       38, 1985.
    .. [2] K. Roth et al., "Towards Total Recall in Industrial Anomaly Detection", CVPR 2022.
    .. [3] P. Li, T. J. Hastie, K. W. Church, "Very sparse random projections", KDD 2006.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp import bank
    >>> features = np.array([[0, 0], [3, 4], [6, 8], [3, 4]], dtype=np.float32)
    >>> picked = bank.coreset(features, size=2, start=0)
    >>> picked.indices.tolist(), picked.radii.tolist(), picked.radius
    ([0, 2], [inf, 10.0], 5.0)
    """
    place = as_float_rows(features, "features")
    n = len(place.data)
    if n == 0:
        raise InvalidInputError("cannot sample an empty set: features has no rows")
    choice(variant, "variant", tuple(VARIANTS))
    choice(on_duplicate, "on_duplicate", _ON_DUPLICATE)
    count = coreset_size(n, size, ratio)
    starts = _start_rows(start, variant, n)
    random, matrix = _projection_of(projection, variant, place)
    team = threads_or_default(threads)
    with adapt(progress, "coreset") as report:
        if ratio is not None and count == n:
            place.core.require_finite(place.data, "features", team)
            if report is not None:
                report(0, n)
                report(n, n)
            everything = np.full(n, np.nan, place.data.dtype)
            return CoresetResult(place.like_input(np.arange(n)), place.like_input(everything), 0.0)
        indices, radii, radius = place.core.coreset(
            place.data, count, variant, random, matrix, starts, on_duplicate, _seed(random_state), _METHOD, team, report
        )
    if len(indices) < count:
        warnings.warn(
            f"coreset stopped after {len(indices)} of {count} picks: every other row equals one of them; "
            "see on_duplicate",
            stacklevel=2,
        )
    return CoresetResult(place.like_input(indices), place.like_input(radii), radius)


_METHOD = "automatic"  # tests force the others: they find the same picks by more or less work


def coreset_size(n: int, size: Any, ratio: Any) -> int:
    if (size is None) == (ratio is None):
        raise InvalidInputError("give either size or ratio")
    if ratio is not None:
        if not isinstance(ratio, numbers.Real) or isinstance(ratio, bool):
            raise InvalidTypeError(f"ratio must be a number; got {type(ratio).__name__}")
        if not 0 < float(ratio) <= 1:
            raise InvalidInputError(
                f"ratio must lie in (0, 1] (coreset_size must be a positive integer, at most the number of rows); "
                f"got {ratio}"
            )
        count = int(n * float(ratio))
        if count < 1:
            raise InvalidInputError(f"coreset_size must be a positive integer; ratio={ratio} of {n} rows gives {count}")
        return count
    count = integer(size, "size")
    if count < 1:
        raise InvalidInputError(f"coreset_size must be a positive integer; got size={count}")
    if count > n:
        raise InvalidInputError(f"size must be at most the number of rows; got size={count} for {n} rows")
    return count


def _start_rows(start: Any, variant: str, n: int) -> list[int]:
    if start is None:
        return []
    if variant == "inspection_exact":
        raise InvalidInputError("start is not used by variant='inspection_exact', which starts from all rows")
    rows = np.atleast_1d(locate(start, "start").data)
    if rows.dtype.kind not in "iu":
        raise InvalidTypeError(f"start must hold row numbers (integers); got dtype {rows.dtype}")
    if rows.ndim != 1 or rows.size == 0:
        raise InvalidInputError(f"start must name at least one row; got shape {rows.shape}")
    if variant == "anomalib" and rows.size != 1:
        raise InvalidInputError(f"start must be one row for variant='anomalib'; got {rows.size} rows")
    if rows.min() < 0 or rows.max() >= n:
        raise InvalidInputError(f"start must hold row numbers from 0 to {n - 1}; got {rows.tolist()}")
    return [int(row) for row in rows]


def random_projection(name: str, variant: str, n: int, d: int) -> tuple[str, int] | None:
    """Return (kind, columns) of the random projection of (n, d) rows; None if it would not reduce the columns."""
    choice(name, "projection", ("auto", *_PROJECTIONS))
    kind = VARIANTS[variant] if name == "auto" else name
    columns = _LINEAR_COLUMNS if kind == "linear" else int(4 * math.log(n) / (_EPS**2 / 2 - _EPS**3 / 3))
    return (kind, columns) if 0 < columns < d else None


def _projection_of(projection: Any, variant: str, place: Place) -> tuple[tuple[str, int] | None, NDArray[Any] | None]:
    """Return (kind, columns) of a random projection, or a matrix, or neither."""
    if projection is None:
        return None, None
    n, d = place.data.shape
    if isinstance(projection, str):
        return random_projection(projection, variant, n, d), None
    matrix = as_floats(projection, "projection").data
    if matrix.ndim != 2 or matrix.shape[0] == 0 or matrix.shape[1] != d:
        raise InvalidInputError(
            f"projection must have shape (columns, {d}) for features of shape {place.data.shape}; got {matrix.shape}"
        )
    return None, np.ascontiguousarray(matrix, place.data.dtype)


def _seed(random_state: Any) -> int:
    if random_state is None:
        return 0
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(1 << 63))
    if isinstance(random_state, str) and random_state == "entropy":
        return int(np.random.default_rng().integers(1 << 63))
    seed = as_integer(random_state)
    if seed is None:
        raise InvalidTypeError(
            f"random_state must be an integer, a numpy.random.Generator, None or 'entropy'; got {random_state!r}"
        )
    if not 0 <= seed < 1 << 64:
        raise InvalidInputError(f"random_state must lie in [0, 2**64); got {seed}")
    return seed
