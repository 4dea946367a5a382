#pragma once
// The anomalous pixels of a stack, gathered image by image in raster order.
#include <vector>

#include "ranking/rank_pairs.h"

namespace acpp::ranking {

template <class Key>
struct Positives {
    std::vector<Key> keys;              // images in order, raster order inside; none stands for NaN
    std::vector<std::uint32_t> region;  // per key, when asked for
    std::vector<index_t> image_begin;   // likewise
    std::vector<Region> regions;
    index_t missing = 0;
};

// Key is that of the scores' type. Throws InvalidArgument if a label is neither 0 nor 1.
template <class Key>
Positives<Key> gather_positives(const ScoredImages& input, const std::vector<Strip>& strips, const RankOptions& options,
                                const RunOptions& run);

}  // namespace acpp::ranking
