"""The settings of a patch memory bank, checked together."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from .._config import as_integer
from .._errors import InvalidInputError, InvalidTypeError
from .image_scores import AGGREGATIONS, IMAGE_SCORES
from .search import checked_metric

__all__ = ["Aggregation", "BankSettings", "ImageScore"]

ImageScore = Literal["anomalib", "paper_query", "max", "top_fraction"]
Aggregation = Literal["mean", "max", "median", "rms"]


def _integer(value: Any, name: str) -> int:
    number = as_integer(value)
    if number is None:
        raise InvalidTypeError(f"{name} must be an integer >= 1; got {value!r}")
    if number < 1:
        raise InvalidInputError(f"{name} must be an integer >= 1; got {number}")
    return number


def _choice(value: Any, name: str, choices: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise InvalidInputError(f"{name} must be one of {', '.join(map(repr, choices))}; got {value!r}")
    return value


def _fraction(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise InvalidTypeError(f"{name} must be a number; got {value!r}")
    if not 0 < float(value) <= 1:
        raise InvalidInputError(f"{name} must lie in (0, 1]; got {value}")
    return float(value)


def _flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidTypeError(f"{name} must be True or False; got {value!r}")
    return value


@dataclass(frozen=True)
class BankSettings:
    """What the constructor of a bank takes; see there. Files hold the same names."""

    metric: Any = "euclidean"
    n_neighbors: Any = 9
    image_score: Any = "anomalib"
    patch_neighbors: Any = 1
    agg: Any = "mean"
    squared: Any = False
    top_fraction: Any = 0.01

    def __post_init__(self) -> None:
        checked = {
            "metric": checked_metric(self.metric),
            "n_neighbors": _integer(self.n_neighbors, "n_neighbors"),
            "image_score": _choice(self.image_score, "image_score", IMAGE_SCORES),
            "patch_neighbors": _integer(self.patch_neighbors, "patch_neighbors"),
            "agg": _choice(self.agg, "agg", AGGREGATIONS),
            "squared": _flag(self.squared, "squared"),
            "top_fraction": _fraction(self.top_fraction, "top_fraction"),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        self._check_combinations()

    def _check_combinations(self) -> None:
        if self.image_score in ("anomalib", "paper_query") and self.metric not in ("euclidean", "sqeuclidean"):
            raise InvalidInputError(
                f"image_score={self.image_score!r} weighs Euclidean distances; with metric={self.metric!r} "
                "choose image_score='max' or 'top_fraction'"
            )
        if self.squared and self.metric != "euclidean":
            raise InvalidInputError(f"squared=True squares Euclidean distances; got metric={self.metric!r}")
        if self.agg == "rms" and self.metric == "inner_product":
            raise InvalidInputError("agg='rms' needs a distance; metric='inner_product' is a similarity")

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> BankSettings:
        """Make settings of a mapping that may come from a file: unknown names are refused."""
        if not isinstance(values, Mapping):
            raise InvalidTypeError(f"settings must be a mapping; got {type(values).__name__}")
        names = [field.name for field in fields(cls)]
        unknown = [name for name in values if name not in names]
        if unknown:
            raise InvalidInputError(f"unknown setting {ascii(unknown[0])[:60]}; the settings are {', '.join(names)}")
        return cls(**values)
