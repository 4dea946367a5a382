"""Exact image and pixel metrics of anomaly detection: data first, scores before labels, options by keyword."""

from __future__ import annotations

from ._curves import pr_curve, pro_curve, roc_curve
from ._ranking import aupr, auroc, average_precision, f1_max
from ._regions import aupro, connected_components
from ._report import image_report, pixel_report
from ._results import Curve, F1Result, ProResult

__all__ = [
    "Curve",
    "F1Result",
    "ProResult",
    "aupr",
    "aupro",
    "auroc",
    "average_precision",
    "connected_components",
    "f1_max",
    "image_report",
    "pixel_report",
    "pr_curve",
    "pro_curve",
    "roc_curve",
]
