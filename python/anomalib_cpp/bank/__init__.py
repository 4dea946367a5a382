"""Patch memory banks: exact nearest neighbours, coresets, patch embeddings and the bank itself."""

from __future__ import annotations

from .memory import BankScores, PatchMemoryBank
from .search import knn

__all__ = ["BankScores", "PatchMemoryBank", "knn"]
