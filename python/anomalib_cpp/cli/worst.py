"""Images to look at: those that are farthest on the wrong side, with their maps and masks."""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..maps import resize
from .failures import MissingPackageError
from .reading import Pairs, read_pair
from .results import Result

if TYPE_CHECKING:
    from ..report._sides import Case

__all__ = ["pictured"]

_MOST = 12


def pictured(result: Result, folder: Path, pairs: Pairs, args: argparse.Namespace) -> list[Case]:
    """Return the worst images of `result` that `folder` has, with the maps and masks of `pairs`."""
    from ..report._evaluation_rows import wrongness
    from ..report._sides import Case

    try:
        from ..demo.folders import find_images, read_image
    except ImportError as error:
        raise MissingPackageError("reading images", error.name, "demo") from error
    values = wrongness(result)
    if values is None:
        return []
    paths = {path.relative_to(folder).with_suffix("").as_posix(): path for path in find_images(folder)}
    sources = {map_.name: (map_, mask) for map_, mask in pairs}
    order = [result.images[int(i)] for i in np.argsort(-values, kind="stable") if not np.isnan(values[int(i)])]
    shown = [image for image in order if image["name"] in paths and image["name"] in sources][:_MOST]
    if not shown:
        warnings.warn(f"{str(folder)!r} has no image with the name of a map: the page shows none", stacklevel=2)
    cases = []
    for image in shown:
        name = image["name"]
        scores, truth = read_pair(args, *sources[name])
        pixels = read_image(paths[name])
        if not np.isfinite(scores).all():
            scores = np.nan_to_num(scores)
        scores = scores.astype(np.float32)
        if scores.shape != pixels.shape[:2]:
            scores = resize(scores, pixels.shape[:2])
        kind = "anomalous" if image["label"] else "normal"
        text = f"{kind}, score {image['score']:.4g}" if "score" in image else kind
        cases.append(Case(name, text, pixels, scores, np.asarray(truth) != 0))
    return cases
