"""Images of two results to look at: those that changed most and those that are farthest on the wrong side."""

from __future__ import annotations

import argparse
import warnings
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._errors import InvalidInputError
from .decoders import MOST_PIXELS
from .failures import UsageError
from .loading import holds_maps
from .options import as_option
from .paired import same_masks
from .pairs import Source, find_maps, read_map, read_mask
from .results import Result
from .worst import in_order, mask_threshold, pairs_beside, photographs, require_images, require_own, shown_map

if TYPE_CHECKING:
    from ..report._changes import Change, Pair
    from ..report._sides import Case, Gallery

__all__ = ["check_pictures", "galleries"]

_MOST = 8  # images of a gallery
_Found = dict[str, tuple[Source, Source | None]]


def check_pictures(args: argparse.Namespace, kind: str) -> bool:
    """Refuse options that do not go together; return whether the page has maps to show."""
    given = [name for name in ("images", "maps_a", "maps_b", "masks") if getattr(args, name) is not None]
    if kind != "html":
        if given:
            raise UsageError(f"{as_option(given[0])} is for --format html")
        return False
    if args.images is not None and not args.images.is_dir():
        raise InvalidInputError(f"--images {str(args.images)!r} is not a folder")
    holders = [path if holds_maps(path) else None for path in (args.a, args.b)]
    for name, holder in (("maps_a", holders[0]), ("maps_b", holders[1]), ("masks", holders[0] or holders[1])):
        if holder is not None and name in given:
            raise UsageError(f"{as_option(name)} is for .json results; {holder.name!r} holds maps and masks")
        if holder is None and given and name not in given:
            raise UsageError(f"{as_option(given[0])} needs {as_option(name)}")
    return bool(given) or None not in holders


def galleries(args: argparse.Namespace, a: Result, b: Result) -> list[Gallery]:
    """Return the images that changed most, and the worst of either result, with the maps of both."""
    from ..report._changes import changes, shared_images
    from ..report._sides import Gallery

    require_images(a, args.a, "--maps-a")
    require_images(b, args.b, "--maps-b")
    if a.pixels is not None and b.pixels is not None and not same_masks(a, b):
        warnings.warn("the states have different masks: the page shows no images", stacklevel=2)
        return []
    maps = (_found(a, args.a, args.maps_a, args.masks), _found(b, args.b, args.maps_b, args.masks))
    images = {pair[0]["name"]: pair for pair in shared_images(a, b)}
    known = images.keys() & maps[0].keys() & maps[1].keys()
    if not known:
        warnings.warn("no image of both results has a map of both: the page shows none", stacklevel=2)
    paths = {} if args.images is None else photographs(args.images)
    if known and args.images is not None and not known & paths.keys():
        warnings.warn(f"{str(args.images)!r} has no image with the name of a map: the page shows none", stacklevel=2)

    found = changes(a, b)
    changed = _in_turn([[pair[0]["name"] for pair in change.images] for change in found], known)
    worst = _in_turn([[image["name"] for image in in_order(side)] for side in (a, b)], known - {*changed})
    texts = _texts(found, {name: images[name] for name in (*changed, *worst)})
    titled = {"Images that changed most": changed, "The worst of the others, of A and of B in turn": worst}
    return [
        Gallery(
            title,
            [
                _case((a, b), images[name], (maps[0][name], maps[1][name]), paths.get(name), texts[name])
                for name in names
            ],
        )
        for title, names in titled.items()
        if names
    ]


def _texts(found: list[Change], shown: dict[str, Pair]) -> dict[str, str]:
    """Say what is true of the images, and by how much they changed."""
    from ..report._changes import truth_of
    from ..report._evaluation_rows import VALUES

    parts = {name: [truth_of(pair)] for name, pair in shown.items()}
    for change in found:
        what = VALUES[change.value] if change.ranks is None else "rank"
        for (image, _), moved in zip(change.images, change.moved.tolist(), strict=True):
            if image["name"] in parts:
                parts[image["name"]].append(f"{what} {moved:+.4g}")
    return {name: ", ".join(texts) for name, texts in parts.items()}


def _found(result: Result, path: Path, maps: Path | None, masks: Path | None) -> _Found:
    """Return the maps of a result by the names of their images, with the masks that are known here."""
    if result.pixels is not None:
        return {
            image["name"]: (_held(path, image["name"], values), _held(path, image["name"], truth))
            for image, values, truth in zip(result.images, *result.pixels, strict=True)
        }
    assert maps is not None
    if masks is None:  # the other result has them
        return {source.name: (source, None) for source in find_maps(maps, MOST_PIXELS)}
    return {source.name: (source, mask) for source, mask in pairs_beside(maps, masks)}


def _held(path: Path, name: str, array: NDArray[Any]) -> Source:
    return Source(name, f"{str(path)!r}, image {name}", lambda: array, picture=False)


def _in_turn(orders: list[list[str]], known: set[str]) -> list[str]:
    """Return the first names of all orders, one of each in turn, none twice."""
    kept = [[name for name in order if name in known] for order in orders]
    names = (name for row in zip_longest(*kept) for name in row if name is not None)
    return list(dict.fromkeys(names))[:_MOST]


def _case(
    sides: tuple[Result, Result],
    pair: Pair,
    sources: tuple[tuple[Source, Source | None], ...],
    path: Path | None,
    text: str,
) -> Case:
    from ..demo.folders import read_image
    from ..report._sides import Case

    maps, notes = [], []
    for side, image, (source, _) in zip(sides, pair, sources, strict=True):
        values = read_map(source)
        require_own(side, image, values, source.where)
        maps.append(shown_map(values))
        notes.append(_note(side, image))
    photograph = None if path is None else read_image(path)
    mask = next((mask for _, mask in sources if mask is not None), None)
    size = maps[0].shape if photograph is None else photograph.shape[:2]
    truth = np.zeros(size, bool) if mask is None else read_mask(mask, mask_threshold(sides[0])) != 0
    return Case(pair[0]["name"], text, photograph, maps, truth, notes)


def _note(result: Result, image: dict[str, Any]) -> str:
    """Say what a result says about an image."""
    from ..report._evaluation_rows import VALUES, best_threshold, shown_number, verdict

    parts = [
        f"{title} {shown_number(image.get(name))}" for name, title in VALUES.items() if shown_number(image.get(name))
    ]
    threshold = best_threshold(result)
    if threshold is not None and "score" in image:
        parts.append(verdict(image, threshold))
    return ", ".join(parts)
