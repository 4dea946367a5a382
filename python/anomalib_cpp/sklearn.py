"""scikit-learn's binary ranking metrics by their own names and argument order, computed by our exact counts.

Replace ``from sklearn.metrics import roc_auc_score`` by ``from anomalib_cpp.sklearn import roc_auc_score``;
scikit-learn itself is neither needed nor imported. For two classes the results are those of scikit-learn 1.9 up to the
last bits of float64. What differs:

- Several classes and label indicator matrices are refused with a `ValueError`, and so are `labels`. The values of
  `average` and `multi_class` that scikit-learn knows are accepted: with two classes they all mean the same.
- Negative sample weights are refused, and so are weights that are not numbers.
- Infinite scores are ordinary values; scikit-learn refuses them.
- Thresholds are float64 for scores of every type, where `precision_recall_curve` of scikit-learn keeps that type.
- A `pos_label` that cannot be a label, such as a string for labels that are numbers, is refused; scikit-learn takes
  every sample for negative then.
- With weights that are all equal points are dropped by counts, where scikit-learn's rounded sums of weights keep some
  points more. With others the same sums are compared.
- `max_fpr` where all weights of a class are 0 gives NaN with a warning; scikit-learn stops with another error.
- Warnings are of our `UndefinedMetricWarning`, and all errors about arguments are `InvalidInputError`: a `ValueError`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._arrays import locate
from ._checks import choice, flag, fraction
from ._errors import InvalidInputError, InvalidTypeError, UndefinedMetricWarning
from .metrics._counting import PAIRS, Count, score_levels
from .metrics._inputs import Options
from .metrics._weighted import WeightedLevels, weighted_counts

__all__ = ["auc", "average_precision_score", "precision_recall_curve", "roc_auc_score", "roc_curve"]

_OPTIONS = Options("raise", "nan", None)  # what scikit-learn does, whatever our configuration says
_AVERAGES = ("macro", "micro", "samples", "weighted", None)


def roc_auc_score(
    y_true: Any,
    y_score: Any,
    *,
    average: str | None = "macro",
    sample_weight: Any = None,
    max_fpr: float | None = None,
    multi_class: str = "raise",
    labels: None = None,
) -> float:
    """Area under the ROC curve.

    Parameters
    ----------
    y_true : array of shape (n,) or (n, 1)
        Labels of two kinds: numbers, booleans or strings. The greater one is the positive class.
    y_score : array of real numbers, shape (n,) or (n, 1)
        Higher means more likely positive.
    average : {"macro", "micro", "samples", "weighted", None}, default "macro"
        Means the same for all values, since there are two classes.
    sample_weight : array of numbers >= 0, shape (n,) or (n, 1), optional
        What each sample counts. Samples without weight count as absent, but their labels and scores must be valid.
    max_fpr : float in (0, 1], optional
        Use the part of the curve with a false positive rate of at most this, rescaled so that chance gives 0.5
        (McClish).
    multi_class : {"raise", "ovr", "ovo"}, default "raise"
        Means nothing with two classes.
    labels : None
        For several classes only: must not be given.

    Returns
    -------
    float
        In [0, 1]; NaN with an `UndefinedMetricWarning` where the samples that count have one label only.

    Raises
    ------
    InvalidInputError
        For anything else than the above, for NaN, for arguments of different lengths, and where all weights are 0.

    Notes
    -----
    As :func:`anomalib_cpp.metrics.auroc`: exact counts, O(n + P log P) time for P positive samples. With weights that
    differ, float64 sums in scikit-learn's order and O(n log n) time.

    Examples
    --------
    >>> from anomalib_cpp.sklearn import roc_auc_score
    >>> roc_auc_score([0, 0, 1, 1, 0, 1], [0.1, 0.4, 0.4, 0.8, 0.2, 0.3])
    0.8333333333333334
    >>> round(roc_auc_score([0, 0, 1, 1, 0, 1], [0.1, 0.4, 0.4, 0.8, 0.2, 0.3], max_fpr=0.2), 9)
    0.685185185
    """
    with _value_errors():
        choice(average, "average", _AVERAGES)
        choice(multi_class, "multi_class", ("raise", "ovr", "ovo"))
        if labels is not None:
            raise InvalidInputError(f"labels must be None, as there are only two classes; got {labels!r}")
        limit = 1.0 if max_fpr is None else fraction(max_fpr, "max_fpr")
        truth = _labels(y_true)
        found = _count(truth == _two_classes(truth)[-1], y_score, sample_weight)
    if not found.positives or not found.negatives:
        _warn("roc_auc_score is undefined: the samples that count have one label only")
        return float("nan")
    area: float = found.auroc(limit)
    return area if limit == 1 else 0.5 * (1 + (area - limit / 2) / (1 - limit / 2))


def average_precision_score(
    y_true: Any,
    y_score: Any,
    *,
    average: str | None = "macro",
    pos_label: Any = 1,
    sample_weight: Any = None,
) -> float:
    """Average precision: mean over positive samples of the precision at their score.

    Parameters
    ----------
    y_true, y_score, average, sample_weight
        As in :func:`roc_auc_score`.
    pos_label : number, bool or str, default 1
        Label of the positive class.

    Returns
    -------
    float
        In (0, 1]; 0 with an `UndefinedMetricWarning` where no sample that counts is positive.

    Raises
    ------
    InvalidInputError
        As in :func:`roc_auc_score`, and if `y_true` has two labels of which `pos_label` is none.

    Notes
    -----
    As :func:`anomalib_cpp.metrics.average_precision`.

    Examples
    --------
    >>> from anomalib_cpp.sklearn import average_precision_score
    >>> average_precision_score(["good", "good", "bad", "bad"], [0.1, 0.4, 0.3, 0.8], pos_label="bad")
    0.8333333333333333
    """
    with _value_errors():
        choice(average, "average", _AVERAGES)
        truth = _labels(y_true)
        present = _two_classes(truth)
        positive = _equals(truth, pos_label)
        if len(present) == 2 and pos_label not in present:
            raise InvalidInputError(f"pos_label must be a label in y_true, {_listed(present)}; got {pos_label!r}")
        found = _count(positive, y_score, sample_weight)
    if not found.positives:
        _warn("average_precision_score is undefined: no sample that counts has the label pos_label")
        return 0.0
    return float(found.average_precision())


def roc_curve(
    y_true: Any,
    y_score: Any,
    *,
    pos_label: Any = None,
    sample_weight: Any = None,
    drop_intermediate: bool = True,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Receiver operating characteristic: false and true positive rate at the distinct scores.

    Parameters
    ----------
    y_true : array of shape (n,) or (n, 1)
        Labels; of more than two kinds only if `pos_label` is given.
    y_score, sample_weight
        As in :func:`roc_auc_score`.
    pos_label : number, bool or str, optional
        Label of the positive class; may be left out for labels in {0, 1} or {-1, 1}, where it is 1.
    drop_intermediate : bool, default True
        Leave out points whose steps to both neighbours are equal; areas do not change.

    Returns
    -------
    fpr, tpr : array of float64, shape (k,)
        Ascending from 0; NaN with an `UndefinedMetricWarning` for a class without samples that count.
    thresholds : array of float64, shape (k,)
        Descending from inf; scores at or above a threshold count as positive.

    Raises
    ------
    InvalidInputError
        As in :func:`roc_auc_score`, and for a missing `pos_label`.

    Notes
    -----
    As :func:`anomalib_cpp.metrics.roc_curve`.

    Examples
    --------
    >>> from anomalib_cpp.sklearn import roc_curve
    >>> fpr, tpr, thresholds = roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.3, 0.8])
    >>> fpr.tolist(), tpr.tolist(), thresholds.tolist()
    ([0.0, 0.0, 0.5, 0.5, 1.0], [0.0, 0.5, 0.5, 1.0, 1.0], [inf, 0.8, 0.4, 0.3, 0.1])
    """
    with _value_errors():
        drop = flag(drop_intermediate, "drop_intermediate")
        found = _count(_positive(y_true, pos_label), y_score, sample_weight, score_levels())
    fpr, tpr, thresholds = found.roc_curve(drop)
    if not found.negatives:
        _warn("the false positive rate is undefined: no sample that counts is negative")
        fpr[:] = np.nan
    if not found.positives:
        _warn("the true positive rate is undefined: no sample that counts is positive")
        tpr[:] = np.nan
    return fpr, tpr, thresholds


