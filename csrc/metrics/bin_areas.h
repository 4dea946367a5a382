#pragma once
// What counts in bins prove about areas under curves. A bin hides the order of its scores and nothing else: the worst
// and the best order bound what the scores themselves would give.
#include <array>
#include <limits>
#include <vector>

#include "core/array.h"

namespace acpp::metrics {

struct BinnedScores {  // highest bin first
    VectorView<const index_t> positives, negatives;
    VectorView<const double> coverage;  // share of all regions that lies in the bin; empty without regions
    VectorView<const bool> single;      // bins with room for one score only, which hide nothing
};

struct Bound {  // in the worst order, with the scores of a bin tied, in the best order
    double low = std::numeric_limits<double>::quiet_NaN(), value = low, high = low;
};

struct BinAreas {
    enum Kind { average_precision, aupr, auroc, aupro, kinds };
    std::array<Bound, kinds> bound;              // NaN where a class or the regions are missing
    std::array<std::vector<double>, kinds> gap;  // when asked for: by how much each bin widens the interval
};

// `limit` is that of AUPRO. Reciprocals of up to `most_listed` anomalous pixels are added one by one for the lower
// bound of average precision; of more, an integral that lies below their sum. O(bins + most_listed) time.
BinAreas bin_areas(const BinnedScores& bins, double limit, index_t most_listed, bool gaps);

}  // namespace acpp::metrics
