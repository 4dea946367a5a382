#pragma once
// Area under the ROC curve, whole or up to a false positive rate.
#include <limits>

#include "metrics/fpr_area.h"

namespace acpp::metrics {

// Area over [0, limit] divided by limit; NaN if a class is empty.
inline double auroc(const RankPairs& pairs, double limit = 1) {
    if (pairs.positives == 0 || pairs.negatives == 0) return std::numeric_limits<double>::quiet_NaN();
    const FprLimit within(pairs, limit);
    StepSum sum;
    for (std::size_t i = 0; i < pairs.score.size(); ++i) within.add(sum, i, pairs.tp[i]);
    return within.share(sum, pairs.positives);
}

}  // namespace acpp::metrics
