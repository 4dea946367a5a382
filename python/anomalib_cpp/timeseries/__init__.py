"""Metrics of time series: PATE, VUS, ranges, affiliation, events and the rest, from one order of the scores."""

from __future__ import annotations

from ._affiliation import affiliation, affiliation_events, affiliation_f1
from ._care import CareEvent, CareResult, care_score
from ._dependence import FLAT, best_lags, dependence, pair_correlations
from ._diagnostic import DiagnosticResult, UnivariateIntensity, cross_channel_diagnostic, univariate_intensity
from ._events import detection_delays, event_curve, event_f1, pa_k, pa_k_auc, point_adjusted_f1, range_f1, range_pr
from ._min_k import min_k_prob
from ._nab import NAB_PROFILES, NabScore, NabSweep, nab_point_scores, nab_sweep
from ._pate import pate, pate_curve, pate_f1
from ._range_auc import range_auc, range_auc_pr, range_auc_roc, vus, vus_pr, vus_prediction, vus_roc
from ._rank import (
    auroc,
    average_precision,
    best_f1,
    c_index,
    false_alarm_rates,
    fpr_at_tpr,
    kendall_tau_b,
    pr_auc_trapezoid,
    precision_at_k,
    spearman,
)
from ._report import series_report, tsb_metrics
from ._resample import bootstrap
from ._results import AffiliationResult, DelayResult, PrCurve, RangeAreas, SeriesF1
from ._segments import Segment, deviations, find_segments, read_rows
from ._severity import severity_report
from ._skab import SkabScore, skab_score
from ._window_length import find_length

__all__ = [
    "FLAT",
    "NAB_PROFILES",
    "AffiliationResult",
    "CareEvent",
    "CareResult",
    "DelayResult",
    "DiagnosticResult",
    "NabScore",
    "NabSweep",
    "PrCurve",
    "RangeAreas",
    "Segment",
    "SeriesF1",
    "SkabScore",
    "UnivariateIntensity",
    "affiliation",
    "affiliation_events",
    "affiliation_f1",
    "auroc",
    "average_precision",
    "best_f1",
    "best_lags",
    "bootstrap",
    "c_index",
    "care_score",
    "cross_channel_diagnostic",
    "dependence",
    "detection_delays",
    "deviations",
    "event_curve",
    "event_f1",
    "false_alarm_rates",
    "find_length",
    "find_segments",
    "fpr_at_tpr",
    "kendall_tau_b",
    "min_k_prob",
    "nab_point_scores",
    "nab_sweep",
    "pa_k",
    "pa_k_auc",
    "pair_correlations",
    "pate",
    "pate_curve",
    "pate_f1",
    "point_adjusted_f1",
    "pr_auc_trapezoid",
    "precision_at_k",
    "range_auc",
    "range_auc_pr",
    "range_auc_roc",
    "range_f1",
    "range_pr",
    "read_rows",
    "series_report",
    "severity_report",
    "skab_score",
    "spearman",
    "tsb_metrics",
    "univariate_intensity",
    "vus",
    "vus_pr",
    "vus_prediction",
    "vus_roc",
]
