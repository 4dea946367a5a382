"""Files that appear complete or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path

from ._errors import InvalidInputError

__all__ = ["write_atomically"]

_WRITE_BYTES = 16 << 20  # between two chances for Ctrl-C


def _target(path: Path, overwrite: bool, follow_symlinks: bool) -> Path:
    if path.is_symlink() and follow_symlinks:
        path = path.resolve()
    if os.path.lexists(path) and not path.is_symlink() and not path.is_file():
        raise InvalidInputError(f"path {os.fspath(path)!r} is a folder or a device; name a file")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"path {os.fspath(path)!r}: the folder {os.fspath(path.parent)!r} does not exist")
    if not overwrite and os.path.lexists(path):
        raise _exists(path)
    return path


def _exists(path: Path) -> FileExistsError:
    return FileExistsError(f"{os.fspath(path)!r} exists; pass overwrite=True to replace it")


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _publish(temporary: Path, target: Path, overwrite: bool) -> None:
    if overwrite:
        temporary.replace(target)
        return
    try:  # a link fails if the target has appeared meanwhile; a rename would replace it
        os.link(temporary, target)
    except FileExistsError:
        raise _exists(target) from None
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise _exists(target) from None
        temporary.rename(target)
        return
    temporary.unlink()


def write_atomically(
    path: str | os.PathLike[str],
    parts: Iterable[bytes | memoryview],
    size: int,
    *,
    overwrite: bool,
    follow_symlinks: bool,
) -> None:
    """Write `parts`, `size` bytes together, to `path` through a temporary file in the same folder.

    A reader sees the old file or the whole new one, also when the writer is killed. After an exception the temporary
    file is gone; only a killed process leaves one, called ``NAME.tmp-<pid>-<random>``.
    """
    target = _target(Path(path), overwrite, follow_symlinks)
    free = shutil.disk_usage(target.parent).free
    if free < size:
        raise OSError(f"{os.fspath(target)!r} needs {size} bytes, its disk has {free} free")
    temporary = target.with_name(f"{target.name}.tmp-{os.getpid()}-{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    handle = os.open(temporary, flags, 0o666)
    try:
        with os.fdopen(handle, "wb", buffering=0) as file:
            for part in parts:
                view = memoryview(part)
                while view.nbytes:
                    written = file.write(view[:_WRITE_BYTES])
                    view = view[written:]
            os.fsync(file.fileno())
        _publish(temporary, target, overwrite)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)
