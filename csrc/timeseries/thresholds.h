#pragma once
// The sets of thresholds that the metrics walk through, from the strictest on. A threshold predicts the points of the
// first so many levels of its series.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "timeseries/series.h"

namespace acpp::timeseries {

class Thresholds {
  public:
    Thresholds() = default;
    // All levels of a series, which must outlive this.
    explicit Thresholds(const Series& all) : all_(&all) {}

    // Adds a threshold that predicts as many levels as the last one or more.
    void add(std::uint32_t levels, double value) {
        levels_.push_back(levels);
        value_.push_back(value);
    }

    index_t size() const { return all_ ? all_->levels() : static_cast<index_t>(levels_.size()); }
    std::uint32_t levels(index_t j) const { return all_ ? static_cast<std::uint32_t>(j + 1) : levels_[j]; }
    double value(index_t j) const { return all_ ? all_->value[j] : value_[j]; }
    // The first threshold that predicts points of this level; size() if none does.
    index_t first_with(std::uint32_t level) const {
        if (all_) return std::min<index_t>(level, all_->levels());
        return std::upper_bound(levels_.begin(), levels_.end(), level) - levels_.begin();
    }

  private:
    const Series* all_ = nullptr;
    std::vector<std::uint32_t> levels_;
    std::vector<double> value_;
};

// Receives precision and recall at each threshold, from the strictest on.
class CurveSink {
  public:
    virtual void take(index_t threshold, double precision, double recall) = 0;

  protected:
    ~CurveSink() = default;
};

// Those distinct scores where the number of anomalous points changes to or from the score; first and last always.
Thresholds curve_thresholds(const Series& series);

// The same where point t counts for `gain[t]`. Levels with no point of positive `weight` are left out beforehand (no
// weights: none is).
Thresholds weighted_curve_thresholds(const Series& series, const double* gain, const double* weight,
                                     const RunOptions& run);

// `count` percentiles from 100 down to 0 of a set of thresholds, rounded as NumPy's linear ones. Between two of the set
// there may be scores that it left out, so infinities are refused.
Thresholds percentile_thresholds(const Series& series, const Thresholds& from, index_t count);

// The scores at `count` evenly spaced ranks, ties included, the highest and the lowest among them.
Thresholds rank_thresholds(const Series& series, index_t count);

// `count` values from the highest score down to the lowest, evenly spaced; points strictly above are predicted.
Thresholds linear_thresholds(const Series& series, index_t count);

// Every `stride`-th distinct score from the lowest up, as often as `stride` goes into their number, and all of them
// where it does not; points strictly above are predicted.
Thresholds strided_thresholds(const Series& series, index_t stride);

// Given values, in any order: points at or above are predicted, or only those above.
Thresholds given_thresholds(const Series& series, std::vector<double> values, bool strict);

}  // namespace acpp::timeseries
