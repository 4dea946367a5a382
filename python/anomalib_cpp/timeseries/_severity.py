"""Scores against graded severities: how well the order of the scores follows the grades."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._errors import InvalidInputError
from ._plan import batch
from ._rank import pair_scores

__all__ = ["severity_report"]


def severity_report(scores: Any, severity: Any, *, threads: int | None = None) -> dict[str, Any]:
    """Compare scores with severities: AUROC of each level against normal, concordance, rank correlations.

    Parameters
    ----------
    scores : array of floats or integers, shape (n,)
        Higher means more anomalous.
    severity : array of floats or integers >= 0, shape (n,)
        0 is normal; fractions are rounded up.
    threads : int, optional
        Upper bound; the result does not depend on it.

    Returns
    -------
    dict
        ``"auroc"``: dict from each level above 0 to the AUROC of its samples against the normal ones.
        ``"auroc_all"``: all anomalous samples against the normal ones. ``"kendall_tau_b"``, ``"spearman"``,
        ``"c_index"``: over all samples. ``"c_index_anomalous"``: over anomalous ones. ``"auroc_adjacent"``: dict from
        each level above the lowest to its AUROC against the level below. None where a value is not defined.

    Raises
    ------
    InvalidInputError
        For NaN, negative or infinite severities, lengths that differ, empty input, no normal or no anomalous sample.

    Notes
    -----
    One order of the scores serves all levels: O(n log n + n levels) time.

    References
    ----------
    "MAD-Bench": multi-level anomaly detection, AUROC by level and concordance with severity.

    Examples
    --------
    >>> from anomalib_cpp.timeseries import severity_report
    >>> report = severity_report([0.1, 0.2, 0.6, 0.5, 0.9], [0, 0, 1, 1, 2])
    >>> report["auroc"], report["c_index"]
    ({1: 1.0, 2: 1.0}, 1.0)
    """
    grades = _grades(severity)
    data = batch(scores, grades, threads=threads, names=("scores", "severity"))
    normal = grades == 0
    for count, kind in ((int(normal.sum()), "normal"), (int((~normal).sum()), "anomalous")):
        if count == 0:
            raise InvalidInputError(f"metric auroc is undefined: severity contains no {kind} sample")
    level = data.only("severity_report").levels(0)
    levels = np.unique(grades)
    counts = {int(g): np.bincount(level[grades == g], minlength=int(level.max()) + 1) for g in levels}
    anomalous = sum((counts[int(g)] for g in levels[1:]), np.zeros_like(counts[0]))
    found = pair_scores(grades, scores, threads)
    several = len(levels) > 2
    return {
        "auroc": {int(g): _auroc(counts[int(g)], counts[0]) for g in levels[1:]},
        "auroc_all": _auroc(anomalous, counts[0]),
        "auroc_adjacent": {int(g): _auroc(counts[int(g)], counts[int(below)]) for below, g in pairwise(levels[1:])},
        "kendall_tau_b": _or_none(found[0]),
        "spearman": _or_none(found[2]),
        "c_index": float(found[1]),
        "c_index_anomalous": _or_none(pair_scores(grades[~normal], data.scores[~normal], threads)[1])
        if several
        else None,
    }


def _or_none(value: Any) -> float | None:
    return None if value != value else float(value)


def _auroc(above: NDArray[Any], below: NDArray[Any]) -> float:
    """AUROC from the numbers of samples of two classes at each distinct score, highest first."""
    lower = below[::-1].cumsum()[::-1] - below / 2  # samples below, ties one half; halves are exact
    return float((above * lower).sum() / (int(above.sum()) * int(below.sum())))


def _grades(severity: Any) -> NDArray[np.int64]:
    values = batch(severity, np.zeros(np.shape(severity), np.uint8), names=("severity", "severity")).scores
    grades = np.ceil(values.astype(np.float64))
    if not np.isfinite(grades).all() or (grades < 0).any() or (grades >= 1 << 31).any():
        bad = int(np.argmax(~np.isfinite(grades) | (grades < 0) | (grades >= 1 << 31)))
        raise InvalidInputError(f"severity must lie in [0, 2^31); got {values[bad]} at index {bad}")
    return grades.astype(np.int64)
