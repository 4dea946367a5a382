#pragma once
// How near predictions and events lie, as chances to lie nearer at random. Huet, Navarro and Rossi, "Local Evaluation
// of Time Series Anomaly Detection Algorithms", KDD 2022.
#include <vector>

#include "timeseries/thresholds.h"

namespace acpp::timeseries {

struct Interval {  // [begin, end) on the time axis
    double begin, end;

    double length() const { return end - begin; }
};

struct Affiliation {
    double precision, recall;  // precision: NaN where nothing is predicted
    // Of each event; NaN (precision) and infinity (recall distance) where its zone has no prediction.
    std::vector<double> event_precision, event_recall, precision_distance, recall_distance;
};

// Of disjoint intervals in order that do not touch, within `range`; at least one event. O(events + predictions).
Affiliation affiliation(const std::vector<Interval>& predicted, const std::vector<Interval>& events, Interval range);

// At each threshold, points of a series being the intervals [t, t + 1); at least one event. O(n) time for all of them.
void affiliation_curve(const Series& series, const Thresholds& thresholds, CurveSink& sink, const RunOptions& run);

}  // namespace acpp::timeseries
