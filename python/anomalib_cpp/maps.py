"""Anomaly-map images: resizing, Gaussian blur, both in one step, and image scores from maps."""

from __future__ import annotations

import math
from typing import Any, TypeVar

from ._arrays import Place, as_floats
from ._checks import as_integer, choice, integer, number
from ._checks import fraction as checked_fraction
from ._config import threads_or_default
from ._errors import InvalidInputError, InvalidTypeError

Array = TypeVar("Array")

__all__ = ["anomaly_map", "gaussian_blur", "image_scores", "resize", "resize_to_masks"]

_TRUNCATE = 4.0
_MAX_SIZE = 1 << 24
_WIDEST = 1 << 62  # no radius in memory; the compiled layer refuses it


def _as_maps(array: Any, name: str, *, cuda: bool = True) -> tuple[Place, tuple[int, ...]]:
    """Locate maps (..., h, w); return them as (n, h, w) with their leading shape."""
    place = as_floats(array, name, cuda=cuda)
    shape = tuple(place.data.shape)
    if len(shape) < 2:
        raise InvalidInputError(f"{name} must have shape (..., height, width); got shape {shape}")
    if shape[-1] == 0 or shape[-2] == 0:
        raise InvalidInputError(f"{name} must have at least one row and one column; got shape {shape}")
    return place._replace(data=place.data.reshape((math.prod(shape[:-2]), *shape[-2:]))), shape[:-2]


def _size(size: Any) -> tuple[int, int]:
    sides = tuple(size) if isinstance(size, (tuple, list)) or getattr(size, "ndim", 0) == 1 else (size, size)
    if len(sides) != 2:
        raise InvalidTypeError(f"size must be an integer or a pair (height, width); got {size!r}")
    height, width = (as_integer(side) for side in sides)
    if height is None or width is None:
        raise InvalidTypeError(f"size must be an integer or a pair (height, width); got {size!r}")
    if height < 1 or width < 1:
        raise InvalidInputError(f"size must be at least 1 in each direction; got {size!r}")
    if height > _MAX_SIZE or width > _MAX_SIZE:
        raise InvalidInputError(f"size must be at most {_MAX_SIZE} in each direction; got {size!r}")
    return height, width


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise InvalidTypeError(f"{name} must be a string; got {type(value).__name__}")
    return value


def _blur(sigma: Any, truncate: Any, radius: Any) -> tuple[float, int]:
    spread, cut = number(sigma, "sigma"), number(truncate, "truncate")
    for name, value in (("sigma", spread), ("truncate", cut)):
        if not (math.isfinite(value) and value >= 0):
            raise InvalidInputError(f"{name} must be finite and >= 0; got {value!r}")
    if radius is None:
        return spread, int(min(cut * spread + 0.5, _WIDEST))
    return spread, min(integer(radius, "radius", 0), _WIDEST)


def resize(maps: Array, size: int | tuple[int, int], *, mode: str = "bilinear", threads: int | None = None) -> Array:
    """Resample maps to another size, without antialiasing.

    The three modes sample where ``torch.nn.functional.interpolate`` does. With output position `o`:

    - ``"bilinear"`` (``align_corners=False``): source ``x = max((o + 0.5) * in / out - 0.5, 0)``;
    - ``"bilinear_corners"`` (``align_corners=True``): source ``x = o * (in - 1) / (out - 1)``;
    - ``"nearest"``: the sample ``min(floor(o * in / out), in - 1)``, the ratio rounded to float32.

    The bilinear value between samples `i` and `i + 1` is ``(1 - f) * v[i] + f * v[i + 1]`` with ``f = x - i``.

    Parameters
    ----------
    maps : array of float16, bfloat16, float32 or float64, shape (..., h, w)
        Maps, finite; NumPy, PyTorch (CPU or CUDA) or CuPy.
    size : int or (int, int)
        Height and width of the result; one integer for both.
    mode : {"bilinear", "bilinear_corners", "nearest"}, default "bilinear"
        Sampling rule.
    threads : int, optional
        Most threads to use; :func:`anomalib_cpp.get_num_threads` by default.

    Returns
    -------
    array of float32 or float64, shape (..., height, width)
        The kind of array that `maps` is; float64 for float64 maps, else float32.

    Raises
    ------
    ValueError
        If `maps` has fewer than two dimensions, an empty map or a NaN or infinity (with its position; not checked on
        a GPU), or if `size` or `mode` is out of range.
    TypeError
        If `maps` does not hold floating-point numbers.
    KeyboardInterrupt
        On Ctrl-C; no partial result is returned.

    Notes
    -----
    One pass, a few multiplications a pixel. The same bits for every number of threads, instruction set and device.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp import maps
    >>> maps.resize(np.array([[0.0, 1.0], [2.0, 4.0]]), 4)[0].tolist()
    [0.0, 0.25, 0.75, 1.0]
    """
    place, lead = _as_maps(maps, "maps")
    height, width = _size(size)
    out = place.empty((place.data.shape[0], height, width), place.data.dtype)
    place.core.maps_resize(place.data, out, _text(mode, "mode"), threads_or_default(threads))
    return place.like_input(out.reshape((*lead, height, width)))  # type: ignore[no-any-return]


