#pragma once
// How CUDA code reports failure.
#include <cuda_runtime_api.h>

#include <stdexcept>
#include <string>

namespace acpp::cuda {

struct Error : std::runtime_error {  // -> CudaError (RuntimeError)
    using std::runtime_error::runtime_error;
};
struct OutOfMemory : std::runtime_error {  // -> CudaOutOfMemoryError (MemoryError)
    using std::runtime_error::runtime_error;
};
struct WrongDevice : std::runtime_error {  // -> DeviceError (RuntimeError): the call cannot run in this state
    using std::runtime_error::runtime_error;
};

inline void check(cudaError_t status, const char* doing) {
    if (status == cudaSuccess) return;
    cudaGetLastError();  // a failed launch must not be blamed on the next call
    const std::string message = std::string("CUDA error while ") + doing + ": " + cudaGetErrorString(status);
    if (status == cudaErrorMemoryAllocation) throw OutOfMemory(message);
    throw Error(message);
}

}  // namespace acpp::cuda
