"""What a page shows, as addresses that hold the data: figures as vector graphics, photographs and masks."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["figure", "picture"]

_LONGEST = 440  # pixels of the longer side of a picture in the gallery: twice what the page shows


def figure(title: str, draw: Callable[[Any], Any], size: tuple[float, float] = (3.5, 2.9)) -> dict[str, str]:
    """Draw a figure; `draw` gets its axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    ax = figure.subplots()
    draw(ax)
    ax.set_title(title, loc="left", fontweight="bold")
    file = io.BytesIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    return {"source": _embedded(file.getvalue(), "svg+xml"), "alt": title}


def picture(pixels: NDArray[np.uint8]) -> str:
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
