"""Pixels that the ground truth marks as neither normal nor anomalous."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._errors import InvalidInputError, InvalidTypeError
from ._arguments import argument, as_list_like, float64_holds


class Hidden:
    """Counts of the pixels that are left, in which ignored ones are no missing scores."""

    def __init__(self, found: Any, missing: int) -> None:
        self._found = found
        self.missing = missing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._found, name)


def hidden(found: Any, missing: int) -> Any:
    """Return counts, or each of several, without the ignored pixels."""
    return tuple(Hidden(part, missing) for part in found) if isinstance(found, tuple) else Hidden(found, missing)


def hide(scores: Any, labels: Any, names: tuple[str, str], ignore: int, policy: str) -> tuple[Any, Any, int]:
    """Return scores with NaN and labels with 0 where labels are `ignore`, and the number of other NaN scores.

    The engine leaves NaN scores out of every count and every region, which is what ignoring asks for.
    """
    lists = isinstance(scores, list)
    if lists != isinstance(labels, list):
        raise InvalidInputError(f"{names[0]} and {names[1]} must both be arrays or both be lists of images")
    if not lists:
        kept, truth, missing, place = _hide(scores, labels, names, ignore)
        _refuse(missing, place, names[0], policy)
        return kept, truth, missing
    if len(scores) != len(labels):
        raise InvalidInputError(f"{names[1]} has {len(labels)} images but {names[0]} has {len(scores)}")
    parts = []
    for i, pair in enumerate(zip(scores, labels, strict=True)):
        parts.append(_hide(*pair, (f"{names[0]}[{i}]", f"{names[1]}[{i}]"), ignore))
        _refuse(parts[-1][2], (i, *parts[-1][3]), names[0], policy)
    return [part[0] for part in parts], [part[1] for part in parts], sum(part[2] for part in parts)


def _refuse(missing: int, place: tuple[int, ...], name: str, policy: str) -> None:
    if missing and policy == "raise":
        raise InvalidInputError(f"{name} contains {missing} NaN, first at index {place}")


def _hide(
    scores: NDArray[Any], labels: NDArray[Any], names: tuple[str, str], ignore: int
) -> tuple[NDArray[Any], NDArray[Any], int, tuple[int, ...]]:
    if labels.dtype.kind not in "ui":
        raise InvalidTypeError(f"{names[1]} must hold integers with ignore_value; got dtype {labels.dtype}")
    if scores.size != labels.size or scores.shape[-1:] != labels.shape[-1:]:
        raise InvalidInputError(
            f"{names[1]} has shape {labels.shape} but {names[0]} has shape {scores.shape}; resize one of them"
        )
    if scores.dtype.kind != "f" and scores.size and not float64_holds(scores):
        raise InvalidTypeError(f"{names[0]} must hold integers of at most 2^53 with ignore_value; got {scores.dtype}")
    ignored = labels == ignore
    values = scores.copy() if scores.dtype.kind == "f" else scores.astype(np.float64)
    missing = np.isnan(values) & ~ignored.reshape(values.shape)
    values[ignored.reshape(values.shape)] = np.nan
    first = tuple(int(axis[0]) for axis in np.nonzero(missing)) if missing.any() else ()
    return values, np.where(ignored, 0, labels).astype(labels.dtype), int(missing.sum()), first


def without_ignored(maps: Any, masks: Any, names: tuple[str, str], opts: Any) -> tuple[Any, Any, Any]:
    """Return maps and masks without the pixels to ignore, and the options that leave NaN out."""
    if opts.ignore is None:
        return maps, masks, opts
    given, truth = argument(maps, names[0]), argument(masks, names[1])
    given, truth = as_list_like(given, truth), as_list_like(truth, given)
    values, labels, missing = hide(given.data, truth.data, names, opts.ignore, opts.nan_policy)
    policy = "propagate" if missing and opts.nan_policy == "propagate" else "omit"
    return values, labels, opts._replace(nan_policy=policy, ignore=None)
