"""Figures of results: metrics, curves, scores."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..plots import plot_pr, plot_pro, plot_roc, plot_score_histogram
from ._evaluation_rows import best_threshold
from ._pictures import figure
from ._sides import Side

if TYPE_CHECKING:
    from ..cli.results import Measured, Result

__all__ = ["draw_metrics", "figures_of", "metrics_height"]

COLOURS = ("#3b76af", "#c8452f")
_CURVES: dict[str, tuple[str, Callable[..., Any]]] = {
    "image_roc": ("Images: ROC", plot_roc),
    "image_pr": ("Images: precision and recall", plot_pr),
    "pixel_roc": ("Pixels: ROC", plot_roc),
    "pixel_pr": ("Pixels: precision and recall", plot_pr),
    "pixel_pro": ("Regions: PRO", plot_pro),
}


def metrics_height(sides: Sequence[Side]) -> float:
    """Inches that the metrics need."""
    return 0.7 + 0.26 * max(1, len({name for side in sides for name in _rates(side)}))


def draw_metrics(ax: Any, sides: Sequence[Side]) -> None:
    """Draw every metric as a dot, with its interval as a line."""
    names = list(dict.fromkeys(name for side in sides for name in _rates(side)))[::-1]
    for i, side in enumerate(sides):
        shift = (0.5 - i) * 0.3 if len(sides) == 2 else 0.0
        found = _rates(side)
        at = [names.index(name) + shift for name in found]
        ax.plot([one.value for one in found.values()], at, "o", color=COLOURS[i], markersize=5, label=side.name)
        for y, one in zip(at, found.values(), strict=True):
            if one.low is not None:
                ax.plot([one.low, one.high], [y, y], color=COLOURS[i], linewidth=2.5, alpha=0.4)
    ax.set_yticks(range(len(names)), names)
    ax.set(xlim=(-0.01, 1.01), ylim=(-0.6, len(names) - 0.4))
    ax.grid(axis="x", color="0.9", linewidth=0.6)
    ax.set_axisbelow(True)
    if len(sides) == 2:
        ax.legend(frameon=False, loc="best")


def _rates(side: Side) -> dict[str, Measured]:
    return {
        name: found
        for name, found in side.result.metrics.items()
        if not name.endswith("_threshold") and not math.isnan(found.value)
    }


def figures_of(sides: Sequence[Side]) -> list[dict[str, str]]:
    """Draw the curves that there are, and the scores."""
    if len(sides) == 1:
        return _own_figures(sides[0].result)

    def together(name: str, draw: Callable[..., Any]) -> Callable[[Any], None]:
        def drawn(ax: Any) -> None:
            for i, side in enumerate(sides):
                if name in side.result.curves:
                    _curve(draw, ax, side.result, name, side.name, COLOURS[i])
            ax.legend(frameon=False, loc="best")

        return drawn

    shown = [name for name in _CURVES if any(name in side.result.curves for side in sides)]
    figures = [figure(_CURVES[name][0], together(name, _CURVES[name][1])) for name in shown]
    return figures + [part for side in sides for part in _histogram(side.result, f"Scores of the images, {side.name}")]


def _own_figures(result: Result) -> list[dict[str, str]]:
    def both(kind: str, draw: Callable[..., Any]) -> Callable[[Any], None]:
        def drawn(ax: Any) -> None:
            for level, colour in zip(("image", "pixel"), COLOURS, strict=True):
                if f"{level}_{kind}" in result.curves:
                    _curve(draw, ax, result, f"{level}_{kind}", f"{level}s", colour)
            ax.legend(frameon=False, loc="best")

        return drawn

    figures = []
    for kind, title, draw in (("roc", "ROC", plot_roc), ("pr", "Precision and recall", plot_pr)):
        if any(f"{level}_{kind}" in result.curves for level in ("image", "pixel")):
            figures.append(figure(title, both(kind, draw)))
    if "pixel_pro" in result.curves:
        figures.append(figure("PRO", lambda ax: _curve(plot_pro, ax, result, "pixel_pro", None, COLOURS[1])))
    return figures + _histogram(result, "Scores of the images")


def _curve(draw: Callable[..., Any], ax: Any, result: Result, name: str, label: str | None, colour: str) -> None:
    points = result.curves[name]
    options = {}
    limit = result.settings.get("integration_limit")
    if draw is plot_pro and isinstance(limit, float) and 0 < limit <= 1:
        options["integration_limit"] = limit
    draw((points.x, points.y), ax=ax, label=label, color=colour, **options)


def _histogram(result: Result, title: str) -> list[dict[str, str]]:
    scores = result.column("score")
    if scores is None or not np.isfinite(np.ptp(scores)):
        return []
    labels = [image["label"] for image in result.images]
    return [figure(title, lambda ax: plot_score_histogram(scores, labels, threshold=best_threshold(result), ax=ax))]
