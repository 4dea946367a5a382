"""Counts of scores in bins: any number of maps in a fixed amount of memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import choice, flag, fraction, integer, number
from .._errors import FormatError, InvalidInputError, InvalidTypeError
from ..metrics import BinnedResult
from ..metrics._inputs import counts, options
from ._intervals import Bins, intervals
from ._streaming import FORMAT, bytes_of, image_stack

__all__ = ["CurveAccumulator"]


class CurveAccumulator:
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
    def n_updates(self) -> int:
        """Calls of `update`, those of merged accumulators included."""
        return self._updates

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
        found_range = self._range or self._range_of(image_stack(maps, "maps"))
        edges = np.linspace(*found_range, self._bins + 1)
        edges[-1] = np.nextafter(edges[-1], np.inf)  # the last bin holds its upper edge
        opts = options("raise", None, None)
        found, _ = counts(
            maps,
            masks,
            opts,
            names=("maps", "masks"),
            images=True,
            connectivity=self._connectivity if self._weighted else None,
            grid=(edges, False),
        )
        added = [_per_bin(found.tp, found.positives), _per_bin(found.fp, found.negatives)]
        if self._weighted:
            added += [_per_bin(limb[:-1], int(limb[-1])) for limb in found.coverage_limbs]
        self._range = found_range
        self._add(np.array(added), 1)

    def _add(self, added: NDArray[np.int64], updates: int) -> None:
        self._counts += added
        self._updates += updates
        if self._weighted:  # the upper limb takes what the lower one does not hold
            carry = self._counts[3] >> 31
            self._counts[2] += carry
            self._counts[3] -= carry << 31

    def _range_of(self, images: list[NDArray[Any]]) -> tuple[float, float]:
        finite = [image[np.isfinite(image)] for image in images]
        values = [part for part in finite if part.size]
        if not values:
            raise InvalidInputError("maps must hold a finite score to choose a range from; got none")
        low, high = float(min(part.min() for part in values)), float(max(part.max() for part in values))
        half = (high - low) / self._bins / 2 or max(abs(low), 1.0) * 1e-3
        return low - half, high + half

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
        if self._updates == 0:
            raise InvalidInputError("the accumulator has no data: call update first")
        falling = self._counts[:, ::-1]
        coverage = None
        if self._weighted:
            mass = falling[2].astype(np.float64) * 2.0**31 + falling[3]
            coverage = mass / mass.sum() if mass.sum() > 0 else mass
        return intervals(Bins(falling[0], falling[1], coverage), limit)

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
        if type(other) is not CurveAccumulator:
            raise InvalidTypeError(f"other must be a CurveAccumulator; got {type(other).__name__}")
        mine, theirs = self._settings(), other._settings()
        if self._range is None or other._range is None:  # what has no range yet has no data
            mine, theirs = mine | {"score_range": None}, theirs | {"score_range": None}
        different = [f"{key} ({mine[key]!r}, {theirs[key]!r})" for key in mine if mine[key] != theirs[key]]
        if different:
            raise InvalidInputError(f"other must have the same settings; different are {', '.join(different)}")
        self._range = self._range or other._range
        self._add(other._counts, other._updates)
        return self

    def _settings(self) -> dict[str, Any]:
        return {
            "n_bins": self._bins,
            "score_range": self._range,
            "weighted": self._weighted,
            "connectivity": self._connectivity,
        }

    def clone(self) -> CurveAccumulator:
        """Return an accumulator with the same settings and counts that goes its own way from here."""
        return CurveAccumulator.from_state(self.state())

    def state(self) -> dict[str, NDArray[Any]]:
        """Return everything as arrays, for gathering over processes or keeping elsewhere.

        Returns
        -------
        dict of str to array
            ``counts``, int64 of shape (2 or 4, n_bins + 2): normal and anomalous pixels of every bin, lowest first, and
            the regions' mass; ``settings``.
        """
        text = json.dumps({"format": FORMAT, "n_updates": self._updates, **self._settings()}, sort_keys=True)
        return {"counts": self._counts[[1, 0, *range(2, len(self._counts))]], "settings": bytes_of(text)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> CurveAccumulator:
        """Make an accumulator from what :meth:`state` returned.

        Parameters
        ----------
        state : mapping of str to array
            All entries.

        Returns
        -------
        CurveAccumulator
            Equal to the one that the state was taken from.

        Raises
        ------
        FormatError
            For anything else.
        """
        try:
            held = np.asarray(state["counts"])
            config = json.loads(bytes(np.asarray(state["settings"], np.uint8)).decode("ascii"))
            known = {"format", "n_updates", "n_bins", "score_range", "weighted", "connectivity"}
            if set(config) != known or config["format"] != FORMAT:
                raise FormatError("state must hold the settings of a CurveAccumulator")
            options_of = {"weighted": config["weighted"], "connectivity": config["connectivity"]}
            made = cls(config["n_bins"], config["score_range"], **options_of)
            updates = integer(config["n_updates"], "n_updates", 0)
        except FormatError:
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"state must hold the counts and settings of a CurveAccumulator: {error}") from None
        if held.dtype != np.int64 or held.shape != made._counts.shape or (held < 0).any():
            raise FormatError(f"state must hold int64 counts of shape {made._counts.shape}; got {held.shape}")
        made._counts = held[[1, 0, *range(2, len(held))]]
        made._updates = updates
        return made


def _per_bin(reached: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """Turn counts at and above edges into counts between them."""
    return -np.diff(np.concatenate([[total], reached, [0]]))


def _checked_range(value: Any) -> tuple[float, float]:
    try:
        low, high = value
    except (TypeError, ValueError):
        raise InvalidTypeError(f"score_range must be a pair (lowest, highest); got {value!r}") from None
    low, high = number(low, "score_range"), number(high, "score_range")
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise InvalidInputError(f"score_range must be finite and ascend; got {value!r}")
    return low, high
