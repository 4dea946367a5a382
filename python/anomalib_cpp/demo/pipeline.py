"""One category from images to metrics: features, patches, coreset, bank, scores, maps."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .. import bank, maps, metrics
from .._errors import OperationCancelled, UndefinedMetricWarning
from .._progress import adapt
from .extractors import Extractor

__all__ = ["CategoryResult", "Images", "Shown", "TestImage", "Verdict", "run_category"]

INTEGRATION_LIMIT = 0.3
_BATCH = 16
_SHOWN = 16  # images of a category in the gallery
_LARGE = 100_000  # normal patches above which a hundredth of them is kept, and a tenth below


class TestImage(Protocol):
    """An image to be tested, with its truth."""

    @property
    def name(self) -> str:
        """What the report calls it."""

    @property
    def defect(self) -> str:
        """``"good"`` or the kind of defect."""

    def image(self) -> NDArray[np.uint8]:
        """Return the pixels."""

    def truth(self, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Return the mask, for an image of this shape."""


class Images(Protocol):
    """A category: a :class:`.folders.Category` or a :class:`.textures.TextureCategory`."""

    @property
    def name(self) -> str:
        """Name of the category."""

    @property
    def train(self) -> Sequence[Any]:
        """The normal images, as they are stored; only counted here."""

    @property
    def test(self) -> Sequence[TestImage]:
        """The images to be tested."""

    def train_images(self) -> Iterator[NDArray[np.uint8]]:
        """Return the normal images one by one."""


@dataclass(frozen=True)
class Verdict:
    """What was found of one image."""

    name: str
    defect: str
    score: float
    predicted: bool

    @property
    def anomalous(self) -> bool:
        """Whether the image has a defect."""
        return self.defect != "good"

    @property
    def right(self) -> bool:
        """Whether that was found."""
        return self.predicted == self.anomalous


@dataclass(frozen=True, eq=False)
class Shown:
    """An image of the gallery."""

    verdict: Verdict
    image: NDArray[np.uint8]
    map: NDArray[np.float32]
    mask: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class CategoryResult:
    """Everything that the report says about a category.

    Attributes
    ----------
    name : str
        Of the category.
    train_images, train_patches, bank_rows, columns : int
        Normal images, their patches, how many of those the bank kept, and the width of a patch.
    image_metrics, pixel_metrics : dict of str to float
        Of :func:`anomalib_cpp.metrics.image_report` and :func:`anomalib_cpp.metrics.pixel_report`.
    verdicts : list of Verdict
        One for each test image, at the threshold of the best F1 score.
    image_roc, image_pr, pixel_roc, pixel_pr, pro : Curve
        The curves behind the metrics.
    map_range : tuple of float
        Between which map values the gallery's colours run.
    gallery : list of Shown
        Wrong verdicts first, at most half of it; the others in turn from every kind of defect.
    seconds : dict of str to float
        Time taken by each stage.
    """

    name: str
    train_images: int
    train_patches: int
    bank_rows: int
    columns: int
    image_metrics: dict[str, float]
    pixel_metrics: dict[str, float]
    verdicts: list[Verdict]
    image_roc: metrics.Curve
    image_pr: metrics.Curve
    pixel_roc: metrics.Curve
    pixel_pr: metrics.Curve
    pro: metrics.Curve
    map_range: tuple[float, float]
    gallery: list[Shown]
    seconds: dict[str, float]


