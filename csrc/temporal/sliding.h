#pragma once
// What a window that is centred on each point says, the windows cut short at the ends of their series.
#include <string>
#include <vector>

#include "core/parallel.h"

namespace acpp::temporal {

enum class Statistic { mean, median, majority };

Statistic statistic_from_name(const std::string& name);

struct Sliding {
    Statistic statistic;
    index_t before, after;    // points of a window on each side of its own
    double threshold = 0;     // majority: 1 where more than half of the window exceeds it, else 0
    bool early_ends = false;  // majority: the first and last `before` points look back only, as AnomalyRuler's do
    bool omit_nan = false;    // leave NaN out; otherwise windows that hold one give NaN
};

// `rows`: (channels, points), `offsets` as in for_each_piece. O(points) for the mean and the majority, O(points *
// window) moves of memory at most for the median; sums in float64.
template <class T>
void smooth_sliding(MatrixView<const T> rows, const std::vector<index_t>& offsets, const Sliding& rule,
                    MatrixView<T> out, const RunOptions& run);

}  // namespace acpp::temporal
