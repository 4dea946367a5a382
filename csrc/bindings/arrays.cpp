// DLPack capsules -> NumPy arrays over the same memory.
#include "bindings/arrays.h"

#include <pybind11/pybind11.h>
#include <pybind11/typing.h>

#include <limits>
#include <memory>
#include <vector>

#include "bindings/dlpack.h"

namespace acpp::bind {
namespace {

using namespace py::literals;

// Takes the struct out of the capsule and puts it into an owner that calls the producer's deleter exactly once.
// The capsule is renamed first, so that neither it nor a second consumer can free the struct again.
template <class Struct>
py::capsule take(py::handle source, const char* name, const char* used_name, Struct*& managed) {
    managed = static_cast<Struct*>(PyCapsule_GetPointer(source.ptr(), name));
    if (managed == nullptr || PyCapsule_SetName(source.ptr(), used_name) != 0) throw py::error_already_set();
    const auto free = [](Struct* m) {
        if (m->deleter != nullptr) m->deleter(m);
    };
    std::unique_ptr<Struct, decltype(free)> holder(managed);
    py::capsule owner(managed, [](void* m) {
        auto* s = static_cast<Struct*>(m);
        if (s->deleter != nullptr) s->deleter(s);  // the interpreter holds the GIL when it destroys a capsule
    });
    holder.release();
    return owner;
}

// bfloat16 has no NumPy type: its bits come as uint16.
py::dtype numpy_dtype(const dlpack::DataType& type, const std::string& name) {
    const auto refuse = [&] {
        return InvalidType(name + " has a DLPack type that is not supported (code " + std::to_string(type.code) + ", " +
                           std::to_string(type.bits) + " bits, " + std::to_string(type.lanes) + " lanes)");
    };
    if (type.lanes != 1) throw refuse();
    const int bits = type.bits;
    switch (type.code) {
        case dlpack::signed_int:
            if (bits == 8 || bits == 16 || bits == 32 || bits == 64) return py::dtype("i" + std::to_string(bits / 8));
            break;
        case dlpack::unsigned_int:
            if (bits == 8 || bits == 16 || bits == 32 || bits == 64) return py::dtype("u" + std::to_string(bits / 8));
            break;
        case dlpack::floating:
            if (bits == 16 || bits == 32 || bits == 64) return py::dtype("f" + std::to_string(bits / 8));
            break;
        case dlpack::bfloat:
            if (bits == 16) return py::dtype("u2");
            break;
        case dlpack::complex_floating:
            if (bits == 64 || bits == 128) return py::dtype("c" + std::to_string(bits / 8));
            break;
        case dlpack::boolean:
            if (bits == 8) return py::dtype("bool");
            break;
    }
    throw refuse();
}

py::array as_numpy(const dlpack::Tensor& tensor, const py::capsule& owner, const std::string& name) {
    constexpr int most_dimensions = 32;
    const auto malformed = [&](const char* what) { return InvalidArgument(name + " is a malformed tensor: " + what); };
    if (tensor.device.type != dlpack::cpu && tensor.device.type != dlpack::cuda_host)
        throw malformed("its capsule is not in host memory");
    if (tensor.ndim < 0 || tensor.ndim > most_dimensions) throw malformed("its number of dimensions");
    if (tensor.ndim > 0 && tensor.shape == nullptr) throw malformed("it has no shape");
    const py::dtype dtype = numpy_dtype(tensor.dtype, name);
    const std::int64_t item = dtype.itemsize();

    const std::vector<py::ssize_t> shape(tensor.shape, tensor.shape + tensor.ndim);
    std::vector<py::ssize_t> strides(shape.size());
    std::int64_t compact = item, extent = item;
    bool empty = false;
    for (std::size_t i = shape.size(); i-- > 0;) {
        if (shape[i] < 0) throw malformed("a negative extent");
        empty = empty || shape[i] == 0;
        bool overflow = false;
        if (tensor.strides != nullptr) {
            overflow = __builtin_mul_overflow(tensor.strides[i], item, &strides[i]);
        } else {
            strides[i] = compact;
            overflow = __builtin_mul_overflow(compact, std::max<std::int64_t>(1, shape[i]), &compact);
        }
        std::int64_t reach = 0;
        overflow = overflow || strides[i] == std::numeric_limits<py::ssize_t>::min();
        overflow =
            overflow || __builtin_mul_overflow(std::max<std::int64_t>(0, shape[i] - 1), std::abs(strides[i]), &reach);
        overflow = overflow || __builtin_add_overflow(extent, reach, &extent);
        if (overflow) throw malformed("its extent exceeds 64 bits");
    }
    if (empty) return py::array(dtype, shape);  // may come with a null pointer
    if (tensor.data == nullptr) throw malformed("it has no memory");
    py::array array(dtype, shape, strides, static_cast<const char*>(tensor.data) + tensor.byte_offset, owner);
    py::detail::array_proxy(array.ptr())->flags &= ~py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
    return array;
}

// The memory of a DLPack capsule as a read-only array, and whether its elements are the bits of bfloat16 numbers.
py::typing::Tuple<py::array, bool> from_dlpack(const py::object& capsule, const std::string& name) {
    const char* kind = PyCapsule_CheckExact(capsule.ptr()) ? PyCapsule_GetName(capsule.ptr()) : nullptr;
    const std::string_view found = kind != nullptr ? kind : "";
    const auto result = [&](const dlpack::Tensor& tensor, const py::capsule& owner) {
        return py::make_tuple(as_numpy(tensor, owner, name), tensor.dtype.code == dlpack::bfloat);
    };
    if (found == "dltensor_versioned") {
        dlpack::ManagedVersioned* managed = nullptr;
        const auto owner = take(capsule, "dltensor_versioned", "used_dltensor_versioned", managed);
        if (managed->version.major > 1)
            throw py::buffer_error(name + " speaks DLPack " + std::to_string(managed->version.major) +
                                   "; this build understands versions 0 and 1");
        return result(managed->tensor, owner);
    }
    if (found == "dltensor") {
        dlpack::Managed* managed = nullptr;
        const auto owner = take(capsule, "dltensor", "used_dltensor", managed);
        return result(managed->tensor, owner);
    }
    throw InvalidType(name + ": __dlpack__ did not return a fresh DLPack capsule" +
                      (found.empty() ? "" : "; got one named '" + std::string(found) + "'"));
}

}  // namespace

void add_arrays(py::module_& m) { m.def("from_dlpack", &from_dlpack, "capsule"_a, "name"_a); }

}  // namespace acpp::bind
