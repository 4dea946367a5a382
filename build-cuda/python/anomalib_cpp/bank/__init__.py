"""Patch memory banks: exact nearest neighbours, coresets, patch embeddings and the bank itself."""

from __future__ import annotations

from .coresets import CoresetResult, coreset
from .embeddings import patch_embeddings
from .memory import BankScores, PatchMemoryBank
from .search import Neighbourhoods, knn, knn_self, pairwise_distances, radius_neighbors

__all__ = [
    "BankScores",
    "CoresetResult",
    "Neighbourhoods",
    "PatchMemoryBank",
    "coreset",
    "knn",
    "knn_self",
    "pairwise_distances",
    "patch_embeddings",
    "radius_neighbors",
]
