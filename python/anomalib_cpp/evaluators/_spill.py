"""Images in memory, and images that wait in a file."""

from __future__ import annotations

import os
import tempfile
import weakref
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Image(NamedTuple):
    scores: NDArray[Any]
    mask: NDArray[np.bool_]

    @property
    def nbytes(self) -> int:
        return self.scores.nbytes + self.mask.nbytes


class Spill:
    """Images moved to a nameless file, which vanishes with the last reference to it."""

    def __init__(self, folder: str | os.PathLike[str] | None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        weakref.finalize(self, self._file.close)  # maps of it stay valid

    def move(self, images: list[Image]) -> list[Image]:
        """Write images and map them; where the disk is full the file is as before, and so are the images."""
        start = self._file.tell()
        ends = []
        try:
            for image in images:
                for part in image:
                    self._file.write(np.ascontiguousarray(part).data)
                    ends.append(self._file.tell() - start)
                    self._file.write(bytes(-self._file.tell() % 64))
            self._file.flush()
        except OSError:
            self._file.seek(start)
            self._file.truncate()
            raise
        mapped = np.memmap(self._file, np.uint8, "r", offset=start, shape=(self._file.tell() - start,))
        self._file.seek(0, os.SEEK_END)

        def found(part: NDArray[Any], end: int) -> NDArray[Any]:
            return mapped[end - part.nbytes : end].view(part.dtype).reshape(part.shape).view(np.ndarray)

        at = iter(ends)
        return [Image(found(image.scores, next(at)), found(image.mask, next(at))) for image in images]
