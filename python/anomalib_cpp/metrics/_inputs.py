"""From the caller's scores and labels to the counts that every metric reads."""

from __future__ import annotations

import warnings
from numbers import Real
from typing import Any, NamedTuple

from .._checks import choice, integer
from .._config import get_config, threads_or_default
from .._errors import InvalidInputError, UndefinedMetricWarning
from ._arguments import Argument as Argument
from ._arguments import argument as argument
from ._arguments import as_list_like, flat, place_of, resized
from ._counting import PAIRS, Count
from ._ignored import hidden, hide

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
    count: Count = PAIRS,
    *,
    names: tuple[str, str] = ("scores", "labels"),
    images: bool = False,
    samples: bool = False,
) -> tuple[Any, Argument]:
    """Count once for all metrics, in one of the ways of `_counting`; return what was counted, and the scores.

    `images` asks for at least two dimensions, `samples` for one.
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
        given = resized(given, truth, names[0], opts)
    threads = opts.threads or (1 if truth.size < SMALL else threads_or_default(None))
    if opts.ignore is not None:
        values, truths, kept_missing = hide(given.data, truth.data, names, opts.ignore, opts.nan_policy)
        given, truth = given._replace(data=values), truth._replace(data=truths)
    found = count(given.data, truth.data, names, threads)
    if opts.ignore is not None:
        found = hidden(found, kept_missing)
    first = found[0] if isinstance(found, tuple) else found  # the others count the same scores
    if first.missing and opts.nan_policy == "raise":
        place = place_of(given.data, *first.first_missing)
        raise InvalidInputError(f"{names[0]} contains {first.missing} NaN, first at index {place}")
    return found, given


def why_undefined(found: Any, *, regions: bool = False, background: bool = True) -> str:
    """Name the class that is missing."""
    if found.positives == 0:
        return "there is no anomalous pixel or sample" if not regions else "there is no region"
    return "there is no normal pixel or sample" if background else ""


def propagates(found: Any, opts: Options) -> bool:
    """Tell whether NaN scores make every scalar NaN."""
    return bool(found.missing) and opts.nan_policy == "propagate"
