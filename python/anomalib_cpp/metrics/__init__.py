"""Exact image and pixel metrics of anomaly detection: data first, scores before labels, options by keyword."""

from __future__ import annotations

from .._resampling import BootstrapResult
from ._areas import aupr, auroc, average_precision
from ._bootstrap import bootstrap
from ._box_plots import per_image_scores_stats
from ._clusters import ClusterScores, MergedRegions, cluster_scores, merge_regions
from ._curves import pr_curve, pro_curve, roc_curve
from ._explain import Explanation, explain_difference
from ._grids import ader_report, confusion_counts
from ._image_report import image_report
from ._many import ManyResult, evaluate_many
from ._mebin import mebin
from ._ood import ood_report
from ._overlap import pro_score
from ._paired_tests import (
    compare_models_pairwise_ttest_rel,
    compare_models_pairwise_wilcoxon,
    format_pairwise_tests_results,
)
from ._pickers import f1_adaptive_threshold, pbn, pgn
from ._pimo import aupimo
from ._ranking import dice_max, f1_max, fpr_at_tpr, iou_max, tpr_at_fpr
from ._region_sizes import aupro_by_size
from ._regions import aupro, connected_components
from ._report import pixel_report
from ._results import (
    AupimoResult,
    BinnedResult,
    ConfusionCounts,
    Curve,
    F1Result,
    MebinResult,
    OverlapResult,
    ProResult,
    RateResult,
    SizeResult,
    SproResult,
)
from ._scaling import NormalizedScores, normalize_scores
from ._spro import spro

__all__ = [
    "AupimoResult",
    "BinnedResult",
    "BootstrapResult",
    "ClusterScores",
    "ConfusionCounts",
    "Curve",
    "Explanation",
    "F1Result",
    "ManyResult",
    "MebinResult",
    "MergedRegions",
    "NormalizedScores",
    "OverlapResult",
    "ProResult",
    "RateResult",
    "SizeResult",
    "SproResult",
    "ader_report",
    "aupimo",
    "aupr",
    "aupro",
    "aupro_by_size",
    "auroc",
    "average_precision",
    "bootstrap",
    "cluster_scores",
    "compare_models_pairwise_ttest_rel",
    "compare_models_pairwise_wilcoxon",
    "confusion_counts",
    "connected_components",
    "dice_max",
    "evaluate_many",
    "explain_difference",
    "f1_adaptive_threshold",
    "f1_max",
    "format_pairwise_tests_results",
    "fpr_at_tpr",
    "image_report",
    "iou_max",
    "mebin",
    "merge_regions",
    "normalize_scores",
    "ood_report",
    "pbn",
    "per_image_scores_stats",
    "pgn",
    "pixel_report",
    "pr_curve",
    "pro_curve",
    "pro_score",
    "roc_curve",
    "spro",
    "tpr_at_fpr",
]
