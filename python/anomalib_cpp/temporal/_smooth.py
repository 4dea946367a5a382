"""Smoothing that never mixes segments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._checks import choice, flag, integer, number
from .._errors import InvalidInputError
from ._channels import read, refuse_nan, team

__all__ = ["smooth_segments"]

# The options of each kind; ... where one must be given.
OPTIONS: dict[str, dict[str, Any]] = {
    "gaussian": {"sigma": ..., "truncate": 4.0, "mode": "reflect"},
    "ema": {"alpha": ..., "adjust": True},
    "mean": {"window": ...},
    "median": {"window": ...},
    "majority": {"window": ..., "threshold": ..., "edge": "shrink"},
}


def smooth_segments(
    x: Any,
    *,
    kind: str,
    offsets: Any = None,
    sigma: float | None = None,
    truncate: float | None = None,
    mode: str | None = None,
    alpha: float | None = None,
    adjust: bool | None = None,
    window: int | None = None,
    threshold: float | None = None,
    edge: str | None = None,
    nan_policy: str = "propagate",
    threads: int | None = None,
) -> Any:
    """Smooth videos or series that lie back to back, each on its own.

    Parameters
    ----------
    x : array of float16, bfloat16, float32 or float64, shape (n,) or (n, channels)
        Also of integers or booleans for ``"majority"``.
    kind : {"gaussian", "ema", "mean", "median", "majority"}
        - ``"gaussian"``: weights ``exp(-k^2 / (2 sigma^2))``, normalised, up to ``int(truncate * sigma + 0.5)`` points
          away;
        - ``"ema"``: exponential moving average of the past, weights ``(1 - alpha)^j``;
        - ``"mean"``, ``"median"``: of a centred window that is cut short at the ends of a segment;
        - ``"majority"``: 1 where more than half of that window exceeds `threshold`, else 0.
    offsets : array of int, shape (segments + 1,), optional
        First point of each segment, and `n`; segments may be empty. One segment by default.
    sigma, truncate : float >= 0
        Of ``"gaussian"``: the standard deviation, and where to cut in units of it, 4 by default.
    mode : {"reflect", "nearest", "mirror", "constant"}
        Of ``"gaussian"``: what stands beyond the ends, by SciPy's names: ``"reflect"`` (default) repeats the edge point
        and ``"mirror"`` does not, both again and again where a segment is short; ``"constant"`` is zero.
    alpha : float in (0, 1]
        Of ``"ema"``.
    adjust : bool
        Of ``"ema"``: divide by the sum of the weights (default), or begin with the first point and take
        ``alpha x + (1 - alpha) y`` from there on.
    window : int >= 1
        Of ``"mean"`` and ``"median"``: ``window // 2`` points before, the rest after. Of ``"majority"`` made odd by one
        more.
    threshold : float
        Of ``"majority"``.
    edge : {"shrink", "anomalyruler"}
        Of ``"majority"``: cut windows short at the ends (default), or do what AnomalyRuler's published code does there:
        the first and last ``window // 2`` points look at points before them only.
    nan_policy : {"propagate", "omit", "raise"}, default "propagate"
        NaN makes NaN of every point whose weights or window reach it (of an average of the past: of all that follow);
        is left out, the weights of the rest normalised; or is refused.
    threads : int, optional
        Upper bound; the result does not depend on it.

    Returns
    -------
    array of float32 or float64, shape of `x`
        The kind of array that `x` is; float64 for float64 and integers, else float32.

    Raises
    ------
    InvalidInputError
        If an option is missing, out of range or does not belong to `kind`, or `x` or `offsets` do not fit.
    InvalidTypeError
        If `x` does not hold floating-point numbers, or an option has the wrong type.

    Notes
    -----
    O(n radius) for ``"gaussian"``, O(n) for the averages and the majority, O(n window) moves of memory at most for the
    median. Sums run in float64 in an order that does not depend on the threads. Left-out points age the past of
    ``"ema"``, as in pandas.

    References
    ----------
    Y. Yang et al., "Follow the Rules: Reasoning for Video Anomaly Detection with Large Language Models", ECCV 2024.

    Examples
    --------
    >>> from anomalib_cpp.temporal import smooth_segments
    >>> x = [0.0, 0.0, 3.0, 0.0, 9.0]
    >>> smooth_segments(x, kind="mean", window=3).tolist()
    [0.0, 1.0, 1.0, 4.0, 4.5]
    >>> smooth_segments(x, kind="mean", window=3, offsets=[0, 3, 5]).tolist()
    [0.0, 1.0, 1.5, 4.5, 4.5]
    """
    choice(kind, "kind", tuple(OPTIONS))
    given = {
        "sigma": sigma,
        "truncate": truncate,
        "mode": mode,
        "alpha": alpha,
        "adjust": adjust,
        "window": window,
        "threshold": threshold,
        "edge": edge,
    }
    wanted = _options(kind, {name: value for name, value in given.items() if value is not None})
    data = read(x, offsets, integers=kind == "majority")
    omit = refuse_nan(data.rows.T if not data.single else data.rows[0], "x", nan_policy)
    out = np.empty_like(data.rows)
    common = (data.rows, data.offsets.tolist(), out)
    size = team(threads, data.rows.size)
    if kind == "gaussian":
        spread, cut = wanted["sigma"], wanted["truncate"]
        radius = int(min(spread * cut + 0.5, 2.0**60))
        data.place.core.temporal_gaussian(*common, spread, radius, wanted["mode"], omit, size)
    elif kind == "ema":
        data.place.core.temporal_ema(*common, wanted["alpha"], wanted["adjust"], omit, size)
    else:
        width = wanted["window"] + (kind == "majority" and wanted["window"] % 2 == 0)
        before = width // 2
        data.place.core.temporal_sliding(
            *common,
            kind,
            *(min(reach, data.rows.shape[1]) for reach in (before, width - 1 - before)),
            wanted.get("threshold", 0.0),
            wanted.get("edge") == "anomalyruler",
            omit,
            size,
        )
    return data.result(out)


def _options(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """Check the options of `kind`, and fill in those that have a default."""
    own = OPTIONS[kind]
    for name in given:
        if name not in own:
            kinds = " and ".join(f"kind={other!r}" for other in OPTIONS if name in OPTIONS[other])
            raise InvalidInputError(f"{name} belongs to {kinds}; got kind={kind!r}")
    wanted = {**own, **given}
    for name, value in wanted.items():
        if value is ...:
            raise InvalidInputError(f"kind={kind!r} needs {name}")
        if name in ("sigma", "truncate"):
            wanted[name] = size = number(value, name)
            if not (math.isfinite(size) and size >= 0):
                raise InvalidInputError(f"{name} must be finite and >= 0; got {value!r}")
        elif name == "mode":
            choice(value, "mode", ("reflect", "nearest", "mirror", "constant"))
        elif name == "alpha":
            wanted[name] = weight = number(value, name)
            if not 0 < weight <= 1:
                raise InvalidInputError(f"alpha must lie in (0, 1]; got {value!r}")
        elif name == "adjust":
            wanted[name] = flag(value, name)
        elif name == "window":
            wanted[name] = integer(value, name, 1)
        elif name == "threshold":
            wanted[name] = level = number(value, name)
            if math.isnan(level):
                raise InvalidInputError("threshold must be a number; got nan")
        else:
            choice(value, "edge", ("shrink", "anomalyruler"))
    return wanted
