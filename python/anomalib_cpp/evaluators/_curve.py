"""Counts of scores in bins: any number of maps in a fixed amount of memory."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import choice, flag, fraction, integer
from .._errors import FormatError, InvalidInputError, ReproducibilityWarning
from ..metrics import BinnedResult, Curve
from ..metrics._arguments import hold_integers, image_stack
from ..metrics._binned import Counted, bins_of, carry, even_edges, range_of
from ..metrics._binned_report import results
from ..metrics._image_sizes import ImageSizes
from ..metrics._inputs import Options, caller_depth, options
from ..metrics._intervals import Bins, intervals
from ..metrics._pimo import checked_bounds
from ..metrics._pimo_bins import count_images, require_bounds
from ..metrics._values import Asked
from ._bins import checked_range, curves_of, images_of, rows_of
from ._protocol import Mergeable, part, read_config, reading_state

__all__ = ["CurveAccumulator"]


class CurveAccumulator(Mergeable):
    """Pixel metrics of any number of maps in a fixed amount of memory, with intervals that hold the exact values.

    Scores are counted in evenly wide bins and forgotten. What a bin hides is the order of the scores in it, so that
    every metric has a computable best and worst.

    Parameters
    ----------
    n_bins : int >= 2, default 65536
        Bins between the ends of `score_range`; one more lies on each side.
    score_range : (float, float), optional
        Lowest and highest score to expect. By default the range of the first update, half a bin wider on each side.
    weighted : bool, default False
        Count the regions of the masks too, for ``"aupro"``.
    per_image : bool, default False
        Count normal images apart, and what each image adds, for ``"aupimo"``.
    connectivity : {4, 8}, default 8
        Of those regions.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        For options out of range.

    Notes
    -----
    16 bytes a bin, 16 more with regions, 32 more with `per_image` and a few for each size that images have. Counts are
    integers, so that batches and merging change no bit once the range is fixed. NaN scores are refused.

    Of integer maps, a bin with room for one integer hides nothing: in bins no wider than one, intervals are points.

    For ``"aupimo"`` an anomalous pixel counts one over the anomalous pixels of its image, and a pixel of a normal image
    one over the pixels of that image: sums of these know the images well enough for the interval.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.evaluators import CurveAccumulator
    >>> accumulator = CurveAccumulator(n_bins=4, score_range=(0, 1))
    >>> scores = np.array([[-0.1, 0, 0.1, 0.25, 0.3, 0.49, 0.5, 0.75, 0.9, 1.0, 1.2, 0.25]])
    >>> accumulator.update(scores, np.array([[0, 0, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1]]))
    >>> accumulator.compute()["auroc"]
    BinnedResult(value=0.833333, low=0.75, high=0.916667)
    """

    def __init__(
        self,
        n_bins: int = 65536,
        score_range: tuple[float, float] | None = None,
        *,
        weighted: bool = False,
        per_image: bool = False,
        connectivity: int = 8,
    ) -> None:
        self._bins = integer(n_bins, "n_bins", 2)
        self._range = None if score_range is None else checked_range(score_range)
        self._weighted = flag(weighted, "weighted")
        self._per_image = flag(per_image, "per_image")
        self._connectivity = int(choice(connectivity, "connectivity", (4, 8)))
        self._from_data = self._range is None
        self.reset()

    def reset(self) -> None:
        """Forget all counts, and a range that came from the data."""
        if self._from_data:
            self._range = None
        self._counts = np.zeros((rows_of(self._weighted, self._per_image), self._bins + 2), np.int64)
        self._images = ImageSizes() if self._per_image else None
        self._integers = True
        self._updates = 0

    @property
    def n_items(self) -> int:
        """Pixels so far."""
        return int(self._counts[:2].sum())

    @property
    def nbytes(self) -> int:
        """Bytes of the counts."""
        return self._counts.nbytes

    @property
    def edges(self) -> NDArray[np.float64]:
        """Edges of the bins, shape (n_bins + 1,); a bin holds its lower edge, the last one its upper edge too."""
        if self._range is None:
            raise InvalidInputError("the accumulator has no data: call update first")
        return np.linspace(*self._range, self._bins + 1)

    def update(self, maps: Any, masks: Any) -> None:
        """Count maps.

        Parameters
        ----------
        maps : array of floats or integers, or list of (h, w) arrays
            Shape (h, w), (n, h, w) or (n, 1, h, w). Infinities lie in the outermost bins.
        masks : array of bool, integers or floats in {0, 1}, or uint8 in {0, 255}
            The shape of `maps`.

        Raises
        ------
        InvalidInputError, InvalidTypeError
            As :func:`~anomalib_cpp.metrics.pixel_report`; nothing is counted then.
        """
        scores = image_stack(maps, "maps")
        found_range = self._range or range_of(scores, self._bins)
        edges = even_edges(*found_range, self._bins)
        regions = self._connectivity if self._weighted else None
        images = ImageSizes() if self._per_image else None
        added = count_images(maps, masks, edges, options("raise", None, None), regions, images)
        self._range = found_range
        self._add(added.table, images, hold_integers(scores), 1)

    def _add(self, added: NDArray[np.int64], images: ImageSizes | None, integers: bool, updates: int) -> None:
        self._counts += added
        self._integers &= integers
        carry(self._counts)
        if self._images is not None and images is not None:
            self._images.merge(images)
        self._updates += updates

    def compute(
        self, *, integration_limit: float = 0.3, fpr_bounds: tuple[float, float] = (1e-5, 1e-4)
    ) -> dict[str, BinnedResult]:
        """Report metrics with the intervals that hold the exact ones; the accumulator goes on afterwards.

        Parameters
        ----------
        integration_limit : float in (0, 1], default 0.3
            Of ``"aupro"``.
        fpr_bounds : (float, float), default (1e-5, 1e-4)
            Of ``"aupimo"``.

        Returns
        -------
        dict of str to BinnedResult
            ``"auroc"``, ``"average_precision"``, ``"aupr"``, ``"f1_max"``, ``"iou_max"``, ``"fpr_at_tpr"`` (at 0.95),
            with ``weighted=True`` ``"aupro"`` and with ``per_image=True`` ``"aupimo"``; NaN where a class is missing.

        Raises
        ------
        InvalidInputError
            Before the first update; with ``per_image=True`` for bounds that are not reachable, as
            :func:`~anomalib_cpp.metrics.aupimo`.

        Warns
        -----
        ReproducibilityWarning
            Where the range came from the first update, and more than 0.1 % of the pixels lie outside of it.
        """
        limit, bounds = fraction(integration_limit, "integration_limit"), checked_bounds(fpr_bounds)
        bins = self._computed()
        require_bounds(self._images, bounds)
        return intervals(bins, limit, bounds)

    def _report(self, asked: Asked, opts: Options) -> dict[str, BinnedResult]:
        """Report what is asked for, as `pixel_report` does."""
        return results(self._computed(), Counted(self._counts, 0), self._images, asked, opts)

    def _computed(self) -> Bins:
        self._require_data()
        assert self._range is not None
        outside = int(self._counts[:2, [0, -1]].sum())
        if self._from_data and outside * 1000 > self.n_items:
            warnings.warn(
                f"{outside} of {self.n_items} pixels lie outside of {self._range[0]:g} to {self._range[1]:g}, the "
                "range of the first update, on which the intervals depend; give a score_range",
                ReproducibilityWarning,
                stacklevel=caller_depth(),
            )
        edges = even_edges(*self._range, self._bins)
        return bins_of(self._counts, edges, self._images, integers=self._integers)

    def curves(self) -> dict[str, Curve]:
        """Return curves with a point for each edge of the bins, thresholds falling.

        Returns
        -------
        dict of str to Curve
            ``"roc"``, ``"pr"`` and with ``weighted=True`` ``"pro"``, from where nothing counts as anomalous to where
            everything does; none where a class is missing.

        Raises
        ------
        InvalidInputError
            Before the first update.
        """
        self._require_data()
        assert self._range is not None
        return curves_of(self._counts, even_edges(*self._range, self._bins), weighted=self._weighted)

    def merge(self, other: CurveAccumulator) -> CurveAccumulator:
        """Add the counts of another accumulator.

        Parameters
        ----------
        other : CurveAccumulator
            With the same settings and the same range; not changed.

        Returns
        -------
        CurveAccumulator
            This one.

        Raises
        ------
        InvalidInputError
            For other settings or another range.
        InvalidTypeError
            For something else.
        """
        nothing_yet = self._range is None or getattr(other, "_range", None) is None  # no range, no data
        self._require_mergeable(other, ("range_from_data", *(["score_range"] if nothing_yet else [])))
        self._range = self._range or other._range
        self._add(other._counts, other._images, other._integers, other._updates)
        return self

    def _configuration(self) -> dict[str, Any]:
        return {
            "n_bins": self._bins,
            "score_range": None if self._range is None else list(self._range),
            "weighted": self._weighted,
            "per_image": self._per_image,
            "connectivity": self._connectivity,
            "range_from_data": self._from_data,
        }

    def state(self) -> dict[str, NDArray[Any]]:
        """Return everything as arrays, for gathering over processes or keeping elsewhere.

        Returns
        -------
        dict of str to array
            ``counts``, int64 of shape (rows, n_bins + 2): normal and anomalous pixels of every bin, lowest first; with
            ``weighted=True`` two rows of the regions' mass; with ``per_image=True`` two of what anomalous pixels, and
            two of what pixels of normal images are worth. With ``per_image=True`` also ``image_sizes``, int64 of shape
            (k, 4): number of pixels, normal images, anomalous images and pixels at ``highest_normal``, the highest
            score of normal images. ``integers``, int64 of shape (1,): 1 while all scores were of an integer dtype.
            ``settings``.
        """
        public = [1, 0, *range(2, len(self._counts))]  # normal pixels come first in a state
        images = {} if self._images is None else self._images.arrays()
        integers = np.array([self._integers], np.int64)
        return {"counts": self._counts[public], **images, "integers": integers, "settings": self._settings_array()}

    @classmethod
    def _from_parts(cls, parts: dict[str, Any], config: Any) -> CurveAccumulator:
        known, updates = read_config(config, _SETTINGS, cls.__name__)
        with reading_state(cls.__name__):
            from_data = flag(known.pop("range_from_data"), "range_from_data")
            rows = rows_of(flag(known["weighted"], "weighted"), flag(known["per_image"], "per_image"))
            shape = (rows, integer(known["n_bins"], "n_bins", 2) + 2)
            held = part(parts, "counts", np.int64, shape)  # before anything of that size is made
            made = cls(**known)
            if (held < 0).any() or (made._range is None and held.any()):
                raise FormatError("state must hold counts that are not negative, and the range that they are for")
            made._counts = held[[1, 0, *range(2, rows)]]
            made._from_data = from_data
            integers = int(part(parts, "integers", np.int64, (1,))[0])
            if integers not in (0, 1):
                raise FormatError(f"state must say of integers 0 or 1; got {integers}")
            made._integers = integers == 1
            if made._per_image:
                made._images = images_of(parts, made._counts)
        return made._restored(updates)


_SETTINGS = ("n_bins", "score_range", "weighted", "per_image", "connectivity", "range_from_data")
