#pragma once
// Private to projection.cpp and projection_<isa>.cpp.
#include <cstdint>

#include "core/array.h"
#include "core/cpu.h"

namespace acpp::projection {

constexpr int block_rows = 16;

// A block of at most sixteen rows from row `first` on. `scratch` holds 16 * (rows.cols + out.cols) numbers.
template <Isa level, class T>
void dense_block(MatrixView<const T> rows, index_t first, const T* weights, MatrixView<T> out, T* scratch);
template <Isa level, class T>
void sparse_block(MatrixView<const T> rows, index_t first, const index_t* start, const std::int32_t* columns, T scale,
                  MatrixView<T> out, T* scratch);

}  // namespace acpp::projection
