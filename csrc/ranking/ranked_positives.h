#pragma once
// The anomalous half of the counts: distinct scores, how often each occurs, and which pixel has which.
#include <numeric>
#include <vector>

#include "ranking/exact_sum.h"
#include "ranking/positives.h"
#include "ranking/sort.h"

namespace acpp::ranking {

template <class Key>
struct RankedPositives {
    std::vector<Key> distinct;         // ascending
    std::vector<index_t> tp;           // pixels of each
    std::vector<std::uint32_t> order;  // per pixel, when regions are asked for: its entry of `distinct`
    Positives<Key> pixels;             // without their keys
};

template <class Key>
RankedPositives<Key> rank_pixels(Positives<Key>&& pixels, bool order, const RunOptions& run) {
    RankedPositives<Key> ranked;
    ranked.pixels = std::move(pixels);
    const std::size_t n = ranked.pixels.keys.size();
    std::vector<Keyed<Key>> items(n), scratch(n);
    for (std::size_t i = 0; i < n; ++i) items[i] = {ranked.pixels.keys[i], static_cast<std::uint32_t>(i)};
    ranked.pixels.keys = {};
    parallel_sort(items.data(), scratch.data(), static_cast<index_t>(n), run);
    if (order) ranked.order.resize(n);
    for (const Keyed<Key>& item : items) {
        if (ranked.distinct.empty() || item.key != ranked.distinct.back()) {
            ranked.distinct.push_back(item.key);
            ranked.tp.push_back(0);
        }
        ++ranked.tp.back();
        if (order) ranked.order[item.payload] = static_cast<std::uint32_t>(ranked.distinct.size() - 1);
    }
    return ranked;
}

template <class Key>
RankedPositives<Key> rank_positives(const ScoredImages& input, const std::vector<Strip>& strips,
                                    const RankOptions& options, const RunOptions& run) {
    return rank_pixels(gather_positives<Key>(input, strips, options, run), options.regions, run);
}

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
