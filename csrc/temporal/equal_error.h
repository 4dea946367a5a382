#pragma once
// The equal error rate: where the ROC curve meets the line of as many misses as false alarms.
#include <limits>

#include "ranking/rank_pairs.h"

namespace acpp::temporal {

// Straight lines between the points of the curve; NaN if a class is empty.
inline double equal_error_rate(const ranking::RankPairs& pairs) {
    if (pairs.positives == 0 || pairs.negatives == 0) return std::numeric_limits<double>::quiet_NaN();
    const auto rate = [](index_t part, index_t all) { return static_cast<double>(part) / static_cast<double>(all); };
    index_t hit = 0;
    for (std::size_t i = 0; i < pairs.score.size(); ++i) {
        const double fpr = rate(pairs.above[i], pairs.negatives), tpr = rate(hit, pairs.positives);
        if (fpr + tpr >= 1) return 1 - tpr;  // on the level stretch that ends here
        hit += pairs.tp[i];
        const double run = rate(pairs.equal[i], pairs.negatives), rise = rate(pairs.tp[i], pairs.positives);
        if (fpr + run + rate(hit, pairs.positives) >= 1) return fpr + run * ((1 - fpr - tpr) / (run + rise));
    }
    return 0;  // not reached: every anomaly is hit at the last level
}

}  // namespace acpp::temporal
