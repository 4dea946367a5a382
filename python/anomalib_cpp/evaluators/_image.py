"""Image-level metrics of scores that come in batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import choice
from .._errors import FormatError, InvalidInputError, InvalidTypeError
from ..metrics import image_report
from ..metrics._arguments import argument, binary, refuse_nan
from ..metrics._inputs import options
from ..metrics._values import IMAGE_METRICS, chosen
from ._streaming import Settings, StreamingEvaluator

__all__ = ["ImageEvaluator"]


class ImageEvaluator(StreamingEvaluator):
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
        settings = Settings(chosen(metrics, IMAGE_METRICS), group_reduce=group_reduce, nan_policy=opts.nan_policy)
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
        refuse_nan(given, "scores", self._settings.nan_policy)
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
        self._labels.append(binary(truth, "labels").copy())
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
            "settings": self._settings_array(),
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
        return evaluator._restored(updates)


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
