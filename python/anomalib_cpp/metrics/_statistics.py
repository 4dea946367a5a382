"""Statistics of per-image scores: a box plot's images, and paired tests between models."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from typing import Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from .._arrays import locate
from .._checks import choice, flag, integer, number
from .._errors import InvalidInputError, InvalidTypeError

__all__ = [
    "compare_models_pairwise_ttest_rel",
    "compare_models_pairwise_wilcoxon",
    "format_pairwise_tests_results",
    "per_image_scores_stats",
]

ALTERNATIVES = ("two-sided", "less", "greater")

Confidences = dict[tuple[str, str], float]


def per_image_scores_stats(
    scores: Any,
    *,
    classes: Any = None,
    only_class: int | None = None,
    outliers_policy: str | None = "none",
    repeated_policy: str | None = "avoid",
    repeated_replacement_atol: float = 0.01,
) -> list[dict[str, Any]]:
    """Summarise per-image scores by a box plot, and name an image whose score stands for each of its values.

    The values are the mean, the median, both quartiles (linear interpolation), both whiskers and, where asked for,
    the outliers. A whisker ends at the last score within 1.5 interquartile ranges of its quartile [1]_, and at the
    quartile itself where that score lies inside the box. Outliers are the scores beyond the whiskers.

    Parameters
    ----------
    scores : array of real numbers, shape (n,) or (n, 1)
        One score per image, for example `AupimoResult.scores`; finite for the images that are used.
    classes : array of bool or integers, shape (n,) or (n, 1), optional
        Class of each image.
    only_class : int, optional
        Use the images of this class only. Takes effect together with `classes`; one without the other uses all.
    outliers_policy : {"none", "hi", "lo", "both"} or None, default "none"
        Which outliers are listed: none of them, those above the median, those below, or all.
    repeated_policy : {"avoid", "none"} or None, default "avoid"
        Whether a value whose nearest image stands for a lower value already takes another image.
    repeated_replacement_atol : float >= 0, default 0.01
        How far from the value that other image's score may lie, beside a relative 1e-5 of the value. Where no unused
        image is that near, the nearest one is named again.

    Returns
    -------
    list of dict
        ``stat_name`` ("mean", "med", "q1", "q3", "whislo", "whishi", "outlo_000000", ..., "outhi_000000", ...),
        ``stat_value``, ``image_idx`` (position in `scores`) and ``score`` of that image; by ascending score, then
        ascending value. Of images equally near, the first is taken.

    Raises
    ------
    InvalidInputError
        For other shapes, no image of the class, NaN or infinite scores among the images used, unknown policies, or a
        negative tolerance.
    InvalidTypeError
        For scores that are not real numbers, or classes that are not integers.

    Notes
    -----
    O(n log n + n m) time for m values, O(n) extra memory.

    References
    ----------
    .. [1] J. W. Tukey, "Exploratory Data Analysis", 1977.

    Examples
    --------
    >>> from anomalib_cpp.metrics import per_image_scores_stats
    >>> for stat in per_image_scores_stats([0.5, 0.1, 0.9, 0.7, 0.3]):
    ...     print(stat["stat_name"], round(stat["stat_value"], 3), stat["image_idx"])
    whislo 0.1 1
    q1 0.3 4
    mean 0.5 0
    med 0.5 0
    q3 0.7 3
    whishi 0.9 2
    """
    outliers = choice(outliers_policy, "outliers_policy", ("none", "hi", "lo", "both", None))
    avoid = choice(repeated_policy, "repeated_policy", ("avoid", "none", None)) == "avoid"
    atol = _tolerance(repeated_replacement_atol, "repeated_replacement_atol")
    values = _vector(scores, "scores")
    images = _images_of_class(classes, only_class, len(values))
    chosen = values[images]
    _require_finite(chosen, "scores", images)

    picks = []
    used = np.zeros(len(chosen), bool)
    for name, value in sorted(_box_plot(chosen, outliers), key=lambda stat: stat[1]):
        distance = np.abs(chosen - value)
        at = int(distance.argmin())
        if avoid and used[at]:
            free = ~used & (distance <= atol + 1e-5 * abs(value))
            at = int(np.where(free, distance, np.inf).argmin()) if free.any() else at
        used[at] = True
        picks.append({"stat_name": name, "stat_value": value, "image_idx": int(images[at]), "score": float(chosen[at])})
    return sorted(picks, key=lambda pick: pick["score"])


def _images_of_class(classes: Any, only_class: Any, n: int) -> NDArray[np.intp]:
    """Positions of the images to use."""
    if n == 0:
        raise InvalidInputError("scores is empty")
    wanted = None
    if only_class is not None:
        wanted = int(only_class) if isinstance(only_class, (bool, np.bool_)) else integer(only_class, "only_class")
    if classes is None:
        return np.arange(n)
    kinds = _column(locate(classes, "classes").data, "classes")
    if kinds.dtype.kind not in "biu":
        raise InvalidTypeError(f"classes must hold integers; got dtype {kinds.dtype}")
    if len(kinds) != n:
        raise InvalidInputError(f"classes has shape ({len(kinds)},) but scores has shape ({n},)")
    if wanted is None:
        return np.arange(n)
    images = np.flatnonzero(kinds == wanted)
    if len(images) == 0:
        raise InvalidInputError(f"only_class must occur in classes; got {wanted}")
    return images


def _box_plot(chosen: NDArray[np.float64], outliers: str | None) -> list[tuple[str, float]]:
    q1, med, q3 = (float(value) for value in np.percentile(chosen, (25, 50, 75)))
    reach = 1.5 * (q3 - q1)
    low = min(float(chosen[chosen >= q1 - reach].min()), q1)
    high = max(float(chosen[chosen <= q3 + reach].max()), q3)
    stats = [("mean", float(chosen.mean())), ("med", med), ("q1", q1), ("q3", q3), ("whislo", low), ("whishi", high)]
    for side, beyond in (("lo", chosen < low), ("hi", chosen > high)):
        if outliers in (side, "both"):
            stats += [(f"out{side}_{i:06d}", float(value)) for i, value in enumerate(chosen[beyond])]
    return stats


@overload
def compare_models_pairwise_wilcoxon(
    scores_per_model: Mapping[str, Any],
    *,
    alternative: str,
    higher_is_better: bool,
    atol: float = ...,
    return_avg_ranks: Literal[False] = ...,
) -> tuple[tuple[str, ...], Confidences]: ...


@overload
def compare_models_pairwise_wilcoxon(
    scores_per_model: Mapping[str, Any],
    *,
    alternative: str,
    higher_is_better: bool,
    atol: float = ...,
    return_avg_ranks: Literal[True],
) -> tuple[tuple[str, ...], Confidences, dict[str, float]]: ...


def compare_models_pairwise_wilcoxon(
    scores_per_model: Mapping[str, Any],
    *,
    alternative: str,
    higher_is_better: bool,
    atol: float = 1e-3,
    return_avg_ranks: bool = False,
) -> Any:
    """Compare models on the same images by the Wilcoxon signed-rank test, every ordered pair of them.

    For models ``a`` and ``b`` the test looks at the differences of the scores that the same image gets, ``a - b``; the
    confidence in the alternative is one minus its p-value.

    Parameters
    ----------
    scores_per_model : mapping of names to arrays of real numbers, shape (n,) or (n, 1)
        Per-image scores of at least two models, the images in the same order. NaN marks an image without a score; it
        must be so in all models, and the image is left out.
    alternative : {"two-sided", "less", "greater"}
        What is tested for: that ``a - b`` is distributed off zero, below it, or above it.
    higher_is_better : bool
        Decides which model ranks first on an image.
    atol : float >= 0, default 1e-3
        Differences of at most this count as none.
    return_avg_ranks : bool, default False
        Return the mean ranks as well.

    Returns
    -------
    names : tuple of str
        Models by mean rank over the images, the best (lowest) first; scores that tie on an image share their ranks'
        mean, and models that tie stay in the order of the mapping. A `collections.OrderedDict` keeps its own order.
    confidences : dict of (str, str) to float
        In [0, 1], for every ordered pair. Where no image makes a difference the p-value is 1, the confidence 0.
    mean_ranks : dict of str to float
        In [1, number of models], in the order of `names`; only with `return_avg_ranks`.

    Raises
    ------
    InvalidInputError
        For fewer than two models, other shapes, lengths or places of NaN that differ, infinities, no image left, an
        unknown alternative, or a negative tolerance.
    InvalidTypeError
        For an argument that is not a mapping, or scores that are not real numbers.
    ImportError
        If SciPy is missing.

    Notes
    -----
    The p-values are those of `scipy.stats.wilcoxon` with its defaults: differences of zero are dropped; without them
    and without ties small samples are exact. How SciPy treats ties of a small sample depends on its version.
    O(k^2 n log n) time for k models.

    References
    ----------
    F. Wilcoxon, "Individual Comparisons by Ranking Methods", Biometrics Bulletin 1, 1945.

    J. Demšar, "Statistical Comparisons of Classifiers over Multiple Data Sets", Journal of Machine Learning Research
    7, 2006.

    Examples
    --------
    >>> from anomalib_cpp.metrics import compare_models_pairwise_wilcoxon
    >>> scores = {"small": [0.5, 0.6, 0.7, 0.4, 0.8], "large": [0.6, 0.8, 0.75, 0.55, 0.83]}
    >>> names, confidences = compare_models_pairwise_wilcoxon(scores, alternative="greater", higher_is_better=True)
    >>> names
    ('large', 'small')
    >>> round(confidences["large", "small"], 5)  # five of five differences above zero: 1 - 1 / 2**5
    0.96875
    """
    given = _comparison(scores_per_model, alternative, higher_is_better)
    smallest = _tolerance(atol, "atol")
    with_ranks = flag(return_avg_ranks, "return_avg_ranks")
    stats = _scipy_stats()
    ranks = stats.rankdata(-given.table if given.descending else given.table, axis=0).mean(axis=1)
    names = given.ordered(ranks)

    def p_value(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
        difference = a - b
        difference[np.abs(difference) <= smallest] = 0
        return float(stats.wilcoxon(difference, alternative=alternative).pvalue) if difference.any() else 1.0

    confidences = given.confidences(names, p_value)
    if not with_ranks:
        return names, confidences
    mean_ranks = dict(zip(given.names, ranks.tolist(), strict=True))
    return names, confidences, {name: mean_ranks[name] for name in names}


def compare_models_pairwise_ttest_rel(
    scores_per_model: Mapping[str, Any], *, alternative: str, higher_is_better: bool
) -> tuple[tuple[str, ...], Confidences]:
    """Compare models on the same images by the paired t test, every ordered pair of them.

    The test supposes that the differences of the scores that the same image gets are normally distributed; scores with
    an upper bound that many images reach are not, see :func:`compare_models_pairwise_wilcoxon`.

    Parameters
    ----------
    scores_per_model : mapping of names to arrays of real numbers, shape (n,) or (n, 1)
        As in :func:`compare_models_pairwise_wilcoxon`; at least two images must be left.
    alternative : {"two-sided", "less", "greater"}
        What is tested for, for models ``a`` and ``b``: that the mean of ``a - b`` is not zero, below it, or above it.
    higher_is_better : bool
        Decides which end of the mean scores comes first.

    Returns
    -------
    names : tuple of str
        Models by mean score, the best first; models that tie stay in the order of the mapping. A
        `collections.OrderedDict` keeps its own order.
    confidences : dict of (str, str) to float
        One minus the p-value, in [0, 1], for every ordered pair. Where all differences are zero the p-value is 1, the
        confidence 0.

    Raises
    ------
    InvalidInputError, InvalidTypeError, ImportError
        As in :func:`compare_models_pairwise_wilcoxon`, and for a single image.

    Notes
    -----
    The p-values are those of `scipy.stats.ttest_rel`, which warns where the differences hardly vary. O(k^2 n) time for
    k models.

    Examples
    --------
    >>> from anomalib_cpp.metrics import compare_models_pairwise_ttest_rel
    >>> scores = {"small": [0.5, 0.6, 0.7, 0.4], "large": [0.6, 0.8, 0.8, 0.4]}
    >>> names, confidences = compare_models_pairwise_ttest_rel(scores, alternative="greater", higher_is_better=True)
    >>> names
    ('large', 'small')
    >>> round(confidences["large", "small"], 3)
    0.954
    """
    given = _comparison(scores_per_model, alternative, higher_is_better)
    if given.table.shape[1] < 2:
        raise InvalidInputError("scores_per_model must hold at least two images that have scores; got 1")
    stats = _scipy_stats()

    def p_value(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
        return 1.0 if np.array_equal(a, b) else float(stats.ttest_rel(a, b, alternative=alternative).pvalue)

    means = given.table.mean(axis=1)
    names = given.ordered(-means if given.descending else means)
    return names, given.confidences(names, p_value)


def format_pairwise_tests_results(
    names: Sequence[str], confidences: Mapping[tuple[str, str], float]
) -> NDArray[np.float64]:
    """Arrange the confidences of pairwise tests as a square table.

    Parameters
    ----------
    names : sequence of str, length k
        Order of the rows and of the columns.
    confidences : mapping of (str, str) to float
        For every ordered pair of different names, as :func:`compare_models_pairwise_wilcoxon` returns it.

    Returns
    -------
    array of float64, shape (k, k)
        Row ``i``, column ``j``: confidence of ``(names[i], names[j])``. NaN on the diagonal.

    Raises
    ------
    InvalidInputError
        If a pair is missing.

    Notes
    -----
    O(k^2) time.

    Examples
    --------
    >>> from anomalib_cpp.metrics import format_pairwise_tests_results
    >>> format_pairwise_tests_results(["a", "b"], {("a", "b"): 0.9, ("b", "a"): 0.1}).tolist()
    [[nan, 0.9], [0.1, nan]]
    """
    table = np.full((len(names), len(names)), np.nan)
    for (i, row), (j, column) in permutations(enumerate(names), 2):
        if (row, column) not in confidences:
            raise InvalidInputError(f"confidences must hold every pair of names; got none for {(row, column)!r}")
        table[i, j] = confidences[row, column]
    return table


class _Comparison(NamedTuple):
    """Models on the images that have scores."""

    names: tuple[str, ...]
    table: NDArray[np.float64]  # models x images
    descending: bool
    keep_order: bool

    def ordered(self, keys: NDArray[np.float64]) -> tuple[str, ...]:
        if self.keep_order:
            return self.names
        return tuple(self.names[i] for i in np.argsort(keys, kind="stable"))

    def confidences(self, names: tuple[str, ...], p_value: Callable[..., float]) -> Confidences:
        rows = dict(zip(self.names, self.table, strict=True))
        return {(a, b): 1.0 - p_value(rows[a], rows[b]) for a, b in permutations(names, 2)}


def _comparison(scores_per_model: Any, alternative: str, higher_is_better: bool) -> _Comparison:
    """Check what both tests take."""
    if not isinstance(scores_per_model, Mapping):
        raise InvalidTypeError(
            f"scores_per_model must be a mapping of names to scores; got {type(scores_per_model).__name__}"
        )
    choice(alternative, "alternative", ALTERNATIVES)
    descending = flag(higher_is_better, "higher_is_better")
    if len(scores_per_model) < 2:
        raise InvalidInputError(f"scores_per_model must hold at least two models; got {len(scores_per_model)}")
    names = tuple(scores_per_model)
    rows = [_vector(scores_per_model[name], _entry(name)) for name in names]
    for name, row in zip(names[1:], rows[1:], strict=True):
        if len(row) != len(rows[0]):
            raise InvalidInputError(
                f"{_entry(name)} has shape ({len(row)},) but {_entry(names[0])} has shape ({len(rows[0])},)"
            )
        differ = np.flatnonzero(np.isnan(row) != np.isnan(rows[0]))
        if len(differ):
            raise InvalidInputError(
                f"{_entry(name)} and {_entry(names[0])} must have NaN for the same images; "
                f"got one of them only at index ({differ[0]},)"
            )
    images = np.flatnonzero(~np.isnan(rows[0]))
    if len(images) == 0:
        raise InvalidInputError("scores_per_model must hold at least one image that has scores; got none")
    table = np.stack(rows)[:, images]
    for name, row in zip(names, table, strict=True):
        _require_finite(row, _entry(name), images)
    return _Comparison(names, table, descending, isinstance(scores_per_model, OrderedDict))


def _entry(name: Any) -> str:
    return f"scores_per_model[{name!r}]"


def _vector(value: Any, name: str) -> NDArray[np.float64]:
    """One number per image."""
    return _column(locate(value, name).data, name).astype(np.float64)


def _column(data: NDArray[Any], name: str) -> NDArray[Any]:
    if data.ndim == 1 or (data.ndim == 2 and data.shape[1] == 1):
        return data.reshape(-1)
    raise InvalidInputError(f"{name} must have shape (n,) or (n, 1), one value for each image; got {data.shape}")


def _require_finite(values: NDArray[np.float64], name: str, images: NDArray[np.intp]) -> None:
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise InvalidInputError(
            f"{name} must be finite for the images that are used; got {values[bad[0]]} at index ({images[bad[0]]},)"
        )


def _tolerance(value: Any, name: str) -> float:
    result = number(value, name)
    if not result >= 0:
        raise InvalidInputError(f"{name} must be at least 0; got {value!r}")
    return result


def _scipy_stats() -> Any:
    try:
        from scipy import stats
    except ImportError as error:
        raise ModuleNotFoundError(
            "comparisons of models need the package SciPy: pip install scipy", name="scipy"
        ) from error
    return stats