def precision_recall_curve(
    y_true: Any,
    y_score: Any,
    *,
    pos_label: Any = None,
    sample_weight: Any = None,
    drop_intermediate: bool = False,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Precision and recall at the distinct scores.

    Parameters
    ----------
    y_true, y_score, pos_label, sample_weight
        As in :func:`roc_curve`.
    drop_intermediate : bool, default False
        Keep of points with equal recall the first and the last only.

    Returns
    -------
    precision, recall : array of float64, shape (k + 1,)
        Recall descends to the last point, (1, 0). Without positive samples it is 1 before that, with an
        `UndefinedMetricWarning`.
    thresholds : array of float64, shape (k,)
        Ascending; scores at or above a threshold count as positive.

    Raises
    ------
    InvalidInputError
        As in :func:`roc_curve`.

    Notes
    -----
    As :func:`anomalib_cpp.metrics.pr_curve`.

    Examples
    --------
    >>> from anomalib_cpp.sklearn import precision_recall_curve
    >>> precision, recall, thresholds = precision_recall_curve([0, 1, 0, 1], [1, 2, 3, 4])
    >>> precision.round(3).tolist(), recall.tolist(), thresholds.tolist()
    ([0.5, 0.667, 0.5, 1.0, 1.0], [1.0, 1.0, 0.5, 0.5, 0.0], [1.0, 2.0, 3.0, 4.0])
    """
    with _value_errors():
        drop = flag(drop_intermediate, "drop_intermediate")
        found = _count(_positive(y_true, pos_label), y_score, sample_weight, score_levels())
    recall, precision, thresholds = found.pr_curve()
    if not found.positives:
        _warn("recall is undefined and set to one: no sample that counts is positive")
        recall[:-1] = 1
    thresholds = thresholds[:-1]
    if drop and len(thresholds) > 2:
        # Sums of weights may differ where their quotients round to one recall.
        reached = found.tp[::-1] if isinstance(found, WeightedLevels) else recall[:-1]
        changes = reached[1:] != reached[:-1]
        kept = np.concatenate([[True], changes[1:] | changes[:-1], [True, True]])
        precision, recall, thresholds = precision[kept], recall[kept], thresholds[kept[:-1]]
    return precision, recall, thresholds


def auc(x: Any, y: Any) -> float:
    """Area under the straight lines between the points of a curve.

    Parameters
    ----------
    x : array of shape (n,) or (n, 1), n >= 2
        Ascending or descending.
    y : array of shape (n,) or (n, 1)
        Height at `x`.

    Returns
    -------
    float
        Computed in float64, also for arrays of float32.

    Raises
    ------
    InvalidInputError
        For fewer than two points, arrays of different lengths, and an `x` that goes up and down.

    Examples
    --------
    >>> from anomalib_cpp.sklearn import auc
    >>> auc([0.0, 0.5, 1.0], [0.0, 1.0, 1.0])
    0.75
    """
    with _value_errors():
        at, height = (_column(locate(v, name).data, name).astype(np.float64) for v, name in ((x, "x"), (y, "y")))
    if at.size != height.size:
        raise InvalidInputError(f"x and y must have the same length; got {at.size} and {height.size}")
    if at.size < 2:
        raise InvalidInputError(f"x must have at least two points; got {at.size}")
    steps = np.diff(at)
    if np.any(steps < 0):
        if np.any(steps > 0):
            raise InvalidInputError("x must be ascending or descending; it goes up and down")
        steps = -steps
    return float(np.sum(steps * (height[1:] + height[:-1]) / 2))


@contextmanager
def _value_errors() -> Iterator[None]:
    """Raise for types what scikit-learn's callers catch: a ValueError."""
    try:
        yield
    except InvalidTypeError as error:
        raise InvalidInputError(str(error)) from error


def _warn(message: str) -> None:
    warnings.warn(message, UndefinedMetricWarning, stacklevel=3)


def _listed(labels: list[Any]) -> str:
    return " or ".join(repr(label) for label in labels)


def _column(array: NDArray[Any], name: str) -> NDArray[Any]:
    """Return shape (n,) of (n,) or (n, 1)."""
    if array.ndim == 2 and array.shape[1] == 1:
        return array[:, 0]
    if array.ndim != 1:
        raise InvalidInputError(f"{name} must have shape (n,) or (n, 1); got {array.shape}")
    return array


def _count(positive: NDArray[np.bool_], y_score: Any, sample_weight: Any, count: Count = PAIRS) -> Any:
    """Count the scores of both classes, once all lengths and weights are right."""
    scores = _column(locate(y_score, "y_score").data, "y_score")
    if scores.size != positive.size:
        raise InvalidInputError(f"y_true and y_score must have the same length; got {positive.size} and {scores.size}")
    weights = None
    if sample_weight is not None:
        weights = _column(locate(sample_weight, "sample_weight").data, "sample_weight")
        if weights.size != positive.size:
            raise InvalidInputError(
                f"sample_weight must have the length of y_true, {positive.size}; got {weights.size}"
            )
        if not weights.any():
            raise InvalidInputError("sample_weight must have a number above 0; got zeros only")
    scores = scores.view(np.uint8) if scores.dtype == np.bool_ else scores
    # In the given order, as scikit-learn adds: which points lie on a line hangs on the last bits of the sums.
    found, _ = weighted_counts(scores, positive, weights, _OPTIONS, count, names=("y_score", "y_true"), keep_order=True)
    return found


def _labels(y_true: Any) -> NDArray[Any]:
    """Read class labels: a vector of whole numbers, booleans or strings that is not empty."""
    given: Any = y_true
    if hasattr(type(y_true), "__dlpack__") and not isinstance(y_true, np.ndarray):
        given = locate(y_true, "y_true").data
    if isinstance(given, np.ma.MaskedArray):
        raise InvalidInputError("y_true is a masked array, which is not supported; fill or compress it first")
    try:
        array = np.asarray(given)
    except ValueError as error:
        raise InvalidInputError(f"y_true is not an array: {error}") from error
    array = _column(array, "y_true")
    if not array.size:
        raise InvalidInputError("y_true must have at least one label; got none")
    if array.dtype.kind == "O" and all(isinstance(label, str) for label in array):
        array = array.astype(str)
    if array.dtype.kind not in "biufUT":
        raise InvalidInputError(f"y_true must hold labels that are numbers or strings; got dtype {array.dtype}")
    if array.dtype.kind == "f" and not (np.isfinite(array) & (array == np.floor(array))).all():
        raise InvalidInputError("y_true must hold labels; got numbers that are not whole, or not finite")
    return array


def _two_classes(labels: NDArray[Any]) -> list[Any]:
    """Return the one or two labels that occur, ascending; refuse more."""
    distinct: list[Any]
    if labels.dtype.kind in "UT":
        distinct = np.unique(labels).tolist()
    else:  # no sort: there may be very many pixels
        low, high = labels.min(), labels.max()
        others = labels[(labels != low) & (labels != high)]
        distinct = [low.item()] if low == high else [low.item(), *others[:1].tolist(), high.item()]
    if len(distinct) > 2:
        raise InvalidInputError(f"y_true must have two labels, not several classes; got {_listed(distinct[:3])}")
    return distinct


def _equals(labels: NDArray[Any], pos_label: Any) -> NDArray[np.bool_]:
    """Tell which labels are `pos_label`."""
    if not isinstance(pos_label, (str, bool, np.bool_, Real)):
        raise InvalidInputError(f"pos_label must be a number, a bool or a string; got {pos_label!r}")
    if isinstance(pos_label, str) != (labels.dtype.kind in "UT"):
        raise InvalidInputError(f"pos_label must be a label in y_true, of dtype {labels.dtype}; got {pos_label!r}")
    found: NDArray[np.bool_] = labels == pos_label
    return found


def _positive(y_true: Any, pos_label: Any) -> NDArray[np.bool_]:
    """Tell which samples are positive; without `pos_label` for labels in {0, 1} or {-1, 1} only."""
    labels = _labels(y_true)
    if pos_label is not None:
        return _equals(labels, pos_label)
    present = _two_classes(labels)
    if not (set(present) <= {0, 1} or set(present) <= {-1, 1}):
        raise InvalidInputError(
            f"pos_label must be given for labels outside {{0, 1}} and {{-1, 1}}; got {_listed(present)}"
        )
    return _equals(labels, 1)
