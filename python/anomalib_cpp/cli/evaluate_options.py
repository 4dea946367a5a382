"""The options of ``anomalib-cpp evaluate``, and which of them go together."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .._errors import InvalidInputError
from .decoders import MOST_PIXELS
from .failures import UsageError
from .formats import add_format
from .options import add_progress, add_threads, as_option, pair, positive, require_outputs
from .variants import RESAMPLED, VARIANTS, replaced_by

__all__ = ["IMAGE", "PIXEL", "add_command", "check"]

PIXEL = "auroc,average_precision,f1_max,aupro"
IMAGE = "auroc,average_precision,f1_max"
_FILES = ("output", "json", "per_image", "curves", "save_state")


def _two(text: str) -> tuple[float, float]:
    """Parse ``LOW,HIGH``."""
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be LOW,HIGH, such as 1e-5,1e-4; got {text!r}") from None
    return low, high


def _size(text: str) -> str | tuple[int, int]:
    """Parse what ``--resize`` takes."""
    return text if text in ("none", "maps") else pair(text)


def add_command(commands: Any) -> argparse.ArgumentParser:
    """Add the command's parser to `commands`."""
    command: argparse.ArgumentParser = commands.add_parser(
        "evaluate",
        help="metrics of anomaly maps against masks",
        description="Compute pixel metrics of anomaly maps against masks, and image metrics of a score for each map.",
        allow_abbrev=False,
    )
    _add_inputs(command)
    _add_metrics(command.add_argument_group("metrics"))
    _add_parts(command.add_argument_group("parts", "several images, such as views, of one part"))
    _add_outputs(command.add_argument_group("outputs"))
    command.add_argument("-q", "--quiet", action="store_true", help="no table and no progress")
    add_threads(command)
    command.add_argument("--memory-budget", metavar="SIZE", help="memory for maps and masks, such as 2GiB or 25%%")
    command.add_argument("--spill-dir", type=Path, metavar="DIR", help="for a nameless file of what is beyond it")
    add_progress(command)
    return command


def _add_inputs(command: argparse.ArgumentParser) -> None:
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
    command.add_argument(
        "--strict", action="store_true", help="masks and scores without a map are an error, not a warning"
    )
    command.add_argument(
        "--mask-threshold",
        type=float,
        metavar="T",
        help="mask values above T are anomalous (default: 127 in 8-bit pictures that have such values, else 0; arrays "
        "hold 0 and 1)",
    )
    command.add_argument(
        "--resize",
        type=_size,
        metavar="HOW",
        help="maps: to the size of their masks, bilinear (default, with a warning); none: other sizes are an error; "
        "HEIGHTxWIDTH: all maps, and the masks by their nearest pixel",
    )
    command.add_argument(
        "--scores", type=Path, metavar="FILE", help="CSV with the columns name, score and perhaps label of every image"
    )
    command.add_argument(
        "--image-score",
        choices=("max", "mean", "none"),
        help="of the map of an image (default: scores that the file of the maps holds, else max)",
    )
    command.add_argument(
        "--max-pixels",
        type=positive,
        default=MOST_PIXELS,
        metavar="N",
        help="refuse to decode larger images (%(default)s)",
    )


def _add_metrics(group: Any) -> None:
    group.add_argument(
        "--metrics", default=PIXEL, metavar="LIST", help="of pixels: names with commas, or all (default: %(default)s)"
    )
    group.add_argument("--image-metrics", metavar="LIST", help=f"of images: names with commas, or all ({IMAGE})")
    group.add_argument("--integration-limit", type=float, default=0.3, metavar="L", help="of aupro (0.3)")
    group.add_argument("--fpr-bounds", type=_two, default=(1e-5, 1e-4), metavar="L,H", help="of aupimo (1e-5,1e-4)")
    group.add_argument("--connectivity", type=int, choices=(4, 8), default=8, help="of the regions of aupro (8)")
    group.add_argument(
        "--nan-policy", choices=("raise", "propagate", "omit"), default="raise", help="for NaN in maps (raise)"
    )
    group.add_argument(
        "--mode",
        choices=("exact", "binned"),
        default="exact",
        help="binned: count pixels in bins, in a fixed amount of memory, and say where the exact values lie (exact)",
    )
    group.add_argument("--bins", type=positive, metavar="N", help="of --mode binned (65536)")
    group.add_argument(
        "--score-range",
        type=_two,
        metavar="L,H",
        help="of the bins; by default the maps are read once more to find it",
    )
    group.add_argument(
        "--variant",
        choices=VARIANTS,
        default="native",
        help="definition of another program for the metrics that it defines in its own way (native)",
    )
    group.add_argument(
        "--bootstrap", type=positive, metavar="N", help="add 95 %% intervals from N resamples of the images"
    )


