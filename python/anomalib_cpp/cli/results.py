"""A result of ``evaluate``: in memory, as JSON that depends on the data alone, and read back as if it were hostile."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import __version__
from .._errors import FormatError
from .failures import naming
from .outputs import json_of

__all__ = ["IMAGE_VALUES", "Measured", "Points", "Result", "as_content", "read_result"]

IMAGE_VALUES = ("score", "aupro", "aupimo")  # numbers that an image may have
_MOST_BYTES = 64 << 20
_NOT_FINITE = ("NaN", "Infinity", "-Infinity")
_NAME = re.compile(r"[A-Za-z0-9_.@-]{1,100}")


@dataclass(frozen=True)
class Measured:
    """One metric.

    Attributes
    ----------
    value : float
        NaN where it does not exist.
    low, high : float or None
        An interval around it.
    interval : str or None
        ``"certified"``: the exact value lies in it; ``"bootstrap"``: of other images, with 95 % confidence.
    variant : str or None
        Whose definition the value follows, if not ours.
    """

    value: float
    low: float | None = None
    high: float | None = None
    interval: str | None = None
    variant: str | None = None


@dataclass(frozen=True)
class Points:
    """A curve, reduced to as many points as a figure shows."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    thresholds: NDArray[np.float64]


@dataclass
class Result:
    """What was measured on which data, under which settings.

    Attributes
    ----------
    inputs, settings : dict
        As in the JSON.
    metrics : dict of str to Measured
        In the order in which they are shown.
    images : list of dict
        ``name``, ``label`` and those of `IMAGE_VALUES` that there are.
    version : str
        Of the library that measured.
    timestamp : str or None
        When that was, if it is to be told.
    curves : dict of str to Points
        Not in the JSON.
    pixels : (list of maps, list of masks) or None
        Of a saved state; not in the JSON.
    """

    inputs: dict[str, Any]
    settings: dict[str, Any]
    metrics: dict[str, Measured]
    images: list[dict[str, Any]] = field(default_factory=list)
    version: str = __version__
    timestamp: str | None = None
    curves: dict[str, Points] = field(default_factory=dict)
    pixels: tuple[list[NDArray[Any]], list[NDArray[Any]]] | None = None

    def column(self, name: str) -> NDArray[np.float64] | None:
        """Return a number of all images, NaN where one has none; None if no image has it."""
        if not any(name in image for image in self.images):
            return None
        return np.array([image.get(name, math.nan) for image in self.images], np.float64)


def as_content(result: Result) -> dict[str, Any]:
    """Return what the JSON holds."""
    metrics = {}
    for name, found in result.metrics.items():
        entry: dict[str, Any] = {"value": found.value, "undefined": math.isnan(found.value)}
        if found.interval is not None:
            entry |= {"low": found.low, "high": found.high, "interval": found.interval}
        if found.variant is not None:
            entry["variant"] = found.variant
        metrics[name] = entry
    return {
        "schema": 1,
        "library": {"version": result.version},
        "inputs": result.inputs,
        "settings": result.settings,
        "metrics": metrics,
        "per_image": result.images,
        **({} if result.timestamp is None else {"timestamp": result.timestamp}),
    }


def read_result(path: Path) -> Result:
    """Read what ``evaluate`` wrote."""
    with naming(path):
        return _checked(json_of(path, _MOST_BYTES, "result of evaluate"))


def _checked(content: Any) -> Result:
    if not isinstance(content, dict) or not isinstance(content.get("metrics"), dict) or not content["metrics"]:
        raise FormatError("not a result of evaluate: it has no metrics")
    if content.get("schema") != 1:
        raise FormatError(f"not a result of schema 1; got {str(content.get('schema'))[:20]!a}")
    if not all(isinstance(content.get(name), dict) for name in ("inputs", "settings")):
        raise FormatError("not a result of evaluate: it lacks inputs or settings")
    library, images, timestamp = content.get("library", {}), content.get("per_image", []), content.get("timestamp")
    version = library.get("version", "") if isinstance(library, dict) else None
    if not isinstance(version, str) or not isinstance(images, list) or not isinstance(timestamp, (str, type(None))):
        raise FormatError("not a result of evaluate: library, per_image or timestamp is of another kind")
    return Result(
        content["inputs"],
        content["settings"],
        {name: _measured(name, entry) for name, entry in content["metrics"].items()},
        [_image(entry) for entry in images],
        version,
        timestamp,
    )


def _measured(name: str, entry: Any) -> Measured:
    if not isinstance(entry, dict) or not _is_number(entry.get("value")) or not _NAME.fullmatch(name):
        raise FormatError(f"not a result of evaluate: the metric {name[:60]!a} has no number as its value")
    low, high, kind, variant = (entry.get(key) for key in ("low", "high", "interval", "variant"))
    whole = all(_is_number(end) == (kind is not None) for end in (low, high))
    if kind not in (None, "certified", "bootstrap") or not whole:
        raise FormatError(f"not a result of evaluate: the metric {name[:60]!a} has no proper interval")
    if variant is not None and not (isinstance(variant, str) and _NAME.fullmatch(variant)):
        raise FormatError(f"not a result of evaluate: the metric {name[:60]!a} has no proper variant")
    if kind is None:
        return Measured(float(entry["value"]), variant=variant)
    return Measured(float(entry["value"]), float(entry["low"]), float(entry["high"]), kind, variant)


def _image(entry: Any) -> dict[str, Any]:
    valid = (
        isinstance(entry, dict)
        and isinstance(entry.get("name"), str)
        and len(entry["name"]) <= 4096
        and type(entry.get("label")) is int
        and entry["label"] in (0, 1)
        and set(entry) <= {"name", "label", *IMAGE_VALUES}
        and all(_is_number(entry[key]) for key in entry.keys() & set(IMAGE_VALUES))
    )
    if not valid:
        raise FormatError(f"not a result of evaluate: an entry of per_image is not valid: {str(entry)[:60]!a}")
    return {key: float(value) if key in IMAGE_VALUES else value for key, value in entry.items()}


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) or (isinstance(value, str) and value in _NOT_FINITE)
