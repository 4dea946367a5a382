"""The report of a demonstration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._atomic import write_atomically
from ..plots import map_overlay, plot_pr, plot_pro, plot_roc, plot_score_histogram
from ._page import environment, rendered
from ._pictures import figure, picture

if TYPE_CHECKING:
    from ..demo import CategoryResult, DemoResult
    from ..demo.pipeline import Shown

__all__ = ["write_report"]

_WIDE = (4.6, 3.6)  # inches of a figure of which three stand side by side; else four


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
    from ..demo import table
    from ..demo.pipeline import INTEGRATION_LIMIT

    header, rows = table(result)
    return rendered(
        "report.html",
        lambda: {
            "title": "Anomaly detection report",
            "result": result,
            "header": header,
            "rows": rows,
            "limit": INTEGRATION_LIMIT,
            "incomplete": any("n/a" in values for _, values in rows),
            "overview": _overview(result.categories) if len(result.categories) > 1 else [],
            "sections": [_section(category) for category in result.categories],
            "settings": {**result.settings, **environment()},
        },
    )


def _overview(categories: list[CategoryResult]) -> list[dict[str, str]]:
    def every(draw: Callable[..., Any], kind: str) -> Callable[[Any], None]:
        def drawn(ax: Any) -> None:
            for category in categories:
                draw(getattr(category, kind), ax=ax, label=category.name)
            if len(categories) <= 10:
                ax.legend(frameon=False, loc="best")

        return drawn

    return [
        figure("Images: ROC", every(plot_roc, "image_roc"), _WIDE),
        figure("Pixels: ROC", every(plot_roc, "pixel_roc"), _WIDE),
        figure("Regions: PRO", every(plot_pro, "pro"), _WIDE),
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
        figure("ROC", both(plot_roc, "roc")),
        figure("Precision and recall", both(plot_pr, "pr")),
        figure("PRO", lambda ax: plot_pro(category.pro, ax=ax, color="#c8452f")),
    ]
    return {
        "category": category,
        "wrong": sum(not verdict.right for verdict in category.verdicts),
        "threshold": f"{threshold:.4g}" if known else None,
        "figures": [*(curves if known else []), figure("Scores of the images", scores)],
        "gallery": [_pictures(shown, category.map_range) for shown in category.gallery],
        "omitted": len(category.gallery) < len(category.verdicts),
    }


def _pictures(shown: Shown, limits: tuple[float, float]) -> dict[str, Any]:
    image = np.atleast_3d(shown.image)
    truth = np.where(shown.mask, 255, 0).astype(np.uint8)
    return {
        "verdict": shown.verdict,
        "text": f"{'anomalous' if shown.verdict.predicted else 'normal'}, {shown.verdict.score:.3f}",
        "image": picture(np.broadcast_to(image, (*image.shape[:2], 3))),
        "map": picture(map_overlay(shown.image, shown.map, limits=limits)),
        "mask": picture(truth),
    }
