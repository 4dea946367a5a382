"""Patch embeddings: what a memory bank stores, from the feature maps of several network layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .._arrays import Place, contiguous, locate
from .._checks import choice, integer
from .._config import threads_or_default
from .._errors import InvalidInputError, InvalidTypeError

Array = TypeVar("Array")

__all__ = ["patch_embeddings"]


def _layers(feature_maps: Any) -> tuple[list[Any], Place]:
    if not isinstance(feature_maps, (list, tuple)):
        raise InvalidTypeError(
            "feature_maps must be a list of arrays of shape (n, channels, height, width), one for each layer; "
            f"got {type(feature_maps).__name__}"
        )
    if not feature_maps:
        raise InvalidInputError("feature_maps must hold at least one layer; got an empty list")
    places = [locate(layer, f"feature_maps[{i}]") for i, layer in enumerate(feature_maps)]
    for i, place in enumerate(places):
        shape = place.data.shape
        if place.data.dtype.kind != "f" or place.data.dtype.itemsize > 8:
            raise InvalidTypeError(
                f"feature_maps[{i}] must be float16, bfloat16, float32 or float64; got {place.data.dtype}"
            )
        if len(shape) != 4 or 0 in shape[1:]:
            raise InvalidInputError(
                f"feature_maps[{i}] must have shape (n, channels, height, width), none but n of them 0; got {shape}"
            )
        if shape[0] != places[0].data.shape[0]:
            raise InvalidInputError(
                f"feature_maps[{i}] holds {shape[0]} images but feature_maps[0] holds {places[0].data.shape[0]}"
            )
    dtype = np.dtype(np.float64 if any(p.data.dtype.itemsize == 8 for p in places) else np.float32)
    return [_of_type(p.data, f"feature_maps[{i}]", dtype) for i, p in enumerate(places)], places[0]


def _of_type(data: NDArray[Any], name: str, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return `data` as it lies in memory, channels-last layout included, unless its type has to change."""
    if data.dtype == dtype and data.dtype.isnative and data.flags.aligned:
        return data
    return contiguous(data, name, dtype)


def patch_embeddings(
    feature_maps: Sequence[Array],
    *,
    variant: str = "anomalib",
    patch_size: int = 3,
    stride: int = 1,
    pretrain_dim: int | None = None,
    target_dim: int | None = None,
    threads: int | None = None,
) -> Array:
    """Join the feature maps of several layers into one row of locally averaged features for each patch.

    The first layer sets the grid of patches; each patch sees a neighbourhood of ``patch_size x patch_size`` positions
    in every layer, zeros outside the map. Layers after the first are resized to its grid (bilinear, as
    ``align_corners=False``).

    Parameters
    ----------
    feature_maps : list of arrays of float16, bfloat16, float32 or float64, shape (n, channels_l, height_l, width_l)
        One array for each layer; NumPy or PyTorch, in any memory layout, channels-last included, without a copy. Values
        should be finite: they are not checked here, and a NaN or infinity spreads to the patches that see it.
    variant : {"anomalib", "inspection"}, default "anomalib"
        - ``"anomalib"``: the mean of each channel over the neighbourhood (zeros outside count), channels of all layers
          side by side; ``D`` is the sum of the layers' channels. `patch_size` must be odd and `stride` 1.
        - ``"inspection"`` (patchcore-inspection): the neighbourhood of all channels as one vector, in the order
          (channel, row, column), averaged adaptively to `pretrain_dim` values; the layers' vectors joined and averaged
          adaptively to `target_dim` values, which is ``D``. Adaptive averaging from `n` to `m` values takes the mean of
          values ``floor(i n / m)`` to ``ceil((i + 1) n / m) - 1`` for output `i`.
    patch_size : int, default 3
        Side of the neighbourhood.
    stride : int, default 1
        Steps between patches, for ``"inspection"``.
    pretrain_dim, target_dim : int, optional
        For ``"inspection"`` only; 1024 each by default.
    threads : int, optional
        Most threads to use; :func:`anomalib_cpp.get_num_threads` by default.

    Returns
    -------
    array of float32 or float64, shape (n, P, D)
        Row ``y * width + x`` of an image belongs to the patch at row `y`, column `x` of the grid: ``P = height_0 *
        width_0`` for stride 1 and an odd `patch_size`. ``reshape(-1, D)`` is free and gives the rows that
        :func:`~anomalib_cpp.bank.coreset` and :func:`~anomalib_cpp.bank.knn` take. float64 if any layer is, else
        float32; the kind of array that ``feature_maps[0]`` is.

    Raises
    ------
    ValueError
        If a layer is not 4-D, is empty or has another number of images than the first, or an option is unknown, out of
        range or does not belong to `variant`.
    TypeError
        If `feature_maps` is not a list of floating-point arrays.
    KeyboardInterrupt
        On Ctrl-C; no partial result is returned.

    Notes
    -----
    One pass that reads every map once and writes the result once; no neighbourhoods are unfolded, and beyond the result
    a thread uses a megabyte or so. The same bits for every number of threads and instruction set.

    References
    ----------
    .. [1] K. Roth et al., "Towards Total Recall in Industrial Anomaly Detection", CVPR 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from anomalib_cpp import bank
    >>> layers = [np.ones((1, 2, 4, 4)), np.ones((1, 3, 2, 2))]
    >>> rows = bank.patch_embeddings(layers)
    >>> rows.shape
    (1, 16, 5)
    >>> rows[0, 5].round(3).tolist()  # an inner patch of the first layer; the second is all border
    [1.0, 1.0, 0.444, 0.444, 0.444]
    """
    choice(variant, "variant", ("anomalib", "inspection"))
    patch, step = integer(patch_size, "patch_size", 1), integer(stride, "stride", 1)
    if variant == "anomalib":
        for name, value in (("pretrain_dim", pretrain_dim), ("target_dim", target_dim)):
            if value is not None:
                raise InvalidInputError(f"{name} belongs to variant='inspection'; got variant='anomalib'")
        if step != 1:
            raise InvalidInputError(f"stride must be 1 for variant='anomalib'; got {stride}")
        if patch % 2 == 0:
            raise InvalidInputError(f"patch_size must be odd for variant='anomalib'; got {patch_size}")
    dims = [
        integer(1024 if value is None else value, name, 1)
        for name, value in (("pretrain_dim", pretrain_dim), ("target_dim", target_dim))
    ]
    layers, place = _layers(feature_maps)
    if variant == "anomalib":
        rows = place.core.bank_average_embeddings(layers, patch, threads_or_default(threads))
    else:
        rows = place.core.bank_adaptive_embeddings(layers, patch, step, *dims, threads_or_default(threads))
    return place.like_input(rows)  # type: ignore[no-any-return]
