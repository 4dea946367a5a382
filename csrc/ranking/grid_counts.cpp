#include "ranking/grid_counts.h"

#include <algorithm>
#include <optional>

#include "ranking/ranked_positives.h"
#include "ranking/score_keys.h"
#include "ranking/slots.h"

namespace acpp::ranking {
namespace {

template <class Key>
GridCounts build(const ScoredImages& input, const std::vector<double>& thresholds, bool strict,
                 const RankOptions& options, const RunOptions& run) {
    const std::vector<Strip> strips = strips_of(input);
    const auto ranked = rank_positives<Key>(input, strips, options, run);
    GridCounts counts;
    counts.positives = ranked.positives();
    counts.regions = static_cast<index_t>(ranked.pixels.regions.size());

    const std::vector<std::optional<Key>> reaching = keys_reaching<Key>(input.score_type, thresholds, strict);
    std::vector<Key> levels;
    for (const std::optional<Key>& key : reaching)
        if (key) levels.push_back(*key);
    std::sort(levels.begin(), levels.end());
    levels.erase(std::unique(levels.begin(), levels.end()), levels.end());

    // From the highest level down: what reaches it.
    index_t missing = 0;
    const std::vector<index_t> slots = count_slots<Key>(input, strips, levels, missing, run);
    const std::vector<UnsignedWide> weight = options.regions ? coverage_weights(ranked) : std::vector<UnsignedWide>{};
    const std::size_t n = levels.size();
    std::vector<index_t> tp(n), fp(n);
    std::vector<UnsignedWide> covered(options.regions ? n : 0);
    index_t positives = 0, above = n > 0 ? slots[2 * n] : 0;
    UnsignedWide coverage = 0;
    std::size_t d = ranked.distinct.size();
    for (std::size_t l = n; l-- > 0;) {
        above += slots[2 * l + 1];
        while (d > 0 && ranked.distinct[d - 1] >= levels[l]) {
            --d;
            positives += ranked.tp[d];
            if (options.regions) coverage += weight[d];
        }
        tp[l] = positives;
        fp[l] = above - missing;  // NaN keys stand above all others
        if (options.regions) covered[l] = coverage;
        above += slots[2 * l];
    }
    counts.negatives = (n > 0 ? above : slots[0]) - missing;
    for (UnsignedWide w : weight) counts.full_coverage += w;
    counts.missing = missing + ranked.pixels.missing;
    if (counts.missing > 0) counts.first_missing = find_missing(input);
    for (const std::optional<Key>& key : reaching) {
        const auto at = key ? std::lower_bound(levels.begin(), levels.end(), *key) - levels.begin() : 0;
        const auto l = static_cast<std::size_t>(at);
        counts.tp.push_back(key ? tp[l] : 0);
        counts.fp.push_back(key ? fp[l] : 0);
        if (options.regions) counts.coverage.push_back(key ? covered[l] : UnsignedWide{0});
    }
    return counts;
}

}  // namespace

GridCounts grid_counts(const ScoredImages& input, const std::vector<double>& thresholds, bool strict,
                       const RankOptions& options, const RunOptions& run) {
    require(options.connectivity == 4 || options.connectivity == 8, "connectivity must be 4 or 8");
    return with_key(input.score_type, [&](auto tag) {
        return build<typename decltype(tag)::type>(input, thresholds, strict, options, run);
    });
}

}  // namespace acpp::ranking
