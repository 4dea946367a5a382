"""Tables of results: metrics, the worst images, settings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._sides import Side

if TYPE_CHECKING:
    from ..cli.results import Measured, Result

__all__ = [
    "ROWS",
    "VALUES",
    "beside",
    "best_threshold",
    "metric_rows",
    "settings_of",
    "shown_number",
    "verdict",
    "worst_tables",
    "wrongness",
]

ROWS = 20  # of a table of images
VALUES = {"score": "score", "aupro": "AUPRO", "aupimo": "AUPIMO"}


def metric_rows(sides: Sequence[Side]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Name, and for each side a value with what stands below it; then the difference."""
    names = list(dict.fromkeys(name for side in sides for name in side.result.metrics))
    rows = []
    for name in names:
        found = [side.result.metrics.get(name) for side in sides]
        cells = [_shown(one) for one in found]
        if len(found) == 2:
            a, b = found
            cells.append(("" if a is None or b is None else f"{b.value - a.value:+.4g}", ""))
        rows.append((name, cells))
    return rows


def _shown(found: Measured | None) -> tuple[str, str]:
    if found is None:
        return "", ""
    below = "" if found.low is None or found.high is None else f"{found.low:.4f} to {found.high:.4f}"
    below = below if found.variant is None else f"as {found.variant}"
    return "does not exist" if math.isnan(found.value) else f"{found.value:.4f}", below


def best_threshold(result: Result) -> float | None:
    """Return the threshold of the best F1 of the images, if there is one."""
    found = result.metrics.get("image_f1_max_threshold")
    return None if found is None or not math.isfinite(found.value) else found.value


def wrongness(result: Result) -> NDArray[np.float64] | None:
    """By how much each image is on the wrong side of the threshold of the best F1, or what comes closest to that."""
    scores, threshold = result.column("score"), best_threshold(result)
    labels = np.array([image["label"] for image in result.images])
    if scores is not None and threshold is not None:
        return np.where(labels == 1, threshold - scores, scores - threshold)
    overlap = result.column("aupro")
    if overlap is not None:
        return -overlap
    return scores


def worst_tables(result: Result) -> list[dict[str, Any]]:
    """Return the table of the images that are farthest on the wrong side, if that can be told."""
    wrong = wrongness(result)
    if wrong is None:
        return []
    order = [i for i in np.argsort(-wrong, kind="stable").tolist() if not np.isnan(wrong[i])][:ROWS]
    threshold, kept = best_threshold(result), [name for name in VALUES if result.column(name) is not None]
    rows = []
    for image in (result.images[i] for i in order):
        cells = ["anomalous" if image["label"] else "normal", *(shown_number(image.get(name)) for name in kept)]
        if threshold is not None:
            cells.append(verdict(image, threshold))
        rows.append((image["name"], cells))
    header = ["truth", *(VALUES[name] for name in kept), *([] if threshold is None else ["verdict"])]
    return [{"title": "Worst images", "header": header, "rows": rows, "total": len(result.images), "note": ""}]


def verdict(image: dict[str, Any], threshold: float) -> str:
    """Say what the score of an image makes of it."""
    if (image["score"] >= threshold) == bool(image["label"]):
        return "right"
    return "missed" if image["label"] else "false alarm"


def shown_number(value: Any) -> str:
    """Four digits; nothing for what does not exist."""
    return "" if value is None or math.isnan(value) else f"{value:.4g}"


def settings_of(result: Result) -> dict[str, Any]:
    """Return data and settings, in the order of the page."""
    counts = {name: value for name, value in result.inputs.items() if name != "sha256_of_names"}
    when = {} if result.timestamp is None else {"evaluated at": result.timestamp}
    return {**counts, **result.settings, "evaluated by": f"anomalib_cpp {result.version}", **when}


def beside(columns: list[dict[str, Any]]) -> list[tuple[str, list[str], bool]]:
    """Name, values and whether they differ."""
    names = list(dict.fromkeys(name for column in columns for name in column))

    def shown(value: Any) -> str:
        text = "-" if value is None else " to ".join(map(str, value)) if isinstance(value, list) else str(value)
        return text[:200]

    rows = [(name, [shown(column.get(name)) for column in columns]) for name in names]
    return [(name, values, len(set(values)) > 1) for name, values in rows]
