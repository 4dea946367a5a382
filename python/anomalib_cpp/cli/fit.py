"""``anomalib-cpp fit``: a memory bank of normal features or images."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .._errors import InvalidInputError
from .failures import UsageError
from .features import read_features
from .images import DEFAULTS, Recipe, add_recipe, embedded, images_in, recipe_path, write_recipe
from .options import add_progress, add_threads, positive, require_writable, shows_progress

__all__ = ["add_command", "run"]

_CORESET = ("variant", "projection", "seed")
_SETTINGS = ("metric", "n_neighbors", "image_score", "patch_neighbors", "agg", "squared", "top_fraction")


def add_command(commands: Any) -> argparse.ArgumentParser:
    """Add the command's parser to `commands`."""
    command: argparse.ArgumentParser = commands.add_parser(
        "fit",
        help="fit a memory bank from features or images",
        description="Fit a memory bank from the features or images of normal items.",
        allow_abbrev=False,
    )
    command.add_argument(
        "input", type=Path, help=".npy, .npz or .safetensors of shape (n, d) or (N, P, d), or a folder of images"
    )
    command.add_argument("-o", "--output", type=Path, required=True, metavar="BANK", help="the .safetensors to write")
    command.add_argument("--key", help="which array of a file that holds several")
    add_recipe(command, "for a folder of images; kept beside the bank as BANK.features.json, for score")

    thin = command.add_argument_group("coreset", "keep some of the rows; by default all are kept")
    amount = thin.add_mutually_exclusive_group()
    amount.add_argument("--ratio", type=float, metavar="R", help="share of rows to keep, in (0, 1]")
    amount.add_argument("--size", type=positive, metavar="N", help="rows to keep")
    thin.add_argument("--variant", choices=("anomalib", "inspection_exact", "inspection_approx"))
    thin.add_argument("--projection", choices=("auto", "sparse", "gaussian", "linear", "none"))
    thin.add_argument("--seed", type=int, metavar="N", help="of the projection and the first pick (0)")

    scores = command.add_argument_group("scores", "kept with the bank; the defaults are those of PatchMemoryBank")
    scores.add_argument("--metric", choices=("euclidean", "sqeuclidean", "cosine", "half_cosine", "inner_product"))
    scores.add_argument("--n-neighbors", type=positive, metavar="N", help="bank rows that reweight an image's score")
    scores.add_argument("--image-score", choices=("anomalib", "paper_query", "max", "top_fraction"))
    scores.add_argument("--patch-neighbors", type=positive, metavar="N", help="bank rows behind a patch's score")
    scores.add_argument("--agg", choices=("mean", "max", "median", "rms"), help="how their distances are combined")
    scores.add_argument("--squared", action="store_true", default=None, help="square Euclidean distances")
    scores.add_argument("--top-fraction", type=float, metavar="F", help="of --image-score top_fraction")
    add_threads(command)
    add_progress(command)
    return command


def _coreset_options(args: argparse.Namespace) -> dict[str, Any] | None:
    given = {name: getattr(args, name) for name in _CORESET if getattr(args, name) is not None}
    if args.ratio is None and args.size is None:
        if given:
            raise UsageError(f"--{next(iter(given))} needs --ratio or --size")
        return None
    if "seed" in given:
        given["random_state"] = given.pop("seed")
    if given.get("projection") == "none":
        given["projection"] = None
    return {"ratio": args.ratio, "size": args.size, **given}


def _recipe(args: argparse.Namespace) -> Recipe | None:
    given = {name: getattr(args, name) for name in ("extractor", "image_size", "patch_size")}
    if not args.input.is_dir():
        for name, value in given.items():
            if value is not None:
                raise UsageError(f"--{name.replace('_', '-')} is for a folder of images; {str(args.input)!r} is none")
        return None
    if args.key is not None:
        raise UsageError("--key is for a file of features; the input is a folder")
    recipe = Recipe(*(getattr(DEFAULTS, name) if value is None else value for name, value in given.items()))
    if recipe.patch_size % 2 == 0:
        raise UsageError(f"--patch-size must be odd; got {recipe.patch_size}")
    return recipe


def run(args: argparse.Namespace) -> int:
    """Fit the bank and write it; return the exit code."""
    from .._progress import adapt
    from ..bank import PatchMemoryBank
    from ..bank.coresets import coreset_size

    recipe, thinning = _recipe(args), _coreset_options(args)
    if args.output.suffix.lower() != ".safetensors":
        raise UsageError(f"--output must end in .safetensors; got {args.output.name!r}")
    require_writable(args.output, "--output", (args.input,))
    progress = shows_progress(args)
    bank = PatchMemoryBank(**{name: getattr(args, name) for name in _SETTINGS if getattr(args, name) is not None})
    if recipe is None:
        features = read_features(args.input, args.key)
        if thinning:
            rows = features.shape[0] * (features.shape[1] if features.ndim == 3 else 1)
            coreset_size(rows, args.size, args.ratio)
        bank.fit(features)
    else:
        require_writable(recipe_path(args.output), "the recipe of --output")
        if args.ratio is not None and not 0 < args.ratio <= 1:
            raise InvalidInputError(f"ratio must lie in (0, 1]; got {args.ratio}")
        paths = images_in(args.input)
        with adapt(progress, "images") as report:
            done = 0
            for images, patches, _ in embedded(paths, recipe):
                bank.partial_fit(patches)
                done += len(images)
                if report is not None:
                    report(done, len(paths))
    all_rows = len(bank)
    if thinning:
        bank.subsample(**thinning, progress=progress)
    bank.save(args.output)
    if recipe is not None:
        write_recipe(args.output, recipe)
    print(f"{args.output}: {len(bank)} of {all_rows} rows, {bank.dim} columns")
    return 0
