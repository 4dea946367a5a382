"""The results on a page, and the images to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ..cli.results import Result

__all__ = ["Case", "Gallery", "Side"]


@dataclass(frozen=True)
class Side:
    """One result; `name` tells it from the other one, `source` where it comes from."""

    name: str | None
    result: Result
    source: str = ""


@dataclass(frozen=True, eq=False)
class Case:
    """An image to look at.

    Attributes
    ----------
    name, text : str
        What stands below it.
    image : array of uint8, shape (height, width) or (height, width, 3), or None
        The photograph, where there is one.
    maps : sequence of array of float, shape (rows, columns)
        One for each side, finite.
    mask : array of bool, shape (rows, columns)
        The truth.
    notes : sequence of str
        What stands below each map.
    """

    name: str
    text: str
    image: NDArray[np.uint8] | None
    maps: Sequence[NDArray[Any]]
    mask: NDArray[np.bool_]
    notes: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class Gallery:
    """Cases under a heading."""

    title: str
    cases: Sequence[Case]
