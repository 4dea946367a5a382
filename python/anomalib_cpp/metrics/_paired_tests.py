"""Paired tests between models, on the scores of the same images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from .._checks import flag
from .._errors import InvalidInputError
from ._per_image import Confidences, read_comparison, read_tolerance

__all__ = [
    "compare_models_pairwise_ttest_rel",
    "compare_models_pairwise_wilcoxon",
    "format_pairwise_tests_results",
]


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
    given = read_comparison(scores_per_model, alternative, higher_is_better)
    smallest = read_tolerance(atol, "atol")
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
    given = read_comparison(scores_per_model, alternative, higher_is_better)
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


def _scipy_stats() -> Any:
    try:
        from scipy import stats
    except ImportError as error:
        raise ModuleNotFoundError(
            "comparisons of models need the package SciPy: pip install scipy", name="scipy"
        ) from error
    return stats
