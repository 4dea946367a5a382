"""Scores of images beside their maps, and which images show the same part."""

from __future__ import annotations

import csv
import re
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from .._errors import FormatError, InvalidInputError
from .arrays import array_names, read_array
from .failures import UsageError, naming
from .pairs import about

__all__ = ["GivenScore", "compiled", "groups_of", "read_scores", "stack_scores"]

_MOST_BYTES = 256 << 20


@dataclass(frozen=True)
class GivenScore:
    """What a file says about one image: its score, and perhaps whether it is anomalous."""

    score: float
    label: int | None


def read_scores(path: Path, names: list[str], *, strict: bool) -> list[GivenScore]:
    """Read a CSV file with the columns ``name``, ``score`` and perhaps ``label``: one entry for each of `names`.

    A name may carry the suffix of an image, as those that `score` writes do.
    """
    with naming(path):
        if path.stat().st_size > _MOST_BYTES:
            raise FormatError(f"more than {_MOST_BYTES} bytes")
        try:
            with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
                rows = _parsed(csv.reader(file, strict=True))
        except csv.Error as error:
            raise FormatError(f"not valid CSV: {error}") from None
    found: dict[str, GivenScore] = {}
    wanted = set(names)
    for name, given in rows:
        short = name if name in wanted else _without_suffix(name)
        if short in found:
            raise InvalidInputError(f"{str(path)!r} has two scores of {short!r}")
        found[short] = given
    missing = [name for name in names if name not in found]
    if missing:
        raise InvalidInputError(f"{str(path)!r} lacks the scores of {len(missing)} maps, such as {missing[0]!r}")
    unused = sorted(found.keys() - wanted)
    if unused:
        text = f"{str(path)!r} has scores of {len(unused)} images without a map, such as {unused[0]!r}"
        if strict:
            raise InvalidInputError(text)
        warnings.warn(text, stacklevel=2)
    return [found[name] for name in names]


def _without_suffix(name: str) -> str:
    try:
        return PurePosixPath(name).with_suffix("").as_posix()
    except ValueError:  # a name without a last part, such as "/"
        return name


def _parsed(reader: Any) -> list[tuple[str, GivenScore]]:
    header: list[str] = next(reader, [])
    columns = {name: i for i, name in enumerate(header)}
    if not {"name", "score"} <= columns.keys() or len(columns) != len(header):
        raise FormatError(f"its first line must name the columns name, score and perhaps label; got {header[:6]!a}")
    rows = []
    for row in reader:
        if len(row) != len(header):
            raise FormatError(f"line {reader.line_num} has {len(row)} columns, not {len(header)}")
        label = row[columns["label"]] if "label" in columns else ""
        try:
            score = float(row[columns["score"]])
        except ValueError:
            text = row[columns["score"]][:20]
            raise FormatError(f"line {reader.line_num} has no number as score: {text!a}") from None
        if label not in ("", "0", "1"):
            raise FormatError(f"line {reader.line_num} has a label that is not 0 or 1: {label[:20]!a}")
        rows.append((row[columns["name"]], GivenScore(score, int(label) if label else None)))
    return rows


def stack_scores(path: Path, count: int) -> list[float] | None:
    """Read the array ``scores`` beside a stack of maps; None if there is none."""
    if path.is_dir() or path.suffix.lower() not in (".npz", ".safetensors") or "scores" not in array_names(path):
        return None
    with about(repr(str(path))):
        scores = read_array(path, "scores", "scores", "")
        if scores.shape not in ((count,), (count, 1)) or scores.dtype.kind not in "fui":
            raise InvalidInputError(f"scores must be {count} numbers, one an image; got {scores.dtype} {scores.shape}")
        return [score.item() for score in scores.ravel()]


def compiled(pattern: str) -> re.Pattern[str]:
    """Compile what ``--group-by`` gives: a regular expression with one group."""
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise UsageError(f"--group-by is not a regular expression: {error}") from None
    if expression.groups != 1:
        raise UsageError(f"--group-by must have exactly one group in parentheses; {pattern!r} has {expression.groups}")
    return expression


def groups_of(names: list[str], expression: re.Pattern[str], views: int | None) -> list[str]:
    """Return the part that each image shows; every part must have `views` images if that is given."""
    parts = []
    for name in names:
        match = expression.search(name)
        if match is None or match[1] is None:
            raise InvalidInputError(f"--group-by finds no group in the name {name!r}")
        parts.append(match[1])
    for part, count in Counter(parts).items():
        if views is not None and count != views:
            raise InvalidInputError(f"the part {part!r} has {count} images; --expected-views asks for {views}")
    return parts
