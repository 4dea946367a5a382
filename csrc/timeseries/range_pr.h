#pragma once
// Precision and recall of ranges. Tatbul et al., "Precision and Recall for Time Series", NeurIPS 2018.
#include "timeseries/thresholds.h"

namespace acpp::timeseries {

enum class Bias { flat, front, back, middle };

struct RangeRule {
    double alpha = 0;         // share of the score that mere existence earns
    bool reciprocal = false;  // overlaps with x ranges count 1/x
    Bias bias = Bias::flat;
};

// At each threshold, whatever their number: O(n log K) time for n points and K events, 24 bytes a point. 0 where
// nothing is predicted, and where there is no event.
void range_precision_recall(const Series& series, const Thresholds& thresholds, RangeRule precision, RangeRule recall,
                            CurveSink& sink, const RunOptions& run);

}  // namespace acpp::timeseries
