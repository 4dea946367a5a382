"""From the caller's scores and labels to the counts that every metric reads."""

from __future__ import annotations

import warnings
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._checks import choice, integer
from .._config import get_config, threads_or_default
from .._errors import InvalidInputError, InvalidTypeError, UndefinedMetricWarning
from ..maps import resize_to_masks
from ._arguments import Argument as Argument
from ._arguments import argument as argument
from ._arguments import as_list_like, flat
from ._ignored import Hidden, hide

SMALL = 1 << 15  # elements below which a second thread costs more than it saves

NAN_POLICIES = ("raise", "propagate", "omit")
RESIZING = ("bilinear", "bilinear_corners", "nearest")


class Options(NamedTuple):
    """The options that all metrics share, resolved and checked."""

    nan_policy: str
    undefined: str | float
    threads: int | None
    ignore: int | None = None  # label of pixels that are in no count
    resize: str | None = None  # how maps are brought to the size of their masks


def options(
    nan_policy: str | None,
    undefined: Any,
    threads: int | None,
    ignore_value: int | None = None,
    resize: str | None = None,
) -> Options:
    """Fill in the configuration's defaults and refuse unknown values."""
    if nan_policy is None or undefined is None:
        config = get_config()
        nan_policy = config["nan_policy"] if nan_policy is None else nan_policy
        undefined = config["undefined"] if undefined is None else undefined
    if nan_policy not in NAN_POLICIES:
        choice(nan_policy, "nan_policy", NAN_POLICIES)
    if undefined not in ("nan", "raise"):
        if isinstance(undefined, bool) or not isinstance(undefined, Real):
            raise InvalidInputError(f"undefined must be 'nan', 'raise' or a number; got {undefined!r}")
        undefined = float(undefined)
    if threads is not None:
        threads = threads_or_default(threads)
    if ignore_value is not None and integer(ignore_value, "ignore_value") in (0, 1):
        raise InvalidInputError(f"ignore_value must not be a label, 0 or 1; got {ignore_value}")
    if resize is not None:
        choice(resize, "resize", RESIZING)
    return Options(str(nan_policy), undefined, threads, None if ignore_value is None else int(ignore_value), resize)


def defined(value: float, choice: str | float, name: str, why: str) -> float:
    """Apply `undefined` to a metric that does not exist, which arrives as NaN."""
    if value == value:
        return value
    if choice == "raise":
        raise InvalidInputError(f"{name} is undefined: {why}")
    warnings.warn(f"{name} is undefined: {why}", UndefinedMetricWarning, stacklevel=caller_depth())
    return float("nan") if choice == "nan" else float(choice)


def caller_depth() -> int:
    """Frames between a warning and the caller of this package, past the wrappers that torchmetrics puts around us."""
    import sys

    depth, frame = 1, sys._getframe(1)
    passed = (__name__.partition(".")[0], "torch", "torchmetrics")
    while frame is not None and str(frame.f_globals.get("__name__", "")).partition(".")[0] in passed:
        depth += 1
        if frame.f_back is None:
            break
        frame = frame.f_back
    return depth


