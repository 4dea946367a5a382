#pragma once
// The best F1 along a curve.
#include "timeseries/thresholds.h"

namespace acpp::timeseries {

// The largest 2PR / (P + R + eps), the mildest threshold among equals; where none has one, NaN at the strictest.
struct BestF1 final : CurveSink {
    explicit BestF1(double tolerance) : eps(tolerance) {}
    void take(index_t j, double p, double r) override {
        const double sum = p + r, f1 = sum > 0 ? 2 * p * r / (sum + eps) : sum;
        if (j == 0 || (!(f1 < value) && f1 == f1)) value = f1, at = j, precision = p, recall = r;
    }

    double eps, value = 0, precision = 0, recall = 0;
    index_t at = 0;
};

}  // namespace acpp::timeseries
