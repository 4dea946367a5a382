#pragma once
// Which windows cover a range of steps, and their values there, run by run.
#include <algorithm>

#include "core/array.h"

namespace acpp::temporal {

inline index_t floor_div(index_t a, index_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

// take(values, at, n, j): one window's values for steps [begin + at, begin + at + n), the first of which is its value
// number j. Windows in order.
template <class T, class Take>
void for_covering(MatrixView<const T> windows, index_t stride, index_t offset, index_t begin, index_t end,
                  Take&& take) {
    const index_t length = windows.cols;
    const index_t first = std::max<index_t>(0, floor_div(begin - offset - length, stride) + 1);
    const index_t last = std::min(windows.rows - 1, floor_div(end - 1 - offset, stride));
    for (index_t i = first; i <= last; ++i) {
        const index_t start = i * stride + offset;
        const index_t from = std::max(begin, start), to = std::min(end, start + length);
        if (from < to) take(windows.row(i) + (from - start), from - begin, to - from, from - start);
    }
}

}  // namespace acpp::temporal
