"""aupimo's functions and result objects by their own names and argument order, computed by our exact counts.

Replace ``import aupimo`` by ``from anomalib_cpp import aupimo``; the package aupimo, torchmetrics and numba are neither
needed nor imported. NumPy arrays give NumPy arrays, torch tensors give torch tensors. Values agree up to the last bits
of float64, thresholds bit for bit. What differs:

- `AUPIMOResult.image_classes` is 1 for anomalous images; aupimo has it the other way round, so that its `stats`
  and its numbers of images are those of the other class.
- `PIMOResult` files are safetensors; ``.pt`` files, which can execute code, are refused. Files are read into NumPy
  arrays.
- `save` returns the path it wrote to, as a number is added to a name that exists.
- ``num_threshs`` of an `AUPIMOResult` may be None, as it is in the published result files.
- Errors are `InvalidInputError`, a `ValueError`, or `InvalidTypeError`, a `TypeError`, where aupimo mixes TypeError,
  ValueError and RuntimeError; warnings are `UndefinedMetricWarning`.
- Statistics are the functions of :mod:`anomalib_cpp.metrics`: options by keyword, arrays instead of result objects.

For AUPIMO without a grid of thresholds see :func:`anomalib_cpp.metrics.aupimo`.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from . import io
from ._arrays import locate
from ._atomic import write_atomically
from ._checks import choice, flag, integer, number
from ._config import threads_or_default
from ._errors import FormatError, InvalidInputError, InvalidTypeError
from .metrics import (
    aupimo,
    compare_models_pairwise_ttest_rel,
    compare_models_pairwise_wilcoxon,
    format_pairwise_tests_results,
    per_image_scores_stats,
)
from .metrics._counting import normal_ranks
from .metrics._inputs import SMALL, Options, argument, counts
from .metrics._pimo import checked_bounds

__all__ = [
    "AUPIMOResult",
    "PIMOResult",
    "aupimo_scores",
    "compare_models_pairwise_ttest_rel",
    "compare_models_pairwise_wilcoxon",
    "format_pairwise_tests_results",
    "per_image_scores_stats",
    "pimo_curves",
]

_OPTIONS = Options("raise", "nan", None)  # whatever our configuration says
_MEAN_FPR = "mean-per-image-fpr"
_ALGORITHMS = ("python", "numba")
_TENSORS = ("threshs", "shared_fpr", "per_image_tprs")
_Result = TypeVar("_Result", bound="_Fields")


class _Fields:
    """A result that is what its fields say, which may be had as a dictionary."""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields; without ``"paths"`` where there are none."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}  # type: ignore[arg-type]
        if values["paths"] is None:
            del values["paths"]
        return values

    @classmethod
    def from_dict(cls: type[_Result], dic: Mapping[str, Any]) -> _Result:
        """Make a result of what `to_dict` returns.

        Parameters
        ----------
        dic : mapping of str to fields
            The fields by name; ``"paths"`` may be missing.

        Returns
        -------
        result of this class

        Raises
        ------
        InvalidInputError, InvalidTypeError
            For other names, missing ones, and fields that do not fit.
        """
        if not isinstance(dic, Mapping):
            raise InvalidTypeError(f"dic must be a mapping of names to fields; got {type(dic).__name__}")
        known = [item.name for item in fields(cls)]  # type: ignore[arg-type]
        missing = [name for name in known if name not in dic and name != "paths"]
        unknown = [name for name in dic if name not in known]
        if missing or unknown:
            raise InvalidInputError(f"dic must hold {', '.join(known)}; {missing} missing, {unknown} unknown")
        return cls(**dic)


@dataclass(eq=False)
class PIMOResult(_Fields):
    """Per-image overlap curves: the recall of every anomalous image over a false positive rate that all share.

    Attributes
    ----------
    shared_fpr_metric : str
        ``"mean-per-image-fpr"``: the mean over normal images of each image's own rate.
    threshs : array of floats, shape (k,)
        Thresholds, strictly ascending; a pixel is anomalous at or above a threshold.
    shared_fpr : array of floats, shape (k,)
        Shared false positive rates, falling.
    per_image_tprs : array of floats, shape (n, k)
        Recalls, falling along the thresholds; NaN for normal images.
    paths : list of str, length n, or None
        Where the images came from.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        For fields that are not so.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.aupimo import PIMOResult
    >>> tprs = np.array([[np.nan] * 3, [1.0, 1.0, 0.5]])
    >>> result = PIMOResult("mean-per-image-fpr", np.array([0.0, 1.0, 2.0]), np.array([1.0, 0.25, 0.0]), tprs)
    >>> result.image_classes.tolist(), result.thresh_at(0.2)
    ([0, 1], (1, 1.0, 0.25))
    """

    shared_fpr_metric: str
    threshs: Any = field(repr=False)
    shared_fpr: Any = field(repr=False)
    per_image_tprs: Any = field(repr=False)
    paths: list[str] | None = field(repr=False, default=None)

    def __post_init__(self) -> None:
        choice(self.shared_fpr_metric, "shared_fpr_metric", (_MEAN_FPR,))
        thresholds, rates, recalls = (_floats(getattr(self, name), name) for name in _TENSORS)
        if thresholds.ndim != 1 or len(thresholds) < 2:
            raise InvalidInputError(f"threshs must have shape (k,) with k >= 2; got shape {thresholds.shape}")
        if not np.isfinite(thresholds).all() or not (np.diff(thresholds) > 0).all():
            raise InvalidInputError("threshs must be finite and strictly ascending")
        if rates.shape != thresholds.shape:
            raise InvalidInputError(f"shared_fpr must have the shape of threshs, {thresholds.shape}; got {rates.shape}")
        if not _is_falling_rate(rates):
            raise InvalidInputError("shared_fpr must lie in [0, 1] and fall along the thresholds")
        if recalls.ndim != 2 or recalls.shape[1] != len(thresholds):
            raise InvalidInputError(
                f"per_image_tprs must have shape (n, {len(thresholds)}), one column per threshold; got {recalls.shape}"
            )
        for i, recall in enumerate(recalls):
            if not _is_falling_rate(recall) and not np.isnan(recall).all():
                raise InvalidInputError(f"per_image_tprs[{i}] must be all NaN, or lie in [0, 1] and fall")
        self.paths = _checked_paths(self.paths, len(recalls))

    @property
    def num_threshs(self) -> int:
        """Number of thresholds."""
        return int(self.threshs.shape[0])

    @property
    def num_images(self) -> int:
        """Number of images."""
        return int(self.per_image_tprs.shape[0])

    @property
    def image_classes(self) -> Any:
        """1 for images with recalls, which are anomalous, 0 for normal ones; array of int32, shape (n,)."""
        recalls = locate(self.per_image_tprs, "per_image_tprs")
        return recalls.like_input((~np.isnan(recalls.data[:, 0])).astype(np.int32))

    def thresh_at(self, fpr_level: float) -> tuple[int, float, float]:
        """Find the threshold whose shared false positive rate is nearest to a level.

        Parameters
        ----------
        fpr_level : float
            Within the rates that occur. 0 asks for the lowest threshold without false positives, 1 for the highest at
            which every normal pixel is one.

        Returns
        -------
        index : int
            Position in `threshs`; the lowest of several.
        threshold : float
            The threshold there.
        fpr : float
            The rate there.

        Raises
        ------
        InvalidInputError, InvalidTypeError
            For a level outside the rates that occur, or not a number.
        """
        level = number(fpr_level, "fpr_level")
        rates, thresholds = (locate(v, n).data for v, n in ((self.shared_fpr, "shared_fpr"), (self.threshs, "threshs")))
        if not rates[-1] <= level <= rates[0]:
            raise InvalidInputError(
                f"fpr_level must lie between the rates that occur, {rates[-1]:.3g} to {rates[0]:.3g}; got {level:g}"
            )
        at = int(np.flatnonzero(rates == 1)[-1]) if level == 1 else int(np.argmin(np.abs(rates - level)))
        return at, float(thresholds[at]), float(rates[at])

    def save(self, file_path: str | os.PathLike[str]) -> Path:
        """Write a safetensors file, under a name that does not exist yet.

        Parameters
        ----------
        file_path : path
            With the suffix ``.safetensors``. Where it exists, ``_1``, ``_2`` and so on is added to its stem.

        Returns
        -------
        Path
            Where the file was written.

        Raises
        ------
        FormatError, InvalidInputError
            For a ``.pt`` file or another suffix.
        OSError
            As :func:`anomalib_cpp.io.save`.

        Examples
        --------
        >>> import numpy as np, tempfile, pathlib
        >>> from anomalib_cpp.aupimo import PIMOResult
        >>> rates = np.array([1.0, 0.5])
        >>> result = PIMOResult("mean-per-image-fpr", np.array([0.0, 1.0]), rates, rates[None])
        >>> path = result.save(pathlib.Path(tempfile.mkdtemp()) / "curves.safetensors")
        >>> PIMOResult.load(path).shared_fpr.tolist()
        [1.0, 0.5]
        """
        config = {"shared_fpr_metric": self.shared_fpr_metric, "paths": self.paths}
        tensors = {name: getattr(self, name) for name in _TENSORS}
        return _write_new(
            _with_suffix(file_path, ".safetensors"),
            lambda path: io.save(path, tensors, kind="PIMOResult", config=config, overwrite=False),
        )

    @classmethod
    def load(cls, file_path: str | os.PathLike[str]) -> PIMOResult:
        """Read a file that `save` wrote.

        Parameters
        ----------
        file_path : path
            With the suffix ``.safetensors``.

        Returns
        -------
        PIMOResult
            Of NumPy arrays.

        Raises
        ------
        FormatError
            For a ``.pt`` file, with what to do instead, and for a file that is not a result.
        InvalidInputError
            For another suffix.
        OSError
            If the file cannot be opened.
        """
        path = _with_suffix(file_path, ".safetensors")
        content = io.load(path, kind="PIMOResult")
        return _of_file(cls, path, {**content.config, **content.tensors})


@dataclass(eq=False)
class AUPIMOResult(_Fields):
    """Areas under per-image overlap curves.

    Attributes
    ----------
    shared_fpr_metric : str
        As in :class:`PIMOResult`.
    fpr_lower_bound, fpr_upper_bound : float
        Shared false positive rates between which the recalls were averaged.
    num_threshs : int or None
        Thresholds between the bounds, where known; not those of the whole curves.
    thresh_lower_bound, thresh_upper_bound : float
        Thresholds at the upper and at the lower rate: a lower threshold has a higher rate.
    aupimos : array of floats, shape (n,)
        Each image's area, in [0, 1]; NaN for normal images.
    paths : list of str, length n, or None
        Where the images came from.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        For fields that are not so.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.aupimo import AUPIMOResult
    >>> result = AUPIMOResult("mean-per-image-fpr", 1e-5, 1e-4, 500, 0.25, 0.5, np.array([np.nan, 0.75, 0.5]))
    >>> result.image_classes.tolist(), result.num_normal_images, result.thresh_bounds
    ([0, 1, 1], 1, (0.25, 0.5))
    """

    shared_fpr_metric: str
    fpr_lower_bound: float
    fpr_upper_bound: float
    num_threshs: int | None
    thresh_lower_bound: float = field(repr=False)
    thresh_upper_bound: float = field(repr=False)
    aupimos: Any = field(repr=False)
    paths: list[str] | None = field(repr=False, default=None)

    def __post_init__(self) -> None:
        choice(self.shared_fpr_metric, "shared_fpr_metric", (_MEAN_FPR,))
        self.fpr_lower_bound, self.fpr_upper_bound = checked_bounds((self.fpr_lower_bound, self.fpr_upper_bound))
        if self.num_threshs is not None:
            self.num_threshs = integer(self.num_threshs, "num_threshs", 1)
        low, high = (number(getattr(self, name), name) for name in ("thresh_lower_bound", "thresh_upper_bound"))
        if not -math.inf < low < high < math.inf:
            raise InvalidInputError(
                f"thresh_lower_bound must lie below thresh_upper_bound, both finite; got {low:g} and {high:g}"
            )
        self.thresh_lower_bound, self.thresh_upper_bound = low, high
        scores = _floats(self.aupimos, "aupimos")
        if scores.ndim != 1:
            raise InvalidInputError(f"aupimos must have shape (n,); got shape {scores.shape}")
        if not ((scores >= 0) & (scores <= 1) | np.isnan(scores)).all():
            raise InvalidInputError(
                f"aupimos must lie in [0, 1] or be NaN; got values from {np.nanmin(scores):g} to {np.nanmax(scores):g}"
            )
        self.paths = _checked_paths(self.paths, len(scores))

    @property
    def num_images(self) -> int:
        """Number of images."""
        return int(self.aupimos.shape[0])

    @property
    def num_normal_images(self) -> int:
        """Number of images without an area."""
        return self.num_images - self.num_anomalous_images

    @property
    def num_anomalous_images(self) -> int:
        """Number of images with an area."""
        return int(self.image_classes.sum())

    @property
    def image_classes(self) -> Any:
        """1 for images with an area, which are anomalous, 0 for normal ones; array of int32, shape (n,)."""
        scores = locate(self.aupimos, "aupimos")
        return scores.like_input((~np.isnan(scores.data)).astype(np.int32))

    @property
    def fpr_bounds(self) -> tuple[float, float]:
        """Lower and upper false positive rate."""
        return self.fpr_lower_bound, self.fpr_upper_bound

    @property
    def thresh_bounds(self) -> tuple[float, float]:
        """Lower and upper threshold: at the upper and at the lower rate."""
        return self.thresh_lower_bound, self.thresh_upper_bound

    @classmethod
    def from_pimoresult(
        cls,
        pimoresult: PIMOResult,
        fpr_bounds: tuple[float, float],
        num_threshs_auc: int | None,
        aupimos: Any,
        paths: Sequence[str] | None = None,
    ) -> AUPIMOResult:
        """Make a result of areas and the curves that they lie under.

        Parameters
        ----------
        pimoresult : PIMOResult
            The curves.
        fpr_bounds : (float, float)
            Lower and upper false positive rate.
        num_threshs_auc : int or None
            Thresholds between the bounds.
        aupimos : array of floats, shape (n,)
            Areas of the images.
        paths : sequence of str, optional
            Where the images came from, if the curves do not say so.

        Returns
        -------
        AUPIMOResult

        Raises
        ------
        InvalidInputError, InvalidTypeError
            For areas of other images than the curves', paths that contradict those of the curves, and fields that do
            not fit.
        """
        if not isinstance(pimoresult, PIMOResult):
            raise InvalidTypeError(f"pimoresult must be a PIMOResult; got {type(pimoresult).__name__}")
        scores = _floats(aupimos, "aupimos")
        classes = locate(pimoresult.image_classes, "image_classes").data
        if scores.shape != classes.shape or (np.isnan(scores) != (classes == 0)).any():
            raise InvalidInputError(
                f"aupimos must have shape {classes.shape} and NaN for exactly the images without a curve; got shape "
                f"{scores.shape} and {int(np.isnan(scores).sum())} NaN for {int((classes == 0).sum())} such images"
            )
        if pimoresult.paths is not None and paths is not None and list(paths) != pimoresult.paths:
            raise InvalidInputError("paths must be None or those of pimoresult, as that has paths")
        low, high = checked_bounds(fpr_bounds)
        return cls(
            pimoresult.shared_fpr_metric,
            low,
            high,
            num_threshs_auc,
            pimoresult.thresh_at(high)[1],
            pimoresult.thresh_at(low)[1],
            aupimos,
            pimoresult.paths if paths is None else list(paths),
        )

    def save(self, file_path: str | os.PathLike[str]) -> Path:
        """Write a JSON file in aupimo's layout, under a name that does not exist yet.

        Parameters
        ----------
        file_path : path
            With the suffix ``.json``. Where it exists, ``_1``, ``_2`` and so on is added to its stem.

        Returns
        -------
        Path
            Where the file was written.

        Raises
        ------
        InvalidInputError
            For another suffix.
        OSError
            If the disk is too small or refuses; no partial file is left.

        Examples
        --------
        >>> import numpy as np, tempfile, pathlib
        >>> from anomalib_cpp.aupimo import AUPIMOResult
        >>> result = AUPIMOResult("mean-per-image-fpr", 1e-5, 1e-4, 500, 0.25, 0.5, np.array([np.nan, 0.75]))
        >>> path = result.save(pathlib.Path(tempfile.mkdtemp()) / "aupimos.json")
        >>> AUPIMOResult.load(path).aupimos.tolist()
        [nan, 0.75]
        """
        content = self.to_dict()
        content["aupimos"] = locate(self.aupimos, "aupimos").data.tolist()
        data = json.dumps(content, indent=4).encode()
        return _write_new(
            _with_suffix(file_path, ".json"),
            lambda path: write_atomically(path, [data], len(data), overwrite=False, follow_symlinks=False),
        )

    @classmethod
    def load(cls, file_path: str | os.PathLike[str]) -> AUPIMOResult:
        """Read a JSON file that `save` or aupimo wrote.

        Parameters
        ----------
        file_path : path
            With the suffix ``.json``.

        Returns
        -------
        AUPIMOResult
            With a NumPy array of float64.

        Raises
        ------
        FormatError
            For a file that is not a result.
        InvalidInputError
            For another suffix.
        OSError
            If the file cannot be opened.
        """
        path = _with_suffix(file_path, ".json")
        try:
            content = json.loads(path.read_bytes())
        except (ValueError, RecursionError) as error:
            raise FormatError(f"{os.fspath(path)!r} is not a JSON file: {error}") from error
        if not isinstance(content, dict) or not isinstance(content.get("aupimos"), list):
            raise FormatError(f"{os.fspath(path)!r} must hold an object with a list called 'aupimos'")
        if not all(isinstance(score, float) or score in (0, 1) for score in content["aupimos"]):
            raise FormatError(f"{os.fspath(path)!r} must hold numbers in [0, 1] or NaN in 'aupimos'")
        content["aupimos"] = np.array(content["aupimos"], np.float64)
        return _of_file(cls, path, content)

    def stats(
        self,
        outliers_policy: str | None = "none",
        repeated_policy: str | None = "avoid",
        repeated_replacement_atol: float = 0.01,
    ) -> list[dict[str, Any]]:
        """Summarise the areas of the anomalous images by a box plot.

        Parameters
        ----------
        outliers_policy, repeated_policy, repeated_replacement_atol
            As in :func:`anomalib_cpp.metrics.per_image_scores_stats`.

        Returns
        -------
        list of dict
            As :func:`anomalib_cpp.metrics.per_image_scores_stats`.

        Raises
        ------
        InvalidInputError
            As :func:`anomalib_cpp.metrics.per_image_scores_stats`; where no image is anomalous.
        """
        return per_image_scores_stats(
            self.aupimos,
            classes=self.image_classes,
            only_class=1,
            outliers_policy=outliers_policy,
            repeated_policy=repeated_policy,
            repeated_replacement_atol=repeated_replacement_atol,
        )


def pimo_curves(
    anomaly_maps: Any,
    masks: Any,
    num_threshs: int,
    binclf_algorithm: str = "numba",
    shared_fpr_metric: str = _MEAN_FPR,
    paths: Sequence[str] | None = None,
) -> PIMOResult:
    """Compute per-image overlap curves at evenly spaced thresholds.

    Parameters
    ----------
    anomaly_maps : array of bfloat16, float32 or float64, shape (n, h, w), or list of (h, w) arrays
        Anomaly maps; higher means more anomalous.
    masks : array of bool, integers or floats in {0, 1}, or uint8 in {0, 255}
        Ground truth, the shape of `anomaly_maps`; an image without anomalous pixels is normal.
    num_threshs : int >= 2
        Number of thresholds, from the lowest to the highest score in normal images.
    binclf_algorithm : {"python", "numba"}, default "numba"
        Means nothing: both count the same, and there is one way to count here.
    shared_fpr_metric : {"mean-per-image-fpr"}, default "mean-per-image-fpr"
        The shared rate: the mean over normal images of each image's own false positive rate.
    paths : sequence of str, length n, optional
        Where the images came from.

    Returns
    -------
    PIMOResult
        Thresholds in the dtype of the maps (float32 for bfloat16); rates in float64.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        For shapes that differ, other labels, NaN, infinities in normal images, no normal or no anomalous image,
        thresholds that coincide in the dtype of the maps, and options out of range.

    Notes
    -----
    O(n + P log P + N k) time and O(N k) memory for P anomalous pixels in N images and k thresholds.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.aupimo import pimo_curves
    >>> maps = np.arange(32, dtype=np.float32).reshape(2, 4, 4)
    >>> masks = np.zeros((2, 4, 4), bool)
    >>> masks[1, 0, :2] = True
    >>> pimo_curves(maps, masks, 4).shared_fpr.tolist()
    [1.0, 0.6875, 0.375, 0.0625]
    """
    size = integer(num_threshs, "num_threshs", 2)
    choice(binclf_algorithm, "binclf_algorithm", _ALGORITHMS)
    choice(shared_fpr_metric, "shared_fpr_metric", (_MEAN_FPR,))
    thresholds = _even_thresholds(anomaly_maps, masks, size)
    found, given = counts(
        anomaly_maps, masks, _OPTIONS, normal_ranks(thresholds), names=("anomaly_maps", "masks"), images=True
    )
    team = 1 if given.size < SMALL else threads_or_default(None)
    recalls = found.image_recalls(0, size, team)[:, ::-1]  # counted from the highest threshold down
    return PIMOResult(
        shared_fpr_metric,
        given.like_input(thresholds),
        given.like_input(np.ascontiguousarray(found.shared_fpr[::-1])),
        given.like_input(np.ascontiguousarray(recalls)),
        _checked_paths(paths, len(recalls)),
    )


def aupimo_scores(
    anomaly_maps: Any,
    masks: Any,
    num_threshs: int = 300_000,
    binclf_algorithm: str = "numba",
    shared_fpr_metric: str = _MEAN_FPR,
    fpr_bounds: tuple[float, float] = (1e-5, 1e-4),
    force: bool = False,
    paths: Sequence[str] | None = None,
) -> tuple[PIMOResult, AUPIMOResult]:
    """Compute per-image overlap curves and the areas under them.

    Parameters
    ----------
    anomaly_maps, masks, num_threshs, binclf_algorithm, shared_fpr_metric, paths
        As in :func:`pimo_curves`.
    fpr_bounds : (float, float), default (1e-5, 1e-4)
        Shared false positive rates to average between, ``0 < lower < upper <= 1``.
    force : bool, default False
        Accept 30 or fewer thresholds between the bounds, with a warning.

    Returns
    -------
    curves : PIMOResult
        The curves.
    areas : AUPIMOResult
        The mean recall of each anomalous image over the logarithm of the rate.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As in :func:`pimo_curves`; for bounds that the rates do not reach or that enclose too few thresholds.

    Notes
    -----
    As :func:`anomalib_cpp.metrics.aupimo` with ``bounds="snap"``, after :func:`pimo_curves`: an
    `UndefinedMetricWarning` tells of fewer than 300 thresholds between the bounds, and of bounds that no rate is near.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp.aupimo import aupimo_scores
    >>> rng = np.random.default_rng(0)
    >>> maps, masks = rng.random((3, 100, 100)), np.zeros((3, 100, 100), bool)
    >>> masks[2, 40:60, 40:60] = True
    >>> maps[masks] += 0.4
    >>> curves, areas = aupimo_scores(maps, masks, 10_000, fpr_bounds=(0.01, 0.1))
    >>> areas.num_threshs, areas.aupimos.round(3).tolist()
    (931, [nan, nan, 0.407])
    """
    bounds = checked_bounds(fpr_bounds)
    forced = flag(force, "force")
    curves = pimo_curves(anomaly_maps, masks, num_threshs, binclf_algorithm, shared_fpr_metric, paths)
    found = aupimo(
        anomaly_maps,
        masks,
        fpr_bounds=bounds,
        bounds="snap",
        thresholds=locate(curves.threshs, "threshs").data,
        force=forced,
        nan_policy="raise",
        undefined="nan",
    )
    scores = locate(curves.threshs, "threshs").like_input(found.scores)
    points = int((found.shared_fpr > 0).sum())
    return curves, AUPIMOResult.from_pimoresult(curves, bounds, points, scores)


def _even_thresholds(anomaly_maps: Any, masks: Any, size: int) -> NDArray[Any]:
    given = argument(anomaly_maps, "anomaly_maps")
    dtype = (given.data[0] if isinstance(given.data, list) else given.data).dtype
    if dtype not in (np.float32, np.float64):
        raise InvalidTypeError(f"anomaly_maps must be bfloat16, float32 or float64; got dtype {dtype}")
    found, _ = counts(
        anomaly_maps, masks, _OPTIONS, normal_ranks(np.zeros(0)), names=("anomaly_maps", "masks"), images=True
    )
    for kind, number_of_images in (("normal", found.normal_images), ("anomalous", found.anomalous_images)):
        if number_of_images == 0:
            raise InvalidInputError(f"masks must show at least one {kind} image; got none")
    low, high = found.lowest, found.highest
    if not (math.isfinite(low) and math.isfinite(high)):
        raise InvalidInputError("anomaly_maps must be finite in normal images; got an infinity")
    thresholds = np.linspace(low, high, size, dtype=dtype)
    if not (np.diff(thresholds) > 0).all():
        raise InvalidInputError(f"num_threshs must leave different thresholds; got {size} from {low:g} to {high:g}")
    return thresholds


def _floats(value: Any, name: str) -> NDArray[Any]:
    data = locate(value, name).data
    if data.dtype.kind != "f":
        raise InvalidTypeError(f"{name} must hold floats; got dtype {data.dtype}")
    return data


def _is_falling_rate(values: NDArray[Any]) -> bool:
    return bool(values[-1] >= 0 and values[0] <= 1 and (values[1:] <= values[:-1]).all())


def _checked_paths(paths: Any, n: int) -> list[str] | None:
    if paths is None:
        return None
    if not isinstance(paths, (list, tuple)) or not all(isinstance(path, str) for path in paths):
        raise InvalidTypeError(f"paths must be a list of str; got {type(paths).__name__}")
    if len(paths) != n:
        raise InvalidInputError(f"paths must have one entry for each of the {n} images; got {len(paths)}")
    return list(paths)


def _of_file(cls: type[_Result], path: Path, content: dict[str, Any]) -> _Result:
    try:
        return cls.from_dict(content)
    except (InvalidInputError, InvalidTypeError, OverflowError) as error:
        raise FormatError(f"{os.fspath(path)!r} does not hold a valid {cls.__name__}: {error}") from error


def _with_suffix(file_path: str | os.PathLike[str], suffix: str) -> Path:
    path = Path(file_path)
    if path.suffix == ".pt":
        raise FormatError(
            f"{os.fspath(path)!r}: .pt files can execute code when they are read, so anomalib_cpp does not touch them; "
            "if you trust the file, pass torch.load(file, weights_only=True) to from_dict, and save as .safetensors"
        )
    if path.suffix != suffix:
        raise InvalidInputError(f"file_path must end in {suffix}; got {os.fspath(path)!r}")
    return path


def _write_new(path: Path, write: Callable[[Path], None]) -> Path:
    """Write to `path`, or with a number behind its stem where that exists."""
    free = path
    number_added = 0
    while True:
        try:
            write(free)
        except FileExistsError:
            number_added += 1
            free = path.with_name(f"{path.stem}_{number_added}{path.suffix}")
        else:
            return free
