#pragma once
// Scratch memory aligned to a cache line and to the widest vector register.
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

#include "core/array.h"

namespace acpp {

template <class T>
class AlignedBuffer {
  public:
    AlignedBuffer() = default;
    explicit AlignedBuffer(index_t size) : size_(size) {
        const std::size_t bytes = (static_cast<std::size_t>(size) * sizeof(T) + 63) / 64 * 64;
        if (bytes > 0) data_.reset(static_cast<T*>(std::aligned_alloc(64, bytes)));
        if (bytes > 0 && !data_) throw std::bad_alloc();
    }
    T* data() { return data_.get(); }
    const T* data() const { return data_.get(); }
    index_t size() const { return size_; }
    T& operator[](index_t i) { return data_.get()[i]; }
    const T& operator[](index_t i) const { return data_.get()[i]; }

  private:
    struct Free {
        void operator()(T* p) const { std::free(p); }
    };
    std::unique_ptr<T[], Free> data_;
    index_t size_ = 0;
};

}  // namespace acpp
