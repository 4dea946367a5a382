// Every sweep over a long series asks whether to go on, again and again, and stops when the answer is no.
#include <gtest/gtest.h>

#include <functional>
#include <numeric>
#include <utility>
#include <vector>

#include "timeseries/affiliation.h"
#include "timeseries/association.h"
#include "timeseries/best_f1.h"
#include "timeseries/event_scores.h"
#include "timeseries/pate.h"
#include "timeseries/range_auc.h"
#include "timeseries/range_pr.h"

using namespace acpp;
using namespace acpp::timeseries;

namespace {

constexpr index_t n = 1 << 17;

Series make(const RunOptions& run) {
    std::vector<double> scores(n);
    std::vector<std::uint8_t> labels(n);
    for (index_t t = 0; t < n; ++t) scores[t] = static_cast<double>(t * 7919 % n), labels[t] = t % 64 < 9;
    return make_series({scores.data(), labels.data(), n}, ranking::DType::f64, run);
}

using Sweep = std::function<void(const Series&, const RunOptions&)>;
using Curve = void (*)(const Series&, const Thresholds&, CurveSink&, const RunOptions&);

Sweep curve(Curve metric) {
    return [metric](const Series& series, const RunOptions& run) {
        BestF1 best(0);
        metric(series, Thresholds(series), best, run);
    };
}

const std::vector<std::pair<const char*, Sweep>> sweeps{
    {"series", [](const Series&, const RunOptions& run) { make(run); }},
    {"pointwise", curve(pointwise)},
    {"segments", curve(segments)},
    {"affiliation", curve(affiliation_curve)},
    {"point_adjusted",
     [](const Series& series, const RunOptions& run) {
         BestF1 best(0);
         point_adjusted(series, Thresholds(series), false, best, run);
     }},
    {"composite",
     [](const Series& series, const RunOptions& run) {
         BestF1 best(0);
         composite(series, Thresholds(series), false, best, run);
     }},
    {"range",
     [](const Series& series, const RunOptions& run) {
         BestF1 best(0);
         range_precision_recall(series, Thresholds(series), {}, {}, best, run);
     }},
    {"pa_k",
     [](const Series& s, const RunOptions& run) {
         pa_k(s, rank_thresholds(s, 50), {0, 0.5}, run);
     }},
    {"weighted",
     [](const Series& series, const RunOptions& run) {
         const std::vector<double> gain(n, 1);
         weighted_curve_thresholds(series, gain.data(), gain.data(), run);
     }},
    {"pate",
     [](const Series& series, const RunOptions& run) {
         pate(series, Thresholds(series), {0, 5}, {0, 5}, run);
     }},
    {"pate_f1",
     [](const Series& series, const RunOptions& run) {
         pate_f1(series, rank_thresholds(series, 1), {0, 5}, {0, 5}, run);
     }},
    {"windows", [](const Series& s,
                   const RunOptions& run) { range_areas(s, rank_thresholds(s, 250), 0, 60, RangeVariant::opt, run); }},
    {"by_length",
     [](const Series& s, const RunOptions& run) { range_areas_by_length(s, rank_thresholds(s, 250), 0.5, run); }},
    {"prediction",
     [](const Series& s, const RunOptions& run) { range_prediction(s, rank_thresholds(s, 1), 200, false, run); }},
    {"pairs", [](const Series& s, const RunOptions& run) { count_pairs(s, s, run); }},
    {"spearman", [](const Series& s, const RunOptions& run) { spearman(s, s, run); }},
};

TEST(Timeseries, EverySweepAsksAndStops) {
    const Series series = make({});
    for (const auto& [name, sweep] : sweeps)
        for (int threads : {1, 2}) {
            int asked = 0;
            sweep(series, {threads, [&] { return ++asked > 0; }, {}});
            EXPECT_GE(asked, 2) << name;
            int left = 2;
            EXPECT_THROW(sweep(series, {threads, [&] { return --left > 0; }, {}}), Cancelled) << name;
            EXPECT_EQ(left, 0) << name << " asked on after the answer was no";
        }
}

}  // namespace
