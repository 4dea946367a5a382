#pragma once
// Single points of the ROC curve that a rate picks out.
#include <cmath>
#include <limits>

#include "ranking/rank_pairs.h"

namespace acpp::metrics {

using ranking::RankPairs;

enum class RateMethod {
    step,     // the highest threshold that reaches the rate
    interp,   // the straight line between the curve's points
    closest,  // the nearest recall, the higher of two, and of its points the one with the lowest threshold
};

struct RatePoint {
    double rate, threshold;  // NaN where a class is empty; no threshold for `closest`, which may be a normal score
};

constexpr RatePoint no_point{std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN()};

// False positive rate where the true positive rate is `tpr`, in (0, 1].
inline RatePoint fpr_at_tpr(const RankPairs& pairs, double tpr, RateMethod method) {
    if (pairs.positives == 0 || pairs.negatives == 0) return no_point;
    const double all = static_cast<double>(pairs.positives), background = static_cast<double>(pairs.negatives);
    const double wanted = tpr * all;
    const auto enough = static_cast<index_t>(std::ceil(wanted - 1e-9));
    index_t tp = 0;
    std::size_t i = 0;
    while (tp + pairs.tp[i] < enough) tp += pairs.tp[i++];
    const double above = static_cast<double>(pairs.above[i]), equal = static_cast<double>(pairs.equal[i]);
    if (method == RateMethod::interp) {
        const double part = std::min(1.0, (wanted - static_cast<double>(tp)) / static_cast<double>(pairs.tp[i]));
        return {(above + part * equal) / background, pairs.score[i]};
    }
    if (method == RateMethod::closest) {
        const double over = static_cast<double>(tp + pairs.tp[i]) / all - tpr;
        const bool lower = tpr - static_cast<double>(tp) / all < over;
        const std::size_t next = lower ? i : i + 1;
        const index_t fp = next < pairs.score.size() ? pairs.above[next] : pairs.negatives;
        return {static_cast<double>(fp) / background, no_point.threshold};
    }
    return {(above + equal) / background, pairs.score[i]};
}

// True positive rate where the false positive rate is `fpr`, in [0, 1].
inline RatePoint tpr_at_fpr(const RankPairs& pairs, double fpr, RateMethod method) {
    if (pairs.positives == 0 || pairs.negatives == 0) return no_point;
    const double allowed = fpr * static_cast<double>(pairs.negatives);
    index_t tp = 0;
    std::size_t i = 0;
    while (i < pairs.score.size() && static_cast<double>(pairs.above[i] + pairs.equal[i]) <= allowed + 1e-9)
        tp += pairs.tp[i++];
    double found = static_cast<double>(tp);
    if (method == RateMethod::interp && i < pairs.score.size() && pairs.equal[i] > 0) {
        const double into = allowed - static_cast<double>(pairs.above[i]);
        if (into > 0) found += static_cast<double>(pairs.tp[i]) * into / static_cast<double>(pairs.equal[i]);
    }
    return {found / static_cast<double>(pairs.positives),
            i > 0 ? pairs.score[i - 1] : std::numeric_limits<double>::infinity()};
}

}  // namespace acpp::metrics
