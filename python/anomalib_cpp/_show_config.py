"""What runs here: versions, build, threads, instruction sets, optional packages. The first thing a bug report needs."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal, overload

from . import _core
from ._checks import choice
from ._config import cpu_features, get_config, get_num_threads, quota

__all__ = ["print_report", "show_config"]

_OPTIONAL = (
    "numpy",
    "safetensors",
    "scipy",
    "scikit-learn",
    "scikit-image",
    "torch",
    "faiss-cpu",
    "matplotlib",
    "jinja2",
)


def _installed(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _openmp_runtimes() -> list[str]:
    """File names of the OpenMP runtimes in this process; several are normal, each wheel brings its own."""
    try:
        with open("/proc/self/maps") as file:  # noqa: PTH123
            names = {line.rsplit("/", 1)[-1].strip() for line in file if "omp" in line}
    except OSError:
        return []
    return sorted(name for name in names if name.startswith(("libgomp", "libomp", "libiomp", "vcomp")))


def _collect() -> dict[str, Any]:
    build = _core.build_info()
    isa = cpu_features()
    return {
        "version": build["version"],
        "git": build["git"] or None,
        "python": sys.version.split()[0],
        "build": {key: build[key] for key in ("compiler", "std", "flags", "type", "sanitizers")},
        "threads": {
            "backend": "openmp",
            "max": get_num_threads(),
            "openmp_runtime_files": _openmp_runtimes(),
            "cgroup_quota": quota(),
        },
        "isa": {key: isa[key] for key in ("compiled", "detected", "active")},
        "cuda": {"built": importlib.util.find_spec("anomalib_cpp._cuda") is not None},
        "optional": {name: _installed(name) for name in _OPTIONAL},
        "config": get_config(),
    }


@overload
def show_config(mode: Literal["stdout"] = ...) -> None: ...
@overload
def show_config(mode: Literal["dict"]) -> dict[str, Any]: ...
def show_config(mode: str = "stdout") -> dict[str, Any] | None:
    """Print or return versions, build, threads, instruction sets, optional packages and settings.

    Contains no user name, no path and no environment variable.

    Parameters
    ----------
    mode : {"stdout", "dict"}, default "stdout"
        Print it for people, or return it.

    Returns
    -------
    dict or None
        With ``mode="dict"``: keys ``version``, ``git``, ``python``, ``build``, ``threads``, ``isa``, ``cuda``,
        ``optional``, ``config``.

    Raises
    ------
    ValueError
        For another `mode`.

    Examples
    --------
    >>> import anomalib_cpp as ac
    >>> ac.show_config("dict")["threads"]["backend"]
    'openmp'
    """
    choice(mode, "mode", ("stdout", "dict"))
    report = _collect()
    if mode == "dict":
        return report
    print_report(report)
    return None


def print_report(report: Mapping[str, Any]) -> None:
    """Print entries, and those of dicts one level deeper, for people."""

    def shown(value: Any) -> str:
        return "-" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)

    for section, content in report.items():
        if isinstance(content, dict):
            print(f"{section}:")
            for key, value in content.items():
                print(f"  {key}: {shown(value)}")
        else:
            print(f"{section}: {shown(content)}")
