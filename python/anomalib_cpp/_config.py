"""Settings: process-wide defaults, and overrides for a block of code that work in threads and in asyncio."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from . import _core
from ._checks import choice, flag, integer
from ._errors import InvalidInputError, InvalidTypeError

__all__ = [
    "config_context",
    "cpu_features",
    "get_config",
    "get_num_threads",
    "set_config",
    "set_isa",
    "set_num_threads",
    "threads_or_default",
]

_DEFAULTS: dict[str, Any] = {
    "nan_policy": "raise",
    "undefined": "nan",
    "threads": None,
    "memory_budget": "auto",
    "progress": None,
    "warn_copies": True,
}
_settings: dict[str, Any] = dict(_DEFAULTS)
_overrides: ContextVar[dict[str, Any] | None] = ContextVar("anomalib_cpp_config", default=None)


_MOST_THREADS = 256  # more than asked for is never used; OpenMP ends the process where it cannot start a thread


def _undefined(value: Any, name: str) -> Any:
    if isinstance(value, str) and value in ("nan", "raise"):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    raise InvalidInputError(f"{name} must be 'nan', 'raise' or a number; got {value!r}")


def _progress(value: Any, name: str) -> Any:
    if value is None or isinstance(value, bool) or callable(value):
        return value
    raise InvalidTypeError(f"{name} must be None, True, False or a callable; got {type(value).__name__}")


_CHECKS: dict[str, Callable[[Any, str], Any]] = {
    "nan_policy": lambda value, name: choice(value, name, ("raise", "propagate", "omit")),
    "undefined": _undefined,
    "threads": lambda value, name: None if value is None else integer(value, name, 1),
    "memory_budget": lambda value, name: (parse_budget(value, name), value)[1],
    "progress": _progress,
    "warn_copies": flag,
}


def _checked(changes: dict[str, Any]) -> dict[str, Any]:
    for key in changes:
        if key not in _CHECKS:
            raise TypeError(f"unknown setting {key!r}; the settings are {', '.join(_CHECKS)}")
    return {key: _CHECKS[key](value, key) for key, value in changes.items()}


def get_config() -> dict[str, Any]:
    """Return the settings in force here: process defaults with the overrides of enclosing `config_context` blocks.

    Returns
    -------
    dict
        Keys ``nan_policy``, ``undefined``, ``threads``, ``memory_budget``, ``progress``,
        ``warn_copies``.

    Examples
    --------
    >>> import anomalib_cpp as ac
    >>> with ac.config_context(undefined=0.0):
    ...     ac.get_config()["undefined"]
    0.0
    """
    return {**_settings, **(_overrides.get() or {})}


def set_config(**changes: Any) -> None:
    """Change process-wide defaults.

    Parameters
    ----------
    **changes
        Any of the keys of :func:`get_config`.

    Raises
    ------
    TypeError
        For an unknown key.
    ValueError
        For a value outside the accepted set; nothing is changed then.
    """
    _settings.update(_checked(changes))


@contextmanager
def config_context(**changes: Any) -> Iterator[None]:
    """Override settings inside a ``with`` block, for the current thread or task only.

    Parameters
    ----------
    **changes
        Any of the keys of :func:`get_config`.
    """
    token = _overrides.set({**(_overrides.get() or {}), **_checked(changes)})
    try:
        yield
    finally:
        _overrides.reset(token)


def set_num_threads(n: int) -> None:
    """Set how many threads a call uses at most, for this process. Other libraries are not affected.

    Parameters
    ----------
    n : int
        At least 1.
    """
    _settings["threads"] = integer(n, "n", 1)


def _environment_threads(name: str) -> int | None:
    text = os.environ.get(name, "").split(",")[0].strip()
    if not text:
        return None
    try:
        return integer(int(text), name, 1)
    except ValueError as error:
        raise InvalidInputError(f"{name} must be an integer >= 1; got {text!r}") from error


def quota() -> int | None:
    """CPU limit of the control group (v2), rounded up."""
    try:
        with open("/sys/fs/cgroup/cpu.max") as file:  # noqa: PTH123
            quota, period = file.read().split()
        return None if quota == "max" else max(1, -(-int(quota) // int(period)))
    except (OSError, ValueError):
        return None


def get_num_threads() -> int:
    """Return how many threads a call uses at most.

    The first of: `config_context` or `set_num_threads`; ``ANOMALIB_CPP_NUM_THREADS``; what OpenMP would use
    (``OMP_NUM_THREADS``, CPU affinity, threadpoolctl), limited by the control group's CPU quota. Read at every call.

    Returns
    -------
    int
        At least 1.
    """
    explicit = get_config()["threads"] or _environment_threads("ANOMALIB_CPP_NUM_THREADS")
    if explicit:
        return int(explicit)
    limit = _core.default_threads()
    limited = quota()
    return min(limit, limited) if limited else limit


def threads_or_default(threads: int | None) -> int:
    """Resolve a function's `threads` argument."""
    return min(get_num_threads() if threads is None else integer(threads, "threads", 1), _MOST_THREADS)


