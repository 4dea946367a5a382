"""Metrics as other programs define them, in place of ours; and which metrics have intervals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["RESAMPLED", "VARIANTS", "image_variants", "pixel_variants", "replaced_by"]

RESAMPLED = ("auroc", "average_precision", "f1_max", "aupro")  # what --bootstrap has intervals of
VARIANTS = ("native", "anomalib", "adeval", "compute_pro", "quantile")
_PIXEL = {
    "native": (),
    "anomalib": ("aupr", "aupro", "aupimo"),
    "adeval": ("auroc", "aupr", "aupro"),
    "compute_pro": ("aupro",),
    "quantile": ("aupro",),
}
_IMAGE = {"anomalib": ("aupr",), "adeval": ("auroc", "aupr")}


def replaced_by(variant: str) -> tuple[str, ...]:
    """Names of the metrics that `variant` computes in its own way."""
    return tuple(dict.fromkeys((*_PIXEL[variant], *_IMAGE.get(variant, ()))))


def pixel_variants(
    variant: str, names: tuple[str, ...], maps: list[NDArray[Any]], masks: list[NDArray[Any]], options: dict[str, Any]
) -> dict[str, float]:
    """Return the pixel metrics among `names` that `variant` computes in its own way."""
    from .. import metrics

    policy = {"nan_policy": options["nan_policy"]}
    ways: dict[str, Callable[[], Any]] = {
        "aupro": lambda: metrics.aupro(
            maps,
            masks,
            variant=variant,
            integration_limit=options["integration_limit"],
            connectivity=options["connectivity"],
            **policy,
        ),
        "aupimo": lambda: metrics.aupimo(maps, masks, bounds="snap", fpr_bounds=options["fpr_bounds"], **policy),
        **_ranking(variant, maps, masks, policy),
    }
    return {name: float(ways[name]()) for name in names if name in _PIXEL[variant]}


def image_variants(
    variant: str, names: tuple[str, ...], scores: NDArray[Any], labels: NDArray[Any], nan_policy: str
) -> dict[str, float]:
    """Return the image metrics among `names` that `variant` computes in its own way."""
    ways = _ranking(variant, [scores], [labels], {"nan_policy": nan_policy})
    return {name: float(ways[name]()) for name in names if name in _IMAGE.get(variant, ())}


def _ranking(
    variant: str, scores: list[NDArray[Any]], labels: list[NDArray[Any]], policy: dict[str, Any]
) -> dict[str, Callable[[], Any]]:
    from .. import adeval, metrics

    def flat(parts: list[NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate([part.ravel() for part in parts])

    if variant == "anomalib":
        return {"aupr": lambda: metrics.aupr(flat(scores), flat(labels), variant="anomalib", **policy)}
    return {
        "auroc": lambda: adeval.auroc(flat(scores), flat(labels)),
        "aupr": lambda: adeval.auroc_and_aupr(flat(scores), flat(labels))[1],
    }
