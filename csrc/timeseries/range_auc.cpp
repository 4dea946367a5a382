#include "timeseries/range_auc.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "timeseries/pate.h"
#include "timeseries/soft_labels.h"

namespace acpp::timeseries {
namespace {

constexpr BufferRule rule_of(RangeVariant variant) {
    if (variant == RangeVariant::opt) return {0, false, false};
    return {variant == RangeVariant::vldb ? 1 : 0, true, false};
}

// `credit`: of the buffers, predicted by each threshold, and of all points in the last entry.
RangeAreas areas(const Series& series, const Thresholds& thresholds, const std::vector<double>& credit,
                 const std::vector<double>& existence, bool opt) {
    const double positives = static_cast<double>(series.positives), n = static_cast<double>(series.size);
    double roc = 0, pr = 0, fpr_before = 0, tpr_before = 0, precision_before = 1;
    for (index_t j = 0; j < thresholds.size(); ++j) {
        const double tp = static_cast<double>(series.true_positives(thresholds.levels(j))) + credit[j];
        const double predicted = static_cast<double>(series.predicted(thresholds.levels(j)));
        const double actual = positives + (opt ? credit[j] : credit.back()) / 2;
        const double tpr = std::min(tp / actual, 1.0) * existence[j];
        const double fpr = (predicted - tp) / (n - actual), precision = tp / predicted;
        roc += (fpr - fpr_before) * (tpr + tpr_before) / 2;
        pr += (tpr - tpr_before) * (opt ? precision : (precision + precision_before) / 2);
        fpr_before = fpr, tpr_before = tpr, precision_before = precision;
    }
    roc += (1 - fpr_before) * (1 + tpr_before) / 2;
    if (series.positives == series.size) roc = std::numeric_limits<double>::quiet_NaN();
    return {roc, pr};
}

}  // namespace

std::vector<RangeAreas> range_areas(const Series& series, const Thresholds& thresholds, index_t first, index_t last,
                                    RangeVariant variant, const RunOptions& run) {
    SoftLabels labels(series, thresholds, last / 2, rule_of(variant), run);
    const std::vector<double> found(static_cast<std::size_t>(thresholds.size()), 1);
    std::vector<RangeAreas> result;
    for (index_t window = first; window <= last; ++window) {
        labels.set_window(window);
        result.push_back(areas(series, thresholds, labels.credit(),
                               variant == RangeVariant::opt_time ? found : labels.existence(),
                               variant == RangeVariant::opt));
    }
    return result;
}

RangeAreas mean_of(const std::vector<RangeAreas>& windows) {
    const double n = static_cast<double>(windows.size());
    RangeAreas sum{0, 0};
    for (const RangeAreas& areas : windows) sum.roc += areas.roc, sum.pr += areas.pr;
    return {sum.roc / n, sum.pr / n};
}

RangeAreas range_areas_by_length(const Series& series, const Thresholds& thresholds, double share,
                                 const RunOptions& run) {
    Pace pace(run);
    const index_t m = thresholds.size(), n = series.size;
    std::vector<double> label(static_cast<std::size_t>(n), 0);
    for (const Event& event : series.events) {
        const index_t half = static_cast<index_t>(static_cast<double>(event.length()) * share);
        const auto faded = [&](index_t distance) {
            return std::sqrt(1 - static_cast<double>(distance) / (2 * static_cast<double>(half)));
        };
        for (index_t t = event.begin; t <= event.last; ++t) label[t] = 1;
        for (index_t d = 1; d <= std::min(half, event.begin); ++d, pace.step()) label[event.begin - d] += faded(d);
        for (index_t d = 1; d < half && event.last + d < n; ++d, pace.step()) label[event.last + d] += faded(d);
    }
    std::vector<double> credit(static_cast<std::size_t>(thresholds.size()) + 1, 0),
        existence(static_cast<std::size_t>(thresholds.size()), 0);
    double groups = 0, found = 0;
    for (index_t t = 0; t < n; ++t) {
        if (label[t] == 0) continue;
        index_t best = m;
        ++groups;
        for (; t < n && label[t] > 0; ++t, pace.step()) {
            const index_t threshold = thresholds.first_with(series.level[t]);
            best = std::min(best, threshold);
            credit[threshold] += std::min(1.0, label[t]);
        }
        if (best < m) existence[best] += 1;
    }
    for (index_t j = 0; j < m; ++j) {
        if (j > 0) credit[j] += credit[j - 1];
        existence[j] = (found += existence[j]) / groups;
    }
    credit[m] += credit[m - 1];
    for (index_t j = 0; j <= m; ++j)  // anomalous points are counted apart
        credit[j] -= static_cast<double>(j < m ? series.true_positives(thresholds.levels(j)) : series.positives);
    return areas(series, thresholds, credit, existence, false);
}

RangePrediction range_prediction(const Series& series, const Thresholds& threshold, index_t last, bool carried,
                                 const RunOptions& run) {
    SoftLabels labels(series, threshold, last / 2, {0, false, carried}, run);
    const double hits = static_cast<double>(series.true_positives(threshold.levels(0)));
    const double predicted = static_cast<double>(series.predicted(threshold.levels(0)));
    RangePrediction sum{0, 0, 0};
    for (index_t window = 0; window <= last; ++window) {
        labels.set_window(window);
        const double tp = hits + labels.credit()[0];
        const double recall = std::min(tp / (static_cast<double>(series.positives) + labels.credit()[0] / 2), 1.0);
        const double precision = predicted == 0 ? 0 : tp / predicted;
        sum.recall += recall, sum.precision += precision, sum.f1 += f1(precision, recall);
    }
    const double windows = static_cast<double>(last + 1);
    return {sum.recall / windows, sum.precision / windows, sum.f1 / windows};
}

}  // namespace acpp::timeseries
