#pragma once
// The device of a call, and scratch memory that is ordered on its stream.
#include "core/array.h"
#include "cuda/check.h"

namespace acpp::cuda {

// Makes `device` current for a scope; the caller's device is current again afterwards, also after an exception.
class DeviceScope {
  public:
    explicit DeviceScope(int device) {
        check(cudaGetDevice(&before_), "looking for a device");
        check(cudaSetDevice(device), "choosing the device");
    }
    ~DeviceScope() { cudaSetDevice(before_); }
    DeviceScope(const DeviceScope&) = delete;
    DeviceScope& operator=(const DeviceScope&) = delete;

  private:
    int before_ = 0;
};

// Freed in stream order: later work on the stream may use the memory, work enqueued before keeps it.
template <class T>
class StreamBuffer {
  public:
    StreamBuffer(index_t size, cudaStream_t stream) : stream_(stream) {
        if (size > 0)
            check(cudaMallocAsync(reinterpret_cast<void**>(&data_), size * sizeof(T), stream), "allocating scratch");
    }
    // From pageable memory, which the runtime copies aside before it returns: `from` may go away at once.
    StreamBuffer(const T* from, index_t size, cudaStream_t stream) : StreamBuffer(size, stream) {
        if (size > 0)
            check(cudaMemcpyAsync(data_, from, size * sizeof(T), cudaMemcpyHostToDevice, stream), "copying weights");
    }
    ~StreamBuffer() {
        if (data_ != nullptr) cudaFreeAsync(data_, stream_);
    }
    StreamBuffer(const StreamBuffer&) = delete;
    StreamBuffer& operator=(const StreamBuffer&) = delete;
    T* data() const { return data_; }

  private:
    T* data_ = nullptr;
    cudaStream_t stream_;
};

// Copies from pageable memory and stream-ordered allocations that are freed at once do not belong in a graph.
inline void require_not_capturing(cudaStream_t stream) {
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    check(cudaStreamIsCapturing(stream, &status), "asking whether the stream is captured");
    if (status != cudaStreamCaptureStatusNone)
        throw WrongDevice("the current CUDA stream is being captured into a graph, which is not supported");
}

}  // namespace acpp::cuda
