"""Per-image overlap from counts in bins.

What a pixel adds to AUPIMO depends on two rates of the normal images: that of higher scores, F-, and that of scores at
least as high, F+. It is the mean over ln F, from the lower to the upper bound, of a step that is 0 up to ln F-, 1 from
ln F+ on, and linear between; where F- is 0 it is 1 throughout. AUPIMO is the mean over the anomalous images of the mean
over their anomalous pixels. So a bin needs

- the sum over its anomalous pixels of 1 / (anomalous pixels of their image), and
- the sum over its pixels of normal images of 1 / (pixels of their image), whose running sum from the highest bin down
  over the number of normal images is the rate A above the bin, and with the bin itself the rate B.

For every score in the bin, A <= F- <= F+ <= B. The step of F- and F+ lies below the one that rises at once at A and
above the one that rises at once at B, which bound what a pixel adds. With all scores of the bin tied, F- is A and F+ is
B. A bin that has room for one score only adds just that.

Both sums are kept as integers of two limbs, as the mass of regions is.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._image_sizes import ImageSizes

ROWS = 4  # of a table: two limbs of what its anomalous pixels are worth, two of its pixels of normal images


class Overlap(NamedTuple):
    """What the bins say about images, highest first."""

    share: NDArray[np.float64]  # mean over the anomalous images of the share of their anomalous pixels in the bin
    above: NDArray[np.float64]  # rate of normal images above the bin
    at_least: NDArray[np.float64]  # and with the bin
    largest: int  # pixels of an image

    @property
    def exists(self) -> bool:
        """Whether there are normal and anomalous images."""
        return len(self.share) > 0


def overlap_of(falling: NDArray[np.int64], images: ImageSizes) -> Overlap:
    """Return what `ROWS` rows say, which have the highest bins first."""
    if not (images.n_normal and images.n_anomalous):
        return Overlap(np.zeros(0), np.zeros(0), np.zeros(0), 0)
    share = falling[0] * 2.0**31 + falling[1]
    reached = np.cumsum(falling[2:], axis=1)
    at_least = (reached[0] * 2.0**31 + reached[1]) / images.normal_worth
    return Overlap(share / share.sum(), np.concatenate([[0.0], at_least[:-1]]), at_least, images.largest)


def added(
    overlap: Overlap, bounds: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return what the pixels of each bin add to AUPIMO: at least, with all scores of the bin tied, at most."""
    start, end = math.log(bounds[0]), math.log(bounds[1])
    with np.errstate(divide="ignore"):
        above, at_least = np.log(overlap.above), np.log(overlap.at_least)
    low, high = (np.clip((end - at) / (end - start), 0, 1) for at in (at_least, above))
    rises = (overlap.above > 0) & (above < at_least)
    begin, whole = above[rises], at_least[rises]

    def reached(at: float) -> NDArray[np.float64]:
        """Integrate the steps from minus infinity to here."""
        along = np.clip(at - begin, 0, whole - begin)
        area: NDArray[np.float64] = along * along / (2 * (whole - begin)) + np.maximum(at - whole, 0)
        return area

    value = high.copy()
    value[rises] = (reached(end) - reached(start)) / (end - start)
    return overlap.share * low, overlap.share * value, overlap.share * high


def off(overlap: Overlap, bounds: tuple[float, float], rounding: float) -> float:
    """Return by how much the sums of all bins may be off."""
    short = rounding + overlap.largest * 2.0**-62  # of a rate, by its own size; the same of a share
    return short * (1 + 1 / math.log(bounds[1] / bounds[0]))
