"""Patch memory banks: exact nearest neighbours, coresets, patch embeddings and the bank itself."""

from __future__ import annotations

from .search import knn

__all__ = ["knn"]
