"""Figures of curves, scores and maps with Matplotlib, each drawn into one Axes."""

from __future__ import annotations

from ._curves import plot_pimo, plot_pr, plot_pro, plot_roc
from ._maps import map_overlay, plot_map_overlay
from ._points import thin
from ._scores import plot_score_histogram

__all__ = [
    "map_overlay",
    "plot_map_overlay",
    "plot_pimo",
    "plot_pr",
    "plot_pro",
    "plot_roc",
    "plot_score_histogram",
    "thin",
]
