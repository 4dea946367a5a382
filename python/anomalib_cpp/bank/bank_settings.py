"""The settings of a patch memory bank, checked together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from .._checks import choice, flag, fraction, integer
from .._errors import InvalidInputError, InvalidTypeError
from .image_scores import AGGREGATIONS, IMAGE_SCORES
from .search import checked_metric

__all__ = ["Aggregation", "BankSettings", "ImageScore"]

ImageScore = Literal["anomalib", "paper_query", "max", "top_fraction"]
Aggregation = Literal["mean", "max", "median", "rms"]


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
            "n_neighbors": integer(self.n_neighbors, "n_neighbors", 1),
            "image_score": choice(self.image_score, "image_score", IMAGE_SCORES),
            "patch_neighbors": integer(self.patch_neighbors, "patch_neighbors", 1),
            "agg": choice(self.agg, "agg", AGGREGATIONS),
            "squared": flag(self.squared, "squared"),
            "top_fraction": fraction(self.top_fraction, "top_fraction"),
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
