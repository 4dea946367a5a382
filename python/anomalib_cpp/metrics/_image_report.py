"""Several metrics of images, and of samples that several images show, from one count each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import choice
from .._errors import InvalidInputError
from ._inputs import argument, counts, options
from ._values import IMAGE_METRICS, chosen, evaluate

__all__ = ["image_report"]


def image_report(
    scores: Any,
    labels: Any,
    *,
    metrics: Sequence[str] = ("auroc", "average_precision", "f1_max"),
    groups: Any = None,
    group_reduce: str = "max",
    nan_policy: str | None = None,
    undefined: str | float | None = None,
    threads: int | None = None,
) -> dict[str, float]:
    """Image-level metrics from one count, and those of samples that several images show.

    Parameters
    ----------
    scores : array, shape (n,) or (n, 1)
        One score per image, higher means more anomalous.
    labels : array, shape (n,) or (n, 1)
        1 for anomalous images, 0 for normal ones.
    metrics : sequence of names
        What to report, out of ``"auroc"``, ``"average_precision"``, ``"aupr"``, ``"f1_max"``, ``"iou_max"``,
        ``"dice_max"`` and ``"fpr_at_tpr"`` (at 0.95); by default the first, second and fourth.
    groups : array of integers or strings, shape (n,), optional
        Sample that each image shows (several views of one part): the same metrics of the samples are reported too. A
        sample is anomalous if one of its images is.
    group_reduce : {"max", "mean"}, default "max"
        Score of a sample from those of its images.
    nan_policy, undefined, threads
        As in :func:`auroc`.

    Returns
    -------
    dict of str to float
        One entry per metric in the order asked for; ``"f1_max"`` is followed by ``"f1_max_threshold"``. With `groups`
        the same again, with ``"sample_"`` before the name.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`auroc`, for other shapes, and for an unknown metric.

    Examples
    --------
    >>> from anomalib_cpp.metrics import image_report
    >>> image_report([0.2, 0.3, 0.9], [0, 0, 1])
    {'auroc': 1.0, 'average_precision': 1.0, 'f1_max': 1.0, 'f1_max_threshold': 0.9}
    """
    opts = options(nan_policy, undefined, threads)
    names = chosen(metrics, IMAGE_METRICS)
    choice(group_reduce, "group_reduce", ("max", "mean"))
    samples = None if groups is None else _samples(scores, labels, groups, group_reduce)
    found, _ = counts(scores, labels, opts, samples=True)
    report = evaluate(found, names, opts, 1.0)
    if samples is None:
        return report
    of_samples, _ = counts(*samples, opts, samples=True)
    return report | {f"sample_{name}": value for name, value in evaluate(of_samples, names, opts, 1.0).items()}


def _samples(scores: Any, labels: Any, groups: Any, reduce: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Score and label of every sample."""
    of_image, truth = (argument(value, name).data for value, name in ((scores, "scores"), (labels, "labels")))
    names = np.asarray(groups)
    if names.shape != (len(of_image),):
        raise InvalidInputError(f"groups must have shape ({len(of_image)},); got shape {names.shape}")
    unique, sample = np.unique(names, return_inverse=True)
    anomalous = np.zeros(len(unique), bool)
    np.logical_or.at(anomalous, sample, truth.ravel() != 0)
    if reduce == "mean":
        total = np.bincount(sample, weights=of_image.ravel().astype(np.float64), minlength=len(unique))
        return total / np.bincount(sample, minlength=len(unique)), anomalous
    order = np.argsort(sample, kind="stable")
    starts = np.flatnonzero(np.diff(sample[order], prepend=-1))
    return np.maximum.reduceat(of_image.ravel()[order], starts), anomalous
