"""From maps and masks on disk to a result: one image at a time."""

from __future__ import annotations

import argparse
import hashlib
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .evaluate_options import IMAGE
from .image_scores import compiled, groups_of, read_scores, stack_scores
from .pairs import about
from .pixels import Pixels, curves_of, reduced, with_intervals
from .reading import Pairs, feed, pairs_of, range_of
from .results import Measured, Result
from .variants import RESAMPLED, image_variants

if TYPE_CHECKING:
    from ..evaluators import PixelEvaluator

__all__ = ["Measurement", "image_curves", "inputs_of", "measure"]

_SETTINGS = (
    "mode",
    "image_score",
    "integration_limit",
    "connectivity",
    "nan_policy",
    "missing_mask",
    "mask_threshold",
    "variant",
    "group_by",
)


class Measurement:
    """What was found, and where it was found."""

    def __init__(self, result: Result, pairs: Pairs, evaluator: PixelEvaluator) -> None:
        self.result, self.pairs, self._evaluator = result, pairs, evaluator

    def save_state(self, path: Path) -> None:
        """Write the state of the pixels' evaluator."""
        self._evaluator.save(path)


def measure(args: argparse.Namespace, *, per_image: bool, curves: bool) -> Measurement:
    """Read everything once, or in binned mode without a range twice, and compute what the options ask for."""
    from ..evaluators import ImageEvaluator
    from ..metrics._values import IMAGE_METRICS, PIXEL_METRICS

    names = _names("--metrics", args.metrics, PIXEL_METRICS)
    image_names = _names("--image-metrics", args.image_metrics or IMAGE, IMAGE_METRICS)
    images = ImageEvaluator(image_names, group_reduce=args.group_reduce or "max", nan_policy=args.nan_policy)
    expression = None if args.group_by is None else compiled(args.group_by)
    pixels = Pixels(names, args, args.score_range)  # which checks the options
    pairs = pairs_of(args)
    given, said = _given_scores(args, [map_.name for map_, _ in pairs])
    if args.mode == "binned" and args.score_range is None:
        pixels = Pixels(names, args, range_of(pairs))
    masks_say, of_maps, n_anomalous_pixels = feed(args, pairs, pixels)
    labels = _agreed(masks_say, said)
    scores = of_maps if given is None else given

    found: dict[str, Measured] = {}
    sources = [map_.name for map_, _ in pairs]
    if scores is not None:
        groups = None if expression is None else groups_of(sources, expression, args.expected_views)
        found |= _of_images(args, images, image_names, np.array(scores), np.array(labels), groups)
    found |= pixels.measured()
    settings = _settings(args) | ({} if given is None else {"image_score": "file"})
    result = Result(inputs_of(sources, labels, pixels.n_items, n_anomalous_pixels), settings, found)
    result.images = [{"name": name, "label": label} for name, label in zip(sources, labels, strict=True)]
    columns: dict[str, list[Any]] = {} if scores is None else {"score": np.array(scores).tolist()}
    if per_image:
        columns |= pixels.of_images()
    for name, column in columns.items():
        for image, value in zip(result.images, column, strict=True):
            image[name] = value
    if curves:
        result.curves = image_curves(result) | curves_of(pixels.evaluator)
    return Measurement(result, pairs, pixels.evaluator)


def _names(option: str, text: str, known: tuple[str, ...]) -> tuple[str, ...]:
    from ..metrics._values import chosen

    with about(option):
        return known if text == "all" else chosen([name.strip() for name in text.split(",")], known)


def _given_scores(args: argparse.Namespace, names: list[str]) -> tuple[list[float] | None, list[int | None] | None]:
    """Scores and labels that come from a file, not from maps and masks."""
    if args.scores is not None:
        rows = read_scores(args.scores, names, strict=args.strict)
        return [row.score for row in rows], [row.label for row in rows]
    if args.image_score is None:
        return stack_scores(args.maps, len(names)), None
    return None, None


def _agreed(masks_say: list[int], said: list[int | None] | None) -> list[int]:
    """Labels of the file where it has some, else those of the masks."""
    if said is None:
        return masks_say
    different = sum(label is not None and label != mask for mask, label in zip(masks_say, said, strict=True))
    if different:
        warnings.warn(f"{different} labels of --scores differ from what the masks say; they count", stacklevel=2)
    return [mask if label is None else label for mask, label in zip(masks_say, said, strict=True)]


def _of_images(
    args: argparse.Namespace,
    evaluator: Any,
    names: tuple[str, ...],
    scores: NDArray[Any],
    labels: NDArray[Any],
    groups: list[str] | None,
) -> dict[str, Measured]:
    from ..metrics import bootstrap

    evaluator.update(scores, labels, groups)
    found = {
        name if name.startswith("sample_") else f"image_{name}": Measured(value)
        for name, value in evaluator.compute().items()
    }
    wanted = [name for name in names if name in RESAMPLED]
    if args.bootstrap and wanted:
        resampled = bootstrap(wanted, scores, labels, n_resamples=args.bootstrap, nan_policy=args.nan_policy)
        with_intervals(found, resampled, "image_")
    replaced = image_variants(args.variant, names, scores, labels, args.nan_policy)
    return found | {f"image_{name}": Measured(value, variant=args.variant) for name, value in replaced.items()}


def image_curves(result: Result) -> dict[str, Any]:
    """Return the curves of the images' scores that exist."""
    from ..metrics import pr_curve, roc_curve

    scores = result.column("score")
    labels = np.array([image["label"] for image in result.images])
    if scores is None or np.isnan(scores).any() or labels.min() == labels.max():
        return {}
    found = {
        "image_roc": reduced(roc_curve(scores, labels, drop_collinear=True)),
        "image_pr": reduced(pr_curve(scores, labels)),
    }
    return {name: points for name, points in found.items() if points is not None}


def inputs_of(names: list[str], labels: list[int], pixels: int, anomalous_pixels: int) -> dict[str, Any]:
    """Count what was measured; the names only by their hash."""
    return {
        "n_images": len(names),
        "n_anomalous": sum(labels),
        "n_pixels": pixels,
        "n_anomalous_pixels": anomalous_pixels,
        "sha256_of_names": hashlib.sha256("\n".join(names).encode("utf-8", "surrogateescape")).hexdigest(),
    }


def _settings(args: argparse.Namespace) -> dict[str, Any]:
    """Every setting that the numbers depend on."""
    settings = {name: getattr(args, name) for name in _SETTINGS} | {"fpr_bounds": list(args.fpr_bounds)}
    settings["image_score"] = args.image_score or "max"
    settings["resize"] = list(args.resize) if isinstance(args.resize, tuple) else args.resize or "maps"
    if args.group_by is not None:
        settings["group_reduce"] = args.group_reduce or "max"
    if args.mode == "binned":
        settings |= {"bins": args.bins, "score_range": None if args.score_range is None else list(args.score_range)}
    if args.bootstrap:
        settings["bootstrap"] = args.bootstrap
    return settings
