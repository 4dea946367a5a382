#pragma once
// The anomalous half of the counts: distinct scores, how often each occurs, and which pixel has which.
#include <vector>

#include "ranking/exact_sum.h"
#include "ranking/positives.h"

namespace acpp::ranking {

template <class Key>
struct RankedPositives {
    std::vector<Key> distinct;         // ascending
    std::vector<index_t> tp;           // pixels of each
    std::vector<std::uint32_t> order;  // per pixel, when regions are asked for: its entry of `distinct`
    Positives<Key> pixels;             // without their keys

    index_t positives() const {
        index_t n = 0;
        for (index_t of_score : tp) n += of_score;
        return n;
    }
};

// Key is that of the scores' type.
template <class Key>
RankedPositives<Key> rank_positives(const ScoredImages& input, const std::vector<Strip>& strips,
                                    const RankOptions& options, const RunOptions& run);

// The pairs that follow from the slots of the background around `ranked.distinct` (see slots.h), of which `missing` are
// NaN.
template <class Key>
RankPairs pairs_of(const ScoredImages& input, RankedPositives<Key>&& ranked, const std::vector<index_t>& slots,
                   index_t missing);

// What a pixel adds to the coverage of all regions: in a region of area A it weighs floor(2^62 / A), so that the order
// of a sum does not matter; the error of a region's coverage is below A / 2^62.
inline UnsignedWide coverage_weight(const Region& region) {
    return (std::uint64_t{1} << 62) / static_cast<std::uint64_t>(region.area);
}

// The same of the pixels of each distinct score.
template <class Key>
std::vector<UnsignedWide> coverage_weights(const RankedPositives<Key>& ranked) {
    std::vector<UnsignedWide> weight(ranked.distinct.size(), 0);
    for (std::size_t i = 0; i < ranked.order.size(); ++i)
        weight[ranked.order[i]] += coverage_weight(ranked.pixels.regions[ranked.pixels.region[i]]);
    return weight;
}

}  // namespace acpp::ranking
