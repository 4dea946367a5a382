"""The metrics that reports name, each a function of the counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .._checks import choice
from .._errors import InvalidInputError, InvalidTypeError
from ._inputs import Options, defined, propagates, why_undefined
from ._pimo import exact_overlap
from ._ranking import f1_of, overlap_of, rate_of

# Each metric as a function of the counts; NaN where it does not exist.
_RANKING: dict[str, Callable[[Any], float]] = {
    "auroc": lambda found: float(found.auroc(1.0)),
    "average_precision": lambda found: float(found.average_precision()),
    "aupr": lambda found: float(found.aupr_trapezoid()),
}
IMAGE_METRICS = (*_RANKING, "f1_max", "iou_max", "dice_max", "fpr_at_tpr")
PIXEL_METRICS = (*IMAGE_METRICS, "aupro", "aupimo")


class Asked(NamedTuple):
    """Metrics, which are known, and their options."""

    names: tuple[str, ...]
    limit: float
    fpr_bounds: tuple[float, float]
    connectivity: int

    @property
    def regions(self) -> int | None:
        """Connectivity of the regions, if they count."""
        return self.connectivity if "aupro" in self.names else None

    @property
    def ranking(self) -> tuple[str, ...]:
        """The metrics of `_core.RankPairs`."""
        return tuple(name for name in self.names if name != "aupimo")

    @property
    def overlap(self) -> bool:
        """Whether images count."""
        return "aupimo" in self.names


def chosen(metrics: Sequence[str], known: tuple[str, ...]) -> tuple[str, ...]:
    """Return names of metrics, all of which must be known."""
    try:
        names = (metrics,) if isinstance(metrics, str) else tuple(metrics)
    except TypeError:
        raise InvalidTypeError(f"metrics must be a sequence of names; got {type(metrics).__name__}") from None
    if not names:
        raise InvalidInputError(f"metrics must name at least one of {', '.join(map(repr, known))}; got none")
    for name in names:
        choice(name, "metrics", known)
    return names


def evaluate(found: Any, names: tuple[str, ...], opts: Options, limit: float) -> dict[str, float]:
    """Return metrics of `_core.RankPairs`; ``"f1_max"`` is followed by its threshold."""
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


def exact_values(pairs: Any, ranks: Any, asked: Asked, opts: Options) -> dict[str, float]:
    """Return metrics of pixels, of `_core.RankPairs` and `_core.NormalRanks`, in the order asked for."""
    report = evaluate(pairs, asked.ranking, opts, asked.limit)
    if not asked.overlap:
        return report
    overlap = exact_overlap(ranks, asked.fpr_bounds, opts).value
    order = [key for name in asked.names for key in ((name, "f1_max_threshold") if name == "f1_max" else (name,))]
    return {key: overlap if key == "aupimo" else report[key] for key in order}
