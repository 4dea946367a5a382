"""Several metrics from one pass over the data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import choice, fraction
from .._errors import InvalidInputError, InvalidTypeError
from ._inputs import Options, argument, counts, defined, options, propagates, why_undefined
from ._pimo import aupimo, checked_bounds
from ._ranking import f1_of, overlap_of, rate_of

__all__ = ["image_report", "pixel_report"]

# Each metric as a function of the counts; NaN where it does not exist.
_RANKING: dict[str, Callable[[Any], float]] = {
    "auroc": lambda found: float(found.auroc(1.0)),
    "average_precision": lambda found: float(found.average_precision()),
    "aupr": lambda found: float(found.aupr_trapezoid()),
}
IMAGE_METRICS = (*_RANKING, "f1_max", "iou_max", "dice_max", "fpr_at_tpr")
PIXEL_METRICS = (*IMAGE_METRICS, "aupro", "aupimo")


def chosen(metrics: Sequence[str], known: tuple[str, ...]) -> tuple[str, ...]:
    try:
        names = (metrics,) if isinstance(metrics, str) else tuple(metrics)
    except TypeError:
        raise InvalidTypeError(f"metrics must be a sequence of names; got {type(metrics).__name__}") from None
    if not names:
        raise InvalidInputError(f"metrics must name at least one of {', '.join(map(repr, known))}; got none")
    for name in names:
        choice(name, "metrics", known)
    return names


def _evaluate(found: Any, names: tuple[str, ...], opts: Options, limit: float) -> dict[str, float]:
    report: dict[str, float] = {}
    for name in names:
        if name == "f1_max":
            best = f1_of(found, opts)
            report["f1_max"], report["f1_max_threshold"] = best.value, best.threshold
        elif name in ("iou_max", "dice_max"):
            report[name] = overlap_of(found, opts, name).value
        elif name == "fpr_at_tpr":
            report[name] = rate_of(found, opts, found.fpr_at_tpr(0.95, "step"), name).value
        elif propagates(found, opts):
            report[name] = float("nan")
        else:
            value = found.aupro(limit) if name == "aupro" else _RANKING[name](found)
            report[name] = defined(value, opts.undefined, name, why_undefined(found, regions=name == "aupro"))
    return report


def pixel_values(
    maps: Any,
    masks: Any,
    names: tuple[str, ...],
    opts: Options,
    *,
    limit: float,
    connectivity: int,
    fpr_bounds: tuple[float, float],
) -> dict[str, float]:
    """Report `names`, which are known; ``"aupimo"`` counts once more, against normal images alone."""
    counted = tuple(name for name in names if name != "aupimo")
    report: dict[str, float] = {}
    if counted:
        regions = connectivity if "aupro" in names else None
        found, _ = counts(maps, masks, opts, names=("maps", "masks"), connectivity=regions, images=True)
        report = _evaluate(found, counted, opts, limit)
    if "aupimo" not in names:
        return report
    overlap = aupimo(
        maps, masks, fpr_bounds=fpr_bounds, nan_policy=opts.nan_policy, undefined=opts.undefined, threads=opts.threads
    ).value
    order = [key for name in names for key in ((name, "f1_max_threshold") if name == "f1_max" else (name,))]
    return {key: overlap if key == "aupimo" else report[key] for key in order}


def pixel_report(
    maps: Any,
    masks: Any,
    *,
    metrics: Sequence[str] = ("auroc", "average_precision", "f1_max", "aupro"),
    integration_limit: float = 0.3,
    fpr_bounds: tuple[float, float] = (1e-5, 1e-4),
    connectivity: int = 8,
    nan_policy: str | None = None,
    undefined: str | float | None = None,
    threads: int | None = None,
) -> dict[str, float]:
    """Pixel metrics of anomaly maps, all from one pass and one count.

    Parameters
    ----------
    maps, masks, connectivity, nan_policy, undefined, threads
        As in :func:`aupro`.
    metrics : sequence of names
        What to report, out of ``"auroc"``, ``"average_precision"``, ``"aupr"``, ``"f1_max"``, ``"iou_max"``,
        ``"dice_max"``, ``"fpr_at_tpr"`` (at 0.95), ``"aupro"`` and ``"aupimo"``; by default the first, second, fourth
        and ``"aupro"``.
    integration_limit : float in (0, 1], default 0.3
        Of ``"aupro"``.
    fpr_bounds : (float, float), default (1e-5, 1e-4)
        Of ``"aupimo"``.

    Returns
    -------
    dict of str to float
        One entry per metric in the order asked for; ``"f1_max"`` is followed by ``"f1_max_threshold"``.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`aupro`, and for an unknown metric.

    Notes
    -----
    The values equal those of the single functions bit for bit. O(n + P log P) time, O(P) extra memory for P
    anomalous pixels; ``"aupimo"`` reads the maps once more.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.metrics import pixel_report
    >>> maps = np.array([[[0.1, 0.9], [0.2, 0.8]]])
    >>> pixel_report(maps, maps > 0.5)
    {'auroc': 1.0, 'average_precision': 1.0, 'f1_max': 1.0, 'f1_max_threshold': 0.8, 'aupro': 1.0}
    """
    opts = options(nan_policy, undefined, threads)
    names = chosen(metrics, PIXEL_METRICS)
    choice(connectivity, "connectivity", (4, 8))
    limit = fraction(integration_limit, "integration_limit")
    return pixel_values(
        maps, masks, names, opts, limit=limit, connectivity=int(connectivity), fpr_bounds=checked_bounds(fpr_bounds)
    )


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
    report = _evaluate(found, names, opts, 1.0)
    if samples is None:
        return report
    of_samples, _ = counts(*samples, opts, samples=True)
    return report | {f"sample_{name}": value for name, value in _evaluate(of_samples, names, opts, 1.0).items()}


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
