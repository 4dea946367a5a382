#pragma once
// Curves with one point per distinct score.
#include <limits>
#include <vector>

#include "metrics/precision_recall.h"
#include "ranking/levels.h"

namespace acpp::metrics {

using ranking::Levels;

struct Curve {
    std::vector<double> x, y, threshold;

    explicit Curve(std::size_t points) { x.reserve(points), y.reserve(points), threshold.reserve(points); }
    void add(double px, double py, double t) { x.push_back(px), y.push_back(py), threshold.push_back(t); }
};

// True if level i can go without a change of area: the steps to it and from it are equal, in counts.
template <class Height>
bool collinear(const std::vector<index_t>& fp, const std::vector<Height>& height, std::size_t i) {
    return fp[i] - fp[i - 1] == fp[i + 1] - fp[i] && height[i] - height[i - 1] == height[i + 1] - height[i];
}

template <class Height>
Curve over_fpr(const Levels& levels, const std::vector<Height>& height, double total, bool drop_collinear) {
    const std::size_t n = levels.score.size();
    Curve curve(n + 1);
    curve.add(0, 0, std::numeric_limits<double>::infinity());
    for (std::size_t i = 0; i < n; ++i) {
        if (drop_collinear && i > 0 && i + 1 < n && collinear(levels.fp, height, i)) continue;
        curve.add(static_cast<double>(levels.fp[i]) / static_cast<double>(levels.negatives),
                  static_cast<double>(height[i]) / total, levels.score[i]);
    }
    return curve;
}

// False and true positive rate, thresholds descending, (0, 0) at +inf first.
inline Curve roc_curve(const Levels& levels, bool drop_collinear) {
    return over_fpr(levels, levels.tp, static_cast<double>(levels.positives), drop_collinear);
}

// False positive rate and mean coverage of the regions, in the same order.
inline Curve pro_curve(const Levels& levels, bool drop_collinear) {
    const double total = levels.coverage.empty() ? 0 : static_cast<double>(levels.coverage.back());
    return over_fpr(levels, levels.coverage, total, drop_collinear);
}

// Recall and precision, thresholds ascending; the last point (0, 1) has no threshold of its own: +inf.
inline Curve pr_curve(const Levels& levels) {
    Curve curve(levels.score.size() + 1);
    for (std::size_t i = levels.score.size(); i-- > 0;)
        curve.add(static_cast<double>(levels.tp[i]) / static_cast<double>(levels.positives),
                  precision(levels.tp[i], levels.fp[i]), levels.score[i]);
    curve.add(0, 1, std::numeric_limits<double>::infinity());
    return curve;
}

}  // namespace acpp::metrics
