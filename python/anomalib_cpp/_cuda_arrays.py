"""Arrays that live on an NVIDIA GPU, and the extension that computes there; part of `_arrays`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from ._errors import DeviceError, InvalidTypeError

__all__ = ["CudaArray", "cuda_available", "locate_cuda"]


class CudaArray(NamedTuple):
    """Contiguous float32 or float64 memory of a GPU, as `_cuda` takes it, and the array that owns it."""

    owner: Any
    pointer: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    device: int
    stream: int  # the caller's current stream: all work of a call is ordered on it

    def reshape(self, shape: tuple[int, ...]) -> CudaArray:
        """Return the same memory under another shape."""
        return self._replace(owner=self.owner.reshape(shape), shape=tuple(shape))


class CudaPlace(NamedTuple):
    """The fields of `Place`, for a GPU."""

    core: ModuleType
    data: Any  # CudaArray
    like_input: Callable[[Any], Any]
    empty: Callable[..., CudaArray]


def _extension() -> ModuleType:
    return importlib.import_module("._cuda", __package__)


def cuda_available() -> bool:
    """Tell whether CUDA arrays can be computed with: the CUDA extension is built and finds a GPU and its driver.

    Returns
    -------
    bool
        Never raises; loads the CUDA extension at most once.

    Examples
    --------
    >>> import anomalib_cpp as ac
    >>> ac.cuda_available() in (True, False)
    True
    """
    try:
        return int(_extension().device_count()) > 0
    except ImportError:
        return False


def _extension_for(name: str, device: Any) -> ModuleType:
    try:
        return _extension()
    except ImportError as error:
        raise DeviceError(
            f"{name} is on {device}, but this build of anomalib_cpp has no CUDA support; copy it to the CPU first, or "
            "install from source with -DANOMALIB_CPP_CUDA=ON"
        ) from error


def _owner(array: CudaArray) -> Any:
    return array.owner


def _from_torch(tensor: Any, name: str) -> CudaPlace:
    import torch

    if tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_nested:
        raise InvalidTypeError(f"{name} must be a dense tensor; call .to_dense() or .dequantize() first")
    if not tensor.dtype.is_floating_point:
        raise InvalidTypeError(f"{name} must be float16, bfloat16, float32 or float64; got {tensor.dtype}")
    core = _extension_for(name, tensor.device)
    stream = int(torch.cuda.current_stream(tensor.device).cuda_stream)

    def wrap(t: Any) -> CudaArray:
        dtype = np.dtype(np.float64 if t.dtype == torch.float64 else np.float32)
        return CudaArray(t, t.data_ptr(), tuple(t.shape), dtype, t.device.index, stream)

    def empty(shape: tuple[int, ...], dtype: Any) -> CudaArray:
        kind = torch.float64 if np.dtype(dtype) == np.float64 else torch.float32
        return wrap(torch.empty(shape, dtype=kind, device=tensor.device))

    kind = torch.float64 if tensor.dtype == torch.float64 else torch.float32
    return CudaPlace(core, wrap(tensor.detach().to(kind).resolve_neg().contiguous()), _owner, empty)


def _from_cupy(array: Any, name: str) -> CudaPlace:
    cupy = sys.modules["cupy"]
    if array.dtype.kind != "f":
        raise InvalidTypeError(f"{name} must be float16, float32 or float64; got {array.dtype}")
    device = int(array.device.id)
    core = _extension_for(name, f"cuda:{device}")

    def wrap(a: Any) -> CudaArray:
        stream = int(cupy.cuda.get_current_stream(device).ptr)
        return CudaArray(a, int(a.data.ptr), tuple(a.shape), np.dtype(a.dtype), device, stream)

    def empty(shape: tuple[int, ...], dtype: Any) -> CudaArray:
        with cupy.cuda.Device(device):
            return wrap(cupy.empty(shape, dtype))

    with cupy.cuda.Device(device):
        data = cupy.ascontiguousarray(array, np.float64 if array.dtype.itemsize == 8 else np.float32)
    return CudaPlace(core, wrap(data), _owner, empty)


def _on_gpu(array: Any) -> bool:
    device = getattr(type(array), "__dlpack_device__", None)  # first: JAX's CPU arrays have the other attribute too
    if device is not None:
        return int(device(array)[0]) in (2, 13)  # CUDA, and CUDA's managed memory
    return hasattr(array, "__cuda_array_interface__")


def locate_cuda(array: Any, name: str) -> CudaPlace | None:
    """Take a CUDA array of PyTorch or CuPy; None for what is not on a GPU."""
    if "torch" in sys.modules and isinstance(array, sys.modules["torch"].Tensor):
        return _from_torch(array, name) if array.is_cuda else None
    if "cupy" in sys.modules and isinstance(array, sys.modules["cupy"].ndarray):
        return _from_cupy(array, name)
    if _on_gpu(array):
        kind = f"{type(array).__module__}.{type(array).__qualname__}"
        raise DeviceError(f"{name} is a {kind} on a GPU; pass it as a PyTorch or CuPy array (their from_dlpack)")
    return None
