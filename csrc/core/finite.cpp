#include "core/finite.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <mutex>
#include <string>

namespace acpp {
namespace {

template <class T, class Bits>
Position find(MatrixView<const T> rows, const RunOptions& run) {
    // All exponent bits set. Comparing bits keeps the loop free of floating-point exceptions and vectorisable.
    constexpr Bits exponent = sizeof(T) == 4 ? Bits{0x7f800000u} : static_cast<Bits>(0x7ff0000000000000ull);
    Position first;
    std::mutex lock;
    if (rows.cols == 0) return first;
    const index_t block = std::max<index_t>(1, (256 << 10) / (static_cast<index_t>(sizeof(T)) * rows.cols));
    parallel_blocks(rows.rows, block, run, [&](index_t begin, index_t end) {
        for (index_t i = begin; i < end; ++i) {
            const T* x = rows.row(i);
            Bits bad = 0;
            for (index_t j = 0; j < rows.cols; ++j) bad |= (std::bit_cast<Bits>(x[j]) & exponent) == exponent;
            if (!bad) continue;
            index_t j = 0;
            while (std::isfinite(x[j])) ++j;
            const std::lock_guard hold(lock);
            if (!first.found() || i < first.row) first = {i, j};
            return;
        }
    });
    return first;
}

}  // namespace

Position first_nonfinite(MatrixView<const float> rows, const RunOptions& run) {
    return find<float, std::uint32_t>(rows, run);
}
Position first_nonfinite(MatrixView<const double> rows, const RunOptions& run) {
    return find<double, std::uint64_t>(rows, run);
}

template <class T>
void require_finite(MatrixView<const T> rows, const char* name, const RunOptions& run) {
    const Position bad = first_nonfinite(rows, run);
    if (!bad.found()) return;
    const T value = rows.row(bad.row)[bad.column];
    throw InvalidArgument(std::string(name) + " must be finite; got " +
                          (std::isnan(value) ? "nan"
                           : value > 0       ? "inf"
                                             : "-inf") +
                          " at row " + std::to_string(bad.row) + ", column " + std::to_string(bad.column));
}
template void require_finite<float>(MatrixView<const float>, const char*, const RunOptions&);
template void require_finite<double>(MatrixView<const double>, const char*, const RunOptions&);

}  // namespace acpp
