"""The patch memory bank: normal patch embeddings, kept ready for exact search, and the anomaly scores they give."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._arrays import as_float_rows, as_floats, locate
from .._checks import flag
from .._config import threads_or_default
from .._errors import InvalidInputError, InvalidTypeError, NotFittedError
from .bank_settings import Aggregation, ImageScore
from .coresets import coreset
from .image_scores import aggregate, reweighted, top_fraction_mean
from .kept_bank import KeptBank
from .search import Metric, OnShort, finish, result_dtype
from .stored_rows import StoredRows, copied_rows, require_width

__all__ = ["BankScores", "PatchMemoryBank"]


@dataclass(frozen=True)
class BankScores:
    """Anomaly scores of a batch of images; larger is more anomalous.

    Attributes
    ----------
    image_scores : array of float64, shape (N,)
        One score per image.
    patch_scores : array of float32 (float64 for float64 features or rows), shape (N, P)
        One score per patch.
    indices : array of int64, shape (N, P)
        The bank row nearest to each patch.
    """

    image_scores: Any
    patch_scores: Any
    indices: Any


class PatchMemoryBank(KeptBank):
    """Normal patch embeddings, and the exact distances of new patches to them.

    The memory of PatchCore [1]_ and of the methods that followed it: `fit` stores the patches of normal images,
    `subsample` thins them to a coreset, `score` compares the patches of new images with their nearest rows. The rows
    are packed for the search once; a search then packs only the queries. Distances are those of
    :func:`anomalib_cpp.bank.knn`: one value per pair of rows, the same bits for any batch, thread count and budget.

    Parameters
    ----------
    metric : {"euclidean", "sqeuclidean", "cosine", "half_cosine", "inner_product"}, default "euclidean"
        Distance between patches. With ``"inner_product"``, a similarity, the score of a patch is its negative.
    n_neighbors : int, default 9
        Bank rows that the reweighting of the image score looks at; 1 turns it off.
    image_score : {"anomalib", "paper_query", "max", "top_fraction"}, default "anomalib"
        How the patch scores of an image become its score. ``"anomalib"``: the largest one, times ``1 - softmax`` weight
        of its nearest bank row among the `n_neighbors` bank rows around that row; ``"paper_query"``: the same with the
        rows around the patch itself; both need a Euclidean metric. ``"max"``: the largest one
        (patchcore-inspection). ``"top_fraction"``: the mean of the largest ``max(int(top_fraction * P), 1)``
        (AnomalyDINO).
    patch_neighbors : int, default 1
        Bank rows whose distances make up the score of a patch.
    agg : {"mean", "max", "median", "rms"}, default "mean"
        How they do; ``"max"`` is the distance to the farthest of them, ``"rms"`` the root of the mean square.
    squared : bool, default False
        Square Euclidean distances before `agg`, as patchcore-inspection does.
    top_fraction : float, default 0.01
        In (0, 1]; used by ``image_score="top_fraction"``.

    Raises
    ------
    ValueError, TypeError
        For a setting outside its range, naming it.

    Notes
    -----
    Searches and scores may run in many threads at once, also while another thread changes the bank: each sees the
    rows from before or after the change. Changes wait for each other.

    References
    ----------
    .. [1] K. Roth et al., "Towards Total Recall in Industrial Anomaly Detection", CVPR 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.bank import PatchMemoryBank
    >>> normal = np.array([[0, 0], [1, 0], [0, 1], [3, 3], [5, 0]], dtype=np.float32)
    >>> bank = PatchMemoryBank(n_neighbors=3).fit(normal)
    >>> patches = np.array([[[0, 0], [4, 2], [2.5, 2.5]]], dtype=np.float32)  # one image of three patches
    >>> scores = bank.score(patches)
    >>> scores.indices.tolist(), scores.image_scores.round(4).tolist()
    ([[0, 3, 3]], [1.3576])
    """

    def __init__(
        self,
        *,
        metric: Metric = "euclidean",
        n_neighbors: int = 9,
        image_score: ImageScore = "anomalib",
        patch_neighbors: int = 1,
        agg: Aggregation = "mean",
        squared: bool = False,
        top_fraction: float = 0.01,
    ) -> None:
        super().__init__(
            metric=metric,
            n_neighbors=n_neighbors,
            image_score=image_score,
            patch_neighbors=patch_neighbors,
            agg=agg,
            squared=squared,
            top_fraction=top_fraction,
        )

    metric = property(lambda self: self._settings.metric, doc="Distance between patches.")
    n_neighbors = property(lambda self: self._settings.n_neighbors, doc="Rows that the reweighting looks at.")
    image_score = property(lambda self: self._settings.image_score, doc="How an image's score is made.")
    patch_neighbors = property(lambda self: self._settings.patch_neighbors, doc="Rows behind a patch's score.")
    agg = property(lambda self: self._settings.agg, doc="How their distances are combined.")
    squared = property(lambda self: self._settings.squared, doc="Whether distances are squared first.")
    top_fraction = property(lambda self: self._settings.top_fraction, doc="Share of patches in 'top_fraction'.")

    @property
    def settings(self) -> dict[str, Any]:
        """The constructor's arguments, by name."""
        return asdict(self._settings)

    @property
    def rows(self) -> NDArray[Any]:
        """The stored rows, shape (len(bank), dim), read-only."""
        view = self._stored.rows().view()
        view.flags.writeable = False
        return view

    @property
    def dim(self) -> int | None:
        """Width of the rows; None while the bank is empty."""
        return self._stored.dim

    @property
    def nbytes(self) -> int:
        """Bytes of memory held by rows (not if they are mapped from a file) and their packed codes."""
        return self._stored.nbytes

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._stored)

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self.settings.items())
        stored = self._stored
        content = f"{len(stored)} rows x {stored.dim}, {stored.dtype}" if len(stored) else "empty"
        return f"<PatchMemoryBank({settings}): {content}{', mapped' if stored.mapped else ''}>"

    # Changing the bank. Each method prepares new StoredRows and swaps them in at its end, so that a failure or Ctrl-C
    # leaves the bank as it was.

    def fit(self, features: Any, *, threads: int | None = None) -> PatchMemoryBank:
        """Replace the content by `features`.

        Parameters
        ----------
        features : array of float16, bfloat16, float32 or float64, shape (n, d) or (N, P, d)
            Patch embeddings of normal images. Copied; half precision is widened to float32, exactly.
        threads : int, optional
            Upper bound of the threads to use.

        Returns
        -------
        PatchMemoryBank
            The bank itself.

        Raises
        ------
        ValueError
            For no rows, or NaN or infinity (with the position).

        Examples
        --------
        >>> import numpy as np
        >>> from anomalib_cpp.bank import PatchMemoryBank
        >>> len(PatchMemoryBank().fit(np.ones((2, 5, 3), dtype=np.float32)))  # two images of five patches
        10
        """
        return self._filled(features, threads)

    def partial_fit(self, features: Any, *, threads: int | None = None) -> PatchMemoryBank:
        """Add `features` to the content.

        Parameters
        ----------
        features : array of float16, bfloat16, float32 or float64, shape (n, d) or (N, P, d)
            As for :meth:`fit`, of the bank's width; may have no rows. A float64 bank widens what is added; float64
            rows are not added to a float32 bank, because they would be rounded.
        threads : int, optional
            Upper bound of the threads to use.

        Returns
        -------
        PatchMemoryBank
            The bank itself.

        Notes
        -----
        Joining and packing wait for the next search, so adding many batches costs one copy altogether.

        Examples
        --------
        >>> import numpy as np
        >>> from anomalib_cpp.bank import PatchMemoryBank
        >>> bank = PatchMemoryBank().partial_fit(np.zeros((2, 3))).partial_fit(np.ones((4, 3)))
        >>> len(bank), bank.dim
        (6, 3)
        """
        batch = copied_rows(features, threads)
        with self._changing:
            self._append(batch, "features")
        return self

    def _append(self, batch: NDArray[Any], name: str) -> None:
        stored = self._stored
        require_width(batch, stored, name)
        if batch.shape[0] == 0:
            return
        if stored.dtype == np.float32 and batch.dtype == np.float64:
            raise InvalidTypeError(f"{name} is float64 but the bank holds float32 rows; convert one of them")
        before = (np.array(stored.rows()),) if stored.mapped else stored.batches
        self._replace((*before, batch.astype(stored.dtype or batch.dtype, copy=False)))

    def subsample(
        self, *, size: int | None = None, ratio: float | None = None, threads: int | None = None, **options: Any
    ) -> PatchMemoryBank:
        """Keep a coreset of the rows: as few as asked for, so chosen that every row has one of them nearby.

        Parameters
        ----------
        size : int, optional
            Rows to keep.
        ratio : float, optional
            Or the share of rows to keep, in (0, 1].
        threads : int, optional
            Upper bound of the threads to use.
        **options
            Further options of :func:`anomalib_cpp.bank.coreset`: `variant`, `projection`, `start`, `on_duplicate`,
            `random_state`, `progress`.

        Returns
        -------
        PatchMemoryBank
            The bank itself. Its rows are in the order in which they were picked.

        Examples
        --------
        >>> import numpy as np
        >>> from anomalib_cpp.bank import PatchMemoryBank
        >>> line = np.arange(100, dtype=np.float32)[:, None]
        >>> PatchMemoryBank().fit(line).subsample(size=3, start=0).rows.ravel().tolist()
        [0.0, 99.0, 49.0]
        """
        with self._changing:
            rows = self._stored.rows()
            picked = coreset(rows, size=size, ratio=ratio, threads=threads, **options).indices
            self._replace((np.ascontiguousarray(rows[picked]),))
        return self

    def merge(self, other: PatchMemoryBank) -> PatchMemoryBank:
        """Add the rows of another bank of the same settings.

        Parameters
        ----------
        other : PatchMemoryBank
            Left as it is.

        Returns
        -------
        PatchMemoryBank
            The bank itself.

        Raises
        ------
        ValueError
            For different settings or widths.

        Examples
        --------
        >>> import numpy as np
        >>> from anomalib_cpp.bank import PatchMemoryBank
        >>> first, second = PatchMemoryBank().fit(np.zeros((2, 3))), PatchMemoryBank().fit(np.ones((4, 3)))
        >>> len(first.merge(second))
        6
        """
        if not isinstance(other, PatchMemoryBank):
            raise InvalidTypeError(f"other must be a PatchMemoryBank; got {type(other).__name__}")
        for name, value in self.settings.items():
            if other.settings[name] != value:
                raise InvalidInputError(
                    f"other has {name}={other.settings[name]!r} but this bank has {name}={value!r}; they must agree"
                )
        theirs = other._stored
        if len(theirs):
            batch = np.array(theirs.rows()) if theirs.mapped else theirs.rows()
            with self._changing:
                self._append(batch, "other")
        return self

    # Asking the bank. Each method takes the StoredRows once and works on them to its end.

    def search(
        self,
        queries: Any,
        k: int = 1,
        *,
        on_short: OnShort = "error",
        check_finite: bool = True,
        threads: int | None = None,
        memory_budget: int | str | None = None,
    ) -> tuple[Any, Any]:
        """Find the `k` nearest rows of every query, exactly, as :func:`anomalib_cpp.bank.knn` does.

        Parameters
        ----------
        queries : array of float16, bfloat16, float32 or float64, shape (n, d)
            Rows to look up.
        k : int, default 1
            Neighbours per query.
        on_short : {"error", "pad", "clip"}, default "error"
            What to do when `k` exceeds ``len(bank)``: refuse; fill with index -1 and distance inf; or return fewer.
        check_finite : bool, default True
            Refuse NaN and infinity in `queries`.
        threads : int, optional
            Upper bound of the threads to use.
        memory_budget : int or str, optional
            If the packed codes do not fit, the rows are searched in blocks; the answer is the same.

        Returns
        -------
        distances : array of float32 (float64 if either side is), shape (n, k)
            Ascending (descending for ``"inner_product"``).
        indices : array of int64, shape (n, k)
            Row numbers; equal distances in their order.

        Raises
        ------
        ValueError
            For an empty bank, another width, `k` out of range, NaN or infinity.

        Examples
        --------
        >>> import numpy as np
        >>> from anomalib_cpp.bank import PatchMemoryBank
        >>> bank = PatchMemoryBank().fit(np.array([[0.0], [1.0], [3.0]]))
        >>> distances, indices = bank.search(np.array([[2.5]]), k=2)
        >>> distances.tolist(), indices.tolist()
        ([[0.5, 1.5]], [[2, 1]])
        """
        place = as_float_rows(queries, "queries")
        stored = self._ready(place.data, "queries", check_finite, threads)
        keys, indices = stored.search_keys(
            place.data, k, on_short=on_short, threads=threads, memory_budget=memory_budget
        )
        distances = finish(keys, self.metric, result_dtype(place.data, stored.rows()))
        return place.like_input(distances), place.like_input(indices)

    def score(
        self,
        features: Any,
        *,
        patch_mask: Any = None,
        check_finite: bool = True,
        threads: int | None = None,
        memory_budget: int | str | None = None,
    ) -> BankScores:
        """Score images by how far their patches are from the bank.

        Parameters
        ----------
        features : array of float16, bfloat16, float32 or float64, shape (N, P, d)
            Patches of N images, for example of :func:`anomalib_cpp.bank.patch_embeddings`.
        patch_mask : array of bool, shape (N, P), optional
            Patches to look at; the others get the score 0, as AnomalyDINO does with the background.
        check_finite : bool, default True
            Refuse NaN and infinity in `features`.
        threads : int, optional
            Upper bound of the threads to use.
        memory_budget : int or str, optional
            If the packed codes do not fit, the rows are searched in blocks; the answer is the same.

        Returns
        -------
        BankScores
            `image_scores` (N,), `patch_scores` (N, P) and `indices` (N, P), of the array type of `features`.

        Raises
        ------
        ValueError
            For an empty bank, another width, fewer rows than `patch_neighbors`, no patches, NaN or infinity.

        Notes
        -----
        One search of N P queries, and for the reweighted image scores one more of N queries. The largest patch score
        is that before rounding to float32, the lowest patch among equals. A bank of one row gives the reweighted score
        0, because the weight compares its rows with each other.

        Examples
        --------
        >>> import numpy as np
        >>> from anomalib_cpp.bank import PatchMemoryBank
        >>> bank = PatchMemoryBank(image_score="max").fit(np.array([[0.0], [1.0], [3.0]]))
        >>> scores = bank.score(np.array([[[0.0], [2.5]], [[1.0], [9.0]]]))  # two images of two patches
        >>> scores.image_scores.tolist(), scores.patch_scores.tolist()
        ([0.5, 6.0], [[0.0, 0.5], [0.0, 6.0]])
        """
        place = as_floats(features, "features")
        if place.data.ndim != 3 or 0 in place.data.shape[1:]:
            raise InvalidInputError(
                f"features must be 3-D (images, patches, columns), none of the last two 0; got {place.data.shape}"
            )
        images, patches, width = place.data.shape
        queries = place.data.reshape(-1, width)
        mask = None if patch_mask is None else _mask(patch_mask, (images, patches))
        stored = self._ready(queries, "features", check_finite, threads)
        if self.patch_neighbors > len(stored):
            raise InvalidInputError(f"patch_neighbors is {self.patch_neighbors} but the bank has {len(stored)} rows")
        keys, indices = stored.search_keys(queries, self.patch_neighbors, threads=threads, memory_budget=memory_budget)
        distances = keys if self.squared or self.metric == "inner_product" else finish(keys, self.metric, np.float64)
        scores = aggregate(distances, self.agg).reshape(images, patches)
        nearest = indices[:, 0].reshape(images, patches)
        if mask is not None:
            scores = np.where(mask, scores, 0.0)
        if self.image_score == "max":
            image_scores = scores.max(axis=1)
        elif self.image_score == "top_fraction":
            image_scores = top_fraction_mean(scores, self.top_fraction)
        else:
            image_scores = reweighted(
                self.image_score, place.data, scores, nearest, stored, self.n_neighbors, threads, memory_budget
            )
        with np.errstate(over="ignore"):  # a score above the largest float32 is inf there
            patch_scores = scores.astype(result_dtype(queries, stored.rows()))
        return BankScores(*map(place.like_input, (image_scores, patch_scores, np.ascontiguousarray(nearest))))

    def _ready(self, queries: NDArray[Any], name: str, check_finite: bool, threads: int | None) -> StoredRows:
        stored = self._stored
        if len(stored) == 0:
            raise NotFittedError("memory bank is empty")
        require_width(queries, stored, name)
        if flag(check_finite, "check_finite"):
            _core.require_finite(queries, name, threads_or_default(threads))
        return stored


def _mask(patch_mask: Any, shape: tuple[int, int]) -> NDArray[np.bool_]:
    mask = locate(patch_mask, "patch_mask").data
    if mask.dtype != np.bool_:
        raise InvalidTypeError(f"patch_mask must be boolean; got dtype {mask.dtype}")
    if mask.shape != shape:
        raise InvalidInputError(f"patch_mask has shape {mask.shape} but features has {shape} images and patches")
    return mask
