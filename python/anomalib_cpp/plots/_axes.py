"""Where figures are drawn: the given axes, or new ones."""

from __future__ import annotations

from typing import Any

__all__ = ["axes_or_new", "require_matplotlib"]


def axes_or_new(ax: Any) -> Any:
    """Return `ax`, or the axes of a new figure."""
    require_matplotlib()
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.subplots()[1]


def require_matplotlib() -> None:
    """Say which extra has Matplotlib, where it is missing."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ModuleNotFoundError(
            'figures need the package matplotlib: pip install "anomalib-cpp[plots]"', name="matplotlib"
        ) from error
