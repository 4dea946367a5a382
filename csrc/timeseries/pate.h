#pragma once
// PATE: precision and recall in which points near an event count in part, early and late ones in their own way.
// Ghorbani et al., "PATE: Proximity-Aware Time series anomaly Evaluation", KDD 2024.
#include <vector>

#include "timeseries/thresholds.h"

namespace acpp::timeseries {

struct PrecisionRecall {
    std::vector<double> precision, recall;  // at each threshold
};

// Anomalous points that each threshold misses, those near the first detected stretch of their event counting less.
// The same for every buffer. O(P log P) for P anomalous points.
std::vector<double> missed_weight(const Series& series, const Thresholds& thresholds, const RunOptions& run);

// The curve for buffers of `early` points before each event and `late` points after it.
PrecisionRecall pate_curve(const Series& series, const Thresholds& thresholds, const std::vector<double>& missed,
                           index_t early, index_t late, const RunOptions& run);

// Area by straight lines from (0, 1) over the points where recall does not fall.
double pate_area(const PrecisionRecall& curve);

inline double f1(double precision, double recall) {
    return precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;
}

// Mean over all pairs of the buffers: of the areas, or of the F1 at the only threshold.
double pate(const Series& series, const Thresholds& thresholds, const std::vector<index_t>& early,
            const std::vector<index_t>& late, const RunOptions& run);
double pate_f1(const Series& series, const Thresholds& threshold, const std::vector<index_t>& early,
               const std::vector<index_t>& late, const RunOptions& run);

}  // namespace acpp::timeseries
