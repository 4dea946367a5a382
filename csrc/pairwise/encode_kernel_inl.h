// Compiled once per ISA: the including .cpp defines ACPP_ISA. No include guard on purpose.
#include "pairwise/encode_kernel.h"

namespace acpp::pairwise {

constexpr int sums = 16;  // partial sums, folded by halving: the same bits at every level

template <Isa level>
static inline double fold(double* s) {
    for (int width = sums / 2; width > 0; width /= 2)
        for (int l = 0; l < width; ++l) s[l] += s[l + width];
    return s[0];
}

template <Isa level, class T>
static inline RowSums centre_row_of(const T* row, const float* centre, double divisor, index_t cols, double* a) {
    double largest[sums] = {}, sq[sums] = {};
    index_t j = 0;
    for (; j + sums <= cols; j += sums)
        for (int l = 0; l < sums; ++l) {
            const double x = static_cast<double>(row[j + l]) / divisor - (centre ? centre[j + l] : 0.0f);
            const double size = __builtin_fabs(x);
            a[j + l] = x;
            largest[l] = largest[l] > size ? largest[l] : size;  // a NaN wins, and stays
            sq[l] += x * x;
        }
    for (int l = 0; j < cols; ++j, ++l) {
        const double x = static_cast<double>(row[j]) / divisor - (centre ? centre[j] : 0.0f);
        const double size = __builtin_fabs(x);
        a[j] = x;
        largest[l] = largest[l] > size ? largest[l] : size;
        sq[l] += x * x;
    }
    double most = 0;
    for (int l = 0; l < sums; ++l) most = most > largest[l] ? most : largest[l];
    return {most, fold<level>(sq)};
}

template <>
RowSums centre_row<ACPP_ISA, float>(const float* row, const float* centre, double divisor, index_t cols, double* a) {
    return centre_row_of<ACPP_ISA>(row, centre, divisor, cols, a);
}
template <>
RowSums centre_row<ACPP_ISA, double>(const double* row, const float* centre, double divisor, index_t cols, double* a) {
    return centre_row_of<ACPP_ISA>(row, centre, divisor, cols, a);
}

template <Isa level, class Integer>
static inline CodeSums encode_integer_as(const double* a, float scale, index_t cols, Integer* codes) {
    // Adding and removing 1.5 * 2^52 rounds to an integer, ties to even, and vectorises everywhere.
    constexpr double rounder = 0x1.8p52;
    const double step = scale, inverse = 1 / step;
    double residual[sums] = {}, sq[sums] = {}, total[sums] = {};
    index_t j = 0;
    for (; j + sums <= cols; j += sums) {
        std::int32_t rounded[sums];
        for (int l = 0; l < sums; ++l) {
            const double code = (a[j + l] * inverse + rounder) - rounder;
            const double rest = a[j + l] - step * code;
            residual[l] += rest * rest;
            sq[l] += code * code;
            total[l] += code;
            rounded[l] = static_cast<std::int32_t>(code);
        }
        for (int l = 0; l < sums; ++l) codes[j + l] = static_cast<Integer>(rounded[l]);
    }
    for (int l = 0; j < cols; ++j, ++l) {
        const double code = (a[j] * inverse + rounder) - rounder;
        const double rest = a[j] - step * code;
        residual[l] += rest * rest;
        sq[l] += code * code;
        total[l] += code;
        codes[j] = static_cast<Integer>(code);
    }
    // Only int8 codes are ever biased; a sum of the others might not fit.
    const auto code_sum = sizeof(Integer) == 1 ? static_cast<std::int32_t>(fold<level>(total)) : 0;
    return {fold<level>(residual), fold<level>(sq), code_sum};
}

template <>
CodeSums encode_integer<ACPP_ISA>(const double* a, float scale, index_t cols, std::int8_t* codes) {
    return encode_integer_as<ACPP_ISA>(a, scale, cols, codes);
}
template <>
CodeSums encode_integer<ACPP_ISA>(const double* a, float scale, index_t cols, std::int16_t* codes) {
    return encode_integer_as<ACPP_ISA>(a, scale, cols, codes);
}

template <>
CodeSums encode_fp32<ACPP_ISA>(const double* a, index_t cols, float* codes) {
    double residual[sums] = {}, sq[sums] = {};
    index_t j = 0;
    for (; j + sums <= cols; j += sums)
        for (int l = 0; l < sums; ++l) {
            const float code = static_cast<float>(a[j + l]);
            const double rest = a[j + l] - code;
            codes[j + l] = code;
            residual[l] += rest * rest;
            sq[l] += static_cast<double>(code) * code;
        }
    for (int l = 0; j < cols; ++j, ++l) {
        const float code = static_cast<float>(a[j]);
        const double rest = a[j] - code;
        codes[j] = code;
        residual[l] += rest * rest;
        sq[l] += static_cast<double>(code) * code;
    }
    return {fold<ACPP_ISA>(residual), fold<ACPP_ISA>(sq), 0};
}

template <>
void interleave<ACPP_ISA>(const std::byte* rows, int height, index_t bytes, std::byte* out) {
    // 16 groups of every row at a time: reads and writes both stay within a few cache lines.
    constexpr index_t strip = 64;
    for (index_t first = 0; first < bytes; first += strip)
        for (int r = 0; r < height; ++r) {
            const std::byte* from = rows + r * bytes + first;
            std::byte* to = out + first * height + r * 4;
            for (index_t t = 0; t < strip; t += 4) __builtin_memcpy(to + t * height, from + t, 4);
        }
}

}  // namespace acpp::pairwise
