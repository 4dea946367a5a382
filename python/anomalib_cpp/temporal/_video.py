"""Frame-level AUROC of videos, by video or of all frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._arrays import locate
from .._checks import choice, integer, number
from .._config import get_config
from .._errors import InvalidInputError, InvalidTypeError
from .._records import Scalar
from .._resampling import BootstrapResult, generator, summary
from ..metrics._inputs import defined
from ..timeseries._plan import Batch, batch
from ._normalize import normalize_segments
from ._smooth import smooth_segments

__all__ = ["VideoAuroc", "video_auroc"]

AT_ONCE = 1 << 22  # weights of resamples
CLASSES = "a video or a set of frames needs an anomalous and a normal frame"


@dataclass(frozen=True, repr=False, eq=False)
class VideoAuroc(Scalar):
    """AUROC of videos; ``float(result)`` is the value.

    Attributes
    ----------
    value, average_precision, eer : float
        Area under the ROC curve, average precision and equal error rate: of all frames for ``"micro"``, means over the
        videos for ``"macro"``.
    average : str
    video_auroc, video_average_precision, video_eer : array of float64, shape (videos,)
        Of each video; NaN of empty videos, and of videos of one class unless they are padded.
    interval : BootstrapResult or None
        Of the value, where resamples were asked for.
    """

    value: float
    average_precision: float
    eer: float
    average: str
    video_auroc: NDArray[np.float64]
    video_average_precision: NDArray[np.float64]
    video_eer: NDArray[np.float64]
    interval: BootstrapResult | None = None

    def __repr__(self) -> str:
        parts = f"value={self.value:.6g}, average_precision={self.average_precision:.6g}, eer={self.eer:.6g}"
        return f"VideoAuroc({parts}, average={self.average!r}, videos={len(self.video_auroc)})"


def video_auroc(
    scores: Any,
    labels: Any,
    offsets: Any = None,
    *,
    average: str,
    undefined: str = "skip",
    normalize: str | Mapping[str, Any] | None = None,
    smooth: Mapping[str, Any] | None = None,
    n_resamples: int = 0,
    confidence: float = 0.95,
    random_state: int | np.random.Generator | str | None = None,
    nan_policy: str | None = None,
    threads: int | None = None,
) -> VideoAuroc:
    """AUROC of the frames of videos: of all together, or the mean over the videos. Ties count one half.

    Parameters
    ----------
    scores : array of shape (n,), or list of arrays
        Scores of the frames, higher for anomalous ones: videos back to back, or one array for each.
    labels : array of shape (n,), or list of arrays
        0 or 1 for each frame.
    offsets : array of int, shape (videos + 1,), optional
        First frame of each video, and `n`; videos may be empty, and contribute nothing then. One video by default.
    average : {"micro", "macro"}
        All frames together; or the mean over the videos.
    undefined : {"skip", "pad01", "nan", "raise"}, default "skip"
        Videos of one class: leave them out of the mean; give every video a frame of label 0 and score 0 in front and
        one of label 1 and score 1 behind, as several public evaluations do, for which scores must lie in [0, 1]; make
        the mean NaN; or fail. ``"micro"`` of frames of one class is NaN with a warning, and fails for ``"raise"``.
    normalize : str or dict, optional
        First normalise each video: a kind, or the options of :func:`normalize_segments`.
    smooth : dict, optional
        Then smooth each video: the options of :func:`smooth_segments`.
    n_resamples : int >= 0, default 0
        Resamples of the videos, with replacement, for an interval of the value; at least two videos then.
    confidence : float in (0, 1), default 0.95
        Of the interval.
    random_state : int, numpy.random.Generator, "entropy" or None, default None
        Seed of the resamples; None means 0.
    nan_policy : {"raise", "omit"}, optional
        Refuse NaN scores, or drop their frames before anything else; the configuration's by default.
    threads : int, optional
        Upper bound; the result does not depend on it.

    Returns
    -------
    VideoAuroc

    Raises
    ------
    InvalidInputError
        If lengths do not fit, labels are not 0 or 1, scores hold NaN or leave [0, 1] for ``"pad01"``, a class is
        missing for ``"raise"``, or an option is out of range.
    InvalidTypeError
        If an argument has the wrong type.

    Warns
    -----
    UndefinedMetricWarning
        Where the value, or that of some resamples, does not exist.

    Notes
    -----
    O(n log n) once; a resample of ``"micro"`` re-weights the sorted runs of the videos, O(n) at most, and one of
    ``"macro"`` averages the videos' values. Counts are integers until one division.

    References
    ----------
    W. Sultani, C. Chen, M. Shah, "Real-World Anomaly Detection in Surveillance Videos", CVPR 2018.

    Examples
    --------
    >>> from anomalib_cpp.temporal import video_auroc
    >>> scores, labels = [0.1, 0.9, 0.5, 0.4, 0.2, 0.3], [0, 1, 1, 0, 1, 0]
    >>> float(video_auroc(scores, labels, [0, 3, 6], average="micro"))
    0.7777777777777778
    >>> video_auroc(scores, labels, [0, 3, 6], average="macro").video_auroc.tolist()
    [1.0, 0.0]
    """
    choice(average, "average", ("micro", "macro"))
    choice(undefined, "undefined", ("skip", "pad01", "nan", "raise"))
    size = integer(n_resamples, "n_resamples", 0)
    level = number(confidence, "confidence")
    if not 0 < level < 1:
        raise InvalidInputError(f"confidence must lie in (0, 1); got {confidence!r}")
    rng = generator(random_state)
    policy = choice(get_config()["nan_policy"] if nan_policy is None else nan_policy, "nan_policy", ("raise", "omit"))
    _require_binary(labels)
    data = batch(scores, labels, offsets=offsets, on_error="nan", threads=threads)
    data = _prepared(_without_nan(data, policy), normalize, smooth)

    lengths = np.diff(data.offsets)
    shown = np.flatnonzero(lengths)
    data = data._replace(offsets=np.concatenate([[0], np.cumsum(lengths[shown])]), single=False, nan_on_error=False)
    if size and len(shown) < 2:
        raise InvalidInputError(f"n_resamples needs at least two videos that have frames; got {len(shown)}")
    if undefined == "pad01":
        _require_unit(data.scores)
    values = _by_video(_padded(data) if undefined == "pad01" else data)
    table = np.full((3, len(lengths)), np.nan)
    table[:, shown] = values
    if average == "micro":
        whole = _all_frames(data)
        defined(whole[0], "raise" if undefined == "raise" else "nan", "video_auroc", CLASSES)
    else:
        one_class = np.isnan(values[0])
        if undefined == "raise" and one_class.any():
            video = int(shown[np.argmax(one_class)])
            raise InvalidInputError(f"video_auroc is undefined: video {video} holds frames of one class only")
        whole = _means(values, undefined)
        defined(whole[0], "nan", "video_auroc", CLASSES)
    interval = None
    if size:
        draw = _resampled_micro if average == "micro" else _resampled_macro
        samples = draw(data, values[0], undefined, rng, size)
        interval = summary(whole[0], samples, None, level, "video_auroc", False)
    value, precision, eer = whole
    return VideoAuroc(value, precision, eer, average, table[0], table[1], table[2], interval)


def _require_binary(labels: Any) -> None:
    parts = labels if isinstance(labels, (list, tuple)) and labels and np.ndim(labels[0]) else [labels]
    for i, part in enumerate(parts):
        data = locate(part, f"labels[{i}]" if parts is labels else "labels").data
        if (bad := (data != 0) & (data != 1)).any():
            where = ([i] if parts is labels else []) + [int(k) for k in np.argwhere(bad)[0]]
            raise InvalidInputError(f"labels must be 0 or 1; got {data[bad][0].item()!r} at index {tuple(where)}")


def _without_nan(data: Batch, policy: str) -> Batch:
    if data.scores.dtype.kind != "f" or not (missing := np.isnan(data.scores)).any():
        return data
    if policy == "raise":
        raise InvalidInputError(
            f"scores contains {int(missing.sum())} NaN, first at index {int(np.argmax(missing))}; "
            "nan_policy='omit' drops those frames"
        )
    before = np.concatenate([[0], np.cumsum(~missing)])
    return data._replace(scores=data.scores[~missing], labels=data.labels[~missing], offsets=before[data.offsets])


def _prepared(data: Batch, normalize: Any, smooth: Any) -> Batch:
    """Normalise, then smooth."""
    if normalize is None and smooth is None:
        return data
    scores = data.scores if data.scores.dtype.kind == "f" else data.scores.astype(np.float64)
    for call, options, name in ((normalize_segments, normalize, "normalize"), (smooth_segments, smooth, "smooth")):
        if options is None:
            continue
        chosen = {"kind": options} if name == "normalize" and isinstance(options, str) else options
        if not isinstance(chosen, Mapping):
            raise InvalidTypeError(f"{name} must be a dict of options; got {options!r}")
        try:
            scores = call(scores, offsets=data.offsets, **chosen)
        except TypeError as error:
            raise InvalidTypeError(f"{name}: {error}") from None
    return _without_nan(data._replace(scores=np.ascontiguousarray(scores)), "raise")


def _require_unit(scores: NDArray[Any]) -> None:
    if len(scores) and not (scores.min() >= 0 and scores.max() <= 1):
        raise InvalidInputError(
            f"scores must lie in [0, 1] for undefined='pad01'; got {scores.min()} to {scores.max()}"
        )


def _padded(data: Batch) -> Batch:
    """Put a frame of label and score 0 before each video and one of 1 behind it."""
    ends = np.stack([data.offsets[:-1], data.offsets[1:]], axis=1).ravel()  # equal places keep this order
    extra = np.tile([0, 1], len(data.offsets) - 1)
    return data._replace(
        scores=np.insert(data.scores, ends, extra.astype(data.scores.dtype)),
        labels=np.insert(data.labels, ends, extra.astype(np.uint8)),
        offsets=data.offsets + 2 * np.arange(len(data.offsets)),
    )


def _values(pairs: Any) -> tuple[float, float, float]:
    """AUROC, average precision and equal error rate, NaN without both classes."""
    if not (pairs.positives and pairs.negatives):
        return (float("nan"),) * 3
    return pairs.auroc(1.0), pairs.average_precision(), _core.equal_error_rate(pairs)


def _by_video(data: Batch) -> NDArray[np.float64]:
    found = [_values(plan.rank_pairs(i)) for plan in data.plans() for i in range(len(plan))]
    return np.array(found, np.float64).reshape(-1, 3).T


def _all_frames(data: Batch) -> tuple[float, float, float]:
    if len(data.scores) == 0:
        return (float("nan"),) * 3
    return _values(_core.rank_pairs(data.scores, data.labels, "scores", "labels", False, 8, data.threads))


def _means(values: NDArray[np.float64], undefined: str) -> tuple[float, float, float]:
    kept = values if undefined == "nan" else values[:, ~np.isnan(values[0])]
    if kept.shape[1] == 0:
        return (float("nan"),) * 3
    auroc, precision, eer = (float(row.mean()) for row in kept)
    return auroc, precision, eer


def _resampled_micro(
    data: Batch, _: NDArray[np.float64], undefined: str, rng: np.random.Generator, size: int
) -> NDArray[np.float64]:
    cuts = data.offsets[1:-1]
    scores, labels = ([part[None] for part in np.split(array, cuts)] for array in (data.scores, data.labels))
    slots = _core.image_slots(scores, labels, "scores", "labels", 8, data.threads)
    videos, at_once = len(scores), max(16, AT_ONCE // len(scores) // 16 * 16)
    parts = []
    for begin in range(0, size, at_once):
        draws = rng.multinomial(videos, np.full(videos, 1 / videos), size=min(at_once, size - begin))
        parts.append(slots.reweighted(draws.astype(np.float64), 1.0, data.threads)[0])
    return np.concatenate(parts)


def _resampled_macro(
    data: Batch, values: NDArray[np.float64], undefined: str, rng: np.random.Generator, size: int
) -> NDArray[np.float64]:
    drawn = values[rng.integers(0, len(values), (size, len(values)))]
    if undefined == "nan":
        return np.asarray(drawn.mean(axis=1))
    kept = ~np.isnan(drawn)
    with np.errstate(invalid="ignore"):  # resamples of videos of one class
        return np.asarray(np.where(kept, drawn, 0).sum(axis=1) / kept.sum(axis=1))
