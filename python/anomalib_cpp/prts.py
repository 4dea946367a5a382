"""PRTS's functions by their own names and argument order, computed in one pass over the ranges.

Replace ``from prts import ts_precision, ts_recall, ts_fscore`` by the import from here; the package prts is neither
needed nor imported. Values are those of prts 1.0 up to the last bits of float64. What differs:

- Where nothing is predicted, all three are 0; prts refuses such predictions.
- Bad arguments raise `InvalidInputError`, a `ValueError`, or `InvalidTypeError`, a `TypeError`, where prts has
  AssertionError.
- Series of bool are accepted.
- ``cardinality="udf_gamma"`` is ``"one"``, which is what prts computes unless its classes are derived from; those
  classes are not here.

For scores, many series at once and the best threshold see :func:`anomalib_cpp.timeseries.range_f1`.
"""

from __future__ import annotations

from typing import Any

from ._arrays import locate
from ._checks import choice, number
from ._errors import InvalidInputError
from .timeseries._events import BIASES, _range_metric, best_f1_of
from .timeseries._pate import PREDICTED
from .timeseries._plan import batch

__all__ = ["ts_fscore", "ts_precision", "ts_recall"]

_CARDINALITIES = ("one", "reciprocal", "udf_gamma")


def ts_precision(real: Any, pred: Any, alpha: float = 0.0, cardinality: str = "one", bias: str = "flat") -> float:
    """Precision of ranges: how well each predicted range is covered by anomalous ones, on average.

    Parameters
    ----------
    real, pred : array of bool or numbers in {0, 1}, shape (n,)
        Points that are anomalous, at least one, and points that are predicted.
    alpha : float in [0, 1], default 0
        Share of a range's score that it earns by being met at all.
    cardinality : {"one", "reciprocal", "udf_gamma"}, default "one"
        A range met by x ranges of the other side keeps all of its cover, or 1 / x of it.
    bias : {"flat", "front", "middle", "back"}, default "flat"
        Which positions of a range weigh more.

    Returns
    -------
    float
        In [0, 1]; 0 where nothing is predicted.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        For series that are empty, of different lengths or with other values, without an anomalous point; for options
        out of range.

    Examples
    --------
    >>> from anomalib_cpp.prts import ts_precision
    >>> ts_precision([0, 1, 1, 1, 1, 0], [0, 1, 1, 0, 0, 1])
    0.5
    """
    return _scores(real, pred, ("alpha", alpha), ("alpha", alpha), cardinality, ("bias", bias), ("bias", bias))[0]


def ts_recall(real: Any, pred: Any, alpha: float = 0.0, cardinality: str = "one", bias: str = "flat") -> float:
    """Recall of ranges: how well each anomalous range is covered by predicted ones, on average.

    Parameters
    ----------
    real, pred, alpha, cardinality, bias
        As in :func:`ts_precision`.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`ts_precision`.

    Examples
    --------
    >>> from anomalib_cpp.prts import ts_recall
    >>> ts_recall([0, 1, 1, 1, 1, 0], [0, 1, 1, 0, 0, 1], bias="front")
    0.7
    """
    return _scores(real, pred, ("alpha", alpha), ("alpha", alpha), cardinality, ("bias", bias), ("bias", bias))[1]


def ts_fscore(
    real: Any,
    pred: Any,
    beta: float = 1.0,
    p_alpha: float = 0.0,
    r_alpha: float = 0.0,
    cardinality: str = "one",
    p_bias: str = "flat",
    r_bias: str = "flat",
) -> float:
    """F-beta score of :func:`ts_precision` and :func:`ts_recall`.

    Parameters
    ----------
    real, pred, cardinality
        As in :func:`ts_precision`.
    beta : float >= 0, default 1
        Above 1 recall weighs more than precision.
    p_alpha, p_bias
        `alpha` and `bias` of precision.
    r_alpha, r_bias
        Those of recall.

    Returns
    -------
    float
        In [0, 1]; 0 where precision and recall are 0.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`ts_precision`; for a negative `beta`.

    Examples
    --------
    >>> from anomalib_cpp.prts import ts_fscore
    >>> ts_fscore([0, 1, 1, 1, 1, 0], [0, 1, 1, 0, 0, 1], r_alpha=0.5)
    0.6
    """
    weight = number(beta, "beta") ** 2
    if not 0 <= number(beta, "beta") < float("inf"):
        raise InvalidInputError(f"beta must be a finite number >= 0; got {beta!r}")
    precision, recall = _scores(
        real, pred, ("p_alpha", p_alpha), ("r_alpha", r_alpha), cardinality, ("p_bias", p_bias), ("r_bias", r_bias)
    )
    both = weight * precision + recall
    return (1 + weight) * precision * recall / both if both > 0 else 0.0


def _scores(
    real: Any,
    pred: Any,
    p_alpha: tuple[str, Any],
    r_alpha: tuple[str, Any],
    cardinality: Any,
    p_bias: tuple[str, Any],
    r_bias: tuple[str, Any],
) -> tuple[float, float]:
    """Precision and recall; options come with the names that errors call them by."""
    choice(cardinality, "cardinality", _CARDINALITIES)
    for name, alpha in (p_alpha, r_alpha):
        if not 0 <= number(alpha, name) <= 1:
            raise InvalidInputError(f"{name} must lie in [0, 1]; got {alpha!r}")
    for name, bias in (p_bias, r_bias):
        choice(bias, name, BIASES)
    for name, series in (("real", real), ("pred", pred)):
        values = locate(series, name).data
        if (bad := (values != 0) & (values != 1)).any():
            raise InvalidInputError(f"{name} must hold 0 and 1 only; got {values[bad][0]}")
        if name == "real" and values.size and not values.any():
            raise InvalidInputError("real must hold at least one anomalous point; got none")
    rule = "reciprocal" if cardinality == "reciprocal" else "one"
    metric = _range_metric(p_alpha[1], rule, p_bias[1], r_alpha[1], rule, r_bias[1])
    data = batch(pred, real, names=("pred", "real"))
    data.only("this metric")
    found = best_f1_of(data, metric, PREDICTED, 0.0)
    return found.precision, found.recall
