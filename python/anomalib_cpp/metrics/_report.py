"""Several metrics from one pass over the data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import choice, fraction, integer, number
from .._config import parse_budget
from .._errors import InvalidInputError, InvalidTypeError
from ._binned import binned_report
from ._inputs import Options, argument, counts, defined, options, propagates, why_undefined
from ._lean import lean_counts
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
        maps,
        masks,
        fpr_bounds=fpr_bounds,
        ignore_value=opts.ignore,
        nan_policy=opts.nan_policy,
        undefined=opts.undefined,
        threads=opts.threads,
    ).value
    order = [key for name in names for key in ((name, "f1_max_threshold") if name == "f1_max" else (name,))]
    return {key: overlap if key == "aupimo" else report[key] for key in order}


def pixel_report(
    maps: Any,
    masks: Any = None,
    *,
    metrics: Sequence[str] = ("auroc", "average_precision", "f1_max", "aupro"),
    integration_limit: float = 0.3,
    fpr_bounds: tuple[float, float] = (1e-5, 1e-4),
    connectivity: int = 8,
    mode: str = "exact",
    n_bins: int | None = None,
    atol: float | None = None,
    memory_budget: int | str | None = None,
    ignore_value: int | None = None,
    nan_policy: str | None = None,
    undefined: str | float | None = None,
    threads: int | None = None,
) -> dict[str, Any]:
    """Pixel metrics of anomaly maps, all from one count; of maps in memory, or of batches that are read twice.

    Parameters
    ----------
    maps : array, list of arrays, or callable
        As in :func:`aupro`; or a function without arguments that returns an iterable of pairs (maps, masks), the same
        pairs each time, such as a generator function. It is called twice, with ``mode="binned"`` up to three times,
        and one pair at a time is in memory.
    masks : array or list of arrays
        As in :func:`aupro`; not with a callable.
    metrics : sequence of names
        What to report, out of ``"auroc"``, ``"average_precision"``, ``"aupr"``, ``"f1_max"``, ``"iou_max"``,
        ``"dice_max"``, ``"fpr_at_tpr"`` (at 0.95), ``"aupro"`` and ``"aupimo"``; by default the first, second, fourth
        and ``"aupro"``. ``"aupimo"`` needs maps in memory and ``mode="exact"``.
    integration_limit : float in (0, 1], default 0.3
        Of ``"aupro"``.
    fpr_bounds : (float, float), default (1e-5, 1e-4)
        Of ``"aupimo"``.
    connectivity : {4, 8}, default 8
        Of the regions of ``"aupro"``.
    mode : {"exact", "binned"}, default "exact"
        ``"binned"`` counts scores in bins and reports intervals that hold the exact values.
    n_bins : int >= 2, optional
        With ``"binned"``: evenly wide bins over the range of the scores, or of the first pair; 65536 by default.
    atol : float >= 1e-11, optional
        With ``"binned"``: half the width that an interval may have. Bins whose order matters for that are then told
        apart score by score, by two more passes.
    memory_budget : int or str, optional
        With a callable: bytes to use beside the batches; default from the configuration.
    ignore_value, nan_policy, undefined, threads
        As in :func:`aupro`.

    Returns
    -------
    dict of str to float, or to BinnedResult with ``mode="binned"``
        One entry per metric in the order asked for; with floats, ``"f1_max"`` is followed by ``"f1_max_threshold"``.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`aupro`; for an unknown metric, options that do not belong together, and a callable that does not
        give the same pixels again.
    MemoryBudgetError
        Where the anomalous pixels, or the scores that `atol` asks to be told apart, need more than the budget.

    Notes
    -----
    The values equal those of the single functions bit for bit, those of a callable too. O(n + P log P) time, O(P)
    extra memory for P anomalous pixels; about 200 bytes for each of them with a callable. ``"aupimo"`` reads the maps
    once more. Binned: 32 bytes a bin.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.metrics import pixel_report
    >>> maps = np.array([[[0.1, 0.9], [0.2, 0.8]]])
    >>> pixel_report(maps, maps > 0.5)
    {'auroc': 1.0, 'average_precision': 1.0, 'f1_max': 1.0, 'f1_max_threshold': 0.8, 'aupro': 1.0}

    A data set larger than memory, file by file:

    >>> def batches():
    ...     for seed in range(3):
    ...         maps = np.random.default_rng(seed).random((2, 8, 8))
    ...         yield maps, maps > 0.9
    >>> pixel_report(batches, metrics=["auroc"])
    {'auroc': 1.0}
    """
    opts = options(nan_policy, undefined, threads, ignore_value)
    names = chosen(metrics, PIXEL_METRICS)
    choice(connectivity, "connectivity", (4, 8))
    limit, bounds = fraction(integration_limit, "integration_limit"), checked_bounds(fpr_bounds)
    binned = choice(mode, "mode", ("exact", "binned")) == "binned"
    if not binned and (n_bins is not None or atol is not None):
        raise InvalidInputError("n_bins and atol belong to mode='binned'; got mode='exact'")
    several = callable(maps)
    if several != (masks is None):
        raise InvalidTypeError("masks must be given with maps in memory, and must not be given with a callable")
    if memory_budget is not None and not several:
        raise InvalidInputError("memory_budget belongs to maps that are a callable; got maps in memory")
    if not binned and not several:
        return pixel_values(maps, masks, names, opts, limit=limit, connectivity=int(connectivity), fpr_bounds=bounds)
    if "aupimo" in names:
        raise InvalidInputError("metrics must not name 'aupimo' with mode='binned' or a callable: it needs all maps")
    batches = maps if several else lambda: [(maps, masks)]
    regions = int(connectivity) if "aupro" in names else None
    budget = parse_budget(memory_budget) if several else None
    if binned:
        bins = 65536 if n_bins is None else integer(n_bins, "n_bins", 2)
        width = None if atol is None else number(atol, "atol")
        if width is not None and not width >= 1e-11:
            raise InvalidInputError(f"atol must be at least 1e-11; got {atol!r}")
        return dict(binned_report(batches, names, opts, limit, regions, bins, width, budget))
    assert budget is not None
    return _evaluate(lean_counts(batches, opts, regions, budget), names, opts, limit)


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