def parse_budget(value: Any, name: str = "memory_budget") -> int:
    """Turn a `memory_budget` (bytes, ``"2GiB"``, ``"25%"``, ``"auto"``, None) into bytes."""
    if value is None:
        value = get_config()["memory_budget"]
    if value == "auto":
        return max(256 << 20, _available_memory() // 4)
    if isinstance(value, str):
        text = value.strip()
        units = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
        try:
            if text.endswith("%"):
                share = float(text[:-1])
                if not 0 < share <= 100:
                    raise ValueError(text)
                return int(_available_memory() * share / 100)
            for unit in sorted(units, key=len, reverse=True):
                if text.endswith(unit):
                    return integer(int(float(text[: -len(unit)]) * units[unit]), name, 1)
        except (ValueError, OverflowError):
            pass
    elif hasattr(value, "__index__") and not isinstance(value, bool):
        return integer(value, name, 1)
    raise InvalidInputError(
        f"{name} must be a number of bytes, a size such as '2GiB', a share such as '25%', or 'auto'; got {value!r}"
    )


_memory_seen: tuple[float, int] = (-math.inf, 0)  # when, and what _available_memory() found


def _available_memory() -> int:
    """Bytes this process may still take: free memory of the machine, or of its control group if that is less."""
    global _memory_seen
    now = time.monotonic()
    if now - _memory_seen[0] < 1.0:  # reading it costs as much as a small search
        return _memory_seen[1]
    available = 1 << 30
    try:
        with open("/proc/meminfo") as file:  # noqa: PTH123
            for line in file:
                if line.startswith("MemAvailable:"):
                    available = int(line.split()[1]) << 10
        with open("/sys/fs/cgroup/memory.max") as limit, open("/sys/fs/cgroup/memory.current") as used:  # noqa: PTH123
            text = limit.read().strip()
            if text != "max":
                available = min(available, max(0, int(text) - int(used.read())))
    except (OSError, ValueError):
        pass
    _memory_seen = (now, available)
    return available


def cpu_features() -> dict[str, Any]:
    """Return what this CPU and operating system offer, and the level in use.

    Returns
    -------
    dict
        ``active``, ``detected``, ``compiled`` (levels) and ``features`` (name to bool).
    """
    return {
        "active": _core.active_isa(),
        "detected": _core.detected_isa(),
        "compiled": _core.compiled_isas(),
        "features": _core.cpu_features(),
    }


def set_isa(level: str) -> None:
    """Choose the instruction-set level of all kernels, for the process. Results do not depend on it.

    Parameters
    ----------
    level : str
        ``"baseline"``, ``"avx2"``, ``"avx512"``, ``"avx512-vnni"`` or ``"amx"``.

    Raises
    ------
    ValueError
        If the level is unknown or this CPU or build lacks it.
    """
    _core.set_isa(level)
