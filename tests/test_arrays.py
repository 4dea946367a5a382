"""Arrays in: every producer, dtype and layout gives the values NumPy sees; what cannot be read is named."""

import ctypes
import gc
import weakref

import numpy as np
import pytest

from anomalib_cpp import DeviceError, InvalidInputError, InvalidTypeError, PerformanceWarning, _core, config_context
from anomalib_cpp._arrays import as_float_rows, as_floats, contiguous, locate

VALUES = np.arange(-60, 60).reshape(4, 5, 6)
LAYOUTS = {
    "plain": lambda a: a,
    "fortran": np.asfortranarray,
    "step": lambda a: a[:, ::2],
    "reversed": lambda a: a[::-1, :, ::-1],
    "transposed": lambda a: a.transpose(2, 0, 1),
    "broadcast": lambda a: np.broadcast_to(a[:1], a.shape),
    "offset": lambda a: a[1:, 2:, 3:],
    "zero-d": lambda a: a[1, 2, 3],
    "empty": lambda a: a[:, :0],
}


class Tensor(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    )


class Managed(ctypes.Structure):
    _fields_ = (("tensor", Tensor), ("manager", ctypes.c_void_p), ("deleter", ctypes.c_void_p))


class ManagedVersioned(ctypes.Structure):
    _fields_ = (
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("manager", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
        ("flags", ctypes.c_uint64),
        ("tensor", Tensor),
    )


exported = {}


@ctypes.CFUNCTYPE(None, ctypes.c_void_p)
def delete(address):
    exported.pop(address).freed += 1  # a second call for the same struct would be a KeyError, and is printed as one


class Capsule:
    """A DLPack producer made by hand: any struct content, and a count of the calls of its deleter."""

    def __init__(self, array, *, version=None, strides="array", device=(1, 0), name=None, deleter=True, **fields):
        self.device = device
        self.name = name or (b"dltensor_versioned" if version else b"dltensor")
        shape = (ctypes.c_int64 * array.ndim)(*array.shape)
        steps = (ctypes.c_int64 * array.ndim)(*(s // array.itemsize for s in array.strides))
        tensor = Tensor(
            data=array.ctypes.data,
            device_type=1,
            ndim=array.ndim,
            code={"i": 0, "u": 1, "f": 2, "c": 5, "b": 6}[array.dtype.kind],
            bits=8 * array.itemsize,
            lanes=1,
            shape=shape,
            strides=steps if strides == "array" else None,
        )
        for field, value in fields.items():
            setattr(tensor, field, value)
        free = ctypes.cast(delete, ctypes.c_void_p) if deleter else None
        self.struct = ManagedVersioned(*version, None, free, 1, tensor) if version else Managed(tensor, None, free)
        self.freed = 0
        self.keep = (array, shape, steps)

    def capsule(self):
        new = ctypes.pythonapi.PyCapsule_New
        new.restype, new.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
        exported[ctypes.addressof(self.struct)] = self  # alive until its deleter is called, like any producer's memory
        return new(ctypes.addressof(self.struct), self.name, None)

    def __dlpack_device__(self):
        return self.device

    def __dlpack__(self, **arguments):
        return self.capsule()


class OldProducer(Capsule):
    """Knows no `max_version`, as producers before DLPack 1.0."""

    def __dlpack__(self, stream=None):
        return self.capsule()


class OldestProducer(Capsule):
    """Knows no argument at all."""

    def __dlpack__(self):
        return self.capsule()


def view_or_copy(array, layout):
    return LAYOUTS[layout](array)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "u1", "i8", "?"])
@pytest.mark.parametrize("producer", [Capsule, OldProducer, OldestProducer])
@pytest.mark.parametrize("version", [None, (1, 0), (1, 7)])
def test_handmade_dlpack_equals_numpy_and_is_freed_once(producer, version, dtype, layout):
    array = view_or_copy(VALUES.astype(dtype), layout)
    array = np.asarray(array)
    source = producer(array, version=version)
    data = locate(source, "x").data
    assert data.dtype == array.dtype
    np.testing.assert_array_equal(data, array)
    if array.size:
        assert np.shares_memory(data, array)
        assert not data.flags.writeable
        view = data[...]
        del data
        assert source.freed == 0
        del view
    else:
        del data
    assert source.freed == 1


def test_dlpack_without_strides_is_row_major():
    array = VALUES.astype("f4")
    np.testing.assert_array_equal(locate(Capsule(array, strides=None), "x").data, array)


def test_dlpack_byte_offset_is_added():
    array = np.arange(10, dtype="f4")
    source = Capsule(array[:6], byte_offset=16)
    np.testing.assert_array_equal(locate(source, "x").data, array[4:])


def test_dlpack_bfloat16_is_widened_exactly():
    bits = np.array([0x3F80, 0xC000, 0x7F80, 0xFF80, 0x0001, 0x8000, 0x7FC0], dtype=np.uint16)
    data = locate(Capsule(bits, code=4), "x").data
    np.testing.assert_array_equal(data, np.array([1, -2, np.inf, -np.inf, 2.0**-133, -0.0, np.nan], dtype="f4"))
    assert np.signbit(data[5])


def test_dlpack_empty_tensor_may_have_no_memory():
    array = np.empty((3, 0), "f4")
    assert locate(Capsule(array, data=None), "x").data.shape == (3, 0)


def test_dlpack_without_a_deleter():
    source = Capsule(array := np.arange(3.0), deleter=False)
    np.testing.assert_array_equal(locate(source, "x").data, array)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"lanes": 4}, TypeError, "DLPack type that is not supported"),
        ({"code": 8, "bits": 8}, TypeError, r"not supported \(code 8, 8 bits, 1 lanes\)"),
        ({"code": 2, "bits": 128}, TypeError, "not supported"),
        ({"code": 5}, TypeError, "x must hold real numbers; got dtype complex64"),
        ({"ndim": -1}, ValueError, "malformed tensor: its number of dimensions"),
        ({"ndim": 1000}, ValueError, "malformed tensor: its number of dimensions"),
        ({"shape": None}, ValueError, "malformed tensor: it has no shape"),
        ({"shape": (ctypes.c_int64 * 2)(-1, 2)}, ValueError, "malformed tensor: a negative extent"),
        ({"shape": (ctypes.c_int64 * 2)(2**62, 2**62)}, ValueError, "its extent exceeds 64 bits"),
        ({"strides": (ctypes.c_int64 * 2)(2**62, 1)}, ValueError, "its extent exceeds 64 bits"),
        ({"strides": (ctypes.c_int64 * 2)(-(2**61), 1)}, ValueError, "its extent exceeds 64 bits"),
        ({"data": None}, ValueError, "malformed tensor: it has no memory"),
        ({"device_type": 2}, ValueError, "its capsule is not in host memory"),
    ],
)
@pytest.mark.parametrize("version", [None, (1, 1)])
def test_hostile_dlpack_is_refused_and_freed_once(version, changes, error, message):
    array = np.zeros((2, 2), "c8" if changes == {"code": 5} else "f4")
    source = Capsule(array, version=version)
    for field, value in changes.items():
        setattr(source.struct.tensor, field, value)
    with pytest.raises(error, match=message):
        locate(source, "x")
    gc.collect()
    assert source.freed == 1


