"""The demonstration: from images to anomaly maps, scores, metrics and a report."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._checks import fraction, integer
from .._config import config_context
from .._errors import InvalidInputError
from .extractors import make_extractor
from .pipeline import CategoryResult, Images, run_category

__all__ = ["CategoryResult", "DemoResult", "format_table", "run_demo"]

_COLUMNS = {
    "image AUROC": ("image_metrics", "auroc"),
    "image AP": ("image_metrics", "average_precision"),
    "image F1": ("image_metrics", "f1_max"),
    "pixel AUROC": ("pixel_metrics", "auroc"),
    "pixel AP": ("pixel_metrics", "average_precision"),
    "pixel F1": ("pixel_metrics", "f1_max"),
    "pixel AUPRO": ("pixel_metrics", "aupro"),
}


@dataclass(frozen=True, eq=False)
class DemoResult:
    """What :func:`run_demo` found.

    Attributes
    ----------
    categories : list of CategoryResult
        One for each category, in their order.
    source : str
        What was tested, in words.
    settings : dict of str to object
        Extractor, image size, coreset ratio, seed.
    seconds : float
        Time from start to end, without the report.
    """

    categories: list[CategoryResult]
    source: str
    settings: dict[str, Any]
    seconds: float


def run_demo(
    *,
    data: Path | None = None,
    extractor: str = "filters",
    output: Path | None = Path("report.html"),
    seed: int = 0,
    threads: int | None = None,
    progress: Any = None,
    coreset_ratio: float | None = None,
    image_size: int = 256,
) -> DemoResult:
    """Find anomalies in images, and write a report.

    Parameters
    ----------
    data : Path, optional
        A folder in the layout of MVTec AD, see :func:`.folders.read_dataset`. By default tiles of three photographed
        textures with synthetic defects, see :func:`.textures.texture_categories`.
    extractor : str, default "filters"
        ``"filters"``, ``"efficientnet-lite0"`` or ``"module:function"``, see :func:`.extractors.make_extractor`.
    output : Path, optional
        The report to write, one HTML file; None writes none.
    seed : int, default 0
        Of the defects and the coresets.
    threads : int, optional
        Most threads to use; results do not change.
    progress : bool or callable, optional
        As for :func:`anomalib_cpp.bank.coreset`; once for each stage, which ``info["description"]`` names.
    coreset_ratio : float, optional
        Share of the normal patches that the bank keeps, in (0, 1]; by default 0.1, or 0.01 of more than 100,000.
    image_size : int, default 256
        Side in pixels to which images are resized for the extractor.

    Returns
    -------
    DemoResult
        Metrics, curves and galleries; see :func:`format_table` and :func:`anomalib_cpp.report.write_report`.

    Raises
    ------
    InvalidInputError (ValueError)
        If an option is out of range or `data` is incomplete; before any work starts.
    FormatError (ValueError)
        If an image cannot be read.
    ImportError
        If a package of the extra ``demo`` or ``demo-torch`` is missing.
    OperationCancelled
        If the progress callback returned False.

    Examples
    --------
    >>> from anomalib_cpp.demo import format_table, run_demo
    >>> result = run_demo(output=None, image_size=64)
    >>> print(format_table(result).splitlines()[0])
    category    image AUROC  image AP  image F1  pixel AUROC  pixel AP  pixel F1  pixel AUPRO
    """
    start = time.perf_counter()
    integer(seed, "seed", 0)
    if coreset_ratio is not None:
        fraction(coreset_ratio, "coreset_ratio")
    if output is not None:
        _require_report(Path(output))
    with config_context(**({} if threads is None else {"threads": threads})):
        extract = make_extractor(extractor, image_size=image_size)
        categories, source = _categories(data, seed)
        results = [
            run_category(category, extract, coreset_ratio=coreset_ratio, seed=seed, progress=progress)
            for category in categories
        ]
        settings = {
            "extractor": extract.name,
            "image size": f"{image_size} px",
            "coreset": f"{coreset_ratio:g}" if coreset_ratio is not None else "0.1, or 0.01 of more than 100,000",
            "seed": seed,
        }
        result = DemoResult(results, source, settings, time.perf_counter() - start)
        if output is not None:
            from ..report import write_report

            write_report(result, Path(output))
    return result


def format_table(result: DemoResult) -> str:
    """Lay out the metrics of a result for a terminal: a line per category, and their mean.

    Parameters
    ----------
    result : DemoResult
        Of :func:`run_demo`.

    Returns
    -------
    str
        Lines without a line break at the end. A metric that does not exist, for want of a class, reads ``n/a``.

    Examples
    --------
    >>> from anomalib_cpp.demo import DemoResult, format_table
    >>> format_table(DemoResult([], "nothing", {}, 0.0)).split()[:2]
    ['category', 'image']
    """
    header, rows = table(result)
    cells = [["category", *header], *([name, *values] for name, values in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    widths[0] = max(widths[0], 10)
    lines = []
    for first, *others in cells:
        aligned = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *aligned]))
    return "\n".join(lines)


def table(result: DemoResult) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """Return the names of the metrics, and name and formatted values of every category and of their mean."""
    values = [
        (category.name, [getattr(category, kind)[metric] for kind, metric in _COLUMNS.values()])
        for category in result.categories
    ]
    if len(values) > 1:
        values.append(("mean", [_mean(column) for column in zip(*(row for _, row in values), strict=True)]))
    return list(_COLUMNS), [
        (name, ["n/a" if math.isnan(value) else f"{value:.4f}" for value in row]) for name, row in values
    ]


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


def _categories(data: Path | None, seed: int) -> tuple[Sequence[Images], str]:
    if data is not None:
        from .folders import read_dataset

        return read_dataset(Path(data)), f"the images of {Path(data).resolve().name}"
    from .textures import texture_categories

    return texture_categories(seed), "tiles of three photographed textures (scikit-image) with synthetic defects"


def _require_report(path: Path) -> None:
    """Refuse a report that could not be written in the end, before the work is done."""
    import jinja2  # noqa: F401
    import matplotlib  # noqa: F401

    if path.is_dir():
        raise InvalidInputError(f"output {str(path)!r} is a folder; name a file")
    if not path.parent.is_dir():
        raise InvalidInputError(f"output {str(path)!r}: the folder {str(path.parent)!r} does not exist")