def _add_parts(group: Any) -> None:
    group.add_argument(
        "--group-by",
        metavar="REGEX",
        help="also report image metrics of parts: images whose names give the same text for the one group of REGEX",
    )
    group.add_argument("--group-reduce", choices=("max", "mean"), help="score of a part from those of its images (max)")
    group.add_argument("--expected-views", type=positive, metavar="N", help="every part has N images, else an error")


def _add_outputs(group: Any) -> None:
    add_format(group)
    group.add_argument("--json", type=Path, metavar="FILE", help="the result; equal inputs give equal bytes")
    group.add_argument(
        "--per-image", type=Path, metavar="FILE", help="CSV with name, label, score and overlaps of every image"
    )
    group.add_argument(
        "--curves", type=Path, metavar="FILE", help=".json or .csv with the curves, about 2000 points of each"
    )
    group.add_argument(
        "--save-state", type=Path, metavar="FILE", help="a .safetensors file for evaluators.PixelEvaluator.load"
    )
    group.add_argument(
        "--images", type=Path, metavar="DIR", help="images of the maps, by name: for the worst cases of the page"
    )
    group.add_argument("--timestamp", action="store_true", help="say in the result when it was made")


def check(args: argparse.Namespace) -> None:
    """Refuse options that do not go together, and files that could not be written in the end."""
    if args.quiet and args.format is not None and args.output is None:
        raise UsageError("--format with --quiet needs --output")
    if args.scores is not None and args.image_score is not None:
        raise UsageError("--scores and --image-score both say what the score of an image is; give one")
    if args.image_score == "none":
        for name in ("image_metrics", "per_image", "group_by"):
            if getattr(args, name) is not None:
                raise UsageError(f"{as_option(name)} needs --image-score max or mean")
    if args.group_by is None:
        for name in ("group_reduce", "expected_views"):
            if getattr(args, name) is not None:
                raise UsageError(f"{as_option(name)} needs --group-by")
    _check_mode(args)
    _check_variant(args)
    _check_bootstrap(args)
    if args.save_state is not None and args.save_state.suffix.lower() != ".safetensors":
        raise UsageError(f"--save-state must end in .safetensors; got {args.save_state.name!r}")
    if args.curves is not None and args.curves.suffix.lower() not in (".json", ".csv"):
        raise UsageError(f"--curves must end in .json or .csv; got {args.curves.name!r}")
    require_outputs(args, _FILES, (args.maps, args.masks, args.scores))
    for name in ("spill_dir", "images"):
        path = getattr(args, name)
        if path is not None and not path.is_dir():
            raise InvalidInputError(f"{as_option(name)} {str(path)!r} is not a folder")


def _check_mode(args: argparse.Namespace) -> None:
    if args.mode == "exact":
        for name in ("bins", "score_range"):
            if getattr(args, name) is not None:
                raise UsageError(f"{as_option(name)} needs --mode binned")
        return
    for name in ("memory_budget", "spill_dir"):
        if getattr(args, name) is not None:
            raise UsageError(f"{as_option(name)} is for --mode exact: bins do not keep the scores")
    if args.nan_policy != "raise":
        raise UsageError("--mode binned refuses NaN; --nan-policy is for --mode exact")
    if args.bins is None:
        args.bins = 1 << 16


def _check_bootstrap(args: argparse.Namespace) -> None:
    names = ["" if args.mode == "binned" else args.metrics]
    names.append("" if args.image_score == "none" else args.image_metrics or IMAGE)
    if args.bootstrap and not {*",".join(names).split(",")} & {*RESAMPLED, "all"}:
        raise UsageError(f"--bootstrap is for {', '.join(RESAMPLED)}, none of which is asked for")


def _check_variant(args: argparse.Namespace) -> None:
    if args.variant == "native":
        return
    if args.mode == "binned":
        raise UsageError("--variant is for --mode exact")
    wanted = {*args.metrics.split(","), *(args.image_metrics or IMAGE).split(",")}
    if "all" not in wanted and not wanted & set(replaced_by(args.variant)):
        raise UsageError(
            f"--variant {args.variant} is about {', '.join(replaced_by(args.variant))}, none of which is asked for"
        )
