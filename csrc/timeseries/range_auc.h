#pragma once
// Areas under ROC and precision-recall curves with labels that fade out around the events: R-AUC at one window, VUS
// over all windows up to one. Paparrizos et al., "Volume Under the Surface", PVLDB 15(11), 2022.
#include <vector>

#include "timeseries/thresholds.h"

namespace acpp::timeseries {

enum class RangeVariant {
    opt,       // what the authors' current code and TSB-AD compute: only predicted buffers enlarge the positive class
    vldb,      // the paper's: positives fixed, the right buffer one point shorter, trapezoids for precision-recall
    vldb_sym,  // the same with equal buffers
    opt_time,  // vldb_sym with every event taken as found, as the function of that name computes it
};

struct RangeAreas {
    double roc, pr;  // roc: NaN where no normal point is left
};

// Areas for each window in [first, last]. O(events * last + thresholds * last^2) time whatever the length of the
// series; 8 bytes for each threshold and half window.
std::vector<RangeAreas> range_areas(const Series& series, const Thresholds& thresholds, index_t first, index_t last,
                                    RangeVariant variant, const RunOptions& run);

RangeAreas mean_of(const std::vector<RangeAreas>& windows);

// Areas (vldb) with buffers of trunc(`share` times the event's length) points instead of half a window.
RangeAreas range_areas_by_length(const Series& series, const Thresholds& thresholds, double share,
                                 const RunOptions& run);

struct RangePrediction {
    double recall, precision, f1;
};

// Of the points that the only threshold predicts, as means over all windows up to `last`. `carried`: labels that faded
// in at one window stay whole at the next ones, as in TSB-AD 1.5.
RangePrediction range_prediction(const Series& series, const Thresholds& threshold, index_t last, bool carried,
                                 const RunOptions& run);

}  // namespace acpp::timeseries
