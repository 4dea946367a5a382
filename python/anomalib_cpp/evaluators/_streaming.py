"""What the evaluators of metrics share: their settings, and a report that lasts until the next update."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._checks import choice, fraction
from ..metrics._inputs import options
from ..metrics._pimo import checked_bounds
from ..metrics._values import chosen
from ._protocol import Mergeable, read_config, reading_state


class Settings(NamedTuple):
    """What two evaluators must have in common to be merged."""

    metrics: tuple[str, ...]
    integration_limit: float = 0.3
    fpr_bounds: tuple[float, float] = (1e-5, 1e-4)
    connectivity: int = 8
    group_reduce: str = "max"
    nan_policy: str = "raise"


class StreamingEvaluator(Mergeable):
    """An evaluator of metrics with these names."""

    _settings: Settings
    _known: tuple[str, ...]

    def __init__(self, settings: Settings, undefined: Any) -> None:
        self._settings = settings
        self._undefined = undefined
        self._report: dict[str, Any] | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """What two evaluators must have in common to be merged: a copy."""
        return self._configuration()

    def _changed(self, updates: int) -> None:
        self._updates += updates
        self._report = None

    def _configuration(self) -> dict[str, Any]:
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in self._settings._asdict().items()
        }

    @classmethod
    def _settings_of(cls, config: Any) -> tuple[Settings, int]:
        known, updates = read_config(config, Settings._fields, cls.__name__)
        return cls._checked(known), updates

    @classmethod
    def _checked(cls, known: dict[str, Any]) -> Settings:
        with reading_state(cls.__name__):
            return Settings(
                chosen(known["metrics"], cls._known),
                fraction(known["integration_limit"], "integration_limit"),
                checked_bounds(known["fpr_bounds"]),
                int(choice(known["connectivity"], "connectivity", (4, 8))),
                choice(known["group_reduce"], "group_reduce", ("max", "mean")),
                options(known["nan_policy"], None, None).nan_policy,
            )
