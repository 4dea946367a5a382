"""``anomalib-cpp score``: anomaly scores, and maps, of features or images against a bank."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .. import __version__
from .._errors import InvalidInputError
from .failures import UsageError, naming
from .features import read_features
from .images import EXTRACTORS, Recipe, add_recipe, embedded, image_names, images_in, read_recipe, recipe_path
from .options import add_progress, add_threads, pair, require_writable, shows_progress
from .outputs import MapFolder, as_csv, as_json, map_names, write_or_print

__all__ = ["add_command", "run"]

_SIGMA = 4.0


def add_command(commands: Any) -> argparse.ArgumentParser:
    """Add the command's parser to `commands`."""
    command: argparse.ArgumentParser = commands.add_parser(
        "score",
        help="score features or images against a bank",
        description="Score images, or their features, by how far their patches are from a bank of normal ones.",
        allow_abbrev=False,
    )
    command.add_argument("bank", type=Path, help="a .safetensors file written by fit or PatchMemoryBank.save")
    command.add_argument(
        "input",
        type=Path,
        help=".npy, .npz or .safetensors of shape (N, P, d), or (N, d) for one patch an image; or a folder of images",
    )
    command.add_argument("--key", help="which array of a file that holds several")
    command.add_argument("--mmap", action="store_true", help="leave the rows in the file, for banks beyond memory")
    command.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: standard output")
    command.add_argument("--format", choices=("csv", "json"), help="default: json for FILE.json, else csv")
    add_recipe(command, "taken from BANK.features.json; what is given here must agree with it")

    group = command.add_argument_group("anomaly maps")
    group.add_argument("--maps", type=Path, metavar="DIR", help="a new folder for one float32 map an image")
    group.add_argument("--maps-format", choices=("tiff", "npy"), help="default: tiff")
    group.add_argument("--map-size", type=pair, metavar="HxW", help="default: the size of each image")
    group.add_argument("--grid", type=pair, metavar="HxW", help="how the patches lie, for features")
    group.add_argument("--sigma", type=float, metavar="S", help="of the Gaussian blur, in pixels of the map (4)")
    add_threads(command)
    command.add_argument("--memory-budget", metavar="SIZE", help="working memory, such as 2GiB or 25%%")
    add_progress(command)
    return command


def _require_maps(args: argparse.Namespace, folder: bool) -> None:
    if args.maps is None:
        for name in ("maps_format", "map_size", "grid", "sigma"):
            if getattr(args, name) is not None:
                raise UsageError(f"--{name.replace('_', '-')} needs --maps")
    elif folder and args.grid is not None:
        raise UsageError("--grid is for features; images have the grid of their extractor")
    elif not folder and (args.grid is None or args.map_size is None):
        raise UsageError("maps of features need --grid HxW and --map-size HxW")


def _recipe(args: argparse.Namespace, checksum: str) -> Recipe:
    """Return the recipe of the bank, if it agrees with the options."""
    recipe = read_recipe(args.bank, checksum)
    if recipe is None:
        raise InvalidInputError(
            f"{str(args.bank)!r} was not fitted from images ({recipe_path(args.bank).name!r} is missing beside it), so "
            "it cannot score any; give features"
        )
    for name, fitted in asdict(recipe).items():
        given = getattr(args, name)
        if given is not None and given != fitted:
            raise InvalidInputError(f"--{name.replace('_', '-')} is {given} but the bank was fitted with {fitted}")
    if recipe.extractor not in EXTRACTORS and args.extractor is None:
        raise InvalidInputError(
            f"the bank was fitted with code of yours; confirm that it may run: --extractor {recipe.extractor!a}"
        )
    return recipe


