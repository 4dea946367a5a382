"""The rows of a bank at one moment: they never change, so any number of threads may search them without a lock."""

from __future__ import annotations

import mmap
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._arrays import as_floats
from .._config import parse_budget, threads_or_default
from .._errors import InvalidInputError, NotFittedError
from .search import PackedRows

__all__ = ["StoredRows", "copied_rows", "require_width"]


class StoredRows:
    """Batches of rows, joined and packed when they are first searched.

    A bank that is added to makes a new `StoredRows` of the old batches and the new one; searches that still run keep
    the old. `mapped` rows lie in a file, and `checked` says that they are known to be finite.
    """

    def __init__(
        self, batches: tuple[NDArray[Any], ...], metric: str, *, mapped: bool = False, checked: bool = True
    ) -> None:
        self.metric = metric
        self.mapped = mapped
        self._checked = checked
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

    def forget_pages(self) -> None:
        """Let the system take back the memory of mapped rows that have been read."""
        base = self._batches[0].base
        if isinstance(base, mmap.mmap) and hasattr(base, "madvise"):
            base.madvise(mmap.MADV_DONTNEED)

    def _pack(self, rows: NDArray[Any], keep_codes: bool, threads: int | None) -> PackedRows:
        return PackedRows(
            rows, metric=self.metric, keep_codes=keep_codes, check_finite=not self._checked, threads=threads
        )

    def _kept(self, rows: NDArray[Any], budget: int, threads: int | None) -> PackedRows | None:
        """Rows with their codes, made once; None while they do not fit half of a budget."""
        if self._packed is None and len(rows) * _core.code_row_bytes(rows.shape[1]) <= budget // 2:
            with self._preparing:
                if self._packed is None:
                    self._packed = self._pack(rows, True, threads)
                    self.forget_pages()
        return self._packed

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

        Without codes that fit the budget, blocks of rows are encoded, scanned and dropped. A key does not depend on the
        block of rows or of queries that its pair is in, so neither does the answer.
        """
        rows = self.rows()
        budget = parse_budget(memory_budget)
        packed = self._kept(rows, budget, threads) or self._pack(rows, False, threads)
        found = packed.search_keys(
            queries, k, on_short=on_short, memory_budget=budget, check_finite=False, threads=threads
        )
        if packed is not self._packed:
            self.forget_pages()
        return found


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
    converted = isinstance(features, np.ndarray) and not np.may_share_memory(rows, features)
    return np.ascontiguousarray(rows) if converted else np.array(rows, order="C")
