"""What a `progress=` argument may be, turned into the one thing kernels call."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ._config import get_config
from ._errors import InvalidTypeError

__all__ = ["Report", "adapt"]

Report = Callable[[int, int], Any]  # (done, total); False cancels


@contextmanager
def adapt(progress: Any, description: str) -> Iterator[Report | None]:
    """Give a kernel what it reports to, for the length of one call.

    Parameters
    ----------
    progress : None, bool or callable
        None is the library's default, True a meter on standard error (tqdm where it is installed), and a callable
        receives ``(done, total, info)`` or ``(done, total)``, whichever it accepts; ``info`` is a dict with
        ``"description"``. Returning False cancels.
    description : str
        What is being done, in a word or two.

    Yields
    ------
    callable or None
        To be passed to the extension.
    """
    if progress is None:
        progress = get_config()["progress"]
    if progress is None or progress is False:
        yield None
    elif progress is True:
        with _meter(description) as report:
            yield report
    elif callable(progress):
        yield _with_info(progress, {"description": description})
    else:
        raise InvalidTypeError(f"progress must be None, True, False or a callable; got {type(progress).__name__}")


def _with_info(callback: Callable[..., Any], info: dict[str, Any]) -> Report:
    try:
        signature = inspect.signature(callback)
    except (TypeError, ValueError):  # compiled callables may not tell
        return lambda done, total: callback(done, total, info)
    for count in (3, 2):
        try:
            signature.bind(*range(count))
        except TypeError:
            continue
        return (lambda done, total: callback(done, total, info)) if count == 3 else callback
    raise InvalidTypeError(f"progress must accept (done, total, info) or (done, total); got {callback!r}")


@contextmanager
def _meter(description: str) -> Iterator[Report]:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        with _line(description) as report:
            yield report
        return
    with tqdm(desc=description, total=0, leave=True) as bar:

        def report(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield report


@contextmanager
def _line(description: str) -> Iterator[Report]:
    def report(done: int, total: int) -> None:
        sys.stderr.write(f"\r{description}: {100 * done // max(total, 1):3d}% ({done}/{total})")
        sys.stderr.flush()

    try:
        yield report
    finally:
        sys.stderr.write("\n")