def counts(
    scores: Any,
    labels: Any,
    opts: Options,
    *,
    names: tuple[str, str] = ("scores", "labels"),
    connectivity: int | None = None,
    images: bool = False,
    samples: bool = False,
    levels: bool = False,
    normal_thresholds: tuple[NDArray[Any] | None] | None = None,
    grid: tuple[NDArray[Any], bool] | None = None,
    bins: tuple[float, float, int] | None = None,
    slots: int | None = None,
    both: int | None = None,
) -> tuple[Any, Argument]:
    """Count once for all metrics: `_core.RankPairs`; `_core.Levels` with ``levels=True``.

    With `normal_thresholds` `_core.NormalRanks`, at those thresholds or, with ``(None,)``, at the anomalous scores.
    With `grid`, (thresholds, strict), `_core.GridCounts`. With `bins`, (low, high, n_bins), `_core.BinCounts`. With
    `slots`, a connectivity, `_core.ImageSlots`; a score without a map is an image of one pixel then. With
    `connectivity`, regions too. With `both`, a connectivity, a pair of `_core.RankPairs` with regions and
    `_core.NormalRanks` at the anomalous scores. `images` asks for at least two dimensions, `samples` for one.
    """
    given, truth = argument(scores, names[0]), argument(labels, names[1])
    if images:
        for arg, name in ((given, names[0]), (truth, names[1])):
            if not isinstance(arg.data, list) and arg.data.ndim < 2:
                raise InvalidInputError(
                    f"{name} must have shape (h, w), (n, h, w) or (n, 1, h, w), or be a list of (h, w) arrays; "
                    f"got {arg.data.shape}"
                )
    else:
        given, truth = flat(given), flat(truth)
    for arg, name in ((given, names[0]), (truth, names[1])):
        if samples and (isinstance(arg.data, list) or arg.data.ndim != 1):
            shape = "a list of images" if isinstance(arg.data, list) else arg.data.shape
            raise InvalidInputError(f"{name} must have shape (n,) or (n, 1), one value for each image; got {shape}")
    given, truth = as_list_like(given, truth), as_list_like(truth, given)
    if isinstance(given.data, list) != isinstance(truth.data, list):
        raise InvalidInputError(f"{names[0]} and {names[1]} must both be arrays or both be lists of images")
    if opts.resize is not None:
        given = resized(given, truth, names, opts)
    threads = opts.threads or (1 if truth.size < SMALL else threads_or_default(None))
    if opts.ignore is not None:
        values, truths, kept_missing = hide(given.data, truth.data, names, opts.ignore, opts.nan_policy)
        given, truth = given._replace(data=values), truth._replace(data=truths)
    found: Any
    regions = (connectivity is not None, connectivity or 8)
    if slots is not None:
        values, truths = (
            data.reshape(-1, 1, 1) if not isinstance(data, list) and data.ndim == 1 else data
            for data in (given.data, truth.data)
        )
        found = _core.image_slots(values, truths, names[0], names[1], slots, threads)
    elif grid is not None:
        found = _core.grid_counts(given.data, truth.data, *names, *grid, *regions, threads)
    elif bins is not None:
        found = _core.bin_counts(given.data, truth.data, *names, *bins, *regions, threads)
    elif both is not None:
        found = _core.pairs_and_ranks(given.data, truth.data, *names, both, threads)
        if opts.ignore is not None:
            found = tuple(Hidden(part, kept_missing) for part in found)
        _refuse_missing(found[0], given, names[0], opts)
        return found, given
    elif normal_thresholds is not None:
        found = _core.normal_ranks(given.data, truth.data, *names, normal_thresholds[0], threads)
    else:
        make = _core.levels if levels else _core.rank_pairs
        found = make(given.data, truth.data, *names, *regions, threads)
    if opts.ignore is not None:
        found = Hidden(found, kept_missing)
    _refuse_missing(found, given, names[0], opts)
    return found, given


def _refuse_missing(found: Any, given: Argument, name: str, opts: Options) -> None:
    if found.missing and opts.nan_policy == "raise":
        place = _index(given.data, *found.first_missing)
        raise InvalidInputError(f"{name} contains {found.missing} NaN, first at index {place}")


def resized(given: Argument, truth: Argument, names: tuple[str, str], opts: Options) -> Argument:
    """Return maps of the size of their masks: made while they are counted, or at once if pixels are to be ignored."""
    data = given.data if isinstance(given.data, list) else [given.data]
    for values in data:
        if values.dtype.kind != "f":
            raise InvalidTypeError(f"{names[0]} must hold floating-point numbers to be resized; got {values.dtype}")
    if data and data[0].dtype.itemsize == 2:
        data = [values.astype(np.float32) for values in data]
    whole = data if isinstance(given.data, list) else data[0]
    if opts.ignore is not None:
        return given._replace(data=resize_to_masks(whole, truth.data, mode=str(opts.resize), threads=opts.threads))
    return given._replace(data=_core.ResizedMaps(whole, str(opts.resize)))


def _index(data: Any, image: int, row: int, column: int) -> tuple[int, ...]:
    if isinstance(data, list):
        return (image, row, column)
    if data.ndim == 1:
        return (image * 65536 + column,)
    return {2: (row, column), 3: (image, row, column), 4: (image, 0, row, column)}[data.ndim]


def why_undefined(found: Any, *, regions: bool = False, background: bool = True) -> str:
    """Name the class that is missing."""
    if found.positives == 0:
        return "there is no anomalous pixel or sample" if not regions else "there is no region"
    return "there is no normal pixel or sample" if background else ""


def propagates(found: Any, opts: Options) -> bool:
    """Tell whether NaN scores make every scalar NaN."""
    return bool(found.missing) and opts.nan_policy == "propagate"