def run_category(
    category: Images,
    extractor: Extractor,
    *,
    coreset_ratio: float | None = None,
    sigma: float = 4.0,
    seed: int = 0,
    progress: Any = None,
) -> CategoryResult:
    """Fit a bank on the normal images of a category, test the others.

    Parameters
    ----------
    category : Images
        Of :func:`.folders.read_dataset` or :func:`.textures.texture_categories`.
    extractor : Extractor
        Of :func:`.extractors.make_extractor`.
    coreset_ratio : float, optional
        Share of the normal patches that the bank keeps, in (0, 1]; by default 0.1, or 0.01 of more than 100,000.
    sigma : float, default 4.0
        Blur of the maps, in pixels of the images.
    seed : int, default 0
        Of the coreset.
    progress : bool or callable, optional
        As for :func:`anomalib_cpp.bank.coreset`; once for each stage, which ``info["description"]`` names.

    Returns
    -------
    CategoryResult
        Metrics, curves, verdicts and a gallery.

    Raises
    ------
    InvalidInputError (ValueError), FormatError (ValueError)
        If an image or an option cannot be used.
    OperationCancelled
        If the progress callback returned False.

    Examples
    --------
    >>> from anomalib_cpp.demo.extractors import make_extractor
    >>> from anomalib_cpp.demo.pipeline import run_category
    >>> from anomalib_cpp.demo.textures import texture_categories
    >>> brick = run_category(texture_categories()[0], make_extractor("filters", image_size=64), coreset_ratio=0.5)
    >>> brick.train_patches, brick.bank_rows, len(brick.verdicts), brick.pixel_metrics["auroc"] > 0.8
    (1152, 576, 18, True)
    """
    seconds: dict[str, float] = {}
    with _timed("features and patches", seconds):
        total = len(category.train)
        parts = [
            patches.reshape(-1, patches.shape[-1])
            for _, patches, _ in _embedded(category.train_images(), extractor, total, progress, f"{category.name}: fit")
        ]
        patches = np.concatenate(parts)
        del parts
    with _timed("coreset", seconds), adapt(progress, f"{category.name}: coreset") as report:
        picked = bank.coreset(
            patches,
            ratio=coreset_ratio or _share(len(patches)),
            on_duplicate="fill",
            random_state=seed,
            progress=report or False,
        )
        memory = bank.PatchMemoryBank(image_score="max").fit(patches[picked.indices])

    scores: list[float] = []
    images: list[NDArray[np.uint8]] = []
    found: list[NDArray[np.float32]] = []
    with _timed("scores and maps", seconds):
        source = (item.image() for item in category.test)
        for batch, rows, grid in _embedded(source, extractor, len(category.test), progress, f"{category.name}: test"):
            result = memory.score(rows)
            scores += [float(score) for score in result.image_scores]
            images += batch
            found += [
                maps.anomaly_map(patch_scores.reshape(grid), image.shape[:2], sigma=sigma)
                for patch_scores, image in zip(result.patch_scores, batch, strict=True)
            ]
    with _timed("metrics", seconds), warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)  # the table says so where a class is missing
        masks = [item.truth(image.shape[:2]) for item, image in zip(category.test, images, strict=True)]
        labels = np.array([item.defect != "good" for item in category.test])
        of_images = metrics.image_report(scores, labels)
        of_pixels = metrics.pixel_report(found, masks, integration_limit=INTEGRATION_LIMIT)
        curves = {
            "image_roc": metrics.roc_curve(scores, labels),
            "image_pr": metrics.pr_curve(scores, labels),
            "pixel_roc": _thinned(metrics.roc_curve(found, masks, drop_collinear=True)),
            "pixel_pr": _thinned(metrics.pr_curve(found, masks)),
            "pro": _thinned(metrics.pro_curve(found, masks, drop_collinear=True)),
        }
    verdicts = [
        Verdict(item.name, item.defect, score, score >= of_images["f1_max_threshold"])
        for item, score in zip(category.test, scores, strict=True)
    ]
    return CategoryResult(
        name=category.name,
        train_images=len(category.train),
        train_patches=len(patches),
        bank_rows=len(memory),
        columns=patches.shape[1],
        image_metrics=of_images,
        pixel_metrics=of_pixels,
        verdicts=verdicts,
        map_range=_range(found),
        gallery=[Shown(verdicts[i], images[i], found[i], masks[i]) for i in _chosen(verdicts)],
        seconds=seconds,
        **curves,
    )


def _share(patches: int) -> float:
    return 0.01 if patches > _LARGE else 0.1


@contextmanager
def _timed(stage: str, seconds: dict[str, float]) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - start


def _embedded(
    images: Iterable[NDArray[np.uint8]], extractor: Extractor, total: int, progress: Any, description: str
) -> Iterator[tuple[list[NDArray[np.uint8]], NDArray[np.float32], tuple[int, int]]]:
    """Yield, for a few images at a time, the images, their patches (n, p, d) and the shape of the patch grid."""
    source, done = iter(images), 0
    with adapt(progress, description) as report:
        _tell(report, done, total)
        while batch := list(islice(source, _BATCH)):
            layers = extractor(batch)
            yield batch, bank.patch_embeddings(layers), (layers[0].shape[2], layers[0].shape[3])
            done += len(batch)
            _tell(report, done, total)


def _tell(report: Any, done: int, total: int) -> None:
    if report is not None and report(done, total) is False:
        raise OperationCancelled("the progress callback asked to stop")


def _thinned(curve: metrics.Curve) -> metrics.Curve:
    """Keep at most some thousand points of a pixel curve: figures show no more, and a result stays small."""
    from ..plots import thin

    kept = thin(curve.x, curve.y)
    return metrics.Curve(curve.x[kept], curve.y[kept], curve.thresholds[kept])


def _range(found: list[NDArray[np.float32]]) -> tuple[float, float]:
    """Colours from the median of the maps to nearly the highest value."""
    sample = np.concatenate([values[::4, ::4].ravel() for values in found])
    low, high = np.quantile(sample, [0.5, 0.998])
    return float(low), float(max(high, low + 1e-6))


def _chosen(verdicts: list[Verdict]) -> list[int]:
    """Choose images for the gallery: wrong verdicts first, then every kind in turn, from high scores to low."""
    ranked = sorted(range(len(verdicts)), key=lambda i: -verdicts[i].score)
    chosen = [i for i in ranked if not verdicts[i].right][: _SHOWN // 2]
    kinds = {kind: [i for i in ranked if verdicts[i].defect == kind] for kind in sorted({v.defect for v in verdicts})}
    queues = [_spread([i for i in members if verdicts[i].right]) for members in kinds.values()]
    while len(chosen) < _SHOWN and any(queues):
        chosen += [queue.pop(0) for queue in queues if queue]
    return chosen[:_SHOWN]


def _spread(members: list[int]) -> list[int]:
    """Order so that the first few span the whole list: middle, ends, quarters."""
    shares = (0.5, 0.0, 1.0, 0.25, 0.75)
    first = [members[int(share * (len(members) - 1))] for share in shares if members]
    return list(dict.fromkeys(first + members))
