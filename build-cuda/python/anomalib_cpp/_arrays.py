"""The one place that knows array libraries and devices: any supported array in, the same kind of array out."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._config import get_config
from ._cuda_arrays import CudaArray, cuda_available, locate_cuda
from ._errors import DeviceError, InvalidInputError, InvalidTypeError, PerformanceWarning

__all__ = ["Place", "as_float_rows", "as_floats", "contiguous", "cuda_available", "locate"]

COPY_WARNING_BYTES = 64 << 20


class Place(NamedTuple):
    """Where the arrays of a call live."""

    core: ModuleType  # the extension that computes there: _core, or _cuda with the same functions
    data: NDArray[Any]  # the array, not copied; bfloat16 arrives widened to float32. A CudaArray if `core` is _cuda
    like_input: Callable[[Any], Any]  # turns a result of `core` into the caller's kind of array
    empty: Callable[..., Any] = np.empty  # (shape, dtype): room for a result, for `core` to write into


_DLPACK_CPU, _DLPACK_PINNED = 1, 3
_DLPACK_DEVICES = {2: "cuda", 4: "opencl", 7: "vulkan", 8: "metal", 10: "rocm", 13: "cuda (managed)", 14: "oneapi"}


def _same(result: Any) -> Any:
    return result


def _widen_bfloat16(bits: NDArray[np.uint16]) -> NDArray[np.float32]:
    return (bits.astype(np.uint32) << 16).view(np.float32)


def _from_numpy(array: NDArray[Any], name: str) -> NDArray[Any]:
    if isinstance(array, np.ma.MaskedArray):
        raise InvalidTypeError(f"{name} is a masked array, which is not supported; fill or compress it first")
    if array.dtype.name == "bfloat16":  # the ml_dtypes extension type
        return _widen_bfloat16(array.view(np.uint16))
    return np.asarray(array)


def _plain_tensor(tensor: Any, name: str) -> Any:
    """Return a torch tensor that can be exported: dense, without gradient history or lazy bits."""
    import torch

    if tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_nested:
        raise InvalidTypeError(f"{name} must be a dense tensor; call .to_dense() or .dequantize() first")
    if tensor.is_meta:
        raise InvalidTypeError(f"{name} is a meta tensor, which has no values")
    return tensor.detach().resolve_conj().resolve_neg()


def _torch_like(result: Any) -> Any:
    import torch

    return torch.from_numpy(result) if isinstance(result, np.ndarray) else result


def _like_namespace(namespace: Any) -> Callable[[Any], Any]:
    """Convert results with the `asarray` of the caller's library (JAX, array-api-strict, ...)."""
    return lambda result: namespace.asarray(result) if isinstance(result, np.ndarray) else result


@contextmanager
def _sharing(array: Any, name: str) -> Iterator[None]:
    try:
        yield
    except (BufferError, RuntimeError, ValueError) as error:
        raise InvalidTypeError(
            f"{name} of type {type(array).__name__} has no memory to share ({error}); "
            f"convert it to a plain array, outside torch.compile and functional transforms"
        ) from error


def _capsule(array: Any) -> Any:
    """Call `__dlpack__` with the newest arguments that the producer knows."""
    for arguments in ({"stream": None, "max_version": (1, 1)}, {"stream": None}):
        try:
            return array.__dlpack__(**arguments)
        except TypeError:  # an older signature
            continue
    return array.__dlpack__()


def _from_dlpack(array: Any, name: str) -> Place:
    like_input: Callable[[Any], Any] = _same
    if "torch" in sys.modules and isinstance(array, sys.modules["torch"].Tensor):
        array, like_input = _plain_tensor(array, name), _torch_like
    elif hasattr(array, "__array_namespace__"):
        like_input = _like_namespace(array.__array_namespace__())
    with _sharing(array, name):
        device, number = array.__dlpack_device__()
    if device not in (_DLPACK_CPU, _DLPACK_PINNED):
        where = _DLPACK_DEVICES.get(int(device), f"device type {int(device)}")
        raise DeviceError(
            f"{name} is on {where}:{number}; this function runs on the CPU only: move the array there first"
        )
    with _sharing(array, name):
        capsule = _capsule(array)
    data, is_bfloat16 = _core.from_dlpack(capsule, name)
    return Place(_core, _widen_bfloat16(data) if is_bfloat16 else data, like_input)


def _from_object(array: Any, name: str) -> NDArray[Any]:
    if hasattr(array, "__cuda_array_interface__"):
        raise DeviceError(f"{name} is on a CUDA device; this function runs on the CPU only: move the array there first")
    if type(array).__module__.startswith("scipy.sparse"):
        raise InvalidTypeError(f"{name} is a sparse matrix; call .toarray() first")
    try:
        return _from_numpy(np.asarray(array), name)
    except ValueError as error:
        raise InvalidInputError(_why_not_rectangular(array, name) or f"{name} is not an array: {error}") from error


def _why_not_rectangular(sequence: Any, name: str) -> str | None:
    if not isinstance(sequence, (list, tuple)):
        return None
    shapes = [np.shape(item) if not isinstance(item, (list, tuple)) else (len(item),) for item in sequence]
    for i, shape in enumerate(shapes):
        if shape != shapes[0]:
            return f"{name} must be rectangular; item 0 has shape {shapes[0]} but item {i} has shape {shape}"
    return None


def locate(array: Any, name: str, *, cuda: bool = False) -> Place:
    """Find the extension module for `array`; `name` is the argument's name in error messages.

    No copy, except of bfloat16 (widened, exactly), of Python sequences, and of what only ``__array__`` can give.
    `cuda` says that the function runs on CUDA arrays too, which then come back as contiguous float32 or float64.
    """
    if cuda and not isinstance(array, np.ndarray) and (on_gpu := locate_cuda(array, name)):
        return Place(*on_gpu)
    if isinstance(array, np.ndarray):  # first: NumPy's own export refuses foreign byte order
        place = Place(_core, _from_numpy(array, name), _same)
    elif hasattr(type(array), "__dlpack__") and hasattr(type(array), "__dlpack_device__"):
        place = _from_dlpack(array, name)
    else:
        place = Place(_core, _from_object(array, name), _same)
    if place.data.dtype.kind not in "biuf":
        raise InvalidTypeError(f"{name} must hold real numbers; got dtype {place.data.dtype}")
    return place


def contiguous(data: NDArray[Any], name: str, dtype: Any) -> NDArray[Any]:
    """Return `data` as an aligned native array of `dtype` whose last axis is contiguous; copies only if it is not."""
    dtype = np.dtype(dtype)
    fits = data.dtype == dtype and data.dtype.isnative and data.flags.aligned
    if fits and data.size:
        inner = data.ndim == 0 or data.shape[-1] <= 1 or data.strides[-1] == dtype.itemsize
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
    return np.require(data, dtype, ["C", "A"])


def as_floats(array: Any, name: str, *, cuda: bool = False) -> Place:
    """Locate a floating-point array: float16 and bfloat16 widened to float32 (exact), float32 and float64 kept."""
    place = locate(array, name, cuda=cuda)
    if isinstance(place.data, CudaArray):
        return place
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
