#pragma once
// Exponential moving average of series that lie back to back.
#include <vector>

#include "core/parallel.h"

namespace acpp::temporal {

struct Ema {
    double alpha;
    bool adjust = true;     // weights (1 - alpha)^j over their sum; otherwise alpha x + (1 - alpha) y from y_0 = x_0
    bool omit_nan = false;  // a missing point repeats the average and ages its past; otherwise NaN from there on
};

// O(points), one thread for each segment of each row.
template <class T>
void smooth_ema(MatrixView<const T> rows, const std::vector<index_t>& offsets, const Ema& rule, MatrixView<T> out,
                const RunOptions& run);

}  // namespace acpp::temporal
