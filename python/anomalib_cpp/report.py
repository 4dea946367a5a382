"""The report of a demonstration: one HTML file with everything in it."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._atomic import write_atomically
from ._show_config import show_config
from .plots import map_overlay, plot_pr, plot_pro, plot_roc, plot_score_histogram

if TYPE_CHECKING:
    from .demo import CategoryResult, DemoResult
    from .demo.pipeline import Shown

__all__ = ["write_report"]

_LONGEST = 440  # pixels of the longer side of a picture in the gallery: twice what the page shows
_WIDE = (4.6, 3.6)  # inches of a figure of which three stand side by side; else four
_STYLE = {
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "svg.hashsalt": "anomalib_cpp",  # the same file for the same result
}


def write_report(result: DemoResult, path: str | Path) -> None:
    """Write the report of a demonstration.

    Parameters
    ----------
    result : DemoResult
        Of :func:`anomalib_cpp.demo.run_demo`.
    path : str or Path
        The HTML file, replaced if it exists. It needs no other file and asks for nothing on the network.

    Raises
    ------
    ImportError
        If Matplotlib, Jinja2 or Pillow is missing: ``pip install "anomalib-cpp[demo]"``.
    OSError
        If the file cannot be written; an existing one stays as it is.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from anomalib_cpp.demo import run_demo
    >>> from anomalib_cpp.report import write_report
    >>> result = run_demo(output=None, image_size=32)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_report(result, Path(folder, "report.html"))
    ...     "gravel" in Path(folder, "report.html").read_text()
    True
    """
    page = _page(result).encode()
    write_atomically(path, [page], len(page), overwrite=True, follow_symlinks=True)


def _page(result: DemoResult) -> str:
    from jinja2 import Environment, StrictUndefined
    from matplotlib import rc_context

    from .demo import table
    from .demo.pipeline import INTEGRATION_LIMIT

    header, rows = table(result)
    template = resources.files(__package__).joinpath("templates", "report.html").read_text("utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    with rc_context(_STYLE):
        page: str = environment.from_string(template).render(
            title="Anomaly detection report",
            result=result,
            header=header,
            rows=rows,
            limit=INTEGRATION_LIMIT,
            incomplete=any("n/a" in values for _, values in rows),
            overview=_overview(result.categories) if len(result.categories) > 1 else [],
            sections=[_section(category) for category in result.categories],
            settings={**result.settings, **_environment()},
        )
    return page


def _overview(categories: list[CategoryResult]) -> list[dict[str, str]]:
    def every(draw: Callable[..., Any], kind: str) -> Callable[[Any], None]:
        def drawn(ax: Any) -> None:
            for category in categories:
                draw(getattr(category, kind), ax=ax, label=category.name)
            if len(categories) <= 10:
                ax.legend(frameon=False, loc="best")

        return drawn

    return [
        _figure("Images: ROC", every(plot_roc, "image_roc"), _WIDE),
        _figure("Pixels: ROC", every(plot_roc, "pixel_roc"), _WIDE),
        _figure("Regions: PRO", every(plot_pro, "pro"), _WIDE),
    ]


def _section(category: CategoryResult) -> dict[str, Any]:
    threshold = category.image_metrics["f1_max_threshold"]
    known = threshold == threshold  # not NaN: there are anomalous images

    def both(draw: Callable[..., Any], kind: str) -> Callable[[Any], None]:
        def drawn(ax: Any) -> None:
            for level, colour in (("image", "#3b76af"), ("pixel", "#c8452f")):
                draw(getattr(category, f"{level}_{kind}"), ax=ax, label=f"{level}s", color=colour)
            ax.legend(frameon=False, loc="best")

        return drawn

    def scores(ax: Any) -> None:
        plot_score_histogram(
            [verdict.score for verdict in category.verdicts],
            [verdict.anomalous for verdict in category.verdicts],
            threshold=threshold if known else None,
            ax=ax,
        )

    curves = [
        _figure("ROC", both(plot_roc, "roc")),
        _figure("Precision and recall", both(plot_pr, "pr")),
        _figure("PRO", lambda ax: plot_pro(category.pro, ax=ax, color="#c8452f")),
    ]
    return {
        "category": category,
        "wrong": sum(not verdict.right for verdict in category.verdicts),
        "threshold": f"{threshold:.4g}" if known else None,
        "figures": [*(curves if known else []), _figure("Scores of the images", scores)],
        "gallery": [_pictures(shown, category.map_range) for shown in category.gallery],
        "omitted": len(category.gallery) < len(category.verdicts),
    }


def _figure(title: str, draw: Callable[[Any], Any], size: tuple[float, float] = (3.5, 2.9)) -> dict[str, str]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    ax = figure.subplots()
    draw(ax)
    ax.set_title(title, loc="left", fontweight="bold")
    file = io.BytesIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    return {"source": _embedded(file.getvalue(), "svg+xml"), "alt": title}


def _pictures(shown: Shown, limits: tuple[float, float]) -> dict[str, Any]:
    image = np.atleast_3d(shown.image)
    truth = np.where(shown.mask, 255, 0).astype(np.uint8)
    return {
        "verdict": shown.verdict,
        "text": f"{'anomalous' if shown.verdict.predicted else 'normal'}, {shown.verdict.score:.3f}",
        "image": _picture(np.broadcast_to(image, (*image.shape[:2], 3))),
        "map": _picture(map_overlay(shown.image, shown.map, limits=limits)),
        "mask": _picture(truth),
    }


def _picture(pixels: NDArray[np.uint8]) -> str:
    """Encode a mask as PNG, a photograph as JPEG; both about twice as large as the page shows them."""
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(pixels))
    share = _LONGEST / max(picture.size)
    size = (max(1, round(picture.width * share)), max(1, round(picture.height * share)))
    if share != 1:
        picture = picture.resize(size, Image.Resampling.NEAREST if pixels.ndim == 2 else Image.Resampling.BICUBIC)
    file = io.BytesIO()
    if pixels.ndim == 2:
        picture.save(file, "PNG", optimize=True)
        return _embedded(file.getvalue(), "png")
    picture.save(file, "JPEG", quality=88)
    return _embedded(file.getvalue(), "jpeg")


def _embedded(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _environment() -> dict[str, str]:
    found = show_config("dict")
    packages = {name: version for name, version in found["optional"].items() if version}
    return {
        "anomalib_cpp": found["version"] + (f" ({found['git']})" if found["git"] else ""),
        "Python": found["python"],
        "compiler": f"{found['build']['compiler']}, {found['build']['type']}",
        "threads": str(found["threads"]["max"]),
        "instruction set": f"{found['isa']['active']} (compiled: {', '.join(map(str, found['isa']['compiled']))})",
        "packages": ", ".join(f"{name} {version}" for name, version in packages.items()),
    }
