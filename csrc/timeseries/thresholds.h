#pragma once
// The sets of thresholds that the metrics walk through, from the strictest on. A threshold predicts the points of the
// first so many levels of its series.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "timeseries/series.h"

namespace acpp::timeseries {

struct Thresholds {
    std::vector<std::uint32_t> levels;  // predicted by each threshold, never fewer than by the one before
    std::vector<double> value;          // the threshold itself

    index_t size() const { return static_cast<index_t>(levels.size()); }
    // The first threshold that predicts points of this level; size() if none does.
    index_t first_with(std::uint32_t level) const {
        return std::upper_bound(levels.begin(), levels.end(), level) - levels.begin();
    }
};

// Every distinct score.
Thresholds distinct_thresholds(const Series& series);

// Those distinct scores where the number of anomalous points changes to or from the score; first and last always.
Thresholds curve_thresholds(const Series& series);

// The same where point t counts for `gain[t]`. Levels with no point of positive `weight` are left out beforehand (no
// weights: none is).
Thresholds weighted_curve_thresholds(const Series& series, const double* gain, const double* weight);

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