def resize_to_masks(maps: Any, masks: Any, *, mode: str = "bilinear", threads: int | None = None) -> Any:
    """Resample each map to the size of its mask.

    Parameters
    ----------
    maps : array of shape (h, w), (n, h, w) or (n, 1, h, w), or list of (h, w) arrays
        As in :func:`resize`.
    masks : array of shape (H, W), (n, H, W) or (n, 1, H, W), or list of (H, W) arrays
        Only their shapes matter; a list where their sizes differ.
    mode : {"bilinear", "bilinear_corners", "nearest"}, default "bilinear"
        As in :func:`resize`.
    threads : int, optional
        As in :func:`resize`.

    Returns
    -------
    array of shape (H, W), (n, H, W) or (n, 1, H, W), or list of (H, W) arrays
        A list where `maps` or `masks` is one.

    Raises
    ------
    ValueError, TypeError
        As in :func:`resize`; if there are more or fewer masks than maps.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp import maps
    >>> [made.shape for made in maps.resize_to_masks(np.zeros((2, 4, 4)), [np.zeros((8, 6)), np.zeros((5, 5))])]
    [(8, 6), (5, 5)]
    """
    listed = isinstance(maps, (list, tuple)), isinstance(masks, (list, tuple))
    if any(listed):
        if len(maps) != len(masks):
            raise InvalidInputError(f"there must be as many masks as maps; got {len(masks)} and {len(maps)}")
        return [
            resize(image, tuple(mask.shape[-2:]), mode=mode, threads=threads)
            for image, mask in zip(maps, masks, strict=True)
        ]
    if len(masks.shape) < 2:
        raise InvalidInputError(f"masks must have shape (..., height, width); got shape {tuple(masks.shape)}")
    return resize(maps, tuple(masks.shape[-2:]), mode=mode, threads=threads)


