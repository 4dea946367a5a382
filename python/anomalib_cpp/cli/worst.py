"""Images to look at: those that are farthest on the wrong side, with their maps and masks."""

from __future__ import annotations

import argparse
import math
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._errors import InvalidInputError
from .decoders import MOST_PIXELS
from .failures import MissingPackageError
from .pairs import find_maps, find_masks, pair_up, same_names
from .reading import Pairs, image_score, read_pair
from .results import Result

if TYPE_CHECKING:
    from ..report._sides import Gallery

__all__ = [
    "in_order",
    "mask_threshold",
    "pairs_beside",
    "photographs",
    "pictured",
    "require_images",
    "require_own",
    "shown_map",
]

_MOST = 12


def pictured(result: Result, folder: Path, pairs: Pairs, args: argparse.Namespace) -> list[Gallery]:
    """Return the worst images of `result` that `folder` has, with the maps and masks of `pairs`."""
    paths = photographs(folder)
    from ..demo.folders import read_image
    from ..report._sides import Case, Gallery

    sources = {map_.name: (map_, mask) for map_, mask in pairs}
    order = in_order(result)
    shown = [image for image in order if image["name"] in paths and image["name"] in sources][:_MOST]
    if order and not shown:
        warnings.warn(f"{str(folder)!r} has no image with the name of a map: the page shows none", stacklevel=2)
    cases = []
    for image in shown:
        map_, mask = sources[image["name"]]
        values, truth = read_pair(args, map_, mask)
        require_own(result, image, values, map_.where)
        kind = "anomalous" if image["label"] else "normal"
        text = f"{kind}, score {image['score']:.4g}" if "score" in image else kind
        pixels = read_image(paths[image["name"]])
        defect = np.zeros(pixels.shape[:2], bool) if mask is None else np.asarray(truth) != 0
        cases.append(Case(image["name"], text, pixels, [shown_map(values)], defect))
    return [Gallery("The worst: image, anomaly map, truth", cases)] if cases else []


def in_order(result: Result) -> list[dict[str, Any]]:
    """Return the images, the worst first, that can be said to be right or wrong."""
    from ..report._evaluation_rows import wrongness

    wrong = wrongness(result)
    if wrong is None:
        return []
    return [result.images[i] for i in np.argsort(-wrong, kind="stable").tolist() if not np.isnan(wrong[i])]


def photographs(folder: Path) -> dict[str, Path]:
    """Return the images of a folder by their names in it, without the suffix."""
    try:
        from ..demo.folders import find_images
    except ImportError as error:
        raise MissingPackageError("reading images", error.name, "demo") from error
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in find_images(folder)}


def pairs_beside(maps: Path, masks: Path) -> Pairs:
    """Find maps and masks as `evaluate` does; a map without a mask is normal."""
    found = same_names(find_maps(maps, MOST_PIXELS), find_masks(masks, MOST_PIXELS))
    return list(zip(found[0], pair_up(*found)[0], strict=True))


def mask_threshold(result: Result) -> float | None:
    """Return the `--mask-threshold` that `result` was made with."""
    found = result.settings.get("mask_threshold")
    return found if isinstance(found, (int, float)) else None


def require_images(result: Result, path: Path, option: str) -> None:
    """Refuse a result that names no images, such as a state that counts in bins."""
    if not result.images:
        raise InvalidInputError(f"{option}: {str(path)!r} names no images to show; a result of evaluate --json does")


def require_own(result: Result, image: dict[str, Any], values: NDArray[Any], where: str) -> None:
    """Refuse a map that is not the one by which `result` scored the image."""
    kind, policy = (result.settings.get(name) for name in ("image_score", "nan_policy"))
    if kind not in ("max", "mean") or "score" not in image or 0 in values.shape:
        return
    found, said = float(image_score(values, kind, str(policy))), image["score"]
    if not math.isclose(found, said, rel_tol=1e-6) and not (math.isnan(found) and math.isnan(said)):
        raise InvalidInputError(
            f"{where} is not the map that the result had of {image['name'][:200]!r}: its {kind} is {found:.6g}, "
            f"the score there {said:.6g}"
        )


def shown_map(values: NDArray[Any]) -> NDArray[np.float32]:
    """Return a map as float32 in which what is not finite has the value of an end of the finite ones."""
    with np.errstate(over="ignore"):
        scores = values.astype(np.float32)
    finite = np.isfinite(scores)
    if finite.all():
        return scores
    ends = scores[finite] if finite.any() else np.zeros(1, np.float32)
    low, high = float(ends.min()), float(ends.max())
    return np.nan_to_num(scores, nan=low, posinf=high, neginf=low)
