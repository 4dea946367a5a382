"""Checks of single arguments. Each names the argument, what is accepted and what came."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ._errors import InvalidInputError, InvalidTypeError

__all__ = ["as_integer", "choice", "flag", "fraction", "integer", "number"]


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def as_integer(value: Any) -> int | None:
    """Return an integer of any kind as an int; None for everything else, True and False included."""
    try:
        return None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        return None


def integer(value: Any, name: str, least: int | None = None) -> int:
    """Return an integer of any kind, of at least `least`, as an int."""
    rule = f"{name} must be an integer" + ("" if least is None else f" >= {least}")
    result = as_integer(value)
    if result is None:
        raise InvalidTypeError(f"{rule}; got {_shown(value)}")
    if least is not None and result < least:
        raise InvalidInputError(f"{rule}; got {result}")
    return result


def number(value: Any, name: str) -> float:
    """Return a real number of any kind as a float, NaN and infinities included."""
    try:
        if isinstance(value, (bool, str, bytes)):
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise InvalidTypeError(f"{name} must be a number; got {_shown(value)}") from None


def number_pair(value: Any, name: str, parts: str) -> tuple[float, float]:
    """Return two numbers; `parts` says what they are."""
    try:
        first, second = value
    except (TypeError, ValueError):
        raise InvalidTypeError(f"{name} must be a pair ({parts}); got {value!r}") from None
    return number(first, name), number(second, name)


def fraction(value: Any, name: str) -> float:
    """Return a number in (0, 1] as a float."""
    result = number(value, name)
    if not 0 < result <= 1:
        raise InvalidInputError(f"{name} must lie in (0, 1]; got {_shown(value)}")
    return result


def choice(value: Any, name: str, choices: Sequence[Any]) -> Any:
    """Return `value` if it is one of `choices`, which are names or numbers."""
    if getattr(value, "ndim", 0) or value not in choices:  # arrays compare elementwise
        raise InvalidInputError(f"{name} must be one of {', '.join(map(repr, choices))}; got {_shown(value)}")
    return value


def flag(value: Any, name: str) -> bool:
    """Return `value` if it is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise InvalidTypeError(f"{name} must be True or False; got {_shown(value)}")
    return bool(value)