def gaussian_blur(
    maps: Array,
    sigma: float,
    *,
    border: str = "symmetric",
    truncate: float = _TRUNCATE,
    radius: int | None = None,
    threads: int | None = None,
) -> Array:
    """Blur maps with a Gaussian.

    The kernel is ``exp(-t^2 / (2 sigma^2))`` for ``-radius <= t <= radius``, normalised to sum 1, applied along rows
    and columns.

    Parameters
    ----------
    maps : array of float16, bfloat16, float32 or float64, shape (..., h, w)
        Maps, finite; NumPy, PyTorch (CPU or CUDA) or CuPy.
    sigma : float
        Standard deviation in pixels, >= 0; 0 copies the maps.
    border : {"symmetric", "mirror", "replicate", "zero"}, default "symmetric"
        What stands outside a map. ``"symmetric"`` repeats the edge pixel (SciPy calls it ``reflect``), ``"mirror"``
        does not (PyTorch, kornia and torchvision call that ``reflect``) and needs ``radius < size``, ``"replicate"``
        continues the edge pixel, ``"zero"`` is zero.
    truncate : float, default 4.0
        Where the kernel is cut, in standard deviations: ``radius = int(truncate * sigma + 0.5)``.
    radius : int, optional
        Taps on each side of the centre, instead of `truncate`.
    threads : int, optional
        Most threads to use; :func:`anomalib_cpp.get_num_threads` by default.

    Returns
    -------
    array of float32 or float64, shape (..., h, w)
        The kind of array that `maps` is; float64 for float64 maps, else float32.

    Raises
    ------
    ValueError
        As for :func:`resize`, and if `sigma`, `truncate` or `radius` is negative, `border` unknown, or the map too
        small for ``"mirror"``.
    TypeError
        If `maps` does not hold floating-point numbers, or an option has the wrong type.
    KeyboardInterrupt
        On Ctrl-C; no partial result is returned.

    Notes
    -----
    ``2 (2 radius + 1)`` multiplications a pixel instead of the ``(2 radius + 1)^2`` of a two-dimensional kernel.
    The same bits for every number of threads, instruction set and device.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp import maps
    >>> maps.gaussian_blur(np.eye(3), 0.5, radius=1).round(3).tolist()
    [[0.81, 0.179, 0.011], [0.179, 0.642, 0.179], [0.011, 0.179, 0.81]]
    """
    place, lead = _as_maps(maps, "maps")
    width, reach = _blur(sigma, truncate, radius)
    out = place.empty(place.data.shape, place.data.dtype)
    place.core.maps_gaussian_blur(place.data, out, width, reach, _text(border, "border"), threads_or_default(threads))
    return place.like_input(out.reshape((*lead, *place.data.shape[1:])))  # type: ignore[no-any-return]


def anomaly_map(
    patch_scores: Array,
    size: int | tuple[int, int],
    *,
    sigma: float = 4.0,
    mode: str = "bilinear",
    border: str = "symmetric",
    truncate: float = _TRUNCATE,
    radius: int | None = None,
    threads: int | None = None,
) -> Array:
    """Turn the scores of a patch grid into a smooth map of the image's size.

    Resamples as :func:`resize` does, then blurs as :func:`gaussian_blur` does, in one step: both are linear and act on
    rows and columns apart, so the map is ``W_y S W_x^T`` with two small banded matrices. The defaults are those of the
    original PatchCore; ``mode="nearest", border="mirror"`` gives the maps of anomalib's PatchCore, and
    ``mode="bilinear", border="mirror"`` those of pipelines that blur with torchvision or kornia.

    Parameters
    ----------
    patch_scores : array of float16, bfloat16, float32 or float64, shape (..., h, w)
        Scores of the patches, finite; NumPy, PyTorch (CPU or CUDA) or CuPy.
    size : int or (int, int)
        Height and width of the map; one integer for both.
    sigma : float, default 4.0
        Standard deviation of the blur in pixels of the result, >= 0; 0 leaves the blur out.
    mode : {"bilinear", "bilinear_corners", "nearest"}, default "bilinear"
        Sampling rule, as in :func:`resize`.
    border : {"symmetric", "mirror", "replicate", "zero"}, default "symmetric"
        What the blur sees outside the map, as in :func:`gaussian_blur`.
    truncate : float, default 4.0
        ``radius = int(truncate * sigma + 0.5)``.
    radius : int, optional
        Taps on each side of the centre, instead of `truncate`.
    threads : int, optional
        Most threads to use; :func:`anomalib_cpp.get_num_threads` by default.

    Returns
    -------
    array of float32 or float64, shape (..., height, width)
        The kind of array that `patch_scores` is; float64 for float64 scores, else float32.

    Raises
    ------
    ValueError, TypeError, KeyboardInterrupt
        As for :func:`resize` and :func:`gaussian_blur`.

    Notes
    -----
    A 28 x 28 grid becomes a 224 x 224 map with about 8 multiplications a pixel, where a 33 x 33 kernel takes 1089.
    Agrees with the two steps in float64 to 1e-12, and to 1e-6 in float32, relative to the largest score. The same
    bits for every number of threads, instruction set and device.

    References
    ----------
    .. [1] K. Roth et al., "Towards Total Recall in Industrial Anomaly Detection", CVPR 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp import maps
    >>> scores = np.zeros((28, 28), np.float32)
    >>> scores[10, 20] = 1.0
    >>> smooth = maps.anomaly_map(scores, (224, 224))
    >>> smooth.shape, divmod(int(smooth.argmax()), 224)
    ((224, 224), (83, 163))
    """
    place, lead = _as_maps(patch_scores, "patch_scores")
    height, width = _size(size)
    spread, reach = _blur(sigma, truncate, radius)
    out = place.empty((place.data.shape[0], height, width), place.data.dtype)
    place.core.maps_anomaly_map(
        place.data, out, spread, reach, _text(mode, "mode"), _text(border, "border"), threads_or_default(threads)
    )
    return place.like_input(out.reshape((*lead, height, width)))  # type: ignore[no-any-return]


