"""What everything that takes data in parts shares: counting of updates, comparison of settings, copies, files."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .. import io
from .._checks import integer
from .._errors import FormatError, InvalidInputError, InvalidTypeError
from ..metrics._arguments import argument, float64_holds, refuse_nan

FORMAT = 1
Kind = TypeVar("Kind", bound="Mergeable")


class Mergeable(ABC):
    """State that grows by `update`, adds up by `merge` and travels as arrays."""

    _updates = 0

    @property
    def n_updates(self) -> int:
        """Calls of `update` that brought data, those of merged objects included."""
        return self._updates

    @abstractmethod
    def _configuration(self) -> dict[str, Any]:
        """Return what two must have in common to be merged, as JSON holds it."""

    @abstractmethod
    def state(self) -> dict[str, NDArray[Any]]:
        """Return everything as arrays, for gathering over processes or keeping elsewhere."""

    @classmethod
    @abstractmethod
    def _from_parts(cls: type[Kind], parts: dict[str, Any], config: Any) -> Kind:
        """Make an object from the arrays of a state and its settings."""

    def _recorded(self) -> dict[str, Any]:
        return {"format": FORMAT, "n_updates": self._updates, **self._configuration()}

    def _settings_array(self) -> NDArray[np.uint8]:
        return np.frombuffer(json.dumps(self._recorded(), sort_keys=True).encode("ascii"), np.uint8)

    @property
    @abstractmethod
    def n_items(self) -> int:
        """What came so far: values, rows, images or pixels."""

    def _restored(self: Kind, updates: int) -> Kind:
        """Return this object, filled from a state with so many updates."""
        if (updates == 0) != (self.n_items == 0):
            raise FormatError("state must record updates if it holds data, and only then")
        self._updates = updates
        return self

    def _require_data(self) -> None:
        if self._updates == 0:
            raise InvalidInputError(f"{type(self).__name__} has no data: call update first")

    def _require_mergeable(self, other: Any, ignoring: tuple[str, ...] = ()) -> None:
        if type(other) is not type(self):
            raise InvalidTypeError(f"other must be a {type(self).__name__}; got {type(other).__name__}")
        mine, theirs = self._configuration(), other._configuration()
        different = [
            f"{key} ({mine[key]!r}, {theirs[key]!r})"
            for key in mine
            if key not in ignoring and key in theirs and mine[key] != theirs[key]
        ]
        if different:
            raise InvalidInputError(f"other must have the same settings; different are {', '.join(different)}")

    def clone(self: Kind) -> Kind:
        """Return an object with the same settings and data that goes its own way from here."""
        return type(self).from_state(self.state())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to a safetensors file, all of it or nothing.

        Parameters
        ----------
        path : path
            Replaced where it exists.
        """
        tensors = {name: value for name, value in self.state().items() if name != "settings"}
        io.save(path, tensors, kind=type(self).__name__, config=self._recorded())

    @classmethod
    def load(cls: type[Kind], path: str | os.PathLike[str]) -> Kind:
        """Read what :meth:`save` wrote.

        Parameters
        ----------
        path : path
            Its content is checked as if it were hostile.

        Returns
        -------
        object of this class
            With the settings of the one that was saved; what is no setting of the data, such as `undefined`, comes
            from the configuration.

        Raises
        ------
        FormatError
            For files of another kind, damaged files, and states that no object has.
        """
        content = io.load(path, kind=cls.__name__)
        return cls._from_parts(dict(content.tensors), content.config)

    @classmethod
    def from_state(cls: type[Kind], state: Mapping[str, Any]) -> Kind:
        """Make an object from what :meth:`state` returned.

        Parameters
        ----------
        state : mapping of str to array
            All entries.

        Returns
        -------
        object of this class
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
            raise FormatError(f"state must hold the settings of {cls.__name__}") from None
        return cls._from_parts(parts, config)


@contextmanager
def reading_state(name: str) -> Iterator[None]:
    """Report whatever the content of a state makes fail as a `FormatError`."""
    try:
        yield
    except FormatError:
        raise
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise FormatError(f"state must hold the arrays and settings of {name}: {error}") from None


def read_config(config: Any, known: Iterable[str], name: str) -> tuple[dict[str, Any], int]:
    """Return the settings of a state, which must be `known`, and its number of updates."""
    if not isinstance(config, dict) or set(config) != {"format", "n_updates", *known}:
        raise FormatError(f"state must hold the settings of {name}")
    if config["format"] != FORMAT:
        raise FormatError(f"state must have format {FORMAT}; got {config['format']!r}")
    with reading_state(name):
        updates = integer(config["n_updates"], "n_updates", 0)
    return {key: config[key] for key in known}, updates


def part(parts: Mapping[str, Any], name: str, dtype: Any, shape: tuple[int | None, ...]) -> NDArray[Any]:
    """Return one array of a state, which must have this dtype and shape; None stands for any length."""
    if name not in parts:
        raise FormatError(f"state must hold {name}")
    held = np.asarray(parts[name])
    fits = len(held.shape) == len(shape) and all(n in (None, m) for n, m in zip(shape, held.shape, strict=True))
    if held.dtype != dtype or not fits:
        wanted = ", ".join("n" if n is None else str(n) for n in shape)
        raise FormatError(
            f"state must hold {np.dtype(dtype).name} {name} of shape ({wanted}); got {held.dtype.name}, {held.shape}"
        )
    return held


def exact_floats(value: Any, name: str, *, finite: bool = False) -> NDArray[np.float64]:
    """Numbers as float64, which must hold them exactly; NaN is refused, and -0 is 0."""
    data = argument(value, name).data
    if isinstance(data, list):
        raise InvalidTypeError(f"{name} must be one array; got a list of {len(data)} arrays")
    if data.dtype.kind not in "fui" or data.dtype.itemsize > 8:
        raise InvalidTypeError(f"{name} must hold numbers of at most 64 bits; got dtype {data.dtype}")
    if data.dtype.kind in "ui" and data.size and not float64_holds(data):
        raise InvalidTypeError(f"{name} must hold integers of at most 2^53; got {data.dtype} beyond that")
    refuse_nan(data, name, "raise")
    if finite and not np.isfinite(data).all():
        raise InvalidInputError(f"{name} must be finite; got {int(np.isinf(data).sum())} infinities")
    return np.asarray(data, np.float64) + 0.0
