#pragma once
// Non-owning views of row-major memory. Every kernel takes these; nothing below csrc/bindings/ sees Python.
#include <cstdint>

namespace acpp {

using index_t = std::int64_t;  // signed: subtracts safely, survives > 2^31 elements

template <class T>
struct VectorView {
    T* data;
    index_t size;

    constexpr T& operator[](index_t i) const { return data[i]; }
};

template <class T>
struct MatrixView {
    T* data;
    index_t rows, cols;
    index_t row_stride;  // elements between row starts, >= cols; columns are contiguous

    constexpr T* row(index_t i) const { return data + i * row_stride; }
    constexpr VectorView<T> operator[](index_t i) const { return {row(i), cols}; }
    constexpr MatrixView block(index_t begin, index_t end) const { return {row(begin), end - begin, cols, row_stride}; }
};

// A stack of images or maps: n images of height x width, each row contiguous.
template <class T>
struct ImageStackView {
    T* data;
    index_t images, height, width;
    index_t image_stride, row_stride;  // elements

    constexpr T* row(index_t image, index_t y) const { return data + image * image_stride + y * row_stride; }
    constexpr index_t pixels() const { return images * height * width; }
};

}  // namespace acpp
