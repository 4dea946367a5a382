"""Scores of images, as statistics of them take them: one number each, of one model or of several."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._arrays import locate
from .._checks import choice, flag, number
from .._errors import InvalidInputError, InvalidTypeError

__all__ = [
    "Comparison",
    "Confidences",
    "read_comparison",
    "read_tolerance",
    "read_vector",
    "require_finite",
    "single_column",
]

ALTERNATIVES = ("two-sided", "less", "greater")

Confidences = dict[tuple[str, str], float]


class Comparison(NamedTuple):
    """Models on the images that have scores."""

    names: tuple[str, ...]
    table: NDArray[np.float64]  # models x images
    descending: bool
    keep_order: bool

    def ordered(self, keys: NDArray[np.float64]) -> tuple[str, ...]:
        if self.keep_order:
            return self.names
        return tuple(self.names[i] for i in np.argsort(keys, kind="stable"))

    def confidences(self, names: tuple[str, ...], p_value: Callable[..., float]) -> Confidences:
        rows = dict(zip(self.names, self.table, strict=True))
        return {(a, b): 1.0 - p_value(rows[a], rows[b]) for a, b in permutations(names, 2)}


def read_comparison(scores_per_model: Any, alternative: str, higher_is_better: bool) -> Comparison:
    """Check what both tests take."""
    if not isinstance(scores_per_model, Mapping):
        raise InvalidTypeError(
            f"scores_per_model must be a mapping of names to scores; got {type(scores_per_model).__name__}"
        )
    choice(alternative, "alternative", ALTERNATIVES)
    descending = flag(higher_is_better, "higher_is_better")
    if len(scores_per_model) < 2:
        raise InvalidInputError(f"scores_per_model must hold at least two models; got {len(scores_per_model)}")
    names = tuple(scores_per_model)
    rows = [read_vector(scores_per_model[name], _entry(name)) for name in names]
    for name, row in zip(names[1:], rows[1:], strict=True):
        if len(row) != len(rows[0]):
            raise InvalidInputError(
                f"{_entry(name)} has shape ({len(row)},) but {_entry(names[0])} has shape ({len(rows[0])},)"
            )
        differ = np.flatnonzero(np.isnan(row) != np.isnan(rows[0]))
        if len(differ):
            raise InvalidInputError(
                f"{_entry(name)} and {_entry(names[0])} must have NaN for the same images; "
                f"got one of them only at index ({differ[0]},)"
            )
    images = np.flatnonzero(~np.isnan(rows[0]))
    if len(images) == 0:
        raise InvalidInputError("scores_per_model must hold at least one image that has scores; got none")
    table = np.stack(rows)[:, images]
    for name, row in zip(names, table, strict=True):
        require_finite(row, _entry(name), images)
    return Comparison(names, table, descending, isinstance(scores_per_model, OrderedDict))


def _entry(name: Any) -> str:
    return f"scores_per_model[{name!r}]"


def read_vector(value: Any, name: str) -> NDArray[np.float64]:
    """One number per image."""
    return single_column(locate(value, name).data, name).astype(np.float64)


def single_column(data: NDArray[Any], name: str) -> NDArray[Any]:
    if data.ndim == 1 or (data.ndim == 2 and data.shape[1] == 1):
        return data.reshape(-1)
    raise InvalidInputError(f"{name} must have shape (n,) or (n, 1), one value for each image; got {data.shape}")


def require_finite(values: NDArray[np.float64], name: str, images: NDArray[np.intp]) -> None:
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise InvalidInputError(
            f"{name} must be finite for the images that are used; got {values[bad[0]]} at index ({images[bad[0]]},)"
        )


def read_tolerance(value: Any, name: str) -> float:
    result = number(value, name)
    if not result >= 0:
        raise InvalidInputError(f"{name} must be at least 0; got {value!r}")
    return result
