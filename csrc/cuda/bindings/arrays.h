#pragma once
// CudaArray of python/anomalib_cpp/_cuda_arrays.py -> views. Memory, shape and dtype were checked there.
#include <cuda_runtime_api.h>
#include <pybind11/numpy.h>

#include "core/array.h"
#include "core/error.h"

namespace acpp::bind {
namespace py = pybind11;

struct CudaArray {
    std::uintptr_t pointer;
    std::vector<index_t> shape;
    bool is_double;
    int device;
    cudaStream_t stream;

    explicit CudaArray(const py::object& array)
        : pointer(array.attr("pointer").cast<std::uintptr_t>()),
          shape(array.attr("shape").cast<std::vector<index_t>>()),
          is_double(array.attr("dtype").attr("itemsize").cast<int>() == 8),
          device(array.attr("device").cast<int>()),
          stream(reinterpret_cast<cudaStream_t>(array.attr("stream").cast<std::uintptr_t>())) {}

    template <class T>
    ImageStackView<T> image_stack() const {
        require(shape.size() == 3, "maps must be 3-D");
        return {reinterpret_cast<T*>(pointer), shape[0], shape[1], shape[2], shape[1] * shape[2], shape[2]};
    }
};

}  // namespace acpp::bind
