"""The rows of a bank at one moment: they never change, so any number of threads may search them without a lock."""

from __future__ import annotations

import mmap
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._arrays import as_floats
from .._config import parse_budget, threads_or_default
from .._errors import InvalidInputError, MemoryBudgetError, NotFittedError
from .search import PackedRows, checked_k, merge_nearest

__all__ = ["StoredRows", "copied_rows", "require_width"]


class StoredRows:
    """Batches of rows, joined and packed when they are first searched.

    A bank that is added to makes a new `StoredRows` of the old batches and the new one; searches that still run keep
    the old.
    """

    def __init__(self, batches: tuple[NDArray[Any], ...], metric: str, *, mapped: bool = False) -> None:
        self.metric = metric
        self.mapped = mapped
        self._batches = batches
        self._packed: PackedRows | None = None
        self._preparing = threading.Lock()

    def __len__(self) -> int:
        """Return the number of rows."""
        return sum(batch.shape[0] for batch in self._batches)

    @property
    def dim(self) -> int | None:
        """Columns, None while there are no rows."""
        return int(self._batches[0].shape[1]) if self._batches else None

    @property
    def dtype(self) -> np.dtype[Any] | None:
        """float32 or float64, None while there are no rows."""
        return self._batches[0].dtype if self._batches else None

    @property
    def batches(self) -> tuple[NDArray[Any], ...]:
        """What `rows` is joined from."""
        return self._batches

    @property
    def nbytes(self) -> int:
        """Bytes of memory held: rows unless they are mapped from a file, and codes once there are any."""
        rows = 0 if self.mapped else sum(batch.nbytes for batch in self._batches)
        return rows + (self._packed.nbytes if self._packed else 0)

    def rows(self) -> NDArray[Any]:
        """Return all rows as one read-only array."""
        if len(self._batches) != 1:
            with self._preparing:
                if not self._batches:
                    raise NotFittedError("memory bank is empty")
                if len(self._batches) > 1:
                    joined = np.concatenate(self._batches)
                    joined.flags.writeable = False
                    self._batches = (joined,)
        return self._batches[0]

    def _bytes_per_row(self) -> int:
        """Bound what a row takes while it is searched: a mapped row's pages, its codes and its terms of the bounds."""
        rows = self._batches[0]
        return int(rows.shape[1]) * (4 + (rows.itemsize if self.mapped else 0)) + 176

    def _bytes_per_query(self, k: int) -> int:
        """Estimate what a query takes during a search: codes, and the candidates that the filter leaves."""
        return int(self._batches[0].shape[1]) * 4 + 1536 + 32 * k

    def _pack(self, rows: NDArray[Any], threads: int | None) -> PackedRows:
        # Mapped rows may come from a file that nobody has verified.
        # The budget is kept here, by blocks of rows and of queries; a narrower one inside could only refuse.
        return PackedRows(rows, metric=self.metric, memory_budget="auto", check_finite=self.mapped, threads=threads)

    def _forget_pages(self) -> None:
        """Let the system take back the memory of mapped rows that have been read."""
        base = self._batches[0].base
        if isinstance(base, mmap.mmap) and hasattr(base, "madvise"):
            base.madvise(mmap.MADV_DONTNEED)

    def _parts(self, rows: NDArray[Any], budget: int, threads: int | None) -> Iterator[tuple[int, PackedRows]]:
        """Packed parts of the rows and where they start: one, kept for the next search, if it fits the budget."""
        size = budget // self._bytes_per_row()
        if self._packed is None and size >= len(rows):
            with self._preparing:
                if self._packed is None:
                    self._packed = self._pack(rows, threads)
                    self._forget_pages()
        if self._packed is not None:
            yield 0, self._packed
            return
        for begin in range(0, len(rows), size):
            yield begin, self._pack(rows[begin : begin + size], threads)
            self._forget_pages()

    def search_keys(
        self,
        queries: NDArray[Any],
        k: int,
        *,
        on_short: str = "error",
        threads: int | None = None,
        memory_budget: int | str | None = None,
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return canonical keys and row numbers of the `k` nearest rows of each query.

        A key does not depend on the block of rows or of queries that its pair is in, so neither does the answer.
        """
        rows = self.rows()
        look_for, columns = checked_k(k, len(rows), on_short)
        budget = parse_budget(memory_budget)
        if budget // 2 < max(self._bytes_per_row(), self._bytes_per_query(look_for)):
            raise MemoryBudgetError(
                f"memory_budget is {budget} bytes; searching {rows.shape[1]} columns for k={k} needs at least "
                f"{2 * max(self._bytes_per_row(), self._bytes_per_query(look_for))}"
            )
        step = budget // 2 // self._bytes_per_query(look_for)
        keys = np.full((len(queries), columns), np.inf)
        indices = np.full((len(queries), columns), -1, np.int64)
        for start, part in self._parts(rows, budget // 2, threads):
            for begin in range(0, len(queries), step):
                some = slice(begin, begin + step)
                found = part.search_keys(
                    queries[some], min(look_for, part.shape[0]), check_finite=False, threads=threads
                )
                if start:
                    before = (keys[some, :look_for], indices[some, :look_for])
                    found = merge_nearest([before, (found[0], np.where(found[1] < 0, -1, found[1] + start))], look_for)
                keys[some, : found[0].shape[1]], indices[some, : found[1].shape[1]] = found
        return keys, indices


def require_width(features: NDArray[Any], stored: StoredRows, name: str) -> None:
    """Refuse rows of another width than the bank's."""
    if stored.dim is not None and features.shape[-1] != stored.dim:
        raise InvalidInputError(
            f"{name} has shape {features.shape} but the bank has {stored.dim} columns; their widths must agree"
        )


def copied_rows(features: Any, threads: int | None) -> NDArray[Any]:
    """Return new checked rows of `features`, (n, d) or (N, P, d)."""
    data = as_floats(features, "features").data
    if data.ndim not in (2, 3) or data.shape[-1] == 0:
        raise InvalidInputError(
            f"features must be (rows, columns) or (images, patches, columns), at least one column; got {data.shape}"
        )
    rows = data.reshape(-1, data.shape[-1])
    _core.require_finite(rows, "features", threads_or_default(threads))
    return np.array(rows, order="C")
