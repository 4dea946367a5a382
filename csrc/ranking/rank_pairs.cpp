#include "ranking/rank_pairs.h"

#include <algorithm>

#include "ranking/ranked_positives.h"
#include "ranking/score_keys.h"
#include "ranking/slots.h"

namespace acpp::ranking {
namespace {

// Turns the counts of `slots` (ascending) into the pairs (descending).
template <class Key>
void fill_counts(const RankedPositives<Key>& ranked, const std::vector<index_t>& slots, index_t missing,
                 RankPairs& pairs) {
    const std::size_t p = ranked.distinct.size();
    pairs.score.resize(p), pairs.tp.resize(p), pairs.above.resize(p), pairs.equal.resize(p);
    index_t above = slots[2 * p] - missing;  // NaN keys stand above all others
    for (std::size_t i = 0; i < p; ++i) {
        const std::size_t r = p - 1 - i;
        pairs.tp[i] = ranked.tp[r];
        pairs.above[i] = above;
        pairs.equal[i] = slots[2 * r + 1];
        above += slots[2 * r + 1] + slots[2 * r];
    }
    pairs.negatives = above;
}

template <class Key>
RankPairs build(const ScoredImages& input, const RankOptions& options, const RunOptions& run) {
    const std::vector<Strip> strips = strips_of(input);
    auto ranked = rank_positives<Key>(input, strips, options, run);
    index_t missing = 0;
    const std::vector<index_t> slots = count_slots<Key>(input, strips, ranked.distinct, missing, run);
    return pairs_of(input, std::move(ranked), slots, missing);
}

}  // namespace

template <class Key>
RankPairs pairs_of(const ScoredImages& input, RankedPositives<Key>&& ranked, const std::vector<index_t>& slots,
                   index_t missing) {
    RankPairs pairs;
    pairs.positives = ranked.positives();
    fill_counts(ranked, slots, missing, pairs);
    to_scores(input.score_type, ranked.distinct.data(), static_cast<index_t>(ranked.distinct.size()),
              pairs.score.data());
    std::reverse(pairs.score.begin(), pairs.score.end());
    pairs.missing = missing + ranked.pixels.missing;

    const std::uint32_t last = static_cast<std::uint32_t>(ranked.distinct.size()) - 1;
    for (std::uint32_t& order : ranked.order) order = last - order;  // descending
    pairs.rank = std::move(ranked.order);
    pairs.region = std::move(ranked.pixels.region);
    pairs.image_begin = std::move(ranked.pixels.image_begin);
    pairs.regions = std::move(ranked.pixels.regions);
    if (pairs.missing > 0) pairs.first_missing = find_missing(input);
    return pairs;
}

template RankPairs pairs_of(const ScoredImages&, RankedPositives<std::uint32_t>&&, const std::vector<index_t>&,
                            index_t);
template RankPairs pairs_of(const ScoredImages&, RankedPositives<std::uint64_t>&&, const std::vector<index_t>&,
                            index_t);

RankPairs rank_pairs(const ScoredImages& input, const RankOptions& options, const RunOptions& run) {
    require(options.connectivity == 4 || options.connectivity == 8, "connectivity must be 4 or 8");
    return with_key(input.score_type,
                    [&](auto tag) { return build<typename decltype(tag)::type>(input, options, run); });
}

}  // namespace acpp::ranking
