#pragma once
// Per-region overlap: Bergmann et al., "The MVTec Anomaly Detection Dataset", IJCV 2021. The area under the PRO curve
// is the mean over regions of the area under each region's own coverage curve.
#include <limits>
#include <vector>

#include "metrics/fpr_area.h"

namespace acpp::metrics {

// Area of every region's coverage over false positive rates [0, limit], divided by limit. Needs pairs with regions
// and at least one background pixel.
inline std::vector<double> region_scores(const RankPairs& pairs, double limit) {
    const FprLimit within(pairs, limit);
    std::vector<StepSum> sums(pairs.regions.size());
    for (std::size_t i = 0; i < pairs.rank.size(); ++i) within.add(sums[pairs.region[i]], pairs.rank[i], 1);
    std::vector<double> scores(sums.size());
    for (std::size_t r = 0; r < sums.size(); ++r) scores[r] = within.share(sums[r], pairs.regions[r].area);
    return scores;
}

// Mean of the region scores, in bits that do not depend on their order; NaN without a region or without background.
inline double mean_region_score(const RankPairs& pairs, const std::vector<double>& scores) {
    if (scores.empty() || pairs.negatives == 0) return std::numeric_limits<double>::quiet_NaN();
    ranking::FractionSum sum;
    for (double score : scores) sum.add(score);
    return sum.value() / static_cast<double>(scores.size());
}

inline double aupro(const RankPairs& pairs, double limit) {
    if (pairs.negatives == 0) return std::numeric_limits<double>::quiet_NaN();
    return mean_region_score(pairs, region_scores(pairs, limit));
}

}  // namespace acpp::metrics
