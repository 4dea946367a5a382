"""Counts of scores in bins: any number of maps in a fixed amount of memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import choice, flag, fraction, integer, number
from .._errors import FormatError, InvalidInputError, InvalidTypeError
from ..metrics import BinnedResult
from ..metrics._arguments import image_stack
from ..metrics._binned import bins_of, carry, count_between, even_edges, range_of
from ..metrics._inputs import options
from ..metrics._intervals import intervals
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
    connectivity : {4, 8}, default 8
        Of those regions.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        For options out of range.

    Notes
    -----
    16 bytes a bin, 32 with regions. Counts are integers, so that batches and merging change no bit once the range is
    fixed. NaN scores are refused.

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
        connectivity: int = 8,
    ) -> None:
        self._bins = integer(n_bins, "n_bins", 2)
        self._range = None if score_range is None else _checked_range(score_range)
        self._weighted = flag(weighted, "weighted")
        self._connectivity = int(choice(connectivity, "connectivity", (4, 8)))
        self._from_data = self._range is None
        self.reset()

    def reset(self) -> None:
        """Forget all counts, and a range that came from the data."""
        if self._from_data:
            self._range = None
        self._counts = np.zeros((4 if self._weighted else 2, self._bins + 2), np.int64)
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
        found_range = self._range or range_of(image_stack(maps, "maps"), self._bins)
        edges = even_edges(*found_range, self._bins)
        regions = self._connectivity if self._weighted else None
        added = count_between(maps, masks, edges, options("raise", None, None), regions)
        self._range = found_range
        self._add(added.table, 1)

    def _add(self, added: NDArray[np.int64], updates: int) -> None:
        self._counts += added
        carry(self._counts)
        self._updates += updates

    def compute(self, *, integration_limit: float = 0.3) -> dict[str, BinnedResult]:
        """Report metrics with the intervals that hold the exact ones; the accumulator goes on afterwards.

        Parameters
        ----------
        integration_limit : float in (0, 1], default 0.3
            Of ``"aupro"``.

        Returns
        -------
        dict of str to BinnedResult
            ``"auroc"``, ``"average_precision"``, ``"aupr"``, ``"f1_max"``, ``"iou_max"``, ``"fpr_at_tpr"`` (at 0.95)
            and with ``weighted=True`` ``"aupro"``; NaN where a class is missing.

        Raises
        ------
        InvalidInputError
            Before the first update.
        """
        limit = fraction(integration_limit, "integration_limit")
        self._require_data()
        assert self._range is not None
        return intervals(bins_of(self._counts, even_edges(*self._range, self._bins)), limit)

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
        self._add(other._counts, other._updates)
        return self

    def _configuration(self) -> dict[str, Any]:
        return {
            "n_bins": self._bins,
            "score_range": None if self._range is None else list(self._range),
            "weighted": self._weighted,
            "connectivity": self._connectivity,
            "range_from_data": self._from_data,
        }

    def state(self) -> dict[str, NDArray[Any]]:
        """Return everything as arrays, for gathering over processes or keeping elsewhere.

        Returns
        -------
        dict of str to array
            ``counts``, int64 of shape (2 or 4, n_bins + 2): normal and anomalous pixels of every bin, lowest first, and
            the regions' mass; ``settings``.
        """
        return {"counts": self._counts[_PUBLIC[: len(self._counts)]], "settings": self._settings_array()}

    @classmethod
    def _from_parts(cls, parts: dict[str, Any], config: Any) -> CurveAccumulator:
        known, updates = read_config(config, _SETTINGS, cls.__name__)
        with reading_state(cls.__name__):
            from_data = flag(known.pop("range_from_data"), "range_from_data")
            shape = (4 if known["weighted"] else 2, integer(known["n_bins"], "n_bins", 2) + 2)
            held = part(parts, "counts", np.int64, shape)  # before anything of that size is made
            made = cls(**known)
            if (held < 0).any() or (made._range is None and held.any()):
                raise FormatError("state must hold counts that are not negative, and the range that they are for")
        made._counts = held[_PUBLIC[: len(held)]]
        made._from_data = from_data
        return made._restored(updates)


_SETTINGS = ("n_bins", "score_range", "weighted", "connectivity", "range_from_data")
_PUBLIC = [1, 0, 2, 3]  # normal pixels come first in a state


def _checked_range(value: Any) -> tuple[float, float]:
    try:
        low, high = value
    except (TypeError, ValueError):
        raise InvalidTypeError(f"score_range must be a pair (lowest, highest); got {value!r}") from None
    low, high = number(low, "score_range"), number(high, "score_range")
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise InvalidInputError(f"score_range must be finite and ascend; got {value!r}")
    return low, high