def test_dlpack_of_a_later_major_version_is_refused_and_freed():
    source = Capsule(np.zeros(2), version=(2, 0))
    with pytest.raises(BufferError, match="x speaks DLPack 2"):
        locate(source, "x")
    assert source.freed == 1


@pytest.mark.parametrize("name", [b"used_dltensor", b"something"])
def test_dlpack_capsule_of_another_name_is_refused(name):
    source = Capsule(np.zeros(2), name=name)
    with pytest.raises(TypeError, match=f"did not return a fresh DLPack capsule; got one named '{name.decode()}'"):
        locate(source, "x")
    assert source.freed == 0


def test_dlpack_capsule_is_consumed_once():
    source = Capsule(np.zeros(2))
    capsule = source.capsule()
    _core.from_dlpack(capsule, "x")
    with pytest.raises(TypeError, match="got one named 'used_dltensor'"):
        _core.from_dlpack(capsule, "x")
    assert source.freed == 1
    with pytest.raises(TypeError, match="did not return a fresh DLPack capsule"):
        _core.from_dlpack(7, "x")


def test_dlpack_producer_keeps_no_reference_afterwards():
    array = np.arange(6.0)
    ghost = weakref.ref(source := Capsule(array))
    for _ in range(1000):
        locate(source, "x")
    assert source.freed == 1000
    del source
    gc.collect()
    assert ghost() is None


