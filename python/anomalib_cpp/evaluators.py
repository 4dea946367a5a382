"""Evaluators that take their data in batches: exact, mergeable, savable, within a memory budget.

`PixelEvaluator` and `ImageEvaluator` keep what they are given and count at the end, so that their values are those of
the functions in :mod:`anomalib_cpp.metrics` bit for bit, whatever the batches were.
"""

from __future__ import annotations

import json
import os
import tempfile
import weakref
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from . import io
from ._checks import choice, fraction
from ._config import parse_budget
from ._errors import FormatError, InvalidInputError, InvalidTypeError
from .metrics import Curve, image_report, pr_curve, pro_curve, roc_curve
from .metrics._inputs import argument, options
from .metrics._pimo import checked_bounds
from .metrics._report import IMAGE_METRICS, PIXEL_METRICS, chosen, pixel_values

__all__ = ["ImageEvaluator", "PixelEvaluator"]

Evaluator = TypeVar("Evaluator", bound="_Evaluator")
_FORMAT = 1


class _Settings(NamedTuple):
    """What two evaluators must have in common to be merged."""

    metrics: tuple[str, ...]
    integration_limit: float = 0.3
    fpr_bounds: tuple[float, float] = (1e-5, 1e-4)
    connectivity: int = 8
    group_reduce: str = "max"
    nan_policy: str = "raise"


