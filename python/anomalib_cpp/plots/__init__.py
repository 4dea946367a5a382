"""Figures of curves, scores, maps and time series with Matplotlib, each drawn into one Axes."""

from __future__ import annotations

from ._curves import plot_pimo, plot_pr, plot_pro, plot_roc
from ._maps import map_overlay, plot_map_overlay
from ._points import thin
from ._scores import plot_score_histogram
from ._series import plot_series
from ._surface import plot_vus_surface

__all__ = [
    "map_overlay",
    "plot_map_overlay",
    "plot_pimo",
    "plot_pr",
    "plot_pro",
    "plot_roc",
    "plot_score_histogram",
    "plot_series",
    "plot_vus_surface",
    "thin",
]
