"""anomalib's metrics by their own names, fed with its batches, computed by our exact counts.

Replace ``from anomalib.metrics import AUROC`` by ``from anomalib_cpp.anomalib import AUROC``, or call `patch_anomalib`
once and leave every line as it is. Evaluators, loggers and checkpoints go on as before: the classes are
`torchmetrics.Metric` and, where anomalib is installed, its `AnomalibMetric` as well. Needs the packages torch and
torchmetrics; anomalib itself only for `patch_anomalib`. What differs from anomalib 2.7:

- Scores are ranked as they are. anomalib's `AUROC` and `AUPR` inherit a sigmoid on each batch that has a score outside
  [0, 1]; ``normalization="sigmoid_per_batch"`` does the same, to reproduce its numbers.
- `AUPR` is the average precision, as in anomalib 2.7. Earlier versions joined the points of the curve in another order:
  ``AUPR(method="trapezoid_reordered")``.
- F1 scores are quotients of integers. anomalib adds 1e-10 to a denominator in float32; of several thresholds with the
  same score it may pick another than the lowest.
- `forward` and `merge_state` give `F1Max` the data of all batches, and a metric that is reset forgets its value.
- `merge_state` works for all classes. A process without data, or a batch without the fields of a metric that is not
  strict, changes nothing; nor does `forward` on a batch that is refused.
- Maps may have a channel dimension and differ in size between batches. Region ids and counts have no upper bound:
  anomalib numbers regions in float32 on a GPU, and `PGn` and `PBn` stop at 16 million scores.
- `PIMO` and `AUPIMO` return :class:`~anomalib_cpp.torchmetrics.PIMOResult` and
  :class:`~anomalib_cpp.torchmetrics.AUPIMOResult`, whose `image_classes` are 1 for anomalous; anomalib's `AUPIMOResult`
  has them the other way round.
- `PRO` thresholds scores of every float dtype, and counts a region also where no pixel is normal.
- NaN scores raise an error. A missing class gives anomalib's value, with an `UndefinedMetricWarning` instead of a line
  in the log. Errors about arguments are `InvalidInputError`, a `ValueError`, or `InvalidTypeError`, a `TypeError`.
- `AUROC`, `AUPR`, `F1Max`, `F1Score`, `AUPRO`, `PRO` and `F1AdaptiveThreshold` have default fields.
- State dictionaries are empty; the entry that anomalib's `AUPRO` writes is skipped when it is loaded.
"""

from __future__ import annotations

from .. import torchmetrics as _torchmetrics  # noqa: F401  says what is missing
from ._base import AnomalibMetric
from ._image import AUPR, AUROC, F1AdaptiveThreshold, F1Max, F1Score, PBn, PGn
from ._patch import patch_anomalib, unpatch_anomalib
from ._pixel import AUPIMO, AUPRO, PIMO, PRO, MinMax

__all__ = [
    "AUPIMO",
    "AUPR",
    "AUPRO",
    "AUROC",
    "PIMO",
    "PRO",
    "AnomalibMetric",
    "F1AdaptiveThreshold",
    "F1Max",
    "F1Score",
    "MinMax",
    "PBn",
    "PGn",
    "patch_anomalib",
    "unpatch_anomalib",
]
