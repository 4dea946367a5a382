"""The CUDA door: it opens on machines without a GPU too; on one with a GPU, results have the bits of the CPU."""

import importlib

import numpy as np
import pytest

import anomalib_cpp as ac
from anomalib_cpp import _cuda_arrays, bank, maps
from anomalib_cpp._cuda_arrays import CudaArray


def extension():
    return pytest.importorskip("anomalib_cpp._cuda", reason="this build has no CUDA extension")


@pytest.fixture
def torch_on_gpu():
    if not ac.cuda_available():
        pytest.skip("no CUDA extension, or no GPU that it can use")
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("this PyTorch has no CUDA")
    return torch


def test_availability_never_raises():
    assert ac.cuda_available() in (True, False)


def test_the_extension_imports_without_a_gpu_and_says_what_is_missing():
    cuda = extension()
    if cuda.device_count() == 0:
        assert cuda.device_problem() or cuda.runtime_version() >= 12000
        assert not ac.cuda_available()
    else:
        assert cuda.device_problem() == ""
        assert ac.cuda_available()


def test_both_extensions_have_the_same_functions():
    from anomalib_cpp import _core

    cuda = extension()
    shared = [name for name in dir(cuda) if name.startswith("maps_")]
    assert shared == ["maps_anomaly_map", "maps_gaussian_blur", "maps_resize"]
    for name in shared:
        arguments = [getattr(module, name).__doc__.split("->")[0].count(",") for module in (cuda, _core)]
        assert arguments[0] == arguments[1]


def test_a_call_without_a_gpu_is_one_clear_error():
    cuda = extension()
    if cuda.device_count() > 0:
        pytest.skip("this machine has a GPU")
    array = CudaArray(None, 0, (1, 2, 2), np.dtype(np.float32), 0, 0)
    with pytest.raises(ac.CudaError, match="CUDA error while"):
        cuda.maps_resize(array, array, "bilinear", 1)
    with pytest.raises(ac.InvalidInputError, match="mode must be one of"):
        cuda.maps_resize(array, array, "cubic", 1)


class OnGpu:
    """What an array of a GPU looks like from outside."""

    __cuda_array_interface__ = {"shape": (2, 2), "typestr": "<f4", "data": (0, False), "version": 3}  # noqa: RUF012


class OnGpuByDlpack:
    """The same for a library that speaks DLPack only."""

    def __dlpack_device__(self):
        return (2, 0)

    def __dlpack__(self, **arguments):
        raise AssertionError("must not be exported")


@pytest.mark.parametrize("kind", [OnGpu, OnGpuByDlpack])
def test_gpu_arrays_of_other_libraries_are_refused_by_name(kind):
    message = rf"maps is a .*{kind.__name__} on a GPU; pass it as a PyTorch or CuPy array"
    with pytest.raises(ac.DeviceError, match=message):
        maps.resize(kind(), 4)


def test_arrays_of_the_cpu_are_not_taken_for_cuda_arrays():
    class LikeJax(np.ndarray):
        @property
        def __cuda_array_interface__(self):
            raise AttributeError("not on a GPU")

    class OnCpu:
        def __init__(self, x):
            self.x = x

        @property
        def __cuda_array_interface__(self):
            raise AttributeError("not on a GPU")

        def __dlpack_device__(self):
            return self.x.__dlpack_device__()

        def __dlpack__(self, **arguments):
            return self.x.__dlpack__()

    x = np.arange(4.0).reshape(2, 2)
    expected = maps.resize(x, 5)
    for array in (x.view(LikeJax), OnCpu(x), x.tolist()):
        np.testing.assert_array_equal(maps.resize(array, 5), expected)

    torch = pytest.importorskip("torch")

    class Tensor(torch.Tensor):
        pass

    ours = maps.resize(torch.from_numpy(x).as_subclass(Tensor), 5)
    assert torch.equal(ours, torch.from_numpy(expected))


def test_functions_without_a_twin_say_that_they_run_on_the_cpu():
    for array in (OnGpu(), OnGpuByDlpack()):
        with pytest.raises(ac.DeviceError, match="this function runs on the CPU only"):
            maps.image_scores(array)
        with pytest.raises(ac.DeviceError, match="this function runs on the CPU only"):
            bank.patch_embeddings([array])


def test_a_build_without_the_extension_names_the_remedy(monkeypatch):
    def missing(name, package=None):
        raise ImportError(name)

    monkeypatch.setattr(_cuda_arrays.importlib, "import_module", missing)
    assert not ac.cuda_available()
    with pytest.raises(ac.DeviceError, match=r"maps is on cuda:0, but this build .* -DANOMALIB_CPP_CUDA=ON"):
        _cuda_arrays._extension_for("maps", "cuda:0")
    monkeypatch.undo()
    assert importlib.import_module("anomalib_cpp._core")


CALLS = {
    "resize": lambda x: maps.resize(x, (61, 45)),
    "nearest": lambda x: maps.resize(x, (61, 45), mode="nearest"),
    "corners": lambda x: maps.resize(x, (61, 45), mode="bilinear_corners"),
    "blur": lambda x: maps.gaussian_blur(x, 1.7),
    "mirror": lambda x: maps.gaussian_blur(x, 1.0, border="mirror"),
    "map": lambda x: maps.anomaly_map(x, (133, 150), sigma=3.1),
    "zero": lambda x: maps.anomaly_map(x, 50, border="zero", mode="nearest"),
}


@pytest.mark.cuda
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("name", CALLS)
def test_same_bits_as_on_the_cpu(torch_on_gpu, name, dtype):
    torch = torch_on_gpu
    x = torch.randn(3, 1, 28, 31, generator=torch.Generator().manual_seed(0)).to(getattr(torch, dtype))
    expected = CALLS[name](x)
    for device_array in (x.cuda(), x.cuda().swapaxes(-1, -2).contiguous().swapaxes(-1, -2)):
        ours = CALLS[name](device_array)
        assert ours.is_cuda
        assert ours.dtype == expected.dtype
        assert torch.equal(ours.cpu(), expected)


@pytest.mark.cuda
def test_work_is_ordered_on_the_callers_stream(torch_on_gpu):
    torch = torch_on_gpu
    stream = torch.cuda.Stream()
    x = torch.zeros(64, 256, 256, device="cuda")
    torch.cuda.synchronize()
    with torch.cuda.stream(stream):
        for _ in range(20):
            x += 1  # still running when the blur is enqueued
        ours = maps.gaussian_blur(x, 2.0)
        x.zero_()  # enqueued behind it
    stream.synchronize()
    torch.testing.assert_close(ours, torch.full_like(ours, 20.0))


@pytest.mark.cuda
def test_cupy_in_cupy_out(torch_on_gpu):
    cupy = pytest.importorskip("cupy")
    x = np.random.default_rng(0).random((2, 9, 8), dtype=np.float32)
    ours = maps.anomaly_map(cupy.asarray(x), 40)
    assert isinstance(ours, cupy.ndarray)
    np.testing.assert_array_equal(ours.get(), maps.anomaly_map(x, 40))
