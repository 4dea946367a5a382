#pragma once
// Metrics that ask which events were found at all: point adjustment, event-wise F1, delays.
#include <vector>

#include "timeseries/thresholds.h"

namespace acpp::timeseries {

// Of single points, at each threshold.
void pointwise(const Series& series, const Thresholds& thresholds, CurveSink& sink, const RunOptions& run);

// At each threshold when every event with a predicted point counts as found whole. `first_kept`: the first point of the
// series stays as predicted ("donut" in TSB-AD). O(events log events + thresholds) time.
void point_adjusted(const Series& series, const Thresholds& thresholds, bool first_kept, CurveSink& sink,
                    const RunOptions& run);

// Predicted points of each event when the first n levels are predicted.
std::vector<index_t> found_points(const Series& series, index_t n);

// PA%K: the best F1 over all thresholds when events with more than a share of their points found count as found whole,
// for each of `shares`. At least one event; O(anomalous points + events * shares) time a threshold.
std::vector<double> pa_k(const Series& series, const Thresholds& thresholds, const std::vector<double>& shares,
                         const RunOptions& run);

// Share of the events found (recall), and of the predicted points that are anomalous (precision), at each threshold.
// `open_end`: the last point of the series finds no event, as in TSB-AD.
void composite(const Series& series, const Thresholds& thresholds, bool open_end, CurveSink& sink,
               const RunOptions& run);

// Share of the events found (recall), and of the predicted runs that touch an event (precision), at each threshold.
// O(n) time for n points.
void segments(const Series& series, const Thresholds& thresholds, CurveSink& sink, const RunOptions& run);

// Points from each event's beginning to its first predicted point at the only threshold; -1 where there is none.
std::vector<index_t> delays(const Series& series, const Thresholds& threshold);

struct DelayScores {  // NaN as a mean over no event
    double mean_delay, found;
    double early_found, early;  // mean share of an event that is left when it is found: of those found, of all
    double events;
    double tsb_latency;  // TSB-AD's mean delay
};

DelayScores delay_scores(const Series& series, const Thresholds& threshold);

}  // namespace acpp::timeseries
