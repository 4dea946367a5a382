"""anomalib's own names, bound to our classes."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from .._errors import CompatibilityWarning, InvalidInputError, InvalidTypeError
from . import _image, _pixel

__all__ = ["patch_anomalib", "unpatch_anomalib"]

_TESTED = ((2, 3), (2, 7))  # lowest and highest version, (major, minor)
_OURS: dict[str, Any] = {name: getattr(part, name) for part in (_image, _pixel) for name in part.__all__}
_theirs: dict[str, Any] = {}  # what we have replaced, by name


def patch_anomalib(names: Iterable[str] | None = None) -> None:
    """Let anomalib use our metrics, wherever it names its own: in its models, post-processors and configuration files.

    Call it before models are made; metrics that exist already stay what they are. A second call changes nothing.

    Parameters
    ----------
    names : iterable of str, optional
        Classes to replace; by default all that this module has, `AnomalibMetric` excepted.

    Raises
    ------
    ImportError
        If anomalib is missing or cannot be imported.
    InvalidInputError, InvalidTypeError
        For names that this module or anomalib does not have.

    Warns
    -----
    CompatibilityWarning
        If anomalib has a version that we have not tested, before 2.3 or after 2.7. Nothing is replaced then.

    See Also
    --------
    unpatch_anomalib : Undo this.

    Notes
    -----
    Replaced are the names in `anomalib.metrics` and in every module of anomalib that has been imported. Names that your
    own modules have imported before the call are yours: import them afterwards, or from `anomalib_cpp.anomalib`.
    """
    wanted = _checked(names)
    theirs = _anomalib_metrics()
    if theirs is None:
        return
    missing = [name for name in wanted if not hasattr(theirs, name)]
    if missing and names is not None:
        raise InvalidInputError(f"names must be of classes in anomalib.metrics; it has no {', '.join(missing)}")
    for name in wanted:
        if name not in missing and getattr(theirs, name) is not _OURS[name]:
            _theirs[name] = getattr(theirs, name)
            _rebind(_theirs[name], _OURS[name])


def unpatch_anomalib() -> None:
    """Give anomalib its metrics back. Does nothing where `patch_anomalib` has not replaced any.

    See Also
    --------
    patch_anomalib : What this undoes.
    """
    for name, theirs in _theirs.items():
        _rebind(_OURS[name], theirs)
    _theirs.clear()


def _checked(names: Any) -> list[str]:
    if names is None:
        return list(_OURS)
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise InvalidTypeError(f"names must be a list of names of classes; got {names!r}")
    wanted = list(names)
    unknown = [name for name in wanted if name not in _OURS]
    if unknown:
        raise InvalidInputError(f"names must be among {', '.join(sorted(_OURS))}; got {unknown}")
    return wanted


def _anomalib_metrics() -> Any:
    """Return the module; None, with a warning, for versions that we do not know."""
    try:
        module, package = import_module("anomalib.metrics"), import_module("anomalib")
    except ImportError as error:
        raise ImportError(f"patch_anomalib needs anomalib: pip install anomalib ({error})") from error
    version = str(package.__version__)
    major, _, rest = version.partition(".")
    numbers = (int(major), int(rest.partition(".")[0])) if major.isdigit() and rest[:1].isdigit() else (0, 0)
    if _TESTED[0] <= numbers <= _TESTED[1]:
        return module
    low, high = (".".join(map(str, bound)) for bound in _TESTED)
    warnings.warn(
        f"anomalib {version} is not among the tested versions, {low} to {high}: patch_anomalib has replaced nothing",
        CompatibilityWarning,
        stacklevel=3,
    )
    return None


def _rebind(old: Any, new: Any) -> None:
    for module in list(_modules()):
        for name, value in list(vars(module).items()):
            if value is old:
                setattr(module, name, new)


def _modules() -> Iterator[Any]:
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "anomalib" and module is not None:
            yield module
