"""``anomalib-cpp evaluate``: metrics of anomaly maps against masks."""

from __future__ import annotations

import argparse
import hashlib
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import __version__
from .._errors import InvalidInputError
from .failures import UsageError
from .options import add_progress, add_threads, require_writable, shows_progress
from .outputs import as_csv, as_json, as_table, write_or_print
from .pairs import Source, about, find_maps, find_masks, pair_up, read_map, read_mask

__all__ = ["add_command", "run"]

_PIXEL = "auroc,average_precision,f1_max,aupro"
_IMAGE = "auroc,average_precision,f1_max"


def _two(text: str) -> tuple[float, float]:
    """Parse ``LOW,HIGH``."""
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be LOW,HIGH, such as 1e-5,1e-4; got {text!r}") from None
    return low, high


def add_command(commands: Any) -> argparse.ArgumentParser:
    """Add the command's parser to `commands`."""
    command: argparse.ArgumentParser = commands.add_parser(
        "evaluate",
        help="metrics of anomaly maps against masks",
        description="Compute pixel metrics of anomaly maps against masks, and image metrics of a score for each map.",
        allow_abbrev=False,
    )
    command.add_argument(
        "maps",
        type=Path,
        metavar="MAPS",
        help="a folder of .npy, .npz, .tif or .png files; or a .npy, .npz or .safetensors file with a stack",
    )
    command.add_argument("masks", type=Path, metavar="MASKS", help="the same, and .bmp; paired by name without suffix")
    command.add_argument(
        "--missing-mask",
        choices=("error", "normal"),
        default="error",
        help="what a map without a mask is: an error (default) or an image without a defect",
    )
    command.add_argument("--strict", action="store_true", help="masks without a map are an error, not a warning")
    command.add_argument(
        "--mask-threshold",
        type=float,
        metavar="T",
        help="mask values above T are anomalous (default: 127 in 8-bit pictures that have such values, else 0; arrays "
        "hold 0 and 1)",
    )

    group = command.add_argument_group("metrics")
    group.add_argument(
        "--metrics", default=_PIXEL, metavar="LIST", help="of pixels: names with commas, or all (default: %(default)s)"
    )
    group.add_argument("--image-metrics", metavar="LIST", help=f"of images: names with commas, or all ({_IMAGE})")
    group.add_argument(
        "--image-score", choices=("max", "mean", "none"), default="max", help="of the map of an image (max)"
    )
    group.add_argument("--integration-limit", type=float, default=0.3, metavar="L", help="of aupro (0.3)")
    group.add_argument("--fpr-bounds", type=_two, default=(1e-5, 1e-4), metavar="L,H", help="of aupimo (1e-5,1e-4)")
    group.add_argument("--connectivity", type=int, choices=(4, 8), default=8, help="of the regions of aupro (8)")
    group.add_argument(
        "--nan-policy", choices=("raise", "propagate", "omit"), default="raise", help="for NaN in maps (raise)"
    )

    group = command.add_argument_group("outputs", "beside the table on standard output")
    group.add_argument("--json", type=Path, metavar="FILE", help="the result; equal inputs give equal bytes")
    group.add_argument("--per-image", type=Path, metavar="FILE", help="CSV with name, label and score of every image")
    group.add_argument(
        "--save-state", type=Path, metavar="FILE", help="a .safetensors file for evaluators.PixelEvaluator.load"
    )
    group.add_argument("-q", "--quiet", action="store_true", help="no table and no progress")
    add_threads(command)
    command.add_argument("--memory-budget", metavar="SIZE", help="memory for maps and masks, such as 2GiB or 25%%")
    command.add_argument("--spill-dir", type=Path, metavar="DIR", help="for a nameless file of what is beyond it")
    add_progress(command)
    return command


def _require_outputs(args: argparse.Namespace) -> None:
    if args.image_score == "none":
        for name in ("image_metrics", "per_image"):
            if getattr(args, name) is not None:
                raise UsageError(f"--{name.replace('_', '-')} needs --image-score max or mean")
    if args.save_state is not None and args.save_state.suffix.lower() != ".safetensors":
        raise UsageError(f"--save-state must end in .safetensors; got {args.save_state.name!r}")
    names: dict[Path, str] = {}
    for name in ("--json", "--per-image", "--save-state"):
        path = getattr(args, name[2:].replace("-", "_"))
        if path is not None:
            require_writable(path, name)
            other = names.setdefault(path.resolve(), name)
            if other != name:
                raise UsageError(f"{other} and {name} name the same file {str(path)!r}")
    if args.spill_dir is not None and not args.spill_dir.is_dir():
        raise InvalidInputError(f"--spill-dir {str(args.spill_dir)!r} is not a folder")


