"""Out-of-distribution detection: how well confidences tell known samples from novel ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import choice, fraction
from .._errors import InvalidInputError, InvalidTypeError
from ._areas import average_precision
from ._arguments import argument, flat, float64_holds, refuse_nan
from ._counting import score_levels
from ._inputs import Options, counts
from ._polylines import trapezoid

__all__ = ["ood_report"]

_OPTIONS = Options("raise", "raise", None)  # both classes are there, without NaN


def ood_report(known: Any, novel: Any, *, tpr: float = 0.95, variant: str = "exact") -> dict[str, float]:
    """Separation of known from novel samples by a confidence, as papers on out-of-distribution detection report it.

    Known (in-distribution) samples are the positive class and have the high confidences. For anomaly scores, where
    high means anomalous, pass the negated scores: ``ood_report(-normal, -anomalous)``.

    Parameters
    ----------
    known : array of real numbers, shape (n,) or (n, 1)
        Confidences of samples of the distribution; infinities are ordinary values.
    novel : array of real numbers, shape (m,) or (m, 1)
        Confidences of samples that do not belong to it.
    tpr : float in (0, 1], default 0.95
        True positive rate of ``"tnr_at_tpr"``: the share of the known samples that is accepted.
    variant : {"exact", "mahalanobis_log"}, default "exact"
        ``"mahalanobis_log"`` gives the numbers of the script that came with Lee et al. [1]_ and was copied into many
        benchmarks; it knows no ties.

    Returns
    -------
    dict of str to float
        ``"auroc"``: area under the ROC curve. ``"auin"``, ``"auout"``: area under the precision-recall curve with the
        known or with the novel samples as the positive class. ``"dtacc"``: best detection accuracy over all
        thresholds where both classes are equally likely, ``(TPR + TNR) / 2``. ``"tnr_at_tpr"``: share of the novel
        samples that is rejected where at least `tpr` of the known ones are accepted ("TNR at TPR 95 %"), one minus
        "FPR95".

    Raises
    ------
    InvalidInputError
        For other shapes, empty arrays, NaN, a rate outside (0, 1] or an unknown variant.
    InvalidTypeError
        For dtypes that are not real numbers, or integers and floats of which float64 cannot hold all.

    Notes
    -----
    ``"exact"`` has one threshold for each distinct confidence: AUROC counts a tie one half, AUIN and AUOUT are
    :func:`average_precision` of the two directions (for straight lines between the points, as some benchmarks draw
    them, see :func:`aupr`), and ``"tnr_at_tpr"`` is one minus the step of :func:`fpr_at_tpr`.

    ``"mahalanobis_log"`` drops the samples one by one, lowest confidence first and of equal ones the known first, so
    that ties count against the detector. Its areas join the states after each step by straight lines; precision
    starts or ends at 0.5 and 0, whatever the data. ``"tnr_at_tpr"`` is read at the first state whose true positive
    rate is nearest to `tpr`, which may be less than `tpr`.

    O((n + m) log(n + m)) time.

    References
    ----------
    .. [1] K. Lee et al., "A Simple Unified Framework for Detecting Out-of-Distribution Samples and Adversarial
       Attacks", NeurIPS 2018.

    Examples
    --------
    >>> from anomalib_cpp.metrics import ood_report
    >>> report = ood_report([0.9, 0.8, 0.7, 0.6], [0.65, 0.5, 0.4, 0.75])
    >>> report["auroc"], report["dtacc"], report["tnr_at_tpr"]
    (0.8125, 0.75, 0.5)
    >>> ood_report([0.9, 0.8, 0.7, 0.6], [0.65, 0.5, 0.4, 0.75], variant="mahalanobis_log")["tnr_at_tpr"]
    0.0
    """
    rate = fraction(tpr, "tpr")
    choice(variant, "variant", ("exact", "mahalanobis_log"))
    inside, outside = _confidences(known, "known"), _confidences(novel, "novel")
    values = np.concatenate([inside, outside], dtype=_common(inside, outside))
    return (_exact if variant == "exact" else _walk)(values, len(inside), rate)


def _confidences(value: Any, name: str) -> NDArray[Any]:
    data = flat(argument(value, name)).data
    if isinstance(data, list) or data.ndim != 1:
        shape = "a list of images" if isinstance(data, list) else data.shape
        raise InvalidInputError(f"{name} must have shape (n,) or (n, 1); got {shape}")
    if data.dtype.kind not in "biuf":
        raise InvalidTypeError(f"{name} must hold real numbers; got dtype {data.dtype}")
    if len(data) == 0:
        raise InvalidInputError(f"{name} must have at least one confidence; got none")
    refuse_nan(data, name, "raise")
    return data  # type: ignore[no-any-return]


def _common(known: NDArray[Any], novel: NDArray[Any]) -> np.dtype[Any]:
    common = np.result_type(known, novel)
    for values, name in ((known, "known"), (novel, "novel")):
        if common.kind == "f" and values.dtype.kind in "iu" and not float64_holds(values):
            raise InvalidTypeError(
                f"known and novel differ in dtype, and {name} of {values.dtype} has values that {common} does not hold"
            )
    return common


def _exact(values: NDArray[Any], n_known: int, rate: float) -> dict[str, float]:
    labels = np.arange(len(values)) < n_known
    found, _ = counts(values, labels, _OPTIONS)
    levels, _ = counts(values, labels, _OPTIONS, score_levels())
    fpr, tpr, _ = levels.roc_curve(False)
    return {
        "auroc": float(found.auroc(1.0)),
        "auin": float(found.average_precision()),
        "auout": average_precision(values, labels, positive="normal"),
        "dtacc": float((tpr + (1 - fpr)).max() / 2),
        "tnr_at_tpr": 1 - float(found.fpr_at_tpr(rate, "step")[0]),
    }


def _walk(values: NDArray[Any], n_known: int, rate: float) -> dict[str, float]:
    """Follow the script: states before, between and after the steps, each of which drops one sample."""
    n_novel = len(values) - n_known
    known = np.argsort(values, kind="stable") < n_known  # stable: of equal ones the known first
    tp, fp = (total - np.append(0, np.cumsum(mine)) for total, mine in ((n_known, known), (n_novel, ~known)))
    tpr, tnr = tp / n_known, 1 - fp / n_novel
    some_in, some_out = slice(0, -1), slice(1, None)  # nothing is left in the last state, nothing dropped in the first
    precision_in = tp[some_in] / (tp + fp)[some_in]
    precision_out = (n_novel - fp)[some_out] / (len(values) - tp - fp)[some_out]
    return {
        "auroc": abs(trapezoid(_framed(1, tpr, 0), _framed(0, tnr, 1))),
        "auin": abs(trapezoid(_framed(1, tpr[some_in], 0), _framed(0.5, precision_in, 0))),
        "auout": trapezoid(_framed(0, tnr[some_out], 1), _framed(0, precision_out, 0.5)),
        "dtacc": float((tpr + tnr).max() / 2),
        "tnr_at_tpr": float(tnr[np.argmin(np.abs(tpr - rate))]),
    }


def _framed(first: float, values: NDArray[np.float64], last: float) -> NDArray[np.float64]:
    return np.concatenate([[first], values, [last]])
