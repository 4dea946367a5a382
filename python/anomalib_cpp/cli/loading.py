"""A result from whatever file holds one: JSON of ``evaluate``, or the state of an evaluator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .. import io
from .._errors import FormatError
from ..evaluators import ImageEvaluator, PixelEvaluator
from .failures import naming
from .measuring import image_curves, inputs_of
from .outputs import json_of
from .pixels import curves_of, metrics_of, overlaps
from .results import Measured, Points, Result, read_result

__all__ = ["holds_maps", "load_result", "read_curves"]

_MOST_BYTES = 64 << 20


def load_result(path: Path, curves: Path | None, *, drawn: bool) -> Result:
    """Read a result, and where it is to be `drawn`, the curves that a state or the file `curves` has."""
    io.check_suffix(path)
    result = _of_state(path, drawn) if path.suffix.lower() == ".safetensors" else read_result(path)
    if drawn and result.images:
        result.curves |= image_curves(result)
    if curves is not None:
        result.curves |= read_curves(curves)
    return result


def holds_maps(path: Path) -> bool:
    """Whether a file is a state that keeps the maps and masks it was fed with; one that counts in bins does not."""
    io.check_suffix(path)
    if path.suffix.lower() != ".safetensors":
        return False
    with naming(path):
        found = io.inspect(path)
        return found.kind == "PixelEvaluator" and found.config.get("mode") == "exact"


def _of_state(path: Path, drawn: bool) -> Result:
    """Compute what a saved evaluator reports; it knows its images by their numbers only."""
    with naming(path):
        kind = io.inspect(path).kind
        if kind == "PixelEvaluator":
            return _of_pixels(PixelEvaluator.load(path), drawn)
        if kind == "ImageEvaluator":
            return _of_images(ImageEvaluator.load(path))
        raise FormatError(f"it holds a {kind[:60]!a}, not the state of an evaluator")


def _of_pixels(evaluator: PixelEvaluator, drawn: bool) -> Result:
    result = _of_bins(evaluator) if evaluator.mode == "binned" else _of_maps(evaluator)
    if drawn:
        result.curves = curves_of(evaluator)
    return result


def _of_bins(evaluator: PixelEvaluator) -> Result:
    """Make a result of counts, which know no images."""
    counts = {
        "n_images": evaluator.n_images,
        "n_pixels": evaluator.n_items,
        "n_anomalous_pixels": int(evaluator.state()["counts"][1].sum()),
    }
    data = ("score_range", "range_from_data")  # of the scores, which two results need not share
    settings = {name: value for name, value in evaluator.settings.items() if name not in data}
    return Result(counts, settings, metrics_of(evaluator))


def _of_maps(evaluator: PixelEvaluator) -> Result:
    """Make a result of maps: the score of an image is the largest of its map."""
    maps, masks = evaluator.images()
    scores, settings = [values.max().item() for values in maps], evaluator.settings
    result = _listed(metrics_of(evaluator), settings, scores, [bool(mask.any()) for mask in masks])
    for name, column in overlaps(settings["metrics"], maps, masks, settings).items():
        for image, value in zip(result.images, column, strict=True):
            image[name] = value
    result.inputs |= {"n_pixels": evaluator.n_items, "n_anomalous_pixels": sum(int(mask.sum()) for mask in masks)}
    result.pixels = maps, masks
    return result


def _of_images(evaluator: ImageEvaluator) -> Result:
    found = {f"image_{name}": Measured(value) for name, value in evaluator.compute().items()}
    state = evaluator.state()
    return _listed(found, evaluator.settings, state["scores"].tolist(), state["labels"].tolist())


def _listed(found: dict[str, Measured], settings: dict[str, Any], scores: list[Any], labels: list[bool]) -> Result:
    names = [f"{i:06d}" for i in range(len(labels))]
    rows = zip(names, labels, scores, strict=True)
    return Result(
        inputs_of(names, [int(label) for label in labels], 0, 0),
        {name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()},
        found,
        [{"name": name, "label": int(label), "score": float(score)} for name, label, score in rows],
    )


def read_curves(path: Path) -> dict[str, Points]:
    """Read what ``evaluate --curves NAME.json`` wrote."""
    with naming(path):
        content = json_of(path, _MOST_BYTES, "curves of evaluate")
        curves = content.get("curves") if isinstance(content, dict) and content.get("schema") == 1 else None
        if not isinstance(curves, dict):
            raise FormatError("not the curves of evaluate: it has no curves of schema 1")
        return {name: _points(name, entry) for name, entry in curves.items()}


def _points(name: str, entry: object) -> Points:
    keys = ("x", "y", "thresholds")
    lists = [entry.get(key) for key in keys] if isinstance(entry, dict) else []
    try:
        columns = [np.array([float(value) for value in column], np.float64) for column in lists]  # type: ignore[union-attr]
    except (TypeError, ValueError):
        columns = []
    lengths = {len(column) for column in columns}
    if len(columns) != 3 or len(lengths) != 1 or lengths == {0} or not np.isfinite(columns[:2]).all():
        raise FormatError(f"not the curves of evaluate: {name[:60]!a} has no equally long x, y and thresholds")
    return Points(*columns)