@pytest.mark.parametrize("device", [(2, 0), (13, 1), (8, 0), (99, 0)])
def test_other_devices_are_named(device):
    where = {2: "cuda:0", 13: r"cuda \(managed\):1", 8: "metal:0", 99: "device type 99:0"}[device[0]]
    with pytest.raises(DeviceError, match=f"x is on {where}"):
        locate(Capsule(np.zeros(2), device=device), "x")


def test_cuda_array_interface_is_a_device_error():
    class OnDevice:
        __cuda_array_interface__ = {"shape": (1,), "typestr": "<f4", "data": (0, False), "version": 3}  # noqa: RUF012

    with pytest.raises(DeviceError, match="x is on a CUDA device"):
        locate(OnDevice(), "x")


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name != "reversed"])  # torch has no negative strides
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "uint8", "int64", "bool"])
def test_torch_equals_numpy_without_a_copy(dtype, layout):
    torch = pytest.importorskip("torch")
    array = np.asarray(view_or_copy(np.abs(VALUES) % 2 if dtype == "bool" else VALUES, layout))
    base = torch.tensor(np.ascontiguousarray(array).reshape(array.shape)).to(getattr(torch, dtype))
    tensor = base.transpose(0, -1).contiguous().transpose(0, -1) if base.ndim > 1 else base
    place = locate(tensor, "x")
    np.testing.assert_array_equal(place.data, tensor.to(torch.float64).numpy())
    if dtype != "bfloat16" and array.size:
        assert place.data.ctypes.data == tensor.data_ptr()
    assert isinstance(place.like_input(np.zeros(2)), torch.Tensor)
    assert place.like_input(1.5) == 1.5


def test_torch_gradients_and_lazy_bits_are_resolved():
    torch = pytest.importorskip("torch")
    tensor = torch.arange(3.0, requires_grad=True)
    np.testing.assert_array_equal(locate(tensor, "x").data, [0, 1, 2])
    np.testing.assert_array_equal(locate(torch.nn.Parameter(torch.ones(2)), "x").data, [1, 1])
    imaginary = torch.tensor([1 + 2j]).conj().imag
    assert imaginary.is_neg()
    np.testing.assert_array_equal(locate(imaginary, "x").data, [-2])


def test_torch_kinds_without_plain_memory_are_refused():
    torch = pytest.importorskip("torch")
    with pytest.raises(InvalidTypeError, match=r"x must be a dense tensor; call .to_dense\(\)"):
        locate(torch.eye(3).to_sparse(), "x")
    with pytest.raises(InvalidTypeError, match="x is a meta tensor"):
        locate(torch.ones(2, device="meta"), "x")
    with pytest.raises(InvalidTypeError, match="x must hold real numbers; got dtype complex64"):
        locate(torch.ones(2, dtype=torch.complex64), "x")

    with pytest.raises(InvalidTypeError, match="has no memory to share"):
        torch.vmap(lambda row: locate(row, "x").data)(torch.ones(2, 3))


def test_array_api_results_come_back_in_the_callers_library():
    class Library:
        @staticmethod
        def asarray(array):
            return ("converted", array)

    class Array(Capsule):
        def __array_namespace__(self):
            return Library

    like_input = locate(Array(np.zeros(2)), "x").like_input
    assert like_input(np.ones(1))[0] == "converted"
    assert like_input(2.0) == 2.0


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", ">f8", "<f2", ">f2"])
def test_floats_of_any_layout_and_byte_order(dtype, layout):
    array = np.asarray(view_or_copy(VALUES.astype(dtype), layout))
    if array.flags.owndata:
        array.flags.writeable = False
    data = as_floats(array, "x").data
    assert data.dtype == (np.float64 if dtype.endswith("8") else np.float32)
    assert data.dtype.isnative
    np.testing.assert_array_equal(data, array)


