#pragma once
// Metrics that ask which events were found at all: point adjustment, event-wise F1, delays.
#include <vector>

#include "timeseries/thresholds.h"

namespace acpp::timeseries {

struct Counts {
    index_t tp, fp, fn;
};

// Of single points, at each threshold.
void pointwise(const Series& series, const Thresholds& thresholds, CurveSink& sink);

// At each threshold when every event with a predicted point counts as found whole. `first_kept`: the first point of the
// series stays as predicted ("donut" in TSB-AD). O(events log events + thresholds) time.
void point_adjusted(const Series& series, const Thresholds& thresholds, bool first_kept, CurveSink& sink);

// Predicted points of each event at the only threshold.
std::vector<index_t> found_points(const Series& series, const Thresholds& threshold);
// Counts at the only threshold when events with more than `share` of their points found count as found whole.
Counts adjusted_above(const Series& series, const Thresholds& threshold, const std::vector<index_t>& found,
                      double share);

// Share of the events found (recall), and of the predicted points that are anomalous (precision), at each threshold.
// `open_end`: the last point of the series finds no event, as in TSB-AD.
void composite(const Series& series, const Thresholds& thresholds, bool open_end, CurveSink& sink);

// Share of the events found (recall), and of the predicted runs that touch an event (precision), at each threshold.
// O(n) time for n points.
void segments(const Series& series, const Thresholds& thresholds, CurveSink& sink);

// Points from each event's beginning to its first predicted point at the only threshold; -1 where there is none.
std::vector<index_t> delays(const Series& series, const Thresholds& threshold);

}  // namespace acpp::timeseries