class _Evaluator(ABC):
    """What the evaluators share: settings, counting of updates, merging, files."""

    _settings: _Settings
    _known: tuple[str, ...]

    def __init__(self, settings: _Settings, undefined: Any) -> None:
        self._settings = settings
        self._undefined = undefined
        self._updates = 0
        self._report: dict[str, float] | None = None

    @property
    def n_updates(self) -> int:
        """Calls of `update` that brought data, those of merged evaluators included."""
        return self._updates

    def _changed(self, updates: int) -> None:
        self._updates += updates
        self._report = None

    def _require_mergeable(self, other: Any) -> None:
        if type(other) is not type(self):
            raise InvalidTypeError(f"other must be a {type(self).__name__}; got {type(other).__name__}")
        mine, theirs = self._settings._asdict(), other._settings._asdict()
        different = [f"{key} ({mine[key]!r}, {theirs[key]!r})" for key in mine if mine[key] != theirs[key]]
        if different:
            raise InvalidInputError(f"other must have the same settings; different are {', '.join(different)}")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the evaluator to a safetensors file, all of it or nothing.

        Parameters
        ----------
        path : path
            Replaced where it exists.
        """
        tensors = {name: value for name, value in self.state().items() if name != "settings"}
        io.save(path, tensors, kind=type(self).__name__, config=_as_json(self._settings, self._updates))

    @classmethod
    def load(cls: type[Evaluator], path: str | os.PathLike[str]) -> Evaluator:
        """Read an evaluator that :meth:`save` wrote.

        Parameters
        ----------
        path : path
            Its content is checked as if it were hostile.

        Returns
        -------
        evaluator
            With the settings of the one that was saved; `undefined` comes from the configuration.

        Raises
        ------
        FormatError
            For files of another kind, damaged files, and states that no evaluator has.
        """
        content = io.load(path, kind=cls.__name__)
        return cls._from_parts(dict(content.tensors), content.config)

    @classmethod
    def from_state(cls: type[Evaluator], state: Mapping[str, Any]) -> Evaluator:
        """Make an evaluator from what :meth:`state` returned.

        Parameters
        ----------
        state : mapping of str to array
            All entries.

        Returns
        -------
        evaluator
            Equal to the one that the state was taken from.

        Raises
        ------
        FormatError
            For anything else.
        """
        parts = dict(state)
        try:
            config = json.loads(bytes(np.asarray(parts.pop("settings"), np.uint8)).decode("ascii"))
        except (KeyError, ValueError, TypeError):
            raise FormatError("state must hold the settings of an evaluator") from None
        return cls._from_parts(parts, config)

    @abstractmethod
    def state(self) -> dict[str, NDArray[Any]]:
        """Return everything as arrays, for gathering over processes or keeping elsewhere."""

    @classmethod
    @abstractmethod
    def _from_parts(cls: type[Evaluator], parts: dict[str, Any], config: Any) -> Evaluator:
        """Make an evaluator from the arrays of a state and its settings."""

    @classmethod
    def _settings_of(cls, config: Any) -> tuple[_Settings, int]:
        try:
            if config["format"] != _FORMAT:
                raise FormatError(f"state must have format {_FORMAT}; got {config['format']!r}")
            updates = int(config["n_updates"])
            settings = _Settings(
                chosen(config["metrics"], cls._known),
                fraction(config["integration_limit"], "integration_limit"),
                checked_bounds(config["fpr_bounds"]),
                int(choice(config["connectivity"], "connectivity", (4, 8))),
                choice(config["group_reduce"], "group_reduce", ("max", "mean")),
                options(config["nan_policy"], None, None).nan_policy,
            )
        except FormatError:
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"state must hold the settings of a {cls.__name__}: {error}") from None
        return settings, updates


def _as_json(settings: _Settings, updates: int) -> dict[str, Any]:
    listed = {key: list(value) if isinstance(value, tuple) else value for key, value in settings._asdict().items()}
    return {"format": _FORMAT, "n_updates": updates, **listed}


def _settings_array(settings: _Settings, updates: int) -> NDArray[np.uint8]:
    return np.frombuffer(json.dumps(_as_json(settings, updates), sort_keys=True).encode("ascii"), np.uint8)


def _binary(labels: NDArray[Any], name: str) -> NDArray[np.bool_]:
    """Labels as booleans, which they must be in one of the accepted ways."""
    if labels.dtype == bool:
        return labels
    one = labels == 1
    accepted = bool((one | (labels == 0)).all())
    if not accepted and labels.dtype == np.uint8:
        one = labels == 255
        accepted = bool((one | (labels == 0)).all())
    if not accepted:
        odd = np.unique(labels[(labels != 0) & (labels != 1)])[:5].tolist()
        raise InvalidInputError(f"{name} must be 0 or 1 (or 0 and 255 in uint8); got {', '.join(map(str, odd))}")
    return one  # type: ignore[no-any-return]


def _refuse_nan(scores: NDArray[Any], name: str, policy: str) -> None:
    if policy == "raise" and scores.dtype.kind == "f" and np.isnan(scores).any():
        at = tuple(int(i[0]) for i in np.nonzero(np.isnan(scores)))
        raise InvalidInputError(f"{name} contains {int(np.isnan(scores).sum())} NaN, first at index {at}")


class _Image(NamedTuple):
    scores: NDArray[Any]
    mask: NDArray[np.bool_]

    @property
    def nbytes(self) -> int:
        return self.scores.nbytes + self.mask.nbytes


class _Spill:
    """Images moved to a nameless file, which vanishes with the last reference to it."""

    def __init__(self, folder: str | os.PathLike[str] | None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        weakref.finalize(self, self._file.close)  # maps of it stay valid

    def move(self, images: list[_Image]) -> list[_Image]:
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
        return [_Image(found(image.scores, next(at)), found(image.mask, next(at))) for image in images]


class PixelEvaluator(_Evaluator):
    """Pixel metrics of maps that come in batches.

    Parameters
    ----------
    metrics : sequence of names, default ("auroc", "average_precision", "f1_max", "aupro")
        As in :func:`anomalib_cpp.metrics.pixel_report`.
    integration_limit : float in (0, 1], default 0.3
        Of ``"aupro"``.
    fpr_bounds : (float, float), default (1e-5, 1e-4)
        Of ``"aupimo"``.
    connectivity : {4, 8}, default 8
        Of the regions of ``"aupro"``.
    nan_policy : {"raise", "propagate", "omit"}, optional
        As in :func:`anomalib_cpp.metrics.auroc`; ``"raise"`` refuses the batch and keeps the evaluator as it was.
    undefined : {"nan", "raise"} or float, optional
        As in :func:`anomalib_cpp.metrics.aupro`.
    memory_budget : int or str, optional
        Maps and masks beyond this move to a temporary file; default from the configuration.
    spill_dir : path, optional
        Folder for that file; default the system's.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        For options out of range.

    Notes
    -----
    Keeps a copy of every map and one byte a pixel of every mask. `compute` takes what
    :func:`~anomalib_cpp.metrics.pixel_report` takes, and so does the result. Not safe for concurrent updates.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.evaluators import PixelEvaluator
    >>> evaluator = PixelEvaluator(metrics=["auroc"])
    >>> for batch in np.arange(32.0).reshape(2, 4, 2, 2):
    ...     evaluator.update(batch, batch % 8 >= 6)
    >>> evaluator.compute(), evaluator.n_images
    ({'auroc': 0.625}, 8)
    """

    _known = PIXEL_METRICS

    def __init__(
        self,
        metrics: Sequence[str] = ("auroc", "average_precision", "f1_max", "aupro"),
        *,
        integration_limit: float = 0.3,
        fpr_bounds: tuple[float, float] = (1e-5, 1e-4),
        connectivity: int = 8,
        nan_policy: str | None = None,
        undefined: str | float | None = None,
        memory_budget: int | str | None = None,
        spill_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        opts = options(nan_policy, undefined, None)
        settings = _Settings(
            chosen(metrics, PIXEL_METRICS),
            fraction(integration_limit, "integration_limit"),
            checked_bounds(fpr_bounds),
            int(choice(connectivity, "connectivity", (4, 8))),
            nan_policy=opts.nan_policy,
        )
        super().__init__(settings, opts.undefined)
        self._budget = parse_budget(memory_budget)
        self._spill_dir = spill_dir
        self._images: list[_Image] = []
        self._in_memory = 0  # bytes
        self._first_in_memory = 0  # images before it lie in a file
        self._spill: _Spill | None = None

    @property
    def n_images(self) -> int:
        """Images so far."""
        return len(self._images)

    @property
    def n_items(self) -> int:
        """Pixels so far."""
        return sum(image.scores.size for image in self._images)

    @property
    def nbytes(self) -> int:
        """Bytes of maps and masks in memory; what moved to a file is not counted."""
        return self._in_memory

    def update(self, maps: Any, masks: Any) -> None:
        """Add maps.

        Parameters
        ----------
        maps : array of floats or integers, or list of (h, w) arrays
            Shape (h, w), (n, h, w) or (n, 1, h, w); sizes and dtypes may differ from call to call.
        masks : array of bool, integers or floats in {0, 1}, or uint8 in {0, 255}
            The shape of `maps`.

        Raises
        ------
        InvalidInputError, InvalidTypeError
            As :func:`~anomalib_cpp.metrics.pixel_report`; nothing is added then.
        OSError
            Where the disk is full; the evaluator keeps everything in memory then, and the batch is added.
        """
        scores, truth = (_stack(value, name) for value, name in ((maps, "maps"), (masks, "masks")))
        if [image.shape for image in scores] != [image.shape for image in truth]:
            shapes = ({image.shape for image in stack} for stack in (scores, truth))
            raise InvalidInputError(
                "maps and masks must have the same shapes; got {} of {} and {} of {}".format(
                    len(scores), *_listed(next(shapes)), len(truth), *_listed(next(shapes))
                )
            )
        for image in scores:
            if image.dtype.kind not in "fui":
                raise InvalidTypeError(f"maps must hold numbers; got dtype {image.dtype}")
            _refuse_nan(image, "maps", self._settings.nan_policy)
        added = [_Image(image.copy(), _binary(mask, "masks").copy()) for image, mask in zip(scores, truth, strict=True)]
        if not added:
            return
        self._images += added
        self._in_memory += sum(image.nbytes for image in added)
        self._changed(1)
        self._keep_budget()

    def _keep_budget(self) -> None:
        if self._in_memory <= self._budget:
            return
        if self._spill is None:
            self._spill = _Spill(self._spill_dir)
        self._images[self._first_in_memory :] = self._spill.move(self._images[self._first_in_memory :])
        self._first_in_memory, self._in_memory = len(self._images), 0

    def compute(self) -> dict[str, float]:
        """Report the metrics of everything so far; the evaluator goes on afterwards.

        Returns
        -------
        dict of str to float
            As :func:`~anomalib_cpp.metrics.pixel_report`.

        Raises
        ------
        InvalidInputError
            Before the first update, and as :func:`~anomalib_cpp.metrics.pixel_report`.
        """
        if self._report is None:
            maps, masks = self._data()
            settings = self._settings
            opts = options(settings.nan_policy, self._undefined, None)
            self._report = pixel_values(
                maps,
                masks,
                settings.metrics,
                opts,
                limit=settings.integration_limit,
                connectivity=settings.connectivity,
                fpr_bounds=settings.fpr_bounds,
            )
        return dict(self._report)

    def curves(self) -> dict[str, Curve]:
        """Return the curves of everything so far: ``"roc"``, ``"pr"`` and ``"pro"``."""
        maps, masks = self._data()
        policy = {"nan_policy": self._settings.nan_policy, "undefined": self._undefined}
        return {
            "roc": roc_curve(maps, masks, drop_collinear=True, **policy),
            "pr": pr_curve(maps, masks, **policy),
            "pro": pro_curve(maps, masks, connectivity=self._settings.connectivity, drop_collinear=True, **policy),
        }

    def _data(self) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
        if not self._images:
            raise InvalidInputError("the evaluator has no data: call update first")
        return [image.scores for image in self._images], [image.mask for image in self._images]

    def merge(self, other: PixelEvaluator) -> PixelEvaluator:
        """Add everything that another evaluator has seen; images of `other` come after those of this one.

        Parameters
        ----------
        other : PixelEvaluator
            With the same settings; not changed.

        Returns
        -------
        PixelEvaluator
            This one.

        Raises
        ------
        InvalidInputError
            For other settings, which are listed.
        InvalidTypeError
            For another kind of evaluator.
        """
        self._require_mergeable(other)
        images = list(other._images)
        self._images += images
        self._in_memory += other._in_memory
        self._changed(other._updates)
        self._keep_budget()
        return self

    def clone(self) -> PixelEvaluator:
        """Return an evaluator with the same settings and data that goes its own way from here."""
        twin = PixelEvaluator(undefined=self._undefined, memory_budget=self._budget, spill_dir=self._spill_dir)
        twin._settings = self._settings
        return twin.merge(self)

    def reset(self) -> None:
        """Forget all data."""
        self._images, self._in_memory, self._first_in_memory, self._spill = [], 0, 0, None
        self._updates, self._report = 0, None

    def state(self) -> dict[str, NDArray[Any]]:
        """Return everything as arrays, for gathering over processes or keeping elsewhere.

        Returns
        -------
        dict of str to array
            ``scores_<dtype>``, all maps of one dtype one after the other; ``labels``, one bit a pixel; ``shapes`` and
            ``dtypes`` of the images; ``settings``.
        """
        kinds = sorted({image.scores.dtype.name for image in self._images})
        arrays: dict[str, NDArray[Any]] = {
            f"scores_{kind}": np.concatenate(
                [image.scores.ravel() for image in self._images if image.scores.dtype.name == kind]
            )
            for kind in kinds
        }
        masks = [image.mask.ravel() for image in self._images]
        return {
            **arrays,
            "labels": np.packbits(np.concatenate(masks)) if masks else np.zeros(0, np.uint8),
            "shapes": np.array([image.scores.shape for image in self._images], np.int64).reshape(-1, 2),
            "dtypes": np.array([kinds.index(image.scores.dtype.name) for image in self._images], np.int64),
            "settings": _settings_array(self._settings, self._updates),
        }

    @classmethod
    def _from_parts(cls, parts: dict[str, Any], config: Any) -> PixelEvaluator:
        settings, updates = cls._settings_of(config)
        try:
            shapes, dtypes = np.asarray(parts.pop("shapes")), np.asarray(parts.pop("dtypes"))
            labels = np.asarray(parts.pop("labels"))
        except KeyError as error:
            raise FormatError(f"state must hold {error.args[0]}") from None
        kinds = sorted(parts)
        flat = [np.asarray(parts[kind]) for kind in kinds]
        sizes = _checked_shapes(shapes, dtypes, len(kinds))
        pixels = int(sizes.sum())
        consistent = (
            all(kind == f"scores_{data.dtype.name}" and data.ndim == 1 for kind, data in zip(kinds, flat, strict=True))
            and all(data.size == int(sizes[dtypes == k].sum()) for k, data in enumerate(flat))
            and labels.dtype == np.uint8
            and labels.shape == ((pixels + 7) // 8,)
        )
        if not consistent:
            raise FormatError("state must hold as many scores and labels as its shapes ask for")
        evaluator = cls(undefined=None)
        evaluator._settings = settings
        masks = np.unpackbits(labels, count=pixels).view(bool)
        at, used = [0] * len(kinds), 0
        for (height, width), kind, size in zip(shapes.tolist(), dtypes.tolist(), sizes.tolist(), strict=True):
            scores = flat[kind][at[kind] : at[kind] + size].reshape(height, width)
            _refuse_nan(scores, "state", settings.nan_policy)
            evaluator._images.append(_Image(scores.copy(), masks[used : used + size].reshape(height, width)))
            at[kind] += size
            used += size
        evaluator._in_memory = sum(image.nbytes for image in evaluator._images)
        evaluator._changed(updates)
        evaluator._keep_budget()
        return evaluator


def _checked_shapes(shapes: NDArray[Any], dtypes: NDArray[Any], kinds: int) -> NDArray[np.int64]:
    """Return the sizes of the images."""
    valid = (
        shapes.dtype == np.int64
        and shapes.ndim == 2
        and shapes.shape[1] == 2
        and dtypes.dtype == np.int64
        and dtypes.shape == shapes.shape[:1]
        and bool((shapes > 0).all())
        and bool((shapes < 1 << 31).all())
        and bool(((dtypes >= 0) & (dtypes < max(kinds, 1))).all())
        and (kinds > 0) == (len(shapes) > 0)
    )
    if not valid:
        raise FormatError("state must hold shapes and dtypes of images")
    return shapes[:, 0] * shapes[:, 1]  # type: ignore[no-any-return]


def _listed(shapes: set[tuple[int, ...]]) -> tuple[str]:
    return (", ".join(map(str, sorted(shapes))) or "none",)


def _stack(value: Any, name: str) -> list[NDArray[Any]]:
    data = argument(value, name).data
    if isinstance(data, list):
        return data
    if data.ndim not in (2, 3, 4) or (data.ndim == 4 and data.shape[1] != 1):
        raise InvalidInputError(
            f"{name} must have shape (h, w), (n, h, w) or (n, 1, h, w), or be a list of (h, w) arrays; got {data.shape}"
        )
    if 0 in data.shape[-2:]:
        raise InvalidInputError(f"{name} must have at least one row and one column; got {data.shape}")
    return list(data.reshape((-1, *data.shape[-2:])))


class ImageEvaluator(_Evaluator):
    """Image-level metrics of scores that come in batches.

    Parameters
    ----------
    metrics : sequence of names, default ("auroc", "average_precision", "f1_max")
        As in :func:`anomalib_cpp.metrics.image_report`.
    group_reduce : {"max", "mean"}, default "max"
        How scores of one group make the group's score, where `update` gets groups.
    nan_policy, undefined
        As in :func:`anomalib_cpp.metrics.auroc`.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        For options out of range.

    Examples
    --------
    >>> from anomalib_cpp.evaluators import ImageEvaluator
    >>> evaluator = ImageEvaluator(["auroc"])
    >>> evaluator.update([0.1, 0.9], [0, 1])
    >>> evaluator.update([0.3, 0.2], [1, 0])
    >>> evaluator.compute()
    {'auroc': 1.0}
    """

    _known = IMAGE_METRICS

    def __init__(
        self,
        metrics: Sequence[str] = ("auroc", "average_precision", "f1_max"),
        *,
        group_reduce: str = "max",
        nan_policy: str | None = None,
        undefined: str | float | None = None,
    ) -> None:
        opts = options(nan_policy, undefined, None)
        choice(group_reduce, "group_reduce", ("max", "mean"))
        settings = _Settings(chosen(metrics, IMAGE_METRICS), group_reduce=group_reduce, nan_policy=opts.nan_policy)
        super().__init__(settings, opts.undefined)
        self._scores: list[NDArray[Any]] = []
        self._labels: list[NDArray[np.bool_]] = []
        self._groups: list[NDArray[Any]] = []

    @property
    def n_items(self) -> int:
        """Images so far."""
        return sum(map(len, self._scores))

    @property
    def nbytes(self) -> int:
        """Bytes of scores, labels and groups."""
        return sum(array.nbytes for array in (*self._scores, *self._labels, *self._groups))

    def update(self, scores: Any, labels: Any, groups: Any = None) -> None:
        """Add images.

        Parameters
        ----------
        scores, labels : array, shape (n,) or (n, 1)
            As in :func:`~anomalib_cpp.metrics.image_report`.
        groups : array of integers or strings, shape (n,), optional
            In every update or in none.

        Raises
        ------
        InvalidInputError, InvalidTypeError
            As :func:`~anomalib_cpp.metrics.image_report`; nothing is added then.
        """
        given, truth = (argument(value, name).data for value, name in ((scores, "scores"), (labels, "labels")))
        for data, name in ((given, "scores"), (truth, "labels")):
            if isinstance(data, list) or data.ndim not in (1, 2) or (data.ndim == 2 and data.shape[1] != 1):
                raise InvalidInputError(f"{name} must have shape (n,) or (n, 1), one value for each image")
        given, truth = given.ravel(), truth.ravel()
        if given.shape != truth.shape:
            raise InvalidInputError(f"scores and labels must have the same shape; got {given.shape} and {truth.shape}")
        if given.dtype.kind not in "fui":
            raise InvalidTypeError(f"scores must hold numbers; got dtype {given.dtype}")
        _refuse_nan(given, "scores", self._settings.nan_policy)
        if len(given) == 0:
            return
        if self._scores and (groups is None) != (not self._groups):
            raise InvalidInputError("groups must be given in every update or in none")
        if groups is not None:
            names = np.asarray(groups)
            if names.shape != given.shape:
                raise InvalidInputError(f"groups must have shape {given.shape}; got shape {names.shape}")
            if names.dtype.kind not in "uiU":
                raise InvalidTypeError(f"groups must hold integers or strings; got dtype {names.dtype}")
            if self._groups and (names.dtype.kind == "U") != (self._groups[0].dtype.kind == "U"):
                raise InvalidTypeError("groups must be strings in every update or in none")
            self._groups.append(names.copy())
        self._labels.append(_binary(truth, "labels").copy())
        self._scores.append(given.copy())
        self._changed(1)

    def compute(self) -> dict[str, float]:
        """Report the metrics of everything so far; the evaluator goes on afterwards.

        Returns
        -------
        dict of str to float
            As :func:`~anomalib_cpp.metrics.image_report`.

        Raises
        ------
        InvalidInputError
            Before the first update, and as :func:`~anomalib_cpp.metrics.image_report`.
        """
        if not self._scores:
            raise InvalidInputError("the evaluator has no data: call update first")
        if self._report is None:
            self._report = image_report(
                np.concatenate(self._scores),
                np.concatenate(self._labels),
                metrics=self._settings.metrics,
                groups=np.concatenate(self._groups) if self._groups else None,
                group_reduce=self._settings.group_reduce,
                nan_policy=self._settings.nan_policy,
                undefined=self._undefined,
            )
        return dict(self._report)

    def merge(self, other: ImageEvaluator) -> ImageEvaluator:
        """Add everything that another evaluator has seen.

        Parameters
        ----------
        other : ImageEvaluator
            With the same settings, and groups where this one has them; not changed.

        Returns
        -------
        ImageEvaluator
            This one.

        Raises
        ------
        InvalidInputError
            For other settings, which are listed.
        InvalidTypeError
            For another kind of evaluator.
        """
        self._require_mergeable(other)
        if self._scores and other._scores and bool(self._groups) != bool(other._groups):
            raise InvalidInputError("other must have groups where this evaluator has them")
        self._scores += list(other._scores)
        self._labels += list(other._labels)
        self._groups += list(other._groups)
        self._changed(other._updates)
        return self

    def clone(self) -> ImageEvaluator:
        """Return an evaluator with the same settings and data that goes its own way from here."""
        twin = ImageEvaluator(undefined=self._undefined)
        twin._settings = self._settings
        return twin.merge(self)

    def reset(self) -> None:
        """Forget all data."""
        self._scores, self._labels, self._groups = [], [], []
        self._updates, self._report = 0, None

    def state(self) -> dict[str, NDArray[Any]]:
        """Return everything as arrays, for gathering over processes or keeping elsewhere.

        Returns
        -------
        dict of str to array
            ``scores``, ``labels``, ``groups`` (integers, or UTF-32 code points of strings with ``group_lengths``) and
            ``settings``.
        """
        arrays: dict[str, NDArray[Any]] = {
            "scores": np.concatenate(self._scores) if self._scores else np.zeros(0),
            "labels": np.concatenate(self._labels) if self._labels else np.zeros(0, bool),
            "settings": _settings_array(self._settings, self._updates),
        }
        if self._groups:
            names = np.concatenate(self._groups)
            if names.dtype.kind == "U":
                arrays["group_lengths"] = np.array([len(name) for name in names.tolist()], np.int64)
                arrays["groups"] = np.frombuffer("".join(names.tolist()).encode("utf-32-le"), np.uint32)
            else:
                arrays["groups"] = names
        return arrays

    @classmethod
    def _from_parts(cls, parts: dict[str, Any], config: Any) -> ImageEvaluator:
        settings, updates = cls._settings_of(config)
        evaluator = cls()
        evaluator._settings = settings
        try:
            scores, labels = np.asarray(parts.pop("scores")), np.asarray(parts.pop("labels"))
        except KeyError as error:
            raise FormatError(f"state must hold {error.args[0]}") from None
        groups = _groups_of(parts)
        if parts or labels.dtype != bool or scores.ndim != 1:
            raise FormatError("state must hold scores, boolean labels and perhaps groups")
        try:
            evaluator.update(scores, labels, groups)
        except (InvalidInputError, InvalidTypeError) as error:
            raise FormatError(f"state must hold what update accepts: {error}") from None
        evaluator._updates = updates
        return evaluator


def _groups_of(parts: dict[str, Any]) -> NDArray[Any] | None:
    lengths, groups = parts.pop("group_lengths", None), parts.pop("groups", None)
    if lengths is None or groups is None:
        if lengths is not None:
            raise FormatError("state must hold the groups that group_lengths are for")
        return None if groups is None else np.asarray(groups)
    sizes, points = np.asarray(lengths), np.asarray(groups)
    if sizes.dtype != np.int64 or sizes.ndim != 1 or points.dtype != np.uint32 or points.ndim != 1 or (sizes < 0).any():
        raise FormatError("state must hold code points of groups and their lengths")
    ends = np.cumsum(sizes)
    try:
        text = points.astype("<u4").tobytes().decode("utf-32-le")
    except UnicodeDecodeError:
        raise FormatError("state must hold code points of groups") from None
    if (int(ends[-1]) if len(ends) else 0) != len(text):
        raise FormatError("state must hold as many code points as group_lengths ask for")
    return np.array([text[end - size : end] for end, size in zip(ends.tolist(), sizes.tolist(), strict=True)], str)
