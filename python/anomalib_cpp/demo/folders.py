"""Images, masks and data sets from folders, checked before any work starts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._errors import FormatError, InvalidInputError

__all__ = ["Category", "TestItem", "find_images", "read_dataset", "read_image", "read_mask"]

_SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
_DEEPEST = 4  # levels below the folder at which categories are looked for


@dataclass(frozen=True)
class TestItem:
    """One image of ``test/<defect>``; `mask` is None for ``good``."""

    path: Path
    defect: str
    mask: Path | None

    __test__ = False  # not a test class, whatever its name makes pytest think

    @property
    def name(self) -> str:
        """``<defect>/<file name>``."""
        return f"{self.defect}/{self.path.name}"

    def image(self) -> NDArray[np.uint8]:
        """Read the image."""
        return read_image(self.path)

    def truth(self, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Read the mask; nothing is anomalous without one."""
        return np.zeros(shape, bool) if self.mask is None else read_mask(self.mask)


@dataclass(frozen=True)
class Category:
    """Normal images to learn from, and images to test."""

    name: str
    train: list[Path]
    test: list[TestItem]

    def train_images(self) -> Iterator[NDArray[np.uint8]]:
        """Read the normal images one by one."""
        return map(read_image, self.train)


def find_images(folder: Path) -> list[Path]:
    """Find the images of a folder and of the folders inside it, hidden files left out.

    Parameters
    ----------
    folder : Path
        Where to look for ``.bmp .jpeg .jpg .png .tif .tiff .webp``.

    Returns
    -------
    list of Path
        In the order of their names; may be empty.

    Raises
    ------
    InvalidInputError (ValueError)
        If `folder` is not a folder.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from anomalib_cpp.demo.folders import find_images
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("b.png", "a.JPG", "notes.txt"):
    ...         _ = Path(folder, name).write_bytes(b"")
    ...     [path.name for path in find_images(Path(folder))]
    ['a.JPG', 'b.png']
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InvalidInputError(f"{str(folder)!r} is not a folder")
    found = (path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES and path.name[0] != ".")
    return sorted((path for path in found if path.is_file()), key=lambda path: path.relative_to(folder).parts)


def read_image(path: Path) -> NDArray[np.uint8]:
    """Read an image as 8-bit grey or RGB.

    Parameters
    ----------
    path : Path
        Any file that Pillow reads. 16-bit grey is reduced to 8 bits; transparency is dropped.

    Returns
    -------
    array of uint8, shape (height, width) or (height, width, 3)
        The pixels.

    Raises
    ------
    FormatError (ValueError)
        If the file is not an image, is broken, or holds another kind of pixels; the message names it.
    OSError
        If there is no such file or it may not be read.

    Examples
    --------
    >>> import io
    >>> import numpy as np
    >>> from PIL import Image
    >>> from anomalib_cpp.demo.folders import read_image
    >>> file = io.BytesIO()
    >>> Image.fromarray(np.eye(2, dtype=np.uint8) * 255).save(file, "PNG")
    >>> read_image(file).tolist()
    [[255, 0], [0, 255]]
    """
    return _opened(path, _pixels)  # type: ignore[no-any-return]


def read_mask(path: Path) -> NDArray[np.bool_]:
    """Read a mask: anomalous where the grey value is above 127, or not zero if no value is above 127.

    Parameters
    ----------
    path : Path
        An image of 0 and 255, or of 0 and small labels.

    Returns
    -------
    array of bool, shape (height, width)
        True where anomalous.

    Raises
    ------
    FormatError (ValueError), OSError
        As :func:`read_image`.

    Examples
    --------
    >>> import io
    >>> import numpy as np
    >>> from PIL import Image
    >>> from anomalib_cpp.demo.folders import read_mask
    >>> file = io.BytesIO()
    >>> Image.fromarray(np.array([[0, 1, 2]], np.uint8)).save(file, "PNG")
    >>> read_mask(file).tolist()
    [[False, True, True]]
    """
    values: NDArray[np.uint8] = _opened(path, lambda image: np.asarray(image.convert("L")))
    return values > (127 if values.size and values.max() > 127 else 0)


def read_dataset(folder: Path) -> list[Category]:
    """List a data set in the layout of MVTec AD, and check that it is complete.

    The layout is ``train/good``, ``test/<defect>`` with ``test/good`` for normal images, and
    ``ground_truth/<defect>/<name>_mask.png`` (or ``<name>.png``), directly in `folder` or in a folder per category.

    Parameters
    ----------
    folder : Path
        A category, or a folder of categories at any of four levels.

    Returns
    -------
    list of Category
        In the order of their names. No pixels are read yet, only the sizes of images and masks.

    Raises
    ------
    InvalidInputError (ValueError)
        If there is no such folder or no category in it, a category has no images, a mask is missing, or a mask has
        another size than its image.
    FormatError (ValueError)
        If a file cannot be read as an image.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from anomalib_cpp.demo.folders import read_dataset
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("train/good/0", "test/good/1", "test/hole/2", "ground_truth/hole/2_mask"):
    ...         path = Path(folder, "nut", name + ".png")
    ...         path.parent.mkdir(parents=True)
    ...         Image.fromarray(np.zeros((4, 4), np.uint8)).save(path)
    ...     (category,) = read_dataset(Path(folder))
    >>> category.name, len(category.train), [item.name for item in category.test]
    ('nut', 1, ['good/1.png', 'hole/2.png'])
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InvalidInputError(f"data {str(folder)!r} is not a folder")
    places = _categories(folder, 0)
    if not places:
        raise InvalidInputError(f"data {str(folder)!r} is not in the layout of MVTec AD: it holds no folder train/good")
    root = folder.resolve().name
    categories = [_category(place, place.relative_to(folder).as_posix().replace(".", root, 1)) for place in places]
    for category in categories:
        _check_sizes(category)
    return categories


