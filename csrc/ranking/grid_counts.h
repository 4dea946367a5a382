#pragma once
// Counts at thresholds that somebody else chose.
#include <vector>

#include "ranking/exact_sum.h"
#include "ranking/rank_pairs.h"

namespace acpp::ranking {

struct GridCounts {
    // One entry per threshold, in the order given: pixels that reach it.
    std::vector<index_t> tp, fp;
    std::vector<UnsignedWide> coverage;  // with regions: as in levels.h; `full_coverage` where everything is reached
    UnsignedWide full_coverage = 0;
    index_t positives = 0, negatives = 0, regions = 0;
    index_t missing = 0;
    PixelAt first_missing;
};

// A pixel reaches a threshold if its score is at least as high, or higher where `strict`. O(n + (P + k) log (P + k))
// time for k thresholds, which may be in any order; none may be NaN.
GridCounts grid_counts(const ScoredImages& input, const std::vector<double>& thresholds, bool strict,
                       const RankOptions& options, const RunOptions& run);

}  // namespace acpp::ranking