def image_scores(
    maps: Array,
    *,
    variant: str = "max",
    fraction: float | None = None,
    k: int | None = None,
    threads: int | None = None,
) -> Array:
    """Score every image by the largest values of its map or patch grid.

    Parameters
    ----------
    maps : array of float16, bfloat16, float32 or float64, shape (..., h, w)
        Maps or grids of patch scores, finite. Patch scores of shape (n, p) go in as ``scores[:, None, :]``.
    variant : {"max", "top_fraction", "topk_sum"}, default "max"
        - ``"max"``: the largest value, as PatchCore without reweighting and UniVAD do;
        - ``"top_fraction"``: mean of the ``max(int(fraction * h * w), 1)`` largest, as AnomalyDINO (patches) and
          VisionAD (pixels) do;
        - ``"topk_sum"``: sum of the `k` largest, as CPR does.
    fraction : float, optional
        Share of the values for ``"top_fraction"``, ``0 < fraction <= 1``; 0.01 by default.
    k : int, optional
        How many values ``"topk_sum"`` adds, ``1 <= k <= h * w``; 512 by default.
    threads : int, optional
        Most threads to use; :func:`anomalib_cpp.get_num_threads` by default.

    Returns
    -------
    array of float32 or float64, shape (...)
        One score for each map: the leading dimensions of `maps`. float64 for float64 maps, else float32.

    Raises
    ------
    ValueError
        If `maps` has fewer than two dimensions, an empty map, a NaN or infinity (with its position), or an option is
        out of range or does not belong to `variant`.
    TypeError
        If `maps` does not hold floating-point numbers.

    Notes
    -----
    O(h w) a map; sums run in float64 from the largest value down. Runs on the CPU.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp import maps
    >>> grid = np.arange(250.0).reshape(1, 10, 25)
    >>> maps.image_scores(grid).tolist(), maps.image_scores(grid, variant="top_fraction").tolist()
    ([249.0], [248.5])
    """
    place, lead = _as_maps(maps, "maps", cuda=False)
    values = place.data.shape[1] * place.data.shape[2]
    count, divisor = _largest_values(variant, fraction, k, values)
    scores = place.core.maps_image_scores(place.data, count, divisor, threads_or_default(threads))
    return place.like_input(scores.reshape(lead))  # type: ignore[no-any-return]


def _largest_values(variant: str, fraction: float | None, k: int | None, values: int) -> tuple[int, float]:
    """How many of the largest values count, and what their sum is divided by."""
    choice(variant, "variant", ("max", "top_fraction", "topk_sum"))
    if fraction is not None and variant != "top_fraction":
        raise InvalidInputError(f"fraction belongs to variant='top_fraction'; got variant={variant!r}")
    if k is not None and variant != "topk_sum":
        raise InvalidInputError(f"k belongs to variant='topk_sum'; got variant={variant!r}")
    if variant == "max":
        return 1, 1.0
    if variant == "top_fraction":
        share = 0.01 if fraction is None else checked_fraction(fraction, "fraction")
        count = max(int(share * values), 1)
        return count, float(count)
    count = 512 if k is None else integer(k, "k")
    if not 1 <= count <= values:
        raise InvalidInputError(f"k must lie between 1 and the {values} values of a map; got {count}")
    return count, 1.0
