#include "ranking/ranked_positives.h"

#include <utility>

#include "ranking/sort.h"

namespace acpp::ranking {

template <class Key>
RankedPositives<Key> rank_positives(const ScoredImages& input, const std::vector<Strip>& strips,
                                    const RankOptions& options, const RunOptions& run) {
    RankedPositives<Key> ranked;
    ranked.pixels = gather_positives<Key>(input, strips, options, run);
    const std::size_t n = ranked.pixels.keys.size();
    std::vector<Keyed<Key>> items(n), scratch(n);
    for (std::size_t i = 0; i < n; ++i) items[i] = {ranked.pixels.keys[i], static_cast<std::uint32_t>(i)};
    ranked.pixels.keys = {};
    parallel_sort(items.data(), scratch.data(), static_cast<index_t>(n), run);
    if (options.regions) ranked.order.resize(n);
    for (const Keyed<Key>& item : items) {
        if (ranked.distinct.empty() || item.key != ranked.distinct.back()) {
            ranked.distinct.push_back(item.key);
            ranked.tp.push_back(0);
        }
        ++ranked.tp.back();
        if (options.regions) ranked.order[item.payload] = static_cast<std::uint32_t>(ranked.distinct.size() - 1);
    }
    return ranked;
}

template RankedPositives<std::uint32_t> rank_positives(const ScoredImages&, const std::vector<Strip>&,
                                                       const RankOptions&, const RunOptions&);
template RankedPositives<std::uint64_t> rank_positives(const ScoredImages&, const std::vector<Strip>&,
                                                       const RankOptions&, const RunOptions&);

}  // namespace acpp::ranking
