"""Fast, exact kernels under anomaly detection: memory banks, anomaly maps and metrics."""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

from . import _core
from ._arrays import cuda_available
from ._config import (
    config_context,
    cpu_features,
    get_config,
    get_num_threads,
    set_config,
    set_isa,
    set_num_threads,
)
from ._errors import (
    AnomalibCppError,
    ChecksumError,
    CompatibilityWarning,
    CudaError,
    CudaOutOfMemoryError,
    DeviceError,
    FormatError,
    InvalidInputError,
    InvalidTypeError,
    MemoryBudgetError,
    NotFittedError,
    OperationCancelled,
    PerformanceWarning,
    ReproducibilityWarning,
    UndefinedMetricWarning,
)
from ._memory import MemoryEstimate, estimate_memory
from ._show_config import show_config

if TYPE_CHECKING:
    from . import adeval as adeval
    from . import affiliation as affiliation
    from . import aupimo as aupimo
    from . import bank as bank
    from . import evaluators as evaluators
    from . import io as io
    from . import maps as maps
    from . import metrics as metrics
    from . import musc as musc
    from . import nab as nab
    from . import pate as pate
    from . import plots as plots
    from . import prts as prts
    from . import sklearn as sklearn
    from . import temporal as temporal
    from . import timeseries as timeseries
    from . import tsb as tsb
    from . import vus as vus

__all__ = [
    "AnomalibCppError",
    "ChecksumError",
    "CompatibilityWarning",
    "CudaError",
    "CudaOutOfMemoryError",
    "DeviceError",
    "FormatError",
    "InvalidInputError",
    "InvalidTypeError",
    "MemoryBudgetError",
    "MemoryEstimate",
    "NotFittedError",
    "OperationCancelled",
    "PerformanceWarning",
    "ReproducibilityWarning",
    "UndefinedMetricWarning",
    "__version__",
    "adeval",
    "affiliation",
    "aupimo",
    "bank",
    "config_context",
    "cpu_features",
    "cuda_available",
    "estimate_memory",
    "evaluators",
    "get_config",
    "get_num_threads",
    "io",
    "maps",
    "metrics",
    "musc",
    "nab",
    "pate",
    "plots",
    "prts",
    "set_config",
    "set_isa",
    "set_num_threads",
    "show_config",
    "sklearn",
    "temporal",
    "timeseries",
    "tsb",
    "vus",
]

__version__ = str(_core.build_info()["version"])
_ROOMS = (
    "adeval",
    "affiliation",
    "aupimo",
    "bank",
    "evaluators",
    "io",
    "maps",
    "metrics",
    "musc",
    "nab",
    "pate",
    "plots",
    "prts",
    "sklearn",
    "temporal",
    "timeseries",
    "tsb",
    "vus",
)

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    """Import a room on first use, so that importing the package costs one extension module."""
    if name in _ROOMS:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names, rooms included."""
    return sorted(__all__)
