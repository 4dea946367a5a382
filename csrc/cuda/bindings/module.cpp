#include <pybind11/pybind11.h>

#include "bindings/errors.h"
#include "cuda/check.h"

namespace acpp::bind {

void add_maps(py::module_& m);

static void translate_cuda(std::exception_ptr error) {
    try {
        if (error) std::rethrow_exception(error);
    } catch (const cuda::OutOfMemory& e) { raise("CudaOutOfMemoryError", e.what()); } catch (const cuda::Error& e) {
        raise("CudaError", e.what());
    } catch (const cuda::WrongDevice& e) { raise("DeviceError", e.what()); }
}

// 0 without a driver, without a GPU, or with a driver too old for this build: `device_problem` says which.
static int device_count() {
    int count = 0;
    if (cudaGetDeviceCount(&count) != cudaSuccess) {
        cudaGetLastError();
        return 0;
    }
    return count;
}

static std::string device_problem() {
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    cudaGetLastError();
    return status == cudaSuccess ? "" : cudaGetErrorString(status);
}

}  // namespace acpp::bind

PYBIND11_MODULE(_cuda, m, pybind11::mod_gil_not_used()) {
    using namespace acpp::bind;
    pybind11::register_local_exception_translator(&translate);
    pybind11::register_local_exception_translator(&translate_cuda);
    m.def("device_count", &device_count);
    m.def("device_problem", &device_problem);
    m.def("runtime_version", [] { return CUDART_VERSION; });
    add_maps(m);
}
