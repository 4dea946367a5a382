"""Several classes of a benchmark: a row for each, and their mean."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .._checks import flag
from .._errors import InvalidInputError, InvalidTypeError, UndefinedMetricWarning
from .._records import Record
from ._inputs import caller_depth
from ._report import pixel_report

__all__ = ["ManyResult", "evaluate_many"]


@dataclass(frozen=True, repr=False, eq=False)
class ManyResult(Record):
    """Metrics of several classes.

    Attributes
    ----------
    rows : dict of str to dict of str to float
        Metrics of each class, in the order given.
    mean : dict of str to float
        Unweighted mean over the classes of every metric; thresholds, which belong to one class, have none.
    """

    rows: dict[str, dict[str, float]]
    mean: dict[str, float]


def evaluate_many(
    classes: Mapping[str, Any],
    evaluate: Callable[..., Mapping[str, float]] = pixel_report,
    *,
    skip_undefined: bool = False,
) -> ManyResult:
    """Evaluate every class of a benchmark by itself, and average over the classes.

    Pixels and scores of different classes are never pooled: their scales need not agree, and the mean of the classes is
    what benchmarks print as the last row.

    Parameters
    ----------
    classes : mapping of str to tuple
        Arguments of `evaluate` for each class, such as ``(maps, masks)``.
    evaluate : callable, default pixel_report
        Returns a dictionary of floats, the same names for every class; :func:`image_report` for ``(scores, labels)``,
        or ``functools.partial(pixel_report, metrics=...)`` for other options.
    skip_undefined : bool, default False
        Average over the classes in which a metric exists. By default one NaN makes the mean NaN.

    Returns
    -------
    ManyResult
        ``rows`` and ``mean``.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As `evaluate`; for no classes, and for classes with different metrics.

    Warns
    -----
    UndefinedMetricWarning
        Naming the classes in which a metric does not exist.

    Examples
    --------
    >>> from anomalib_cpp.metrics import evaluate_many, image_report
    >>> result = evaluate_many({"nut": ([1, 2], [0, 1]), "screw": ([3, 3], [0, 1])}, image_report)
    >>> result.rows["screw"]["auroc"], result.mean["auroc"]
    (0.5, 0.75)
    """
    skip = flag(skip_undefined, "skip_undefined")
    if not isinstance(classes, Mapping):
        raise InvalidTypeError(f"classes must be a mapping of names to arguments; got {type(classes).__name__}")
    if not classes:
        raise InvalidInputError("classes must name at least one class; got none")
    rows: dict[str, dict[str, float]] = {}
    for name, arguments in classes.items():
        if not isinstance(arguments, tuple):
            raise InvalidTypeError(f"classes[{name!r}] must be a tuple of arguments; got {type(arguments).__name__}")
        rows[name] = {metric: float(value) for metric, value in evaluate(*arguments).items()}
    first = next(iter(rows))
    for name, row in rows.items():
        if row.keys() != rows[first].keys():
            raise InvalidInputError(f"classes must have the same metrics; those of {name!r} and {first!r} differ")
    mean = {}
    for metric in rows[first]:
        if metric.endswith("_threshold"):
            continue
        values = [row[metric] for row in rows.values()]
        missing = [name for name, row in rows.items() if math.isnan(row[metric])]
        kept = [value for value in values if not math.isnan(value)] if skip else values
        mean[metric] = math.fsum(kept) / len(kept) if kept and (skip or not missing) else math.nan
        if missing:
            what = "leaves out" if skip and kept else "is undefined because of"
            warnings.warn(
                f"the mean {metric} {what} {', '.join(map(repr, missing))}",
                UndefinedMetricWarning,
                stacklevel=caller_depth(),
            )
    return ManyResult(rows, mean)
