"""Fast, exact kernels under anomaly detection: memory banks, anomaly maps and metrics."""

from __future__ import annotations

import importlib
import logging
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from . import _core
from ._config import (
    config_context,
    cpu_features,
    get_config,
    get_num_threads,
    set_config,
    set_isa,
    set_num_threads,
)
from ._errors import *  # noqa: F403
from ._errors import __all__ as _error_names

if TYPE_CHECKING:
    from . import bank, maps, metrics

logging.getLogger(__name__).addHandler(logging.NullHandler())

try:
    __version__ = version("anomalib-cpp")
except PackageNotFoundError:  # run from a build tree
    __version__ = _core.build_info()["version"]

_ROOMS = ("bank", "maps", "metrics")

__all__ = [
    *_error_names,
    *_ROOMS,
    "__version__",
    "config_context",
    "cpu_features",
    "get_config",
    "get_num_threads",
    "set_config",
    "set_isa",
    "set_num_threads",
]


def __getattr__(name: str) -> Any:
    """Import a room on first use, so that importing the package costs one extension module."""
    if name in _ROOMS:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names, rooms included."""
    return sorted(__all__)