def _evaluators(args: argparse.Namespace) -> tuple[Any, Any]:
    """Return the evaluators of pixels and of images; None for the latter without image scores."""
    from ..evaluators import ImageEvaluator, PixelEvaluator
    from ..metrics._report import IMAGE_METRICS, PIXEL_METRICS, chosen

    def names(option: str, text: str, known: tuple[str, ...]) -> tuple[str, ...]:
        with about(option):
            return known if text == "all" else chosen([name.strip() for name in text.split(",")], known)

    pixels = PixelEvaluator(
        names("--metrics", args.metrics, PIXEL_METRICS),
        integration_limit=args.integration_limit,
        fpr_bounds=args.fpr_bounds,
        connectivity=args.connectivity,
        nan_policy=args.nan_policy,
        spill_dir=args.spill_dir,
    )
    if args.image_score == "none":
        return pixels, None
    chosen_ones = names("--image-metrics", _IMAGE if args.image_metrics is None else args.image_metrics, IMAGE_METRICS)
    return pixels, ImageEvaluator(chosen_ones, nan_policy=args.nan_policy)


def _pairs(args: argparse.Namespace) -> list[tuple[Source, Source | None]]:
    maps, masks = find_maps(args.maps), find_masks(args.masks)
    if not args.maps.is_dir() and not args.masks.is_dir() and len(maps) != len(masks):
        raise InvalidInputError(f"{str(args.maps)!r} holds {len(maps)} maps but {str(args.masks)!r} {len(masks)} masks")
    found, unused = pair_up(maps, masks)
    if not any(found):
        raise InvalidInputError(
            f"no map of {str(args.maps)!r} has a mask in {str(args.masks)!r}: the names differ, such as "
            f"{maps[0].name!r} and {masks[0].name!r}"
        )
    for map_, mask in zip(maps, found, strict=True):
        if mask is None and args.missing_mask == "error":
            raise InvalidInputError(
                f"the map {map_.where} has no mask {map_.name!r} in {str(args.masks)!r}; it counts as normal with "
                "--missing-mask normal"
            )
    if unused:
        text = f"{len(unused)} masks have no map, the first is {unused[0].where}"
        if args.strict:
            raise InvalidInputError(text)
        warnings.warn(text, stacklevel=2)
    return list(zip(maps, found, strict=True))


def _image_score(values: NDArray[Any], kind: str, nan_policy: str) -> Any:
    if nan_policy == "omit" and values.dtype.kind == "f":
        values = values[~np.isnan(values)]
        if not values.size:
            return np.float64("nan")
    return values.max() if kind == "max" else values.mean(dtype=np.float64)


def run(args: argparse.Namespace) -> int:
    """Evaluate, print and write; return the exit code."""
    from .._progress import adapt

    _require_outputs(args)
    pixels, images = _evaluators(args)
    pairs = _pairs(args)
    scores: list[Any] = []
    labels: list[int] = []
    n_anomalous_pixels = 0
    with adapt(shows_progress(args) and not args.quiet, "images") as report:
        for map_, mask in pairs:
            values = read_map(map_)
            truth = np.zeros(values.shape, bool) if mask is None else read_mask(mask, args.mask_threshold)
            if mask is not None and values.shape != truth.shape:
                raise InvalidInputError(
                    f"the map {map_.where} is {values.shape[0]} x {values.shape[1]} pixels (height x width) but its "
                    f"mask {mask.where} is {truth.shape[0]} x {truth.shape[1]}"
                )
            with about(map_.where if mask is None else f"{map_.where} and {mask.where}"):
                pixels.update(values, truth)
            n_anomalous = int(np.count_nonzero(truth))
            n_anomalous_pixels += n_anomalous
            labels.append(int(n_anomalous > 0))
            if images is not None:
                scores.append(_image_score(values, args.image_score, args.nan_policy))
            if report is not None:
                report(len(labels), len(pairs))
    found: dict[str, float] = {}
    if images is not None:
        images.update(np.array(scores), np.array(labels))
        found |= {f"image_{name}": value for name, value in images.compute().items()}
    found |= {f"pixel_{name}": value for name, value in pixels.compute().items()}

    names = [map_.name for map_, _ in pairs]
    inputs = {
        "n_images": len(names),
        "n_anomalous": sum(labels),
        "n_pixels": pixels.n_items,
        "n_anomalous_pixels": n_anomalous_pixels,
        "sha256_of_names": hashlib.sha256("\n".join(names).encode("utf-8", "surrogateescape")).hexdigest(),
    }
    if args.json is not None:
        write_or_print(_json(args, inputs, found), args.json)
    if args.per_image is not None:
        write_or_print(as_csv(names, [score.item() for score in scores], labels), args.per_image)
    if args.save_state is not None:
        pixels.save(args.save_state)
    if not args.quiet:
        print(as_table([["metric", "value"], *([name, f"{value:.6g}"] for name, value in found.items())]))
        print(
            f"{inputs['n_images']} images, {inputs['n_anomalous']} of them anomalous; "
            f"{inputs['n_pixels']} pixels, {inputs['n_anomalous_pixels']} of them anomalous"
        )
    return 0


def _json(args: argparse.Namespace, inputs: dict[str, Any], found: dict[str, float]) -> str:
    settings = ("image_score", "integration_limit", "connectivity", "nan_policy", "missing_mask", "mask_threshold")
    return as_json(
        {
            "schema": 1,
            "library": {"version": __version__},
            "inputs": inputs,
            "settings": {**{name: getattr(args, name) for name in settings}, "fpr_bounds": list(args.fpr_bounds)},
            "metrics": {name: {"value": value, "undefined": math.isnan(value)} for name, value in found.items()},
        }
    )