def _categories(folder: Path, depth: int) -> list[Path]:
    if (folder / "train" / "good").is_dir():
        return [folder]
    if depth == _DEEPEST:
        return []
    inner = sorted(entry for entry in folder.iterdir() if entry.is_dir() and entry.name[0] != ".")
    return [place for entry in inner for place in _categories(entry, depth + 1)]


def _category(folder: Path, name: str) -> Category:
    train = find_images(folder / "train" / "good")
    if not train:
        raise InvalidInputError(f"{str(folder / 'train' / 'good')!r} holds no images")
    tests = folder / "test"
    defects = sorted(entry for entry in tests.iterdir() if entry.is_dir()) if tests.is_dir() else []
    items = [
        TestItem(path, defect.name, _mask_of(path, folder / "ground_truth" / defect.name))
        for defect in defects
        for path in find_images(defect)
    ]
    if not items:
        raise InvalidInputError(f"{str(tests)!r} holds no images")
    return Category(name, train, items)


def _mask_of(image: Path, folder: Path) -> Path | None:
    if folder.name == "good":
        return None
    names = [f"{image.stem}_mask.png", f"{image.stem}.png"]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise InvalidInputError(f"the mask of {str(image)!r} is missing: there is no {str(folder / names[0])!r}")


def _check_sizes(category: Category) -> None:
    def size(path: Path) -> tuple[int, int]:
        found: tuple[int, int] = _opened(path, lambda image: image.size)
        return found

    for path in category.train:
        size(path)
    for item in category.test:
        image, mask = size(item.path), size(item.mask or item.path)
        if image != mask:
            raise InvalidInputError(
                f"the mask {str(item.mask)!r} is {mask[0]} x {mask[1]} pixels but its image {str(item.path)!r} is "
                f"{image[0]} x {image[1]}"
            )


def _opened(path: Path, use: Any) -> Any:
    """Open `path` with Pillow and `use` the image; one kind of error for whatever is wrong with it."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            return use(image)
    except FileNotFoundError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # permissions and the like
            raise
        reason = "it is not an image" if "cannot identify" in str(error) else str(error)
        raise FormatError(f"cannot read {str(path)!r}: {reason}") from None


def _pixels(image: Any) -> NDArray[np.uint8]:
    if image.mode.startswith("I"):
        values = np.asarray(image)
        if values.size and (values.min() < 0 or values.max() > 0xFFFF):
            raise ValueError("its grey values need more than 16 bits")
        return (values >> 8).astype(np.uint8)
    if image.mode == "F":
        raise ValueError("its grey values are floating-point numbers")
    return np.array(image.convert("L" if image.mode in ("1", "L", "LA", "La") else "RGB"))
