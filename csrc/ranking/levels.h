#pragma once
// Counts at every distinct score, those of background pixels included: what whole curves need. Costs a sort of the
// background, so the scalars use RankPairs instead.
#include <vector>

#include "ranking/exact_sum.h"
#include "ranking/rank_pairs.h"

namespace acpp::ranking {

struct Levels {
    // One entry per distinct score, highest first; counts of pixels with that score or a higher one.
    std::vector<double> score;
    std::vector<index_t> tp, fp;
    std::vector<UnsignedWide> coverage;  // with regions: sums of coverage_weights()
    index_t positives = 0, negatives = 0, regions = 0;
    index_t missing = 0;
    PixelAt first_missing;
};

// Beside the result 8 bytes a pixel (16 for 64-bit scores) until the sort is done, half of them to the end.
Levels all_levels(const ScoredImages& input, const RankOptions& options, const RunOptions& run);

}  // namespace acpp::ranking
