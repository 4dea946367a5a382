#include "ranking/grid_counts.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include "ranking/ranked_positives.h"
#include "ranking/slots.h"

namespace acpp::ranking {
namespace {

template <class T>
constexpr std::pair<typename ScoreKey<T>::Key, typename ScoreKey<T>::Key> extreme_keys() {
    if constexpr (std::is_same_v<T, Half>)
        return {ScoreKey<Half>::key(Half{0xfc00}), ScoreKey<Half>::key(Half{0x7c00})};
    else if constexpr (std::is_floating_point_v<T>)
        return {ScoreKey<T>::key(-std::numeric_limits<T>::infinity()),
                ScoreKey<T>::key(std::numeric_limits<T>::infinity())};
    else
        return {ScoreKey<T>::key(std::numeric_limits<T>::min()), ScoreKey<T>::key(std::numeric_limits<T>::max())};
}

// Smallest key whose score reaches the threshold, if any. A binary search over the keys serves every type, and
// thresholds that lie between two scores.
template <class T>
std::optional<typename ScoreKey<T>::Key> key_reaching(double threshold, bool strict) {
    using Key = typename ScoreKey<T>::Key;
    auto [low, high] = extreme_keys<T>();
    const auto reaches = [&](Key key) {
        const double score = ScoreKey<T>::score(key);
        return strict ? score > threshold : score >= threshold;
    };
    if (!reaches(high)) return std::nullopt;
    while (low < high) {
        const Key middle = low + (high - low) / 2;
        if (reaches(middle))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

template <class T>
GridCounts build(const ScoredImages& input, const std::vector<double>& thresholds, bool strict,
                 const RankOptions& options, const RunOptions& run) {
    using Key = typename ScoreKey<T>::Key;
    const std::vector<Strip> strips = strips_of(input);
    const auto ranked = rank_positives<T>(input, strips, options, run);
    GridCounts counts;
    counts.positives = std::accumulate(ranked.tp.begin(), ranked.tp.end(), index_t{0});
    counts.regions = static_cast<index_t>(ranked.pixels.regions.size());

    std::vector<std::optional<Key>> reaching;
    std::vector<Key> levels;
    for (double threshold : thresholds) {
        reaching.push_back(key_reaching<T>(threshold, strict));
        if (reaching.back()) levels.push_back(*reaching.back());
    }
    std::sort(levels.begin(), levels.end());
    levels.erase(std::unique(levels.begin(), levels.end()), levels.end());

    // From the highest level down: what reaches it.
    index_t missing = 0;
    const std::vector<index_t> slots = count_slots<T>(input, strips, levels, missing, run);
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
    if (counts.missing > 0) counts.first_missing = find_missing<T>(input);
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
    return with_dtype(input.score_type, [&](auto tag) {
        return build<typename decltype(tag)::type>(input, thresholds, strict, options, run);
    });
}

}  // namespace acpp::ranking
