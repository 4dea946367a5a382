"""The built-in data: photographed textures cut into tiles, some of them damaged on purpose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["TEXTURES", "TextureCategory", "Tile", "damage", "texture_categories"]

TEXTURES = ("brick", "grass", "gravel")
DEFECTS = ("scratch", "blob", "blur", "contrast", "swap")
_TILE = 85  # 6 x 6 tiles from 512 x 512 pixels
_TRIES = 12  # places looked at for a defect that shows

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Tile:
    """A piece of a texture, damaged or not."""

    name: str
    defect: str
    pixels: Pixels
    mask: Mask

    def image(self) -> Pixels:
        """Return the pixels."""
        return self.pixels

    def truth(self, shape: tuple[int, int]) -> Mask:
        """Return the mask of the defect; `shape` is that of the tile anyway."""
        return self.mask.reshape(shape)


@dataclass(frozen=True)
class TextureCategory:
    """Normal tiles to learn from, and tiles to test."""

    name: str
    train: list[Pixels]
    test: list[Tile]

    def train_images(self) -> Iterator[Pixels]:
        """Return the normal tiles one by one."""
        return iter(self.train)


def texture_categories(seed: int = 0) -> list[TextureCategory]:
    """Cut brick, grass and gravel of scikit-image into tiles, and damage half of those that are held back.

    Each photograph of 512 x 512 pixels gives 36 tiles that share no pixel: 18 to learn from, 18 to test, of which 9 get
    a defect: a scratch, a blob, a blurred spot, a spot of other contrast, or a spot of another texture.

    Parameters
    ----------
    seed : int, default 0
        Decides which tiles are held back, and their defects.

    Returns
    -------
    list of TextureCategory
        One for each texture.

    Examples
    --------
    >>> from anomalib_cpp.demo.textures import texture_categories
    >>> brick = texture_categories()[0]
    >>> brick.name, len(brick.train), len(brick.test), sum(tile.defect != "good" for tile in brick.test)
    ('brick', 18, 18, 9)
    """
    from skimage import data

    photographs = [np.asarray(getattr(data, name)()) for name in TEXTURES]
    return [
        _category(name, photographs[i], photographs[(i + 1) % len(TEXTURES)], np.random.default_rng([seed, i]))
        for i, name in enumerate(TEXTURES)
    ]


def _category(name: str, photograph: Pixels, other: Pixels, random: np.random.Generator) -> TextureCategory:
    tiles, strangers = _tiles(photograph), _tiles(other)
    order = random.permutation(len(tiles))
    train, held_back = np.split(order, [len(tiles) // 2])
    test = []
    for place, number in enumerate(held_back):
        pixels, defect, mask = tiles[number], "good", np.zeros((_TILE, _TILE), bool)
        if place % 2:
            defect = DEFECTS[place // 2 % len(DEFECTS)]
            pixels, mask = damage(pixels, defect, random, stranger=strangers[number])
        test.append(Tile(f"{defect}/tile_{number:02d}", defect, pixels, mask))
    return TextureCategory(name, [tiles[number] for number in train], sorted(test, key=lambda tile: tile.name))


def _tiles(photograph: Pixels) -> list[Pixels]:
    starts = range(0, photograph.shape[0] - _TILE + 1, _TILE)
    return [np.ascontiguousarray(photograph[y : y + _TILE, x : x + _TILE]) for y in starts for x in starts]


def damage(
    pixels: Pixels, defect: str, random: np.random.Generator, *, stranger: Pixels | None = None
) -> tuple[Pixels, Mask]:
    """Damage a tile.

    Parameters
    ----------
    pixels : array of uint8, shape (height, width)
        The tile; left as it is.
    defect : {"scratch", "blob", "blur", "contrast", "swap"}
        What to do to it.
    random : numpy.random.Generator
        Decides place, shape and strength. Of several places tried, the one where most changes is taken.
    stranger : array of uint8, shape (height, width), optional
        The other texture of ``"swap"``.

    Returns
    -------
    damaged : array of uint8, shape (height, width)
        The damaged tile.
    mask : array of bool, shape (height, width)
        Where it was damaged.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.demo.textures import damage
    >>> tile = np.full((85, 85), 100, np.uint8)
    >>> damaged, mask = damage(tile, "scratch", np.random.default_rng(0))
    >>> bool((damaged != tile)[mask].all()), bool((damaged == tile)[~mask].all())
    (True, True)
    """
    grey = pixels.astype(np.float64)
    shape: Callable[..., Mask] = _stroke if defect == "scratch" else _spot
    changed = _changed(grey, defect, random, stranger)
    masks = [shape(pixels.shape, random) for _ in range(_TRIES)]
    mask = max(masks, key=lambda mask: float(np.abs(changed - grey)[mask].mean()))
    return np.clip(np.rint(np.where(mask, changed, grey)), 0, 255).astype(np.uint8), mask


def _changed(grey: Any, defect: str, random: np.random.Generator, stranger: Pixels | None) -> Any:
    """Change the whole tile; the mask decides what is seen of it."""
    from scipy.ndimage import gaussian_filter

    if defect == "scratch":
        return np.full_like(grey, random.choice([25, 235])) + random.normal(0, 6, grey.shape)
    if defect == "blob":
        return 0.25 * grey + 0.75 * random.choice([30, 225]) + random.normal(0, 3, grey.shape)
    if defect == "blur":
        return gaussian_filter(grey, random.uniform(2.5, 4))
    if defect == "contrast":
        return grey.mean() + random.choice([0.25, 2.0]) * (grey - grey.mean()) + random.choice([-35, 35])
    if defect == "swap" and stranger is not None:
        return stranger.astype(np.float64)
    raise ValueError(f"defect must be one of {', '.join(DEFECTS)}, 'swap' with a stranger; got {defect!r}")


def _spot(shape: tuple[int, int], random: np.random.Generator) -> Mask:
    """Draw an ellipse with a ragged edge."""
    from scipy.ndimage import gaussian_filter

    centre = random.uniform(0.2, 0.8, 2) * shape
    radii, angle = random.uniform(8, 15, 2), random.uniform(0, np.pi)
    y, x = np.indices(shape) - centre[:, None, None]
    u, v = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    ragged = gaussian_filter(random.normal(0, 1, shape), 3) * 1.5
    return np.asarray((u / radii[0]) ** 2 + (v / radii[1]) ** 2 + ragged < 1)


def _stroke(shape: tuple[int, int], random: np.random.Generator) -> Mask:
    """Draw a bent line across a part of the tile."""
    from scipy.spatial import KDTree

    angle, length = random.uniform(0, 2 * np.pi), random.uniform(0.5, 0.8) * min(shape)
    middle = random.uniform(0.35, 0.65, 2) * shape
    along = length * np.array([np.sin(angle), np.cos(angle)])
    bend = random.uniform(-0.25, 0.25) * along[::-1] * (1, -1)
    t = np.linspace(0, 1, 100)[:, None]
    line = middle + (t - 0.5) * along + 4 * t * (1 - t) * bend
    distances, _ = KDTree(line).query(np.moveaxis(np.indices(shape), 0, -1))
    return np.asarray(distances <= random.uniform(1.2, 2.0))
