"""Features from images, and the recipe by which they were made: kept beside a bank, so that scoring repeats it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .. import io
from .._atomic import write_atomically
from .._container import canonical_json, parse_json
from .._errors import FormatError, InvalidInputError
from .failures import MissingPackageError, naming
from .options import positive

__all__ = ["Recipe", "add_recipe", "embedded", "image_names", "images_in", "read_recipe", "recipe_path", "write_recipe"]

BATCH = 16
EXTRACTORS = ("filters", "efficientnet-lite0")  # a name MODULE:FUNCTION runs code, so a file alone cannot choose it
_MOST_BYTES = 1 << 16


@dataclass(frozen=True)
class Recipe:
    """How images become patches."""

    extractor: str
    image_size: int
    patch_size: int


DEFAULTS = Recipe("filters", 256, 3)


def add_recipe(command: argparse.ArgumentParser, note: str) -> None:
    """Add the options of a recipe; None where one is not given."""
    group = command.add_argument_group("images", note)
    group.add_argument(
        "--extractor", metavar="NAME", help="filters, efficientnet-lite0 or MODULE:FUNCTION (default: filters)"
    )
    group.add_argument("--image-size", type=positive, metavar="N", help="side to which images are resized (256)")
    group.add_argument("--patch-size", type=positive, metavar="N", help="odd side of a patch, in feature cells (3)")


def recipe_path(bank: Path) -> Path:
    """Where the recipe of a bank file stands."""
    return bank.with_suffix(".features.json")


def write_recipe(bank: Path, recipe: Recipe) -> None:
    """Write the recipe beside the bank file, tied to its checksum."""
    content = {"kind": "FeatureRecipe", "version": 1, "bank_checksum": io.inspect(bank).checksum, **asdict(recipe)}
    data = canonical_json(content).encode() + b"\n"
    write_atomically(recipe_path(bank), [data], len(data), overwrite=True, follow_symlinks=False)


def read_recipe(bank: Path, checksum: str) -> Recipe | None:
    """Read the recipe of a bank file; None if it has none."""
    path = recipe_path(bank)
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    with naming(path):
        return _parsed(data, checksum)


def _parsed(data: bytes, checksum: str) -> Recipe:
    if len(data) > _MOST_BYTES or not data.isascii():
        raise FormatError(f"a recipe is ASCII of at most {_MOST_BYTES} bytes")
    content = parse_json(data.decode(), "the recipe")
    names = ("extractor", "image_size", "patch_size")
    if not isinstance(content, dict) or set(content) != {"kind", "version", "bank_checksum", *names}:
        raise FormatError("not a valid recipe: its keys are not those that fit writes")
    if content["kind"] != "FeatureRecipe" or content["version"] != 1:
        raise FormatError("not a recipe of version 1")
    extractor, *sizes = (content[name] for name in names)
    if not isinstance(extractor, str) or not all(type(size) is int and 1 <= size <= 1 << 20 for size in sizes):
        raise FormatError("not a valid recipe: a value is out of range")
    if content["bank_checksum"] != checksum:
        raise FormatError("the recipe belongs to another bank (its checksum differs); fit the bank again")
    return Recipe(extractor, *sizes)


def images_in(folder: Path) -> list[Path]:
    """Find the images of a folder."""
    folders, _ = _demo()
    found: list[Path] = list(folders.find_images(folder))
    if not found:
        raise InvalidInputError(f"{str(folder)!r} holds no images")
    return found


def embedded(paths: list[Path], recipe: Recipe) -> Iterator[tuple[list[Any], Any, tuple[int, int]]]:
    """Yield, for a few images at a time, the images, their patches (N, P, d) and the shape of the patch grid."""
    from ..bank import patch_embeddings

    folders, extractors = _demo()
    with _packages(recipe):
        extractor = extractors.make_extractor(recipe.extractor, image_size=recipe.image_size)
    for begin in range(0, len(paths), BATCH):
        images = [folders.read_image(path) for path in paths[begin : begin + BATCH]]
        with _packages(recipe):
            layers = extractor(images)
        patches = patch_embeddings(layers, patch_size=recipe.patch_size)
        yield images, patches, (layers[0].shape[2], layers[0].shape[3])


@contextmanager
def _packages(recipe: Recipe) -> Iterator[None]:
    """Say which extra has the package that an extractor of ours misses."""
    try:
        yield
    except ModuleNotFoundError as error:
        if recipe.extractor not in EXTRACTORS:
            raise
        extra = "demo" if recipe.extractor == "filters" else "demo-torch"
        raise MissingPackageError(f"the extractor {recipe.extractor!r}", error.name, extra) from error


def image_names(paths: list[Path], folder: Path) -> list[str]:
    """Names relative to the folder, with forward slashes everywhere."""
    return [Path(os.path.relpath(path, folder)).as_posix() for path in paths]


def _demo() -> tuple[Any, Any]:
    try:
        import PIL  # noqa: F401 - what folders reads images with, once it has to

        from ..demo import extractors, folders
    except ImportError as error:
        raise MissingPackageError("reading images", error.name, "demo") from error
    return folders, extractors
