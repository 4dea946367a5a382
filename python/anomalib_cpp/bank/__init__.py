"""Patch memory banks: exact nearest neighbours, coresets, patch embeddings and the bank itself."""

from __future__ import annotations

from .coresets import CoresetResult, coreset
from .memory import BankScores, PatchMemoryBank
from .search import knn

__all__ = ["BankScores", "CoresetResult", "PatchMemoryBank", "coreset", "knn"]
