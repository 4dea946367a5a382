"""Metrics for the training loop: torchmetrics' classes by their own names, computed by our exact counts.

Replace ``from torchmetrics.classification import BinaryAUROC`` by
``from anomalib_cpp.torchmetrics import BinaryAUROC``. All classes are `torchmetrics.Metric`: `update`, `compute`,
`forward`, `reset`, `merge_state`, `MetricCollection` and the synchronisation of several processes work as usual. Needs
the packages torch and torchmetrics. What differs from torchmetrics 1.9:

- Scores are ranked as they are. torchmetrics applies a sigmoid to each batch that has a score outside [0, 1], which
  reorders scores between batches and ties large ones; ``normalization="sigmoid_per_batch"`` does the same, to reproduce
  its numbers.
- NaN scores raise an error; torchmetrics ranks them highest.
- Counts are integers and areas float64, rounded once to the dtype of the metric: that of `set_dtype`, else the default
  dtype of torch. Scores keep the dtype they came in.
- `max_fpr` outside (0, 1] is refused, and in binned mode also a `max_fpr` that no two neighbouring thresholds enclose;
  torchmetrics reads past the ends of its curve there.
- A missing class gives torchmetrics' value, with an `UndefinedMetricWarning`.
- Errors about arguments are `InvalidInputError`, a `ValueError`. Labels other than 0 and 1 are one, unless
  ``validate_args=False``; torchmetrics raises RuntimeError for them, and its `BinaryAUROC` takes them for 0.
- `BinaryF1Score` compares scores with its threshold as they are, without a sigmoid.
- `BinaryF1Max`, `BinaryAUPRO`, `BinaryPRO`, `F1AdaptiveThreshold`, `PGn`, `PBn`, `MinMax`, `PIMO` and `AUPIMO` have no
  counterpart in torchmetrics. They are the metrics of :mod:`anomalib_cpp.anomalib` for tensors instead of batches.
"""

from __future__ import annotations

try:
    import torch  # noqa: F401
    import torchmetrics  # noqa: F401
except ImportError as error:
    raise ImportError(
        f'anomalib_cpp.torchmetrics needs torch and torchmetrics: pip install "torchmetrics" ({error})'
    ) from error

from ._areas import BinaryAUROC, BinaryAveragePrecision
from ._curves import BinaryPrecisionRecallCurve, BinaryROC
from ._maps import BinaryAUPRO
from ._pickers import BinaryF1Max, F1AdaptiveThreshold, PBn, PGn
from ._pimo import AUPIMO, PIMO
from ._pimo_results import AUPIMOResult, PIMOResult
from ._running import BinaryF1Score, BinaryPRO, MinMax

__all__ = [
    "AUPIMO",
    "PIMO",
    "AUPIMOResult",
    "BinaryAUPRO",
    "BinaryAUROC",
    "BinaryAveragePrecision",
    "BinaryF1Max",
    "BinaryF1Score",
    "BinaryPRO",
    "BinaryPrecisionRecallCurve",
    "BinaryROC",
    "F1AdaptiveThreshold",
    "MinMax",
    "PBn",
    "PGn",
    "PIMOResult",
]
