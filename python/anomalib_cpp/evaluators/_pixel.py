"""Pixel metrics of maps that come in batches."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from .._checks import choice, fraction, integer
from .._config import parse_budget
from .._errors import FormatError, InvalidInputError
from ..metrics import Curve
from ..metrics._inputs import Options, options
from ..metrics._pimo import checked_bounds
from ..metrics._values import PIXEL_METRICS, Asked, chosen
from ._binned_pixels import BinnedPixels
from ._curve import CurveAccumulator
from ._kept import KeptImages
from ._pairs import checked_resize
from ._protocol import read_config, reading_state
from ._streaming import Settings, StreamingEvaluator

__all__ = ["PixelEvaluator"]


class PixelEvaluator(StreamingEvaluator):
    """Pixel metrics of maps that come in batches.

    Parameters
    ----------
    metrics : sequence of names, default ("auroc", "average_precision", "f1_max", "aupro")
        As in :func:`anomalib_cpp.metrics.pixel_report`.
    mode : {"exact", "binned"}, default "exact"
        ``"binned"`` counts scores in bins, as :class:`CurveAccumulator`, and reports intervals that hold the exact
        values. There is no mode that makes them as narrow as asked for: that takes the maps a second time, as
        :func:`~anomalib_cpp.metrics.pixel_report` does with `atol`.
    n_bins : int >= 2, optional
        With ``"binned"``: bins between the ends of `score_range`; 65536 by default.
    score_range : (float, float), optional
        With ``"binned"``: lowest and highest score to expect; by default from the first update.
    integration_limit : float in (0, 1], default 0.3
        Of ``"aupro"``.
    fpr_bounds : (float, float), default (1e-5, 1e-4)
        Of ``"aupimo"``.
    connectivity : {4, 8}, default 8
        Of the regions of ``"aupro"``.
    resize : {"bilinear", "bilinear_corners", "nearest"}, optional
        Bring maps to the size of their masks, as :func:`anomalib_cpp.maps.resize` does. Maps must be finite floats
        then. By default they must have that size.
    nan_policy : {"raise", "propagate", "omit"}, optional
        As in :func:`anomalib_cpp.metrics.auroc`; ``"raise"`` refuses the batch and keeps the evaluator as it was. Bins
        and `resize` take no NaN.
    undefined : {"nan", "raise"} or float, optional
        As in :func:`anomalib_cpp.metrics.aupro`.
    memory_budget : int or str, optional
        With ``"exact"``: maps and masks beyond this move to a temporary file; default from the configuration.
    spill_dir : path, optional
        With ``"exact"``: folder for that file; default the system's.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        For options out of range, or of the other mode.

    Notes
    -----
    ``"exact"`` keeps a copy of every map and one byte a pixel of every mask; `compute` takes what
    :func:`~anomalib_cpp.metrics.pixel_report` takes. With `resize` it keeps the smaller maps, and resizes them while
    they are counted; but all at once for `curves` and `images`, and for `compute` where batches had different dtypes.
    ``"binned"`` keeps 16 bytes a bin, 16 more for ``"aupro"`` and 32 more for ``"aupimo"``. Not safe for concurrent
    updates.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.evaluators import PixelEvaluator
    >>> evaluator = PixelEvaluator(metrics=["auroc"])
    >>> for batch in np.arange(32.0).reshape(2, 4, 2, 2):
    ...     evaluator.update(batch, batch % 8 >= 6)
    >>> evaluator.compute(), evaluator.n_images
    ({'auroc': 0.625}, 8)
    >>> evaluator = PixelEvaluator(metrics=["auroc"], mode="binned", n_bins=16, score_range=(0, 32))
    >>> evaluator.update(np.arange(32.0).reshape(8, 2, 2), np.arange(32).reshape(8, 2, 2) % 8 >= 6)
    >>> evaluator.compute()
    {'auroc': BinnedResult(value=0.625, low=0.625, high=0.625)}

    Maps of the network's resolution against masks of the images':

    >>> evaluator = PixelEvaluator(metrics=["auroc"], resize="bilinear")
    >>> evaluator.update(np.array([[0.1, 0.2], [0.3, 0.9]]), np.pad(np.ones((3, 3)), ((5, 0), (5, 0))))
    >>> evaluator.compute(), evaluator.nbytes
    ({'auroc': 1.0}, 96)
    """

    _known = PIXEL_METRICS

    def __init__(
        self,
        metrics: Sequence[str] = ("auroc", "average_precision", "f1_max", "aupro"),
        *,
        mode: str = "exact",
        n_bins: int | None = None,
        score_range: tuple[float, float] | None = None,
        integration_limit: float = 0.3,
        fpr_bounds: tuple[float, float] = (1e-5, 1e-4),
        connectivity: int = 8,
        resize: str | None = None,
        nan_policy: str | None = None,
        undefined: str | float | None = None,
        memory_budget: int | str | None = None,
        spill_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        opts = options(nan_policy, undefined, None)
        settings = Settings(
            chosen(metrics, PIXEL_METRICS),
            fraction(integration_limit, "integration_limit"),
            checked_bounds(fpr_bounds),
            int(choice(connectivity, "connectivity", (4, 8))),
            nan_policy=opts.nan_policy,
        )
        super().__init__(settings, opts.undefined)
        how = checked_resize(resize, opts.nan_policy)
        self._pixels: KeptImages | BinnedPixels
        if choice(mode, "mode", ("exact", "binned")) == "exact":
            _refuse("binned", n_bins=n_bins, score_range=score_range)
            self._pixels = KeptImages(how, parse_budget(memory_budget), spill_dir)
            return
        _refuse("exact", memory_budget=memory_budget, spill_dir=spill_dir)
        if opts.nan_policy != "raise":
            raise InvalidInputError(f"nan_policy must be 'raise' with mode='binned'; got {opts.nan_policy!r}")
        self._pixels = BinnedPixels(
            how,
            CurveAccumulator(
                65536 if n_bins is None else integer(n_bins, "n_bins", 2),
                score_range,
                weighted="aupro" in settings.metrics,
                per_image="aupimo" in settings.metrics,
                connectivity=settings.connectivity,
            ),
        )

    @property
    def mode(self) -> str:
        """``"exact"`` or ``"binned"``."""
        return self._pixels.MODE

    @property
    def n_images(self) -> int:
        """Images so far."""
        return self._pixels.n_images

    @property
    def n_items(self) -> int:
        """Pixels of the masks so far."""
        return self._pixels.n_items

    @property
    def nbytes(self) -> int:
        """Bytes of maps and masks in memory, or of counts; what moved to a file is not counted."""
        return self._pixels.nbytes

    def update(self, maps: Any, masks: Any) -> None:
        """Add maps.

        Parameters
        ----------
        maps : array of floats or integers, or list of (h, w) arrays
            Shape (h, w), (n, h, w) or (n, 1, h, w); sizes and dtypes may differ from call to call.
        masks : array of bool, integers or floats in {0, 1}, or uint8 in {0, 255}
            The shape of `maps`; with `resize` as many images.

        Raises
        ------
        InvalidInputError, InvalidTypeError
            As :func:`~anomalib_cpp.metrics.pixel_report`; nothing is added then.
        OSError
            Where the disk is full; the evaluator keeps everything in memory then, and the batch is added.
        """
        if self._pixels.update(maps, masks, self._settings.nan_policy):
            self._changed(1)
            self._pixels.keep_budget()

    def compute(self) -> dict[str, Any]:
        """Report the metrics of everything so far; the evaluator goes on afterwards.

        Returns
        -------
        dict of str to float, or to BinnedResult with ``mode="binned"``
            As :func:`~anomalib_cpp.metrics.pixel_report`.

        Raises
        ------
        InvalidInputError
            Before the first update, and as :func:`~anomalib_cpp.metrics.pixel_report`.
        """
        if self._report is None:
            self._require_data()
            settings = self._settings
            asked = Asked(settings.metrics, settings.integration_limit, settings.fpr_bounds, settings.connectivity)
            self._report = dict(self._pixels.report(asked, self._options()))
        return dict(self._report)

    def curves(self) -> dict[str, Curve]:
        """Return the curves of everything so far: ``"roc"``, ``"pr"`` and ``"pro"``.

        With ``mode="binned"`` those of :meth:`CurveAccumulator.curves`.
        """
        self._require_data()
        return self._pixels.curves(self._settings.connectivity, self._options())

    def _options(self) -> Options:
        return options(self._settings.nan_policy, self._undefined, None)

    def images(self) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
        """Return the maps and the masks so far, without copying them; with `resize`, maps of the size of their masks.

        Returns
        -------
        maps, masks : lists of arrays of shape (h, w)
            In the order in which they came; not to be written to. Masks are boolean. Resized maps are made for this
            call.

        Raises
        ------
        InvalidInputError
            Before the first update, and with ``mode="binned"``.
        """
        self._require_data()
        return self._pixels.images()

    def merge(self, other: PixelEvaluator) -> PixelEvaluator:
        """Add everything that another evaluator has seen; images of `other` come after those of this one.

        Parameters
        ----------
        other : PixelEvaluator
            With the same settings; not changed.

        Returns
        -------
        PixelEvaluator
            This one.

        Raises
        ------
        InvalidInputError
            For other settings, which are listed.
        InvalidTypeError
            For another kind of evaluator.
        """
        self._require_mergeable(other, ("score_range", "range_from_data"))  # which bins compare themselves
        self._pixels.merge(other._pixels)
        self._changed(other._updates)
        self._pixels.keep_budget()
        return self

    def clone(self) -> PixelEvaluator:
        """Return an evaluator with the same settings and data that goes its own way from here."""
        twin = PixelEvaluator(undefined=self._undefined)
        twin._settings, twin._pixels = self._settings, self._pixels.fresh()
        return twin.merge(self)

    def reset(self) -> None:
        """Forget all data."""
        self._pixels = self._pixels.fresh()
        self._updates, self._report = 0, None

    def _configuration(self) -> dict[str, Any]:
        return {**super()._configuration(), "mode": self.mode, **self._pixels.configuration()}

    def state(self) -> dict[str, NDArray[Any]]:
        """Return everything as arrays, for gathering over processes or keeping elsewhere.

        Returns
        -------
        dict of str to array
            ``scores_<dtype>``, all maps of one dtype one after the other; ``labels``, one bit a pixel; ``shapes`` and
            ``dtypes`` of the images; ``map_shapes`` with `resize`; ``settings``. With ``mode="binned"`` the arrays of
            :meth:`CurveAccumulator.state`, and ``n_images``.
        """
        return {**self._pixels.arrays(), "settings": self._settings_array()}

    @classmethod
    def _from_parts(cls, parts: dict[str, Any], config: Any) -> PixelEvaluator:
        binned = isinstance(config, dict) and config.get("mode") == BinnedPixels.MODE
        kind: type[KeptImages] | type[BinnedPixels] = BinnedPixels if binned else KeptImages
        known, updates = read_config(config, (*Settings._fields, "mode", *kind.SETTINGS), cls.__name__)
        if known["mode"] != kind.MODE:
            raise FormatError(f"state must have mode 'exact' or 'binned'; got {known['mode']!r}")
        evaluator = cls(undefined=None)
        evaluator._settings = cls._checked(known)
        with reading_state(cls.__name__):
            checked_resize(known["resize"], known["nan_policy"])
        evaluator._pixels = kind.from_parts(parts, known, updates)
        return evaluator._restored(updates)


def _refuse(mode: str, **options: Any) -> None:
    """Raise for options of the other mode."""
    for name, value in options.items():
        if value is not None:
            raise InvalidInputError(f"{name} belongs to mode={mode!r}; got {value!r}")
