"""``anomalib-cpp convert``: maps or masks from one form into another, no value changed."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import io
from .._errors import InvalidInputError
from .decoders import MOST_PIXELS
from .failures import MissingPackageError, UsageError
from .options import add_progress, positive, require_writable, shows_progress
from .outputs import MapFolder, write_archive
from .pairs import Source, find_maps, find_masks, read_map, read_mask

__all__ = ["add_command", "run"]

_STACKS = (".npy", ".npz", ".safetensors")
_PICTURES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff")
_FILES = ("npy", "tiff", "png")


def add_command(commands: Any) -> argparse.ArgumentParser:
    """Add the command's parser to `commands`."""
    command: argparse.ArgumentParser = commands.add_parser(
        "convert",
        help="maps or masks: a folder into a stack, a stack into a folder, or one kind of file into another",
        description="Write anomaly maps or masks in another form; values and their type stay what they are.",
        allow_abbrev=False,
    )
    command.add_argument("input", type=Path, metavar="IN", help="a folder or a stack, as evaluate reads it")
    command.add_argument(
        "output",
        type=Path,
        metavar="OUT",
        help="a new folder; or a .npy, .npz or .safetensors file, of which the last two keep the names",
    )
    command.add_argument("--what", choices=("maps", "masks"), default="maps", help="what IN holds (maps)")
    command.add_argument("--format", choices=_FILES, help="of the files in a folder (maps: npy; masks: png)")
    command.add_argument("--mask-threshold", type=float, metavar="T", help="as for evaluate")
    command.add_argument(
        "--max-pixels", type=positive, default=MOST_PIXELS, metavar="N", help="refuse to decode larger images"
    )
    add_progress(command)
    return command


def run(args: argparse.Namespace) -> int:
    """Convert; return the exit code."""
    stack = args.output.suffix.lower() in _STACKS
    if stack and args.format is not None:
        raise UsageError(f"--format is for a folder; {args.output.name!r} says what it is")
    if args.mask_threshold is not None and args.what == "maps":
        raise UsageError("--mask-threshold needs --what masks")
    if stack:
        require_writable(args.output, "OUT", (args.input,))
    else:
        io.check_suffix(args.output)
        if args.output.suffix.lower() in _PICTURES:
            raise UsageError(f"OUT {str(args.output)!r} is called like one picture; name a folder of them")
    find = find_maps if args.what == "maps" else find_masks
    sources = find(args.input, args.max_pixels)
    count = _to_stack(args, sources) if stack else _to_folder(args, sources)
    print(f"{args.output}: {count} {args.what}")
    return 0


def _read(args: argparse.Namespace, sources: list[Source]) -> Iterable[NDArray[Any]]:
    from .._progress import adapt

    with adapt(shows_progress(args), args.what) as report:
        for done, source in enumerate(sources, 1):
            yield read_map(source) if args.what == "maps" else read_mask(source, args.mask_threshold)
            if report is not None:
                report(done, len(sources))


def _to_stack(args: argparse.Namespace, sources: list[Source]) -> int:
    stack = np.empty((0, 0, 0))
    for i, (source, image) in enumerate(zip(sources, _read(args, sources), strict=True)):
        if i == 0:
            stack = np.empty((len(sources), *image.shape), image.dtype)
        if (image.shape, image.dtype) != (stack.shape[1:], stack.dtype):
            raise InvalidInputError(
                f"{source.where} is {image.dtype} of shape {image.shape} but {sources[0].where} {stack.dtype} of shape "
                f"{stack.shape[1:]}: a stack has one size and one type"
            )
        stack[i] = image
    names = None if sources[0].numbered else [source.name for source in sources]
    suffix = args.output.suffix.lower()
    if suffix == ".safetensors":
        kind = "AnomalyMaps" if args.what == "maps" else "AnomalyMasks"
        io.save(args.output, {args.what: stack}, kind=kind, config={} if names is None else {"names": names})
    elif suffix == ".npz":
        arrays = {args.what: stack} | ({} if names is None else {"names": np.array(names)})
        write_archive(args.output, arrays)
    else:
        write_archive(args.output, stack)
    return len(stack)


def _to_folder(args: argparse.Namespace, sources: list[Source]) -> int:
    kind = args.format or ("npy" if args.what == "maps" else "png")
    for source in sources:
        _require_inside(source.name)
    write = _writer(kind)
    with MapFolder(args.output, kind, "OUT").open() as folder:
        for source, image in zip(sources, _read(args, sources), strict=True):
            values = image.astype(np.uint8) * np.uint8(255) if kind == "png" and image.dtype == bool else image
            if kind == "png" and values.dtype not in (np.uint8, np.uint16):
                raise InvalidInputError(
                    f"{source.where} is {image.dtype}, which --format png does not hold: it holds uint8, uint16 and "
                    "masks; use npy or tiff"
                )
            write(folder.file(f"{source.name}.{kind}"), values)
    return len(sources)


def _require_inside(name: str) -> None:
    """Refuse a name that a stack gives and that would leave the folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or any(mark in name for mark in ("\\", ":", "\0")) or not path.name:
        raise InvalidInputError(f"the name {name[:60]!a} does not stay inside OUT")


def _writer(kind: str) -> Any:
    if kind == "npy":
        return lambda path, values: np.save(path, values, allow_pickle=False)
    try:
        if kind == "png":
            from PIL import Image

            return lambda path, values: Image.fromarray(values).save(path)
        import tifffile
    except ImportError as error:
        raise MissingPackageError(f"--format {kind}", error.name, "cli") from error
    return lambda path, values: tifffile.imwrite(path, values, metadata=None, software="anomalib_cpp")
