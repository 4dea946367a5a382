#pragma once
// Gaussian smoothing of series that lie back to back.
#include <string>
#include <vector>

#include "core/parallel.h"

namespace acpp::temporal {

enum class Border { reflect, nearest, mirror, constant };  // what stands beyond the ends: SciPy's names, 0 for constant

Border border_from_name(const std::string& name);

struct Gaussian {
    double sigma;
    index_t radius;  // weights exp(-k^2 / (2 sigma^2)) for |k| <= radius, normalised to sum 1
    Border border = Border::reflect;
    bool omit_nan = false;  // leave NaN out and normalise the weights of the rest; otherwise it spreads
};

// `rows`: (channels, points), `offsets` as in for_each_piece. O(points * radius); sums in float64.
template <class T>
void smooth_gaussian(MatrixView<const T> rows, const std::vector<index_t>& offsets, const Gaussian& rule,
                     MatrixView<T> out, const RunOptions& run);

}  // namespace acpp::temporal
