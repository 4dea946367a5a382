"""How a bank is kept: as a file, as a FAISS index, as the state that other processes receive."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import _core, io
from .._config import threads_or_default
from .._errors import FormatError, InvalidInputError, InvalidTypeError
from .bank_settings import BankSettings
from .faiss_index import flat_index, read_flat_file, rows_of_index
from .stored_rows import StoredRows, copied_rows

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["KeptBank"]


class KeptBank:
    """The part of :class:`PatchMemoryBank` that writes and reads banks."""

    def __init__(self, **settings: Any) -> None:
        self._settings = BankSettings(**settings)
        self._stored = StoredRows((), self._settings.metric)
        self._changing = threading.Lock()
        self._source: tuple[str, str] | None = None  # path and checksum of mapped rows

    def _replace(self, batches: tuple[NDArray[Any], ...]) -> None:
        for batch in batches:
            batch.flags.writeable = False
        self._stored = StoredRows(batches, self._settings.metric)
        self._source = None

    def _filled(self, features: Any, threads: int | None = None) -> Self:
        batch = copied_rows(features, threads)
        if batch.shape[0] == 0:
            raise InvalidInputError(f"features must have at least one row; got shape {batch.shape}")
        with self._changing:
            self._replace((batch,))
        return self

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        overwrite: bool = True,
        follow_symlinks: bool = False,
        threads: int | None = None,
    ) -> None:
        """Write rows and settings to a safetensors file with a checksum, all of it or nothing.

        Parameters
        ----------
        path : path
            Where to write; ``.safetensors`` by convention.
        overwrite, follow_symlinks, threads
            As for :func:`anomalib_cpp.io.save`.

        Raises
        ------
        ValueError
            If the bank is empty.
        FileExistsError
            With ``overwrite=False``.

        Examples
        --------
        >>> import numpy as np, tempfile, pathlib
        >>> from anomalib_cpp.bank import PatchMemoryBank
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "bank.safetensors"
        >>> PatchMemoryBank(n_neighbors=3).fit(np.eye(4)).save(path)
        >>> PatchMemoryBank.load(path).n_neighbors
        3
        """
        io.save(
            path,
            {"bank": self._stored.rows()},
            kind="PatchMemoryBank",
            config=asdict(self._settings),
            overwrite=overwrite,
            follow_symlinks=follow_symlinks,
            threads=threads,
        )

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        mmap: bool = False,
        verify: bool = True,
        max_bytes: int | None = None,
        threads: int | None = None,
    ) -> Self:
        """Read a bank written by :meth:`save`. The file may be hostile: the worst outcome is an error.

        Parameters
        ----------
        path : path
            The file.
        mmap : bool, default False
            Leave the rows in the file. A bank larger than the memory budget is then searched in blocks read from it,
            with the same answers. The file must not change meanwhile.
        verify : bool, default True
            Compare the rows with their checksum and look for NaN and infinity; this reads the whole file. Without it,
            mapped rows are looked at when they are searched.
        max_bytes : int, optional
            Refuse files with more data than this.
        threads : int, optional
            Upper bound of the threads to use.

        Returns
        -------
        PatchMemoryBank
            With the settings it was saved with.

        Raises
        ------
        FormatError, ChecksumError
            Naming what is wrong with the file.
        OSError
            If it cannot be opened.

        Examples
        --------
        >>> import numpy as np, tempfile, pathlib
        >>> from anomalib_cpp.bank import PatchMemoryBank
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "bank.safetensors"
        >>> PatchMemoryBank().fit(np.eye(4)).save(path)
        >>> bank = PatchMemoryBank.load(path, mmap=True)  # searched from its file
        >>> len(bank), bank.nbytes
        (4, 0)
        """
        content = io.load(path, kind="PatchMemoryBank", mmap=mmap, verify=verify, max_bytes=max_bytes, threads=threads)
        if list(content.tensors) != ["bank"]:
            raise FormatError(f"a bank file holds one tensor, 'bank'; got {ascii(list(content.tensors))[:80]}")
        rows = content.tensors["bank"]
        try:
            bank = cls.from_state({"settings": content.config, "rows": None})
            _check_rows(rows)
            if verify or not mmap:
                _core.require_finite(rows, "bank", threads_or_default(threads))
        except (InvalidInputError, InvalidTypeError) as error:
            raise FormatError(f"not a valid bank file: {error}") from None
        bank._stored = StoredRows((rows,), bank._settings.metric, mapped=mmap, checked=verify or not mmap)
        if mmap:
            bank._stored.forget_pages()
            bank._source = (str(Path(path).absolute()), content.checksum)
        return bank

    def to_faiss(self) -> Any:
        """Return a FAISS index with the rows.

        Returns
        -------
        faiss.IndexFlatL2 or faiss.IndexFlatIP
            For Euclidean metrics and for ``"inner_product"``. Its L2 distances are squared.

        Raises
        ------
        ValueError
            If the bank is empty or has a cosine metric.
        ImportError
            If FAISS is not installed.
        """
        return flat_index(self._stored.rows(), self._settings.metric)

    @classmethod
    def from_faiss(cls, index: Any, **settings: Any) -> Self:
        """Make a bank of the vectors in a FAISS index.

        Parameters
        ----------
        index : faiss.Index
            Any index that can reconstruct its vectors. Compressed ones give what they reconstruct, with a warning.
        **settings
            As for the constructor. Without `metric`, an L2 index gives ``"euclidean"``, an inner-product index
            ``"inner_product"`` with ``image_score="max"``.

        Returns
        -------
        PatchMemoryBank
            With its own rows.

        Raises
        ------
        ValueError
            If the index is empty or cannot reconstruct its vectors.
        TypeError
            If it is not a FAISS index.
        """
        return cls._of_faiss(*rows_of_index(index), settings)

    @classmethod
    def from_faiss_file(cls, path: str | os.PathLike[str], **settings: Any) -> Self:
        """Read a flat index file, as patchcore-inspection writes (``*nnscorer_search_index.faiss``).

        Its header is checked before anything is allocated, and only flat indexes are accepted. The rows are read
        through FAISS where it is installed, directly otherwise.

        Parameters
        ----------
        path : path
            The file.
        **settings
            As for :meth:`from_faiss`. For patchcore-inspection's scores: ``squared=True, image_score="max"``.

        Returns
        -------
        PatchMemoryBank
            With its own rows.

        Raises
        ------
        FormatError
            If the file is not a valid flat index.
        OSError
            If it cannot be opened.
        """
        metric, rows = read_flat_file(path)
        try:
            return cls._of_faiss(metric, rows, settings)
        except InvalidInputError as error:
            raise FormatError(f"not a valid bank: {error}") from None

    @classmethod
    def _of_faiss(cls, metric: str, rows: NDArray[Any], settings: dict[str, Any]) -> Self:
        if "metric" not in settings:
            settings = {"metric": metric, **({"image_score": "max"} if metric == "inner_product" else {}), **settings}
        return cls(**settings)._filled(rows)

    def state(self) -> dict[str, Any]:
        """Return settings and rows, all that :meth:`from_state` needs.

        Returns
        -------
        dict
            ``settings`` (dict) and ``rows`` (array, or None for an empty bank), both copies or read-only.
        """
        return {"settings": asdict(self._settings), "rows": self._stored.rows() if len(self._stored) else None}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Make a bank of what :meth:`state` returned, checked as the constructor and :meth:`fit` check.

        Parameters
        ----------
        state : mapping
            ``settings`` and ``rows``.

        Returns
        -------
        PatchMemoryBank
            An equal bank with its own rows.

        Raises
        ------
        ValueError, TypeError
            For unknown keys, and settings or rows out of range.

        Examples
        --------
        >>> import numpy as np
        >>> from anomalib_cpp.bank import PatchMemoryBank
        >>> bank = PatchMemoryBank(n_neighbors=3).fit(np.eye(4))
        >>> len(PatchMemoryBank.from_state(bank.state()))
        4
        """
        if not isinstance(state, Mapping):
            raise InvalidTypeError(f"state must be a mapping; got {type(state).__name__}")
        if set(state) != {"settings", "rows"}:
            raise InvalidInputError(f"state must have the keys 'settings' and 'rows'; got {sorted(map(str, state))}")
        bank = cls(**asdict(BankSettings.of(state["settings"])))
        return bank if state["rows"] is None else bank._filled(state["rows"])

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to other processes as a checked state; mapped rows as the name of their file."""
        if self._source is not None:
            return _reopen, (type(self), *self._source)
        return _rebuild, (type(self), self.state())


def _rebuild(cls: type[KeptBank], state: dict[str, Any]) -> KeptBank:
    return cls.from_state(state)


def _reopen(cls: type[KeptBank], path: str, checksum: str) -> KeptBank:
    bank = cls.load(path, mmap=True, verify=False)
    if bank._source != (path, checksum):
        raise FormatError(f"{path!r} has changed since the bank was loaded from it")
    return bank


def _check_rows(rows: NDArray[Any]) -> None:
    if rows.dtype not in (np.float32, np.float64) or rows.ndim != 2 or 0 in rows.shape:
        raise InvalidInputError(
            f"bank must be 2-D float32 or float64 with rows and columns; got {rows.dtype} of shape {rows.shape}"
        )
