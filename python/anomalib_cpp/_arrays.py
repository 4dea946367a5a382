"""The one place that knows array libraries and devices: any supported array in, the same kind of array out."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._config import get_config
from ._errors import DeviceError, InvalidInputError, InvalidTypeError, PerformanceWarning

__all__ = ["Place", "as_float_rows", "as_floats", "contiguous", "locate"]

COPY_WARNING_BYTES = 64 << 20


class Place(NamedTuple):
    """Where the arrays of a call live."""

    core: ModuleType  # the extension that computes there: _core, or _cuda with the same functions
    data: NDArray[Any]  # the array, not copied; bfloat16 arrives widened to float32
    like_input: Callable[[Any], Any]  # turns a NumPy result into the caller's kind of array


def _same(result: Any) -> Any:
    return result


def _widen_bfloat16(bits: NDArray[np.uint16]) -> NDArray[np.float32]:
    return (bits.astype(np.uint32) << 16).view(np.float32)


def _from_torch(tensor: Any, name: str) -> Place:
    import torch

    if tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_meta:
        raise InvalidTypeError(f"{name} must be a dense tensor; call .to_dense() or .dequantize() first")
    if tensor.device.type != "cpu":
        raise DeviceError(f"{name} is on {tensor.device}; this function runs on the CPU only: call .cpu() first")
    tensor = tensor.detach().resolve_conj().resolve_neg()
    if tensor.dtype == torch.bfloat16:
        data: NDArray[Any] = _widen_bfloat16(tensor.view(torch.int16).numpy().view(np.uint16))
    else:
        data = tensor.numpy()
    return Place(_core, data, lambda result: torch.from_numpy(result) if isinstance(result, np.ndarray) else result)


def locate(array: Any, name: str) -> Place:
    """Find the extension module for `array`; `name` is the argument's name in error messages."""
    if isinstance(array, np.ndarray):
        if isinstance(array, np.ma.MaskedArray):
            raise InvalidTypeError(f"{name} is a masked array, which is not supported; fill or compress it first")
        data = array
    elif type(array).__module__.partition(".")[0] == "torch" and "torch" in sys.modules:
        return _from_torch(array, name)
    else:
        try:
            data = np.asarray(array)
        except ValueError as error:
            raise InvalidInputError(f"{name} cannot be read as one rectangular array: {error}") from error
    if data.dtype.name == "bfloat16":  # the ml_dtypes extension type, as JAX uses it
        data = _widen_bfloat16(data.view(np.uint16))
    if data.dtype.kind not in "biuf":
        raise InvalidTypeError(f"{name} must hold real numbers; got dtype {data.dtype}")
    return Place(_core, data, _same)


def contiguous(data: NDArray[Any], name: str, dtype: Any) -> NDArray[Any]:
    """Return `data` as an aligned native array of `dtype` whose last axis is contiguous; copies only if it is not."""
    dtype = np.dtype(dtype)
    fits = data.dtype == dtype and data.dtype.isnative and data.flags.aligned
    if fits and data.size:
        inner = data.shape[-1] <= 1 or data.strides[-1] == dtype.itemsize
        packed = data.ndim < 2 or all(
            n <= 1 or (s >= data.shape[-1] * dtype.itemsize and s % dtype.itemsize == 0)
            for n, s in zip(data.shape[:-1], data.strides[:-1], strict=True)
        )
        fits = inner and packed
    if fits:
        return data
    if data.size * dtype.itemsize > COPY_WARNING_BYTES and get_config()["warn_copies"]:
        warnings.warn(
            f"{name} of dtype {data.dtype} and strides {data.strides} is copied ({data.size * dtype.itemsize} bytes); "
            f"pass {dtype} with contiguous rows to avoid it",
            PerformanceWarning,
            stacklevel=4,
        )
    return np.ascontiguousarray(data, dtype=dtype)


def as_floats(array: Any, name: str) -> Place:
    """Locate a floating-point array: float16 and bfloat16 widened to float32 (exact), float32 and float64 kept."""
    place = locate(array, name)
    kind = place.data.dtype
    if kind.kind != "f" or kind.itemsize > 8:
        raise InvalidTypeError(f"{name} must be float16, bfloat16, float32 or float64; got {kind}")
    dtype = np.float64 if kind.itemsize == 8 else np.float32
    return place._replace(data=contiguous(place.data, name, dtype))


def as_float_rows(array: Any, name: str) -> Place:
    """Locate a 2-D floating-point array (rows, columns) with at least one column."""
    place = as_floats(array, name)
    if place.data.ndim != 2:
        raise InvalidInputError(f"{name} must be 2-D (rows, columns); got shape {place.data.shape}")
    if place.data.shape[1] == 0:
        raise InvalidInputError(f"{name} must have at least one column; got shape {place.data.shape}")
    return place
