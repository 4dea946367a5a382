#pragma once
// The false positive rate where the true positive rate reaches a value, without interpolation.
#include <cmath>

#include "timeseries/series.h"

namespace acpp::timeseries {

// Anomalous is positive: at the first threshold, from the highest score down, that reaches the rate. `normal`: normal
// is positive, from the lowest score up. Both classes must be there.
inline double fpr_at_tpr(const Series& series, double tpr, bool normal) {
    const index_t negatives = series.size - series.positives;
    const double positives = static_cast<double>(normal ? negatives : series.positives);
    const index_t n = series.levels();
    for (index_t i = 1; i <= n; ++i) {
        const index_t levels = normal ? n - i : i;
        const index_t hits = series.true_positives(levels), false_alarms = series.predicted(levels) - hits;
        const index_t tp = normal ? negatives - false_alarms : hits;
        const index_t fp = normal ? series.positives - hits : false_alarms;
        if (static_cast<double>(tp) / positives >= tpr)
            return static_cast<double>(fp) / static_cast<double>(normal ? series.positives : negatives);
    }
    return 1;
}

// Normal is positive; points leave the predictions one by one from the highest score down, normal ones first among
// equals. The rate at the first position whose true positive rate is nearest.
inline double fpr_nearest_tpr(const Series& series, double tpr) {
    const index_t all = series.size - series.positives;
    const auto distance = [&](index_t tp) {
        return std::abs(static_cast<double>(tp) / static_cast<double>(all) - tpr);
    };
    index_t normal = all, anomalous = series.positives, best = anomalous;
    double least = distance(normal);
    for (index_t level = 0; level < series.levels(); ++level) {
        const index_t hits = series.true_positives(level + 1) - series.true_positives(level);
        const index_t others = series.predicted(level + 1) - series.predicted(level) - hits;
        for (index_t i = 0; i < others; ++i)
            if (distance(--normal) < least) least = distance(normal), best = anomalous;
        anomalous -= hits;
    }
    return static_cast<double>(best) / static_cast<double>(series.positives);
}

}  // namespace acpp::timeseries