def test_unaligned_arrays_are_copied():
    data = np.zeros(25, np.uint8)[1:].view(np.float32).reshape(2, 3)
    assert not data.flags.aligned
    assert contiguous(data, "x", np.float32).flags.aligned


def test_contiguous_rows_are_used_in_place():
    wide = np.zeros((10, 64), np.float32)
    for view in (wide, wide[::2, 3:40], wide[:1, :5], wide[:, :1]):
        assert contiguous(view, "x", np.float32) is view


def test_memmaps_and_subclasses_are_plain_arrays(tmp_path):
    mapped = np.memmap(tmp_path / "x.bin", np.float32, "w+", shape=(3, 4))
    mapped[:] = 7
    data = locate(mapped, "x").data
    assert type(data) is np.ndarray
    assert np.shares_memory(data, mapped)


def test_buffers_and_array_interfaces():
    class WithInterface:
        source = np.arange(6.0).reshape(2, 3)
        __array_interface__ = source.__array_interface__

    np.testing.assert_array_equal(locate(WithInterface(), "x").data, WithInterface.source)
    np.testing.assert_array_equal(locate(memoryview(np.arange(4.0)), "x").data, np.arange(4.0))
    np.testing.assert_array_equal(locate([[1, 2], [3, 4]], "x").data, [[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (np.ma.masked_array([1.0], [True]), InvalidTypeError, "x is a masked array"),
        (
            [[1, 2], [3]],
            InvalidInputError,
            r"x must be rectangular; item 0 has shape \(2,\) but item 1 has shape \(1,\)",
        ),
        ([np.zeros((2, 2)), np.zeros((3, 2))], InvalidInputError, r"item 1 has shape \(3, 2\)"),
        (object(), InvalidTypeError, "x must hold real numbers; got dtype object"),
        (None, InvalidTypeError, "x must hold real numbers; got dtype object"),
        ("text", InvalidTypeError, "x must hold real numbers; got dtype <U4"),
        (np.zeros(2, "datetime64[s]"), InvalidTypeError, "x must hold real numbers"),
        (np.zeros(2, [("a", "f4")]), InvalidTypeError, "x must hold real numbers"),
        (np.zeros(2, complex), InvalidTypeError, "x must hold real numbers; got dtype complex128"),
    ],
)
def test_what_is_not_an_array_of_numbers_is_named(value, error, message):
    with pytest.raises(error, match=message):
        locate(value, "x")


def test_sparse_matrices_are_refused():
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(InvalidTypeError, match=r"x is a sparse matrix; call .toarray\(\) first"):
        locate(sparse.eye(3), "x")


@pytest.mark.parametrize("value", [np.zeros(3, np.int32), np.zeros(3, bool), np.zeros(3, np.longdouble)])
def test_only_floats_where_floats_are_needed(value):
    with pytest.raises(InvalidTypeError, match="x must be float16, bfloat16, float32 or float64; got"):
        as_floats(value, "x")


def test_rows_have_two_dimensions_and_a_column():
    with pytest.raises(InvalidInputError, match=r"x must be 2-D \(rows, columns\); got shape \(3,\)"):
        as_float_rows(np.zeros(3), "x")
    with pytest.raises(InvalidInputError, match="x must have at least one column"):
        as_float_rows(np.zeros((3, 0)), "x")


def test_large_copies_are_announced():
    big = np.broadcast_to(np.float32(1), (17 << 20,))[::-1]
    with pytest.warns(PerformanceWarning, match=r"x of dtype float32 and strides \(0,\) is copied"):
        as_floats(big, "x")
    with config_context(warn_copies=False):
        as_floats(big, "x")
