"""Where a number that somebody else reports may come from."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._checks import number
from .._errors import InvalidInputError, UndefinedMetricWarning
from ._areas import aupr, auroc, average_precision
from ._grids import ader_report
from ._inputs import argument
from ._pimo import aupimo
from ._ranking import f1_max, fpr_at_tpr, iou_max
from ._regions import aupro

__all__ = ["Explanation", "explain_difference"]


class Explanation(NamedTuple):
    """One way to compute a metric, and how near it comes.

    Attributes
    ----------
    description : str
        What is computed, and how.
    value : float
        The result.
    difference : float
        `value` less the number that was to be explained.
    """

    description: str
    value: float
    difference: float


def explain_difference(
    maps: Any, masks: Any, value: float, *, atol: float = 1e-4, batch_sizes: tuple[int, ...] = (1, 8, 16, 32)
) -> list[Explanation]:
    """Try every way of computing pixel metrics that is in use, and name those that give a reported number.

    Varied are the metric, the program that defines it, integration limits, connectivity, which images count, scores
    that were squashed by a sigmoid batch by batch or clipped to [0, 1], the number of thresholds, and swapped classes.

    Parameters
    ----------
    maps, masks
        As in :func:`aupro`; one array each, without NaN.
    value : float
        The number to explain; given as a percentage if above 1.
    atol : float, default 1e-4
        How near is near enough.
    batch_sizes : tuple of int, default (1, 8, 16, 32)
        Batches of images for the sigmoid by batch.

    Returns
    -------
    list of Explanation
        Nearest first; empty where nothing comes near.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`aupro`.

    Notes
    -----
    About a hundred evaluations. A match is a hint, not a proof: several ways may give one number.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.metrics import aupro, explain_difference
    >>> rng = np.random.default_rng(0)
    >>> masks = np.zeros((6, 32, 32), bool)
    >>> masks[3:, 5:12, 8:20] = True
    >>> maps = rng.random(masks.shape) + 0.4 * masks
    >>> reported = aupro(maps, masks, variant="compute_pro")
    >>> explain_difference(maps, masks, reported)[0].description
    'AUPRO as compute_pro, 200 thresholds, limit 0.3'
    """
    wanted = number(value, "value")
    if not np.isfinite(wanted):
        raise InvalidInputError(f"value must be finite; got {value!r}")
    if wanted > 1:
        wanted /= 100
    near = number(atol, "atol")
    scores, truth = argument(maps, "maps").data, argument(masks, "masks").data
    if isinstance(scores, list) or isinstance(truth, list):
        raise InvalidInputError("maps and masks must be arrays, not lists of images")
    aupro(scores, truth, undefined=0.0)  # refuses what cannot be evaluated
    stack = scores.reshape((-1, *scores.shape[-2:]))
    labels = truth.reshape((-1, *truth.shape[-2:])) != 0
    found: dict[str, Explanation] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        for description, compute in _ways(stack, labels, batch_sizes):
            try:
                result = float(compute())
            except InvalidInputError:
                continue  # this way does not exist for these maps
            if abs(result - wanted) <= near:
                found.setdefault(description, Explanation(description, result, result - wanted))
    return sorted(found.values(), key=lambda item: abs(item.difference))


def _ways(
    maps: NDArray[Any], masks: NDArray[np.bool_], batch_sizes: tuple[int, ...]
) -> Iterator[tuple[str, Callable[[], Any]]]:
    anomalous = np.asarray(masks.any(axis=(1, 2)))
    data = {"": (maps, masks)}
    if anomalous.any() and not anomalous.all():
        data[", anomalous images only"] = (maps[anomalous], masks[anomalous])
    for suffix, (some, truth) in data.items():
        yield from _pixel_ways(suffix, some, truth)
    for size in batch_sizes:
        squashed = _sigmoid_by_batch(maps, size)
        if squashed is not None:
            yield from _ranking_ways(f", sigmoid on batches of {size}", squashed, masks)
    if maps.dtype.kind == "f" and ((maps < 0) | (maps > 1)).any():
        clipped = np.clip(maps, 0, 1)
        yield from _ranking_ways(", scores clipped to [0, 1]", clipped, masks)
        yield "AUPRO, limit 0.3, scores clipped to [0, 1]", lambda: aupro(clipped, masks)
    yield from _ranking_ways(", classes swapped", -maps.astype(np.float64), ~masks)
    of_image = maps.max(axis=(1, 2))
    yield from _ranking_ways(" of images by their largest score", of_image, anomalous)
    yield from _ranking_ways(" of images by their mean score", np.asarray(maps.mean(axis=(1, 2))), anomalous)


def _ranking_ways(suffix: str, scores: NDArray[Any], labels: NDArray[Any]) -> Iterator[tuple[str, Callable[[], Any]]]:
    yield f"AUROC{suffix}", lambda: auroc(scores, labels)
    yield f"average precision{suffix}", lambda: average_precision(scores, labels)
    yield f"AUPR by trapezoids{suffix}", lambda: aupr(scores, labels)
    yield f"AUPR as anomalib before 2.7{suffix}", lambda: aupr(scores, labels, variant="anomalib")
    yield f"largest F1{suffix}", lambda: f1_max(scores, labels).value
    yield f"largest IoU{suffix}", lambda: iou_max(scores, labels).value


def _pixel_ways(suffix: str, maps: NDArray[Any], masks: NDArray[Any]) -> Iterator[tuple[str, Callable[[], Any]]]:
    yield from _ranking_ways(suffix, maps, masks)
    yield f"FPR at 95 % TPR{suffix}", lambda: fpr_at_tpr(maps, masks).value
    yield f"1 - FPR at 95 % TPR{suffix}", lambda: 1 - fpr_at_tpr(maps, masks).value
    for limit in (0.05, 0.1, 0.3):
        yield f"AUROC up to FPR {limit}{suffix}", partial(auroc, maps, masks, max_fpr=limit)
        yield (
            f"AUROC up to FPR {limit}, McClish{suffix}",
            partial(auroc, maps, masks, max_fpr=limit, standardize="mcclish"),
        )
    for limit, connectivity in itertools.product((0.01, 0.05, 0.1, 0.3, 1.0), (8, 4)):
        near = "" if connectivity == 8 else ", 4 neighbours"
        yield (
            f"AUPRO, limit {limit}{near}{suffix}",
            partial(aupro, maps, masks, integration_limit=limit, connectivity=connectivity),
        )
    for variant, size in (
        ("quantile", 100),
        ("quantile", 1000),
        ("compute_pro", 100),
        ("compute_pro", 200),
        ("adeval", 50),
        ("adeval", 1000),
    ):
        for limit in (0.05, 0.3):
            yield (
                f"AUPRO as {variant}, {size} thresholds, limit {limit}{suffix}",
                partial(aupro, maps, masks, variant=variant, num_thresholds=size, integration_limit=limit),
            )
    yield f"AUPIMO{suffix}", partial(aupimo, maps, masks)
    if maps.dtype.kind == "f":
        for name in ("mF1_max", "mIoU_max", "mF1_0.2_0.8_0.1", "mAcc_0.2_0.8_0.1", "mIoU_0.2_0.8_0.1"):
            yield f"{name} as ADer{suffix}", partial(_ader, maps, masks, name)


def _ader(maps: NDArray[Any], masks: NDArray[Any], name: str) -> float:
    return ader_report(maps, masks)[name]


def _sigmoid_by_batch(maps: NDArray[Any], size: int) -> NDArray[np.float32] | None:
    """Squash every batch that has a score outside [0, 1], in float32; None where there is no such batch."""
    batches = [maps[i : i + size].astype(np.float32) for i in range(0, len(maps), size)]
    outside = [bool(((batch < 0) | (batch > 1)).any()) for batch in batches]
    if not any(outside):
        return None
    with np.errstate(over="ignore"):
        squashed = [
            1 / (1 + np.exp(-batch)) if squash else batch for batch, squash in zip(batches, outside, strict=True)
        ]
    return np.concatenate(squashed)
