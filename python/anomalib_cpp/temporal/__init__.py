"""Scores along time: windows to steps, smoothing and normalising of videos or series back to back, AUROC of videos."""

from __future__ import annotations

from ._normalize import SegmentStatistics, normalize_segments
from ._overlap import center_pad, overlap_aggregate
from ._smooth import smooth_segments
from ._video import VideoAuroc, video_auroc

__all__ = [
    "SegmentStatistics",
    "VideoAuroc",
    "center_pad",
    "normalize_segments",
    "overlap_aggregate",
    "smooth_segments",
    "video_auroc",
]