class _Images:
    """A folder of images, scored a few at a time."""

    def __init__(self, args: argparse.Namespace, checksum: str) -> None:
        self.recipe = _recipe(args, checksum)
        if args.key is not None:
            raise UsageError("--key is for a file of features; the input is a folder")
        self._paths = images_in(args.input)
        self.names = image_names(self._paths, args.input)

    def batches(self) -> Iterator[tuple[Any, tuple[int, int], list[tuple[int, int]]]]:
        """Yield patches, the shape of their grid, and the sizes of the images."""
        for images, patches, grid in embedded(self._paths, self.recipe):
            yield patches, grid, [image.shape[:2] for image in images]


class _Features:
    """A file of features, scored in one call."""

    recipe = None

    def __init__(self, args: argparse.Namespace) -> None:
        for name in ("extractor", "image_size", "patch_size"):
            if getattr(args, name) is not None:
                raise UsageError(f"--{name.replace('_', '-')} is for a folder of images; {str(args.input)!r} is none")
        features = read_features(args.input, args.key)
        self._features = features[:, None, :] if features.ndim == 2 else features
        patches = self._features.shape[1]
        self._grid = args.grid or (1, patches)
        if self._grid[0] * self._grid[1] != patches:
            raise InvalidInputError(f"--grid {args.grid[0]}x{args.grid[1]} does not hold {patches} patches")
        self.names = [f"{number:06d}" for number in range(len(self._features))]

    def batches(self) -> Iterator[tuple[Any, tuple[int, int], list[tuple[int, int]]]]:
        """Yield all patches and their grid; features do not know the size of their images."""
        yield self._features, self._grid, []


def run(args: argparse.Namespace) -> int:
    """Score and write; return the exit code."""
    from .. import io, maps
    from .._progress import adapt
    from ..bank import PatchMemoryBank

    folder = args.input.is_dir()
    _require_maps(args, folder)
    if args.output is not None:
        require_writable(args.output, "--output", (args.bank, args.input))
    with naming(args.bank):
        io.check_suffix(args.bank)
        bank = PatchMemoryBank.load(args.bank, mmap=args.mmap)
        checksum = io.inspect(args.bank).checksum
    source = _Images(args, checksum) if folder else _Features(args)
    scores: list[float] = []
    with ExitStack() as stack:
        map_folder, files = None, []
        if args.maps is not None:
            kind = args.maps_format or "tiff"
            files = map_names(source.names, f".{kind}")
            map_folder = stack.enter_context(MapFolder(args.maps, kind).open())
        report = stack.enter_context(adapt(shows_progress(args), "images"))
        for patches, grid, sizes in source.batches():
            found = bank.score(patches)
            if map_folder is not None:
                for row, patch_scores in enumerate(found.patch_scores):
                    size = args.map_size or sizes[row]
                    sigma = _SIGMA if args.sigma is None else args.sigma
                    map_folder.write(
                        files[len(scores) + row], maps.anomaly_map(patch_scores.reshape(grid), size, sigma=sigma)
                    )
            scores += found.image_scores.tolist()
            if report is not None:
                report(len(scores), len(source.names))
    write_or_print(_text(args, bank, checksum, source, scores), args.output)
    return 0


def _text(args: argparse.Namespace, bank: Any, checksum: str, source: _Images | _Features, scores: list[float]) -> str:
    suffix = "" if args.output is None else args.output.suffix.lower()
    if (args.format or ("json" if suffix == ".json" else "csv")) == "csv":
        return as_csv({"name": source.names, "score": [repr(score) for score in scores]})
    names = "\n".join(source.names).encode("utf-8", "surrogateescape")
    return as_json(
        {
            "schema": 1,
            "library": {"version": __version__},
            "bank": {"checksum": checksum, "rows": len(bank), "columns": bank.dim, "settings": bank.settings},
            "inputs": {"n_images": len(scores), "sha256_of_names": hashlib.sha256(names).hexdigest()},
            "images": asdict(source.recipe) if source.recipe else None,
            "scores": [{"name": name, "score": score} for name, score in zip(source.names, scores, strict=True)],
        }
    )
