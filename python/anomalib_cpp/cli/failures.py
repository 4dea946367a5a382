"""What ends a command early, and how that is told: one line and an exit code."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .._errors import CudaError, DeviceError, FormatError, InvalidInputError, InvalidTypeError, NotFittedError

__all__ = ["MissingPackageError", "UsageError", "exit_code", "naming", "one_line"]

UNEXPECTED, USAGE, BAD_INPUT, RESOURCES = 1, 2, 3, 4

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EFBIG, errno.EMFILE, errno.ENFILE)


class UsageError(Exception):
    """Options that do not go together."""


class MissingPackageError(Exception):
    """A command needs a package that is not installed."""

    def __init__(self, what: str, package: str | None, extra: str) -> None:
        lacking = f"the package {package!r}" if package else "an optional package"
        super().__init__(f"{what} needs {lacking}, which is not installed: pip install 'anomalib-cpp[{extra}]'")


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Say which file has a malformed content."""
    try:
        yield
    except FormatError as error:
        raise FormatError(f"{str(path)!r}: {error}") from None


def one_line(text: str) -> str:
    """Return `text` without line breaks."""
    return " ".join(text.split())


def exit_code(error: Exception) -> tuple[int, str]:
    """Return the exit code of `error` and the line that explains it."""
    text = one_line(str(error))
    if isinstance(error, UsageError):
        return USAGE, text
    if isinstance(error, MissingPackageError):
        return RESOURCES, text
    if isinstance(error, (MemoryError, DeviceError, CudaError)):
        return RESOURCES, text or "out of memory"
    if isinstance(error, (InvalidInputError, InvalidTypeError, NotFittedError, FormatError)):
        return BAD_INPUT, text
    if isinstance(error, OSError):
        if error.strerror and error.filename:
            text = f"{str(error.filename)!r}: {error.strerror}"
        elif error.strerror:
            text = error.strerror
        full = error.errno in _FULL or (type(error) is OSError and error.errno is None)
        return (RESOURCES if full else BAD_INPUT), text
    if isinstance(error, ImportError):
        return RESOURCES, text
    return UNEXPECTED, f"unexpected {type(error).__name__}: {text} (the option -v shows where)"
