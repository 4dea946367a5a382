#pragma once
// Counts in evenly wide bins, in one pass and without keeping a score.
#include <vector>

#include "ranking/exact_sum.h"
#include "ranking/rank_pairs.h"

namespace acpp::ranking {

// The n + 1 edges of n bins: as numpy.linspace has them, but the last one just above `high`.
std::vector<double> even_edges(double low, double high, index_t n);

struct BinCounts {
    // One entry per slot: below the first edge, between edges i and i + 1, at and above the last edge.
    std::vector<index_t> positives, negatives;
    std::vector<UnsignedWide> coverage;  // with regions: what the slot's pixels add, as in ranked_positives.h
    index_t missing = 0;
    PixelAt first_missing;
};

// O(pixels + n) time for finite low < high; 4 bytes a bin for each thread.
BinCounts bin_counts(const ScoredImages& input, double low, double high, index_t n, const RankOptions& options,
                     const RunOptions& run);

}  // namespace acpp::ranking
