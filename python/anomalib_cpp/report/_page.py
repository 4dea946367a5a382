"""Pages from templates, and what stands at their ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._show_config import show_config

__all__ = ["environment", "rendered"]

_STYLE = {
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "svg.hashsalt": "anomalib_cpp",  # the same file for the same result
}


def rendered(template: str, content: Callable[[], dict[str, Any]]) -> str:
    """Fill a template with `content`, which draws its figures in our style; all of it is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from matplotlib import rc_context

    loader = PackageLoader("anomalib_cpp", "templates")
    with rc_context(_STYLE):
        filled = content()
    page: str = (
        Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
        .get_template(template)
        .render(filled)
    )
    return page


def environment() -> dict[str, str]:
    """Say what runs here: a part of :func:`anomalib_cpp.show_config`."""
    found = show_config("dict")
    packages = {name: version for name, version in found["optional"].items() if version}
    return {
        "anomalib_cpp": found["version"] + (f" ({found['git']})" if found["git"] else ""),
        "Python": found["python"],
        "compiler": f"{found['build']['compiler']}, {found['build']['type']}",
        "threads": str(found["threads"]["max"]),
        "instruction set": f"{found['isa']['active']} (compiled: {', '.join(map(str, found['isa']['compiled']))})",
        "packages": ", ".join(f"{name} {version}" for name, version in packages.items()),
    }
