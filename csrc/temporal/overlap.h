#pragma once
// One value for each step of a series from the sliding windows that cover it.
#include <string>

#include "core/parallel.h"

namespace acpp::temporal {

enum class Reduce { mean, max, min, median, last, first, center, kde_mode };

Reduce reduce_from_name(const std::string& name);

struct Overlap {
    Reduce reduce = Reduce::mean;
    index_t stride = 1, offset = 0;  // value j of window i belongs to step i * stride + j + offset
    bool omit_nan = false;           // leave NaN values out; otherwise they make their steps NaN
    double fill = 0;                 // of steps without a value
};

// `windows`: (channels, windows, length); `out`: (channels, steps). Values are reduced in the order of their windows,
// in float64. O(windows * length), kde_mode O(steps * m^2) for m values a step; the (steps, m) matrix never exists.
template <class T>
void overlap_aggregate(ImageStackView<const T> windows, const Overlap& rule, MatrixView<T> out, const RunOptions& run);

}  // namespace acpp::temporal
