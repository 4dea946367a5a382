#pragma once
// Areas under curves over the false positive rate, up to a limit L. A pixel that outranks all but G background pixels
// and ties with E of them adds the area of a step that rises linearly between rates G/N and (G+E)/N:
// L - (2G+E)/2N below the limit, (L N - G)^2 / 2EN across it, nothing beyond. Sums of the first kind are integers.
#include <cstddef>

#include "ranking/exact_sum.h"
#include "ranking/rank_pairs.h"

namespace acpp::metrics {

using ranking::RankPairs;
using ranking::UnsignedWide;

struct StepSum {
    UnsignedWide twice_rank = 0;  // sum of 2G + E over the pixels below the limit
    index_t below = 0, across = 0;
};

class FprLimit {
  public:
    FprLimit(const RankPairs& pairs, double limit)
        : pairs_(pairs), limit_(limit), background_(static_cast<double>(pairs.negatives)) {
        const double cut = limit * background_;
        // Intervals [G, G+E] of different scores do not overlap, so at most one of them crosses the limit.
        std::size_t low = 0, high = pairs.score.size();
        while (low < high) {
            const std::size_t middle = (low + high) / 2;
            const bool inside = static_cast<double>(pairs.above[middle] + pairs.equal[middle]) <= cut;
            (inside ? low : high) = inside ? middle + 1 : middle;
        }
        first_outside_ = low;
        if (low == pairs.score.size()) return;
        const double height = cut - static_cast<double>(pairs.above[low]);
        if (height > 0) across_ = height * height / (2 * static_cast<double>(pairs.equal[low]) * background_);
    }

    // Adds `count` pixels with the score of entry `rank`.
    void add(StepSum& sum, std::size_t rank, index_t count) const {
        if (rank < first_outside_) {
            const auto twice =
                2 * static_cast<UnsignedWide>(pairs_.above[rank]) + static_cast<UnsignedWide>(pairs_.equal[rank]);
            sum.twice_rank += twice * static_cast<UnsignedWide>(count);
            sum.below += count;
        } else if (rank == first_outside_) {
            sum.across += count;
        }
    }

    // Area of a curve that these pixels raise to 1 when all `total` are counted, divided by the limit.
    double share(const StepSum& sum, index_t total) const {
        const double all = static_cast<double>(total);
        if (limit_ == 1) {  // one rounding only
            const auto whole = 2 * static_cast<UnsignedWide>(pairs_.negatives);
            const auto won = whole * static_cast<UnsignedWide>(sum.below) - sum.twice_rank;
            return static_cast<double>(won) / static_cast<double>(whole * static_cast<UnsignedWide>(total));
        }
        const double below =
            static_cast<double>(sum.below) * limit_ - static_cast<double>(sum.twice_rank) / (2 * background_);
        const double share = (below + static_cast<double>(sum.across) * across_) / (all * limit_);
        return share < 0 ? 0 : share > 1 ? 1 : share;  // a last-bit excess
    }

  private:
    const RankPairs& pairs_;
    double limit_, background_, across_ = 0;
    std::size_t first_outside_ = 0;
};

}  // namespace acpp::metrics
