#pragma once
// Private to codes.cpp and encode_kernel_<isa>.cpp.
#include <cstddef>
#include <cstdint>

#include "core/array.h"
#include "core/cpu.h"

namespace acpp::pairwise {

struct RowSums {
    double largest;   // |a_j|, and NaN or infinity if any a_j is
    double exact_sq;  // sum of a_j^2
};

struct CodeSums {
    double residual_sq;     // sum of (a_j - a'_j)^2
    double code_sq;         // sum of a'_j^2, for integers without the scale
    std::int32_t code_sum;  // int8 only
};

// a_j = row_j / divisor - centre_j (centre may be null), in float64.
template <Isa level, class T>
RowSums centre_row(const T* row, const float* centre, double divisor, index_t cols, double* a);

// codes_j = round(a_j / scale), which the caller's scale makes fit: |codes_j| < 2^7 or < 2^15.
template <Isa level>
CodeSums encode_integer(const double* a, float scale, index_t cols, std::int8_t* codes);
template <Isa level>
CodeSums encode_integer(const double* a, float scale, index_t cols, std::int16_t* codes);

// codes_j = float32(a_j).
template <Isa level>
CodeSums encode_fp32(const double* a, index_t cols, float* codes);

// Interleaves rows of `bytes` bytes (stride `bytes`) into groups of 4 bytes: out[g][row][4].
template <Isa level>
void interleave(const std::byte* rows, int height, index_t bytes, std::byte* out);

}  // namespace acpp::pairwise
