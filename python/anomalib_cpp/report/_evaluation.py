"""The page of one result of ``evaluate``, or of two side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..plots import map_overlay
from ._evaluation_figures import draw_metrics, figures_of, metrics_height
from ._evaluation_rows import beside, best_threshold, different_rows, metric_rows, settings_of, worst_rows
from ._page import environment, rendered
from ._pictures import figure, picture
from ._sides import Case, Side

if TYPE_CHECKING:
    from ..cli.results import Result

__all__ = ["page"]


def page(
    sides: Sequence[Side],
    *,
    cases: Sequence[Case] = (),
    tests: tuple[list[str], list[list[str]]] | None = None,
    note: str = "",
) -> str:
    """Return the page; `tests` is a table about the difference of two sides, `note` what it shows."""
    one = sides[0].result

    def content() -> dict[str, Any]:
        return {
            "title": "Evaluation" if len(sides) == 1 else "Two evaluations side by side",
            "sides": [(side.name, side.source, _counts(side.result)) for side in sides],
            "metrics": metric_rows(sides),
            "overview": figure("Metrics", lambda ax: draw_metrics(ax, sides), (5.2, metrics_height(sides))),
            "intervals": sorted({found.interval for side in sides for found in side.result.metrics.values()} - {None}),
            "tests": tests,
            "note": note,
            "figures": figures_of(sides),
            "cases": [_pictured(case, _limits(cases)) for case in cases],
            "images": worst_rows(one) if len(sides) == 1 else different_rows(sides),
            "threshold": best_threshold(one) if len(sides) == 1 else None,
            "settings": beside([settings_of(side.result) for side in sides]),
            "environment": environment(),
        }

    return rendered("evaluation.html", content)


def _counts(result: Result) -> str:
    found = [result.inputs.get(name, "?") for name in ("n_images", "n_anomalous", "n_pixels", "n_anomalous_pixels")]
    return "{} images, {} of them anomalous; {} pixels, {} of them anomalous".format(*found)


def _limits(cases: Iterable[Case]) -> tuple[float, float]:
    """Smallest and largest value of all maps, so that their colours compare."""
    ends = [(float(case.map.min()), float(case.map.max())) for case in cases]
    return min(low for low, _ in ends), max(high for _, high in ends)


def _pictured(case: Case, limits: tuple[float, float]) -> dict[str, str]:
    pixels = np.atleast_3d(case.image)
    return {
        "name": case.name,
        "text": case.text,
        "image": picture(np.broadcast_to(pixels, (*pixels.shape[:2], 3))),
        "map": picture(map_overlay(case.image, case.map, limits=limits)),
        "mask": picture(np.where(case.mask, 255, 0).astype(np.uint8)),
    }
