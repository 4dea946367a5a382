"""The page of one result of ``evaluate``, or of two side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..maps import resize
from ..plots import map_overlay
from ..plots._maps import map_colours
from ._changes import change_tables
from ._evaluation_figures import draw_metrics, figures_of, metrics_height
from ._evaluation_rows import beside, best_threshold, metric_rows, settings_of, worst_tables
from ._page import environment, rendered
from ._pictures import figure, picture
from ._sides import Case, Gallery, Side

if TYPE_CHECKING:
    from ..cli.results import Result

__all__ = ["page"]


def page(
    sides: Sequence[Side],
    *,
    galleries: Sequence[Gallery] = (),
    tests: tuple[list[str], list[list[str]]] | None = None,
    note: str = "",
) -> str:
    """Return the page; `tests` is a table about the difference of two sides, `note` what it shows."""
    one = sides[0].result
    limits = _limits(case for gallery in galleries for case in gallery.cases)

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
            "galleries": [
                (gallery.title, [_pictured(case, sides, limits) for case in gallery.cases]) for gallery in galleries
            ],
            "limits": [(side.name, *ends) for side, ends in zip(sides, limits, strict=False)],
            "tables": worst_tables(one) if len(sides) == 1 else change_tables(sides),
            "threshold": best_threshold(one) if len(sides) == 1 else None,
            "settings": beside([settings_of(side.result) for side in sides]),
            "environment": environment(),
        }

    return rendered("evaluation.html", content)


def _counts(result: Result) -> str:
    found = [result.inputs.get(name, "?") for name in ("n_images", "n_anomalous", "n_pixels", "n_anomalous_pixels")]
    return "{} images, {} of them anomalous; {} pixels, {} of them anomalous".format(*found)


def _limits(cases: Iterable[Case]) -> list[tuple[float, float]]:
    """Smallest and largest value of all maps of a side, so that its colours compare."""
    return [
        (min(float(map_.min()) for map_ in maps), max(float(map_.max()) for map_ in maps))
        for maps in zip(*(case.maps for case in cases), strict=True)
    ]


def _pictured(case: Case, sides: Sequence[Side], limits: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """Encode the pictures of a case: source, description, title and note of each."""
    maps = [
        (picture(overlay), f"anomaly map {side.name or ''}".rstrip(), side.name, note)
        for overlay, side, note in zip(_overlays(case, limits), sides, case.notes or [""] * len(sides), strict=True)
    ]
    truth = (picture(np.where(case.mask, 255, 0).astype(np.uint8)), "true defect", "truth", "")
    pictures = [*maps, truth] if len(sides) == 1 else [truth, *maps]
    if case.image is not None:
        pixels = np.atleast_3d(case.image)
        shown = picture(np.broadcast_to(pixels, (*pixels.shape[:2], 3)))
        pictures.insert(0, (shown, f"image {case.name}", "image", ""))
    return {"name": case.name, "text": case.text, "pictures": pictures}


def _overlays(case: Case, limits: Sequence[tuple[float, float]]) -> list[NDArray[np.uint8]]:
    """Colour the maps: over the photograph, or where there is none in the size of the mask."""
    found = []
    for map_, ends in zip(case.maps, limits, strict=True):
        if case.image is not None:
            found.append(map_overlay(case.image, map_, limits=ends))
        else:
            fits = map_.shape == case.mask.shape
            found.append(map_colours(map_ if fits else resize(map_, case.mask.shape), ends))
    return found
