#pragma once
// Metrics of a data set whose images count several times, or not at all: resampled data sets.
#include <vector>

#include "core/parallel.h"
#include "ranking/image_slots.h"

namespace acpp::metrics {

struct Reweighted {  // one entry per weighting; NaN where a class is empty
    std::vector<double> auroc, average_precision, f1_max, aupro;
};

// weights: (weightings, images), whole numbers from 0 to 2^20. O(slots and pixels) time for each weighting, sixteen at
// a time. Throws InvalidArgument where one of the data sets has 2^31 pixels.
Reweighted reweighted(const ranking::ImageSlots& slots, MatrixView<const double> weights, double limit,
                      const RunOptions& run);

}  // namespace acpp::metrics
