"""Curves of rates."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._errors import InvalidInputError
from ..metrics import Curve
from ..metrics._pimo import checked_bounds
from ._axes import axes_or_new
from ._points import thin

__all__ = ["plot_pimo", "plot_pr", "plot_pro", "plot_roc"]


def plot_roc(
    curve: Curve | tuple[ArrayLike, ArrayLike], *, ax: Any = None, label: str | None = None, **style: Any
) -> Any:
    """Draw a ROC curve: true positive rate over false positive rate.

    Parameters
    ----------
    curve : Curve, or pair of arrays of shape (n,)
        Of :func:`anomalib_cpp.metrics.roc_curve`, or the two rates, the false positive rate first.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    label : str, optional
        Of the curve; draw the legend with ``ax.legend()``.
    **style
        For :meth:`matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, `ax` if given.

    Raises
    ------
    InvalidInputError (ValueError)
        If the two arrays are not of the same length, or empty.
    ImportError
        If Matplotlib is missing.

    Notes
    -----
    A curve of more than 2000 points is reduced, its extremes in every strip kept.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from anomalib_cpp.metrics import roc_curve
    >>> from anomalib_cpp.plots import plot_roc
    >>> ax = plot_roc(roc_curve([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]), ax=Figure().subplots(), label="screws")
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('false positive rate', 'true positive rate')
    """
    ax = _curve(curve, ax, label, style)
    ax.plot([0, 1], [0, 1], color="0.75", linewidth=0.8, linestyle=":", zorder=0)
    return _named(ax, "false positive rate", "true positive rate")


def plot_pr(
    curve: Curve | tuple[ArrayLike, ArrayLike], *, ax: Any = None, label: str | None = None, **style: Any
) -> Any:
    """Draw a precision-recall curve.

    Parameters
    ----------
    curve : Curve, or pair of arrays of shape (n,)
        Of :func:`anomalib_cpp.metrics.pr_curve`, or recall and precision.
    ax, label, **style
        As in :func:`plot_roc`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, `ax` if given.

    Raises
    ------
    InvalidInputError (ValueError), ImportError
        As in :func:`plot_roc`.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from anomalib_cpp.metrics import pr_curve
    >>> from anomalib_cpp.plots import plot_pr
    >>> ax = plot_pr(pr_curve([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]), ax=Figure().subplots())
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('recall', 'precision')
    """
    return _named(_curve(curve, ax, label, {"drawstyle": "steps-pre", **style}), "recall", "precision")


def plot_pro(
    curve: Curve | tuple[ArrayLike, ArrayLike],
    *,
    integration_limit: float = 0.3,
    ax: Any = None,
    label: str | None = None,
    **style: Any,
) -> Any:
    """Draw a PRO curve: mean overlap with the regions over the false positive rate.

    Parameters
    ----------
    curve : Curve, or pair of arrays of shape (n,)
        Of :func:`anomalib_cpp.metrics.pro_curve`, or false positive rate and overlap.
    integration_limit : float, default 0.3
        Shade the false positive rates up to here, over which AUPRO integrates; 1 shades nothing.
    ax, label, **style
        As in :func:`plot_roc`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, `ax` if given.

    Raises
    ------
    InvalidInputError (ValueError), ImportError
        As in :func:`plot_roc`, and if `integration_limit` is not in (0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> from anomalib_cpp.metrics import pro_curve
    >>> from anomalib_cpp.plots import plot_pro
    >>> curve = pro_curve(np.array([[3.0, 2.0, 1.0, 0.0]]), np.array([[1, 0, 0, 1]]))
    >>> plot_pro(curve, ax=Figure().subplots()).get_ylabel()
    'per-region overlap'
    """
    if not 0 < integration_limit <= 1:
        raise InvalidInputError(f"integration_limit must lie in (0, 1]; got {integration_limit!r}")
    shaded = ax is None or not any(patch.get_gid() == "integration" for patch in ax.patches)
    ax = _curve(curve, ax, label, style)
    if integration_limit < 1 and shaded:  # once, however many curves share the axes
        ax.axvspan(0, integration_limit, color="0.93", zorder=0, gid="integration")
    return _named(ax, "false positive rate", "per-region overlap")


def plot_pimo(
    result: Any,
    *,
    fpr_bounds: tuple[float, float] | None = None,
    ax: Any = None,
    label: str | None = None,
    **style: Any,
) -> Any:
    """Draw PIMO curves: the recall of every anomalous image over the shared false positive rate, and their mean.

    Parameters
    ----------
    result : AupimoResult, or pair of arrays of shape (k,) and (n_images, k) or (k,)
        Of :func:`anomalib_cpp.metrics.aupimo` with ``bounds="snap", return_curves=True``, which has the curves between
        its bounds; an object with `shared_fpr` and `recalls` or `per_image_tprs`; or the shared false positive rates
        and the recalls at them. Rows of NaN, as normal images have, are left out.
    fpr_bounds : (float, float), optional
        Shade the rates between; those of the result by default.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    label : str, optional
        Of the mean curve; draw the legend with ``ax.legend()``.
    **style
        For :meth:`matplotlib.axes.Axes.plot`; the curves of the images are fainter and thinner.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, `ax` if given.

    Raises
    ------
    InvalidInputError (ValueError)
        For a result without curves, arrays that do not belong together, no image with a recall, or bounds that do not
        ascend.
    ImportError
        If Matplotlib is missing.

    Notes
    -----
    The rates stand on a logarithmic axis from 1e-6 to 1; a rate of zero has no place there.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from anomalib_cpp.plots import plot_pimo
    >>> ax = plot_pimo(([1e-5, 1e-4, 1.0], [[0.1, 0.4, 1.0], [0.3, 0.4, 1.0]]), ax=Figure().subplots())
    >>> ax.get_xscale(), ax.lines[-1].get_ydata().tolist()
    ('log', [0.2, 0.4, 1.0])
    """
    rates, recalls, own_bounds = _pimo_curves(result)
    bounds = own_bounds if fpr_bounds is None else checked_bounds(fpr_bounds)
    ax = axes_or_new(ax)
    if bounds is not None and not any(patch.get_gid() == "integration" for patch in ax.patches):
        ax.axvspan(*bounds, color="0.93", zorder=0, gid="integration")
    mean = recalls.mean(axis=0)
    if len(recalls) > 1:
        faint = {"color": "0.6", **style, "linewidth": 0.6, "alpha": 0.35, "zorder": 1}
        for recall in recalls:
            kept = thin(np.log(rates), recall, 500)
            ax.plot(rates[kept], recall[kept], **faint)
    kept = thin(np.log(rates), mean)
    ax.plot(rates[kept], mean[kept], label=label, **{"linewidth": 2, **style})
    ax.set_xscale("log")
    ax.set(xlabel="shared false positive rate", ylabel="recall of an image", xlim=(1e-6, 1), ylim=(-0.02, 1.02))
    return ax


def _pimo_curves(result: Any) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[float, float] | None]:
    """Return rates above zero, ascending, the recalls of anomalous images there, and the bounds of the result."""
    bounds = None
    if isinstance(result, (tuple, list)) and len(result) == 2:
        shared, per_image = result
    else:
        shared = getattr(result, "shared_fpr", None)
        per_image = getattr(result, "recalls", getattr(result, "per_image_tprs", None))
        bounds = getattr(result, "fpr_bounds", None)
    if shared is None or per_image is None:
        raise InvalidInputError(
            "result must hold curves, as of aupimo(..., bounds='snap', return_curves=True), or be a pair of arrays; "
            f"got {type(result).__name__} without them"
        )
    rates, recalls = np.asarray(shared, np.float64), np.atleast_2d(np.asarray(per_image, np.float64))
    if rates.ndim != 1 or rates.size == 0 or recalls.ndim != 2 or recalls.shape[1] != len(rates):
        raise InvalidInputError(
            "result must be rates of shape (k,), k >= 1, and recalls of shape (n_images, k) or (k,); got "
            f"{rates.shape} and {np.shape(per_image)}"
        )
    recalls = recalls[~np.isnan(recalls).any(axis=1)]
    order = np.lexsort((recalls.sum(axis=0), rates))  # a curve rises through the thresholds of one rate
    order = order[rates[order] > 0]
    if len(recalls) == 0 or len(order) == 0:
        raise InvalidInputError("result must hold an image with recalls, at rates above zero; got none")
    return rates[order], recalls[:, order], bounds


def _curve(curve: Any, ax: Any, label: str | None, style: dict[str, Any]) -> Any:
    x, y = (curve.x, curve.y) if isinstance(curve, Curve) else curve
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if x.ndim != 1 or x.size == 0 or x.shape != y.shape:
        raise InvalidInputError(f"curve must be two arrays of the same shape (n,), n >= 1; got {x.shape} and {y.shape}")
    ax = axes_or_new(ax)
    kept = thin(x, y)
    ax.plot(x[kept], y[kept], label=label, **style)
    return ax


def _named(ax: Any, x: str, y: str) -> Any:
    ax.set(xlabel=x, ylabel=y, xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    return ax
