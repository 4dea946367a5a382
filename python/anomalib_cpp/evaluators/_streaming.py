"""What the evaluators share: settings, counting of updates, merging, files, checks of batches."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from .. import io
from .._checks import choice, fraction
from .._errors import FormatError, InvalidInputError, InvalidTypeError
from ..metrics._inputs import argument, options
from ..metrics._pimo import checked_bounds
from ..metrics._report import chosen

Evaluator = TypeVar("Evaluator", bound="StreamingEvaluator")
FORMAT = 1


class Settings(NamedTuple):
    """What two evaluators must have in common to be merged."""

    metrics: tuple[str, ...]
    integration_limit: float = 0.3
    fpr_bounds: tuple[float, float] = (1e-5, 1e-4)
    connectivity: int = 8
    group_reduce: str = "max"
    nan_policy: str = "raise"


class StreamingEvaluator(ABC):
    """What the evaluators share: settings, counting of updates, merging, files."""

    _settings: Settings
    _known: tuple[str, ...]

    def __init__(self, settings: Settings, undefined: Any) -> None:
        self._settings = settings
        self._undefined = undefined
        self._updates = 0
        self._report: dict[str, float] | None = None

    @property
    def n_updates(self) -> int:
        """Calls of `update` that brought data, those of merged evaluators included."""
        return self._updates

    def _changed(self, updates: int) -> None:
        self._updates += updates
        self._report = None

    def _require_mergeable(self, other: Any) -> None:
        if type(other) is not type(self):
            raise InvalidTypeError(f"other must be a {type(self).__name__}; got {type(other).__name__}")
        mine, theirs = self._settings._asdict(), other._settings._asdict()
        different = [f"{key} ({mine[key]!r}, {theirs[key]!r})" for key in mine if mine[key] != theirs[key]]
        if different:
            raise InvalidInputError(f"other must have the same settings; different are {', '.join(different)}")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the evaluator to a safetensors file, all of it or nothing.

        Parameters
        ----------
        path : path
            Replaced where it exists.
        """
        tensors = {name: value for name, value in self.state().items() if name != "settings"}
        io.save(path, tensors, kind=type(self).__name__, config=as_json(self._settings, self._updates))

    @classmethod
    def load(cls: type[Evaluator], path: str | os.PathLike[str]) -> Evaluator:
        """Read an evaluator that :meth:`save` wrote.

        Parameters
        ----------
        path : path
            Its content is checked as if it were hostile.

        Returns
        -------
        evaluator
            With the settings of the one that was saved; `undefined` comes from the configuration.

        Raises
        ------
        FormatError
            For files of another kind, damaged files, and states that no evaluator has.
        """
        content = io.load(path, kind=cls.__name__)
        return cls._from_parts(dict(content.tensors), content.config)

    @classmethod
    def from_state(cls: type[Evaluator], state: Mapping[str, Any]) -> Evaluator:
        """Make an evaluator from what :meth:`state` returned.

        Parameters
        ----------
        state : mapping of str to array
            All entries.

        Returns
        -------
        evaluator
            Equal to the one that the state was taken from.

        Raises
        ------
        FormatError
            For anything else.
        """
        parts = dict(state)
        try:
            config = json.loads(bytes(np.asarray(parts.pop("settings"), np.uint8)).decode("ascii"))
        except (KeyError, ValueError, TypeError):
            raise FormatError("state must hold the settings of an evaluator") from None
        return cls._from_parts(parts, config)

    @abstractmethod
    def state(self) -> dict[str, NDArray[Any]]:
        """Return everything as arrays, for gathering over processes or keeping elsewhere."""

    @classmethod
    @abstractmethod
    def _from_parts(cls: type[Evaluator], parts: dict[str, Any], config: Any) -> Evaluator:
        """Make an evaluator from the arrays of a state and its settings."""

    @classmethod
    def _settings_of(cls, config: Any) -> tuple[Settings, int]:
        try:
            if config["format"] != FORMAT:
                raise FormatError(f"state must have format {FORMAT}; got {config['format']!r}")
            updates = int(config["n_updates"])
            settings = Settings(
                chosen(config["metrics"], cls._known),
                fraction(config["integration_limit"], "integration_limit"),
                checked_bounds(config["fpr_bounds"]),
                int(choice(config["connectivity"], "connectivity", (4, 8))),
                choice(config["group_reduce"], "group_reduce", ("max", "mean")),
                options(config["nan_policy"], None, None).nan_policy,
            )
        except FormatError:
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"state must hold the settings of a {cls.__name__}: {error}") from None
        return settings, updates


def as_json(settings: Settings, updates: int) -> dict[str, Any]:
    listed = {key: list(value) if isinstance(value, tuple) else value for key, value in settings._asdict().items()}
    return {"format": FORMAT, "n_updates": updates, **listed}


def settings_array(settings: Settings, updates: int) -> NDArray[np.uint8]:
    return bytes_of(json.dumps(as_json(settings, updates), sort_keys=True))


def bytes_of(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode("ascii"), np.uint8)


def binary(labels: NDArray[Any], name: str) -> NDArray[np.bool_]:
    """Labels as booleans, which they must be in one of the accepted ways."""
    if labels.dtype == bool:
        return labels
    one = labels == 1
    accepted = bool((one | (labels == 0)).all())
    if not accepted and labels.dtype == np.uint8:
        one = labels == 255
        accepted = bool((one | (labels == 0)).all())
    if not accepted:
        odd = np.unique(labels[(labels != 0) & (labels != 1)])[:5].tolist()
        raise InvalidInputError(f"{name} must be 0 or 1 (or 0 and 255 in uint8); got {', '.join(map(str, odd))}")
    return one  # type: ignore[no-any-return]


def refuse_nan(scores: NDArray[Any], name: str, policy: str) -> None:
    if policy == "raise" and scores.dtype.kind == "f" and np.isnan(scores).any():
        at = tuple(int(i[0]) for i in np.nonzero(np.isnan(scores)))
        raise InvalidInputError(f"{name} contains {int(np.isnan(scores).sum())} NaN, first at index {at}")


def image_stack(value: Any, name: str) -> list[NDArray[Any]]:
    data = argument(value, name).data
    if isinstance(data, list):
        return data
    if data.ndim not in (2, 3, 4) or (data.ndim == 4 and data.shape[1] != 1):
        raise InvalidInputError(
            f"{name} must have shape (h, w), (n, h, w) or (n, 1, h, w), or be a list of (h, w) arrays; got {data.shape}"
        )
    if 0 in data.shape[-2:]:
        raise InvalidInputError(f"{name} must have at least one row and one column; got {data.shape}")
    return list(data.reshape((-1, *data.shape[-2:])))
