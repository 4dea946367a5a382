#pragma once
// Areas under the precision-recall curve and its best F1. Precision falls between two anomalous scores as background
// enters, so a recall level has a best and a worst precision; they differ in which of the two a segment joins.
#include <limits>

#include "ranking/rank_pairs.h"

namespace acpp::metrics {

using ranking::RankPairs;

inline double precision(index_t tp, index_t fp) {
    return tp == 0 ? (fp == 0 ? 1.0 : 0.0) : static_cast<double>(tp) / static_cast<double>(tp + fp);
}

// Neumaier's sum: the terms come in one order only, that of the scores.
class CompensatedSum {
  public:
    void add(double x) {
        const double next = sum_ + x;
        rest_ += (sum_ < x) ? (x - next) + sum_ : (sum_ - next) + x;  // both are >= 0
        sum_ = next;
    }
    double value() const { return sum_ + rest_; }

  private:
    double sum_ = 0, rest_ = 0;
};

enum class PrArea {
    step,       // average precision: precision at each level times the gain in recall
    trapezoid,  // straight lines between the curve's points, from (0, 1)
    reordered,  // points sorted by recall alone: each group of equal recall is walked from its worst precision up
};

inline double pr_area(const RankPairs& pairs, PrArea kind) {
    if (pairs.positives == 0) return std::numeric_limits<double>::quiet_NaN();
    CompensatedSum sum;
    index_t tp = 0;
    double best_before = 1;  // precision as the previous recall level was reached
    const std::size_t n = pairs.score.size();
    for (std::size_t i = 0; i < n; ++i) {
        const double worst_before = precision(tp, pairs.above[i]);
        tp += pairs.tp[i];
        const double best = precision(tp, pairs.above[i] + pairs.equal[i]);
        const double worst = precision(tp, i + 1 < n ? pairs.above[i + 1] : pairs.negatives);
        const double gain = static_cast<double>(pairs.tp[i]);
        if (kind == PrArea::step) sum.add(gain * best);
        if (kind == PrArea::trapezoid) sum.add(gain * (worst_before + best) / 2);
        if (kind == PrArea::reordered) sum.add(gain * (best_before + worst) / 2);
        best_before = best;
    }
    return sum.value() / static_cast<double>(pairs.positives);
}

struct BestF1 {
    double value, threshold, precision, recall;
    double iou;  // TP / (P + FP), which is largest at the same thresholds
};

// Largest 2 TP / (P + TP + FP) over all thresholds; the lowest threshold wins a tie. It is always reached at an
// anomalous score. NaN if there is no anomalous pixel.
inline BestF1 f1_max(const RankPairs& pairs) {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    BestF1 best{nan, nan, nan, nan, nan};
    index_t tp = 0, best_tp = 0, best_fp = 0;
    std::size_t at = pairs.score.size();
    for (std::size_t i = 0; i < pairs.score.size(); ++i) {
        tp += pairs.tp[i];
        const index_t fp = pairs.above[i] + pairs.equal[i];
        // Fractions compared exactly: TP / (P + TP + FP) >= best.
        __extension__ using Wide = __int128;
        if (static_cast<Wide>(tp) * (pairs.positives + best_tp + best_fp) >=
            static_cast<Wide>(best_tp) * (pairs.positives + tp + fp))
            best_tp = tp, best_fp = fp, at = i;
    }
    if (at == pairs.score.size()) return best;
    const double all = static_cast<double>(pairs.positives);
    return {2 * static_cast<double>(best_tp) / static_cast<double>(pairs.positives + best_tp + best_fp),
            pairs.score[at], precision(best_tp, best_fp), static_cast<double>(best_tp) / all,
            static_cast<double>(best_tp) / static_cast<double>(pairs.positives + best_fp)};
}

}  // namespace acpp::metrics
