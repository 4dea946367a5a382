"""Several metrics of pixels from one count, of maps in memory or in batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._checks import choice, fraction, integer, number
from .._config import parse_budget
from .._errors import InvalidInputError, InvalidTypeError
from ._binned_report import binned_report
from ._counting import normal_ranks, pairs_and_ranks, rank_pairs
from ._inputs import Options, counts, options
from ._lean import lean_counts
from ._pimo import checked_bounds
from ._values import PIXEL_METRICS, Asked, chosen, exact_values

__all__ = ["pixel_report"]


def pixel_values(maps: Any, masks: Any, asked: Asked, opts: Options) -> dict[str, float]:
    """Report what is asked for."""
    ranked = ranks = None
    names = ("maps", "masks")
    if asked.ranking and asked.overlap:
        (ranked, ranks), _ = counts(maps, masks, opts, pairs_and_ranks(asked.connectivity), names=names, images=True)
    elif asked.ranking:
        ranked, _ = counts(maps, masks, opts, rank_pairs(asked.regions), names=names, images=True)
    elif asked.overlap:
        ranks, _ = counts(maps, masks, opts, normal_ranks(), names=names, images=True)
    return exact_values(ranked, ranks, asked, opts)


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
    resize: str | None = None,
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
        and ``"aupro"``.
    integration_limit : float in (0, 1], default 0.3
        Of ``"aupro"``.
    fpr_bounds : (float, float), default (1e-5, 1e-4)
        Of ``"aupimo"``.
    connectivity : {4, 8}, default 8
        Of the regions of ``"aupro"``.
    mode : {"exact", "binned"}, default "exact"
        ``"binned"`` counts scores in bins and reports intervals that hold the exact values, which are the values
        themselves for integer maps in bins no wider than one.
    n_bins : int >= 2, optional
        With ``"binned"``: evenly wide bins over the range of the scores, or of the first pair; 65536 by default.
    atol : float >= 1e-11, optional
        With ``"binned"``: half the width that an interval may have. Bins whose order matters for that are then told
        apart score by score, by two more passes.
    memory_budget : int or str, optional
        With a callable: bytes to use beside the batches; default from the configuration.
    resize : {"bilinear", "bilinear_corners", "nearest"}, optional
        Bring maps to the size of their masks, as :func:`anomalib_cpp.maps.resize` does: in memory while they are
        counted, without keeping the larger maps; of a callable, one pair at a time. Maps must be finite then. By
        default they must have that size.
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
    extra memory for P anomalous pixels; with a callable about 200 bytes for each of them, with ``"aupimo"`` 80 more and
    16 for each size that normal images have.

    Binned: 16 bytes a bin, 16 more with ``"aupro"`` and 32 more with ``"aupimo"``, whose interval follows from two sums
    for each bin: of anomalous pixels, each as a share of its image's, and of pixels of normal images. `atol` takes 160
    to 224 bytes for each score that is told apart.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.metrics import pixel_report
    >>> maps = np.array([[[0.1, 0.9], [0.2, 0.8]]])
    >>> pixel_report(maps, maps > 0.5)
    {'auroc': 1.0, 'average_precision': 1.0, 'f1_max': 1.0, 'f1_max_threshold': 0.8, 'aupro': 1.0}

    Maps of the network's resolution against masks of the images':

    >>> patches = np.array([[[0.1, 0.2, 0.1], [0.3, 0.9, 0.2]]])
    >>> masks = np.pad(np.ones((1, 2, 2)), ((0, 0), (6, 0), (5, 5)))
    >>> pixel_report(patches, masks, metrics=["auroc"], resize="bilinear")
    {'auroc': 1.0}

    A data set larger than memory, file by file:

    >>> def batches():
    ...     for seed in range(3):
    ...         maps = np.random.default_rng(seed).random((2, 8, 8))
    ...         yield maps, maps > 0.9
    >>> pixel_report(batches, metrics=["auroc"])
    {'auroc': 1.0}
    """
    opts = options(nan_policy, undefined, threads, ignore_value, resize)
    asked = Asked(
        chosen(metrics, PIXEL_METRICS),
        fraction(integration_limit, "integration_limit"),
        checked_bounds(fpr_bounds),
        int(choice(connectivity, "connectivity", (4, 8))),
    )
    binned = choice(mode, "mode", ("exact", "binned")) == "binned"
    if not binned and (n_bins is not None or atol is not None):
        raise InvalidInputError("n_bins and atol belong to mode='binned'; got mode='exact'")
    several = callable(maps)
    if several != (masks is None):
        raise InvalidTypeError("masks must be given with maps in memory, and must not be given with a callable")
    if memory_budget is not None and not several:
        raise InvalidInputError("memory_budget belongs to maps that are a callable; got maps in memory")
    if not binned:
        if not several:
            return pixel_values(maps, masks, asked, opts)
        return exact_values(*lean_counts(maps, asked, opts, parse_budget(memory_budget)), asked, opts)
    bins = 65536 if n_bins is None else integer(n_bins, "n_bins", 2)
    width = None if atol is None else number(atol, "atol")
    if width is not None and not width >= 1e-11:
        raise InvalidInputError(f"atol must be at least 1e-11; got {atol!r}")
    batches = maps if several else lambda: [(maps, masks)]
    return dict(binned_report(batches, asked, opts, bins, width, parse_budget(memory_budget) if several else None))
