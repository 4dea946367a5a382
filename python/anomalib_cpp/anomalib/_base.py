"""Metrics that take what they need from a batch."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import torch
from torchmetrics import Metric, MetricCollection

from .._checks import flag
from .._errors import InvalidInputError, InvalidTypeError

__all__ = ["AnomalibMetric", "Peer"]


class _Alone:
    """Stands where anomalib's base class would."""


def _peer() -> Any:
    """Return anomalib's `AnomalibMetric`, which its `Evaluator` asks for."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it imports may warn, and warnings may be errors
            return import_module("anomalib.metrics.base").AnomalibMetric
    except Exception:  # not installed, or broken by one of its many dependencies: nobody can use an Evaluator then
        return _Alone


Peer: Any = _peer()


class AnomalibMetric:
    """Feeds a metric with fields of a batch. Write it before the metric: ``class Mine(AnomalibMetric, BinaryF1Score)``.

    Parameters
    ----------
    fields : sequence of str, optional
        Attributes of a batch, in the order in which the metric's `update` takes them; by default `default_fields` of
        the class.
    prefix : str, default ""
        Written before the name of the class to make `name`, under which an `Evaluator` logs the metric.
    strict : bool, default True
        Refuse batches without a value for one of the fields. Otherwise such batches are skipped, and `compute` gives
        None where there were no others.
    **kwargs
        Arguments of the metric.

    Raises
    ------
    InvalidInputError
        Without `fields` for a class that has no `default_fields`; by `update` and `forward` for a batch that lacks a
        field.
    InvalidTypeError
        For a class that is not a metric, and arguments of other types.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import torch
    >>> from anomalib_cpp.anomalib import AnomalibMetric
    >>> from anomalib_cpp.torchmetrics import BinaryROC
    >>> class ROC(AnomalibMetric, BinaryROC):
    ...     default_fields = ("pred_score", "gt_label")
    >>> metric = ROC(prefix="image_", thresholds=2)
    >>> metric.update(SimpleNamespace(pred_score=torch.tensor([0.2, 1.0]), gt_label=torch.tensor([0, 1])))
    >>> metric.name, metric.compute()[1]
    ('image_ROC', tensor([1., 1.]))
    """

    default_fields: Sequence[str] | None = None

    _update_count: int
    _defaults: dict[str, Any]

    def __init__(
        self, fields: Sequence[str] | None = None, prefix: str = "", strict: bool = True, **kwargs: Any
    ) -> None:
        if not isinstance(self, (Metric, MetricCollection)):
            raise InvalidTypeError(
                f"{type(self).__name__} must derive from a torchmetrics.Metric, after AnomalibMetric"
            )
        names = fields or self.default_fields
        if names is None:
            raise InvalidInputError(
                f"fields must name what {type(self).__name__} takes from a batch, such as ('pred_score', 'gt_label'); "
                "it has no default"
            )
        if isinstance(names, str) or not all(isinstance(name, str) for name in names):
            raise InvalidTypeError(f"fields must be a sequence of names; got {names!r}")
        if not isinstance(prefix, str):
            raise InvalidTypeError(f"prefix must be a str; got {prefix!r}")
        self.fields = names
        self.name = prefix + type(self).__name__
        self.strict = flag(strict, "strict")
        super().__init__(**kwargs)

    def update(self, batch: Any) -> None:
        """Add a batch.

        Parameters
        ----------
        batch : object
            With an attribute for each of `fields`, such as an `anomalib.data.ImageBatch`.
        """
        missing = self._missing(batch)
        if missing is None:
            super().update(*self._prepared(*(getattr(batch, name) for name in self.fields)))  # type: ignore[misc]
            return
        self._update_count -= 1  # torchmetrics has counted this call
        if self.strict:
            raise self._refusal(batch, missing)

    def forward(self, batch: Any) -> Any:
        """Add a batch and return its own value; None for a batch that is skipped."""
        missing = self._missing(batch)
        if missing is None:
            return super().forward(batch)  # type: ignore[misc]
        if self.strict:
            raise self._refusal(batch, missing)
        return None

    def compute(self) -> Any:
        """Return the value of all batches; None where a metric that is not strict has none."""
        return super().compute() if self.strict or self._fed() else None  # type: ignore[misc]

    def _prepared(self, *values: Any) -> Sequence[Any]:
        """Turn what a batch holds into what the metric takes."""
        return values

    def _missing(self, batch: Any) -> str | None:
        return next((name for name in self.fields if getattr(batch, name, None) is None), None)

    def _refusal(self, batch: Any, name: str) -> InvalidInputError:
        got = "None" if hasattr(batch, name) else f"a {type(batch).__name__} without that attribute"
        return InvalidInputError(f"batch must have a value for {name!r}, which {self.name} takes; got {got}")

    def _fed(self) -> bool:
        """Tell whether there are data, be they of another process or merged."""
        return self._update_count > 0 or any(
            _changed(getattr(self, name), default) for name, default in self._defaults.items()
        )


def _changed(state: Any, default: Any) -> bool:
    if isinstance(state, list):
        return bool(state)
    return state.numel() > 0 if isinstance(default, list) else not torch.equal(state, default.to(state))
