#pragma once
// Python arrays -> views. Every shape, dtype and layout error of the compiled layer is worded here.
#include <pybind11/numpy.h>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "core/array.h"
#include "core/error.h"

namespace acpp::bind {
namespace py = pybind11;

inline std::string describe(const py::array& a) {
    return "array of dtype " + py::str(a.dtype()).cast<std::string>() + " and shape " +
           py::str(a.attr("shape")).cast<std::string>();
}

inline std::string shape_of(const py::array& a) { return py::str(a.attr("shape")).cast<std::string>(); }

template <class T>
bool is_dtype(const py::array& a) {
    return py::isinstance<py::array_t<T>>(a);
}

template <class T>
std::string expected(const char* name, const char* what) {
    return std::string(name) + " must be a " + what + " " + py::str(py::dtype::of<T>()).template cast<std::string>() +
           " array";
}

template <class T>
void require_aligned(const py::array& a, const char* name) {
    if (reinterpret_cast<std::uintptr_t>(a.data()) % alignof(T) != 0)
        throw InvalidArgument(std::string(name) + " must be aligned in memory; pass a copy");
}

template <class T>
VectorView<const T> vector(const py::array& a, const char* name) {
    if (a.ndim() != 1) throw InvalidArgument(expected<T>(name, "1-D") + "; got " + describe(a));
    if (!is_dtype<T>(a)) throw InvalidType(expected<T>(name, "1-D") + "; got " + describe(a));
    if (a.size() > 1 && a.strides(0) != static_cast<py::ssize_t>(sizeof(T)))
        throw InvalidArgument(expected<T>(name, "contiguous 1-D") + "; got strides " +
                              py::str(a.attr("strides")).cast<std::string>());
    require_aligned<T>(a, name);
    return {static_cast<const T*>(a.data()), a.shape(0)};
}

template <class T>
MatrixView<const T> matrix(const py::array& a, const char* name) {
    const auto what = [&] { return expected<T>(name, "2-D") + " with contiguous rows; got "; };
    if (a.ndim() != 2) throw InvalidArgument(what() + describe(a));
    if (!is_dtype<T>(a)) throw InvalidType(what() + describe(a));
    const index_t item = sizeof(T), stride = a.strides(0), rows = a.shape(0), cols = a.shape(1);
    const bool contiguous = cols <= 1 || a.strides(1) == item;
    const bool forward = rows <= 1 || (stride >= cols * item && stride % item == 0);
    if (a.size() > 0 && !(contiguous && forward))  // NumPy leaves the strides of an empty array undefined
        throw InvalidArgument(what() + "strides " + py::str(a.attr("strides")).cast<std::string>());
    require_aligned<T>(a, name);
    return {static_cast<const T*>(a.data()), rows, cols, rows > 1 ? stride / item : cols};
}

template <class T>
ImageStackView<const T> image_stack(const py::array& a, const char* name) {
    const auto what = [&] { return expected<T>(name, "3-D") + " with contiguous rows; got "; };
    if (a.ndim() != 3) throw InvalidArgument(what() + describe(a));
    if (!is_dtype<T>(a)) throw InvalidType(what() + describe(a));
    const index_t item = sizeof(T), n = a.shape(0), h = a.shape(1), w = a.shape(2);
    const bool contiguous = w <= 1 || a.strides(2) == item;
    const bool rows_ok = h <= 1 || (a.strides(1) >= w * item && a.strides(1) % item == 0);
    const bool images_ok = n <= 1 || (a.strides(0) >= 0 && a.strides(0) % item == 0);
    if (a.size() > 0 && !(contiguous && rows_ok && images_ok))
        throw InvalidArgument(what() + "strides " + py::str(a.attr("strides")).cast<std::string>());
    require_aligned<T>(a, name);
    const index_t row_stride = h > 1 ? a.strides(1) / item : w;
    return {static_cast<const T*>(a.data()), n, h, w, n > 1 ? a.strides(0) / item : h * row_stride, row_stride};
}

template <class T>
MatrixView<T> output(py::array_t<T>& a) {  // of a freshly made C-contiguous 2-D array
    return {a.mutable_data(), a.shape(0), a.shape(1), a.shape(1)};
}

// A large result that starts on a cache line (NumPy promises 16 bytes), so that kernels store whole lines; on huge
// pages where the system has them, since touching fresh small pages can cost more than filling them.
template <class T>
py::array_t<T> aligned_result(std::vector<py::ssize_t> shape) {
    std::size_t bytes = sizeof(T);
    for (const py::ssize_t side : shape)
        if (__builtin_mul_overflow(bytes, static_cast<std::size_t>(side), &bytes)) throw std::bad_alloc();
    if (bytes > PTRDIFF_MAX / 2) throw std::bad_alloc();
    const std::size_t page = bytes >= (4u << 20) ? 2u << 20 : 64;
    void* memory = std::aligned_alloc(page, (bytes + page) / page * page);
    if (memory == nullptr) throw std::bad_alloc();
#if defined(__linux__)
    if (page > 64) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
    const py::capsule owner(memory, [](void* p) { std::free(p); });
    return py::array_t<T>(std::move(shape), static_cast<T*>(memory), owner);
}

// Hands a vector's memory to NumPy.
template <class T>
py::array_t<T> to_array(std::vector<T>&& values) {
    auto owner = std::make_unique<std::vector<T>>(std::move(values));
    const py::capsule release(owner.get(), [](void* p) { delete static_cast<std::vector<T>*>(p); });
    const auto* held = owner.release();
    return py::array_t<T>(static_cast<py::ssize_t>(held->size()), held->data(), release);
}

template <class T>
std::vector<T> to_vector(const py::array_t<T>& values, const char* name) {
    require(values.ndim() == 1, std::string(name) + " must be one-dimensional");
    const auto view = values.template unchecked<1>();
    std::vector<T> copy(static_cast<std::size_t>(view.shape(0)));
    for (py::ssize_t i = 0; i < view.shape(0); ++i) copy[static_cast<std::size_t>(i)] = view(i);
    return copy;
}

}  // namespace acpp::bind
