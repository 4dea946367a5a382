#include <pybind11/stl.h>

#include <limits>
#include <span>

#include "bindings/run.h"
#include "bindings/scored_images.h"
#include "metrics/auroc.h"
#include "metrics/precision_recall.h"
#include "timeseries/affiliation.h"
#include "timeseries/association.h"
#include "timeseries/best_f1.h"
#include "timeseries/event_scores.h"
#include "timeseries/false_positive_rate.h"
#include "timeseries/pate.h"
#include "timeseries/range_auc.h"
#include "timeseries/range_pr.h"
#include "timeseries/rank_pairs.h"

namespace acpp::bind {

using namespace py::literals;
using namespace timeseries;

// What the metrics of a batch read: each series in order, or why it could not be.
struct SeriesPlan {
    std::vector<Series> series;
    std::vector<std::string> error;  // empty where the series is usable
    std::vector<index_t> begin;      // of each series in the arrays that it came from
    bool nan_on_error = false;       // a series without a result gets NaN; otherwise the call fails

    index_t size() const { return static_cast<index_t>(series.size()); }
    std::string where(index_t i) const { return size() > 1 ? "series " + std::to_string(i) + ": " : std::string(); }
    const Series& at(index_t i) const {
        require(i >= 0 && i < size(), "series out of range");
        require(error[i].empty(), where(i) + error[i]);
        return series[i];
    }
};

// Threads share the series; one series has them all to itself.
template <class Call>
static void for_each_series(index_t n, int threads, Call&& call) {
    const RunOptions run = run_options(threads);
    without_gil([&] {
        if (n == 1) return call(index_t{0}, run);
        Interruption stop(run);
        const RunOptions alone = stop.options(1);
        parallel_blocks(n, 1, stop.options(threads), [&](index_t i, index_t) { call(i, alone); });
    });
}

static SeriesPlan make_plan(const py::array& scores, const py::array_t<std::uint8_t>& labels,
                            const std::vector<index_t>& offsets, const std::string& name, bool nan_on_error,
                            int threads) {
    const ranking::DType type = dtype_of(scores, name);
    require(scores.ndim() == 1 && labels.ndim() == 1 && scores.size() == labels.size() && offsets.size() > 1 &&
                offsets.front() == 0 && offsets.back() == scores.size() &&
                std::is_sorted(offsets.begin(), offsets.end()),
            "scores, labels and offsets do not fit together");
    require(scores.size() < 2 || (scores.strides(0) == scores.itemsize() && labels.strides(0) == 1),
            "scores and labels must be contiguous");
    SeriesPlan plan;
    const std::size_t n = offsets.size() - 1;
    plan.series.resize(n), plan.error.resize(n), plan.begin.assign(offsets.begin(), offsets.end() - 1);
    plan.nan_on_error = nan_on_error;
    const auto* data = static_cast<const char*>(scores.data());
    const std::uint8_t* truth = labels.data();
    const index_t item = scores.itemsize();
    for_each_series(plan.size(), threads, [&](index_t i, const RunOptions& run) {
        try {
            plan.series[i] = make_series(
                {data + offsets[i] * item, truth + offsets[i], offsets[i + 1] - offsets[i], name}, type, run);
        } catch (const InvalidArgument& bad) {
            if (!nan_on_error) throw InvalidArgument(plan.where(i) + bad.what());
            plan.error[i] = bad.what();
        }
    });
    return plan;
}

// The results of `call(series, index, out, run)`, one row of `columns` numbers for each series.
template <class Call>
static py::array_t<double> table(const SeriesPlan& plan, index_t columns, int threads, Call&& call) {
    py::array_t<double> result({plan.size(), columns});
    double* out = result.mutable_data();
    for_each_series(plan.size(), threads, [&](index_t i, const RunOptions& run) {
        const std::span<double> row(out + i * columns, static_cast<std::size_t>(columns));
        try {
            require(plan.error[i].empty(), plan.error[i]);
            call(plan.series[i], i, row, run);
        } catch (const InvalidArgument& bad) {
            if (!plan.nan_on_error) throw InvalidArgument(plan.where(i) + bad.what());
            std::fill(row.begin(), row.end(), std::numeric_limits<double>::quiet_NaN());
        }
    });
    return result;
}

static void require_events(const Series& series, const std::string& metric) {
    require(!series.events.empty(), "metric " + metric + " is undefined: labels contain no anomalous point");
}

static void require_normal(const Series& series, const std::string& metric) {
    require(series.positives < series.size, "metric " + metric + " is undefined: labels contain no normal point");
}

struct ThresholdChoice {
    std::string kind;
    index_t count;
    bool strict;  // given values: only points above them are predicted
    std::vector<double> values;

    Thresholds of(const Series& series, const RunOptions& run = {}, const double* gain = nullptr,
                  const double* weight = nullptr) const {
        if (kind == "distinct") return Thresholds(series);
        if (kind == "rank") return rank_thresholds(series, count);
        if (kind == "strided") return strided_thresholds(series, count);
        if (kind == "linear") return linear_thresholds(series, count);
        if (kind == "given") return given_thresholds(series, values, strict);
        if (kind == "percentile_of_all") return percentile_thresholds(series, Thresholds(series), count);
        const Thresholds curve =
            gain == nullptr ? curve_thresholds(series) : weighted_curve_thresholds(series, gain, weight, run);
        if (kind == "curve") return curve;
        require(kind == "percentile", "unknown kind of thresholds");
        return percentile_thresholds(series, curve, count);
    }
};

static RangeRule range_rule(double alpha, bool reciprocal, const std::string& bias) {
    const Bias kind = bias == "front"    ? Bias::front
                      : bias == "back"   ? Bias::back
                      : bias == "middle" ? Bias::middle
                                         : Bias::flat;
    return {alpha, reciprocal, kind};
}

// A pair of precision and recall that is defined at each threshold.
struct EventMetric {
    std::string name;
    RangeRule precision, recall;

    void at(const Series& series, const Thresholds& thresholds, CurveSink& sink, const RunOptions& run) const {
        if (name == "pointwise") return pointwise(series, thresholds, sink, run);
        if (name == "composite") return composite(series, thresholds, false, sink, run);
        if (name == "composite_tsbad") return composite(series, thresholds, true, sink, run);
        if (name == "segment") return segments(series, thresholds, sink, run);
        if (name == "range") return range_precision_recall(series, thresholds, precision, recall, sink, run);
        if (name == "affiliation") return affiliation_curve(series, thresholds, sink, run);
        point_adjusted(series, thresholds, name == "donut", sink, run);
    }
};

struct WholeCurve final : CurveSink {
    void take(index_t, double p, double r) override { precision.push_back(p), recall.push_back(r); }

    std::vector<double> precision, recall;
};

static std::vector<double> values_of(const Thresholds& thresholds) {
    std::vector<double> values;
    for (index_t j = 0; j < thresholds.size(); ++j) values.push_back(thresholds.value(j));
    return values;
}

static RangeVariant range_variant(const std::string& name) {
    if (name == "vldb") return RangeVariant::vldb;
    if (name == "vldb_sym") return RangeVariant::vldb_sym;
    return name == "opt_time" ? RangeVariant::opt_time : RangeVariant::opt;
}

static py::array_t<std::int64_t> event_array(const std::vector<Event>& events) {
    py::array_t<std::int64_t> result({static_cast<index_t>(events.size()), index_t{2}});
    std::int64_t* out = result.mutable_data();
    for (const Event& event : events) *out++ = event.begin, *out++ = event.last;
    return result;
}

static void bind_plan(py::module_& m) {
    py::class_<SeriesPlan>(m, "SeriesPlan")
        .def("__len__", &SeriesPlan::size)
        .def("events", [](const SeriesPlan& plan, index_t i) { return event_array(plan.at(i).events); })
        .def("levels",
             [](const SeriesPlan& plan, index_t i) { return to_array(std::vector<std::uint32_t>(plan.at(i).level)); })
        .def("order",
             [](const SeriesPlan& plan, index_t i) { return to_array(std::vector<std::uint32_t>(plan.at(i).order)); })
        .def(
            "rank_scores",
            [](const SeriesPlan& plan, int threads) {
                return table(plan, 7, threads, [](const Series& s, index_t, std::span<double> out, const RunOptions&) {
                    require_events(s, "average precision");
                    require_normal(s, "auroc");
                    const ranking::RankPairs pairs = rank_pairs(s);
                    const metrics::BestF1 best = metrics::f1_max(pairs);
                    const std::array<double, 7> row{metrics::auroc(pairs),
                                                    metrics::pr_area(pairs, metrics::PrArea::step),
                                                    metrics::pr_area(pairs, metrics::PrArea::trapezoid),
                                                    best.value,
                                                    best.threshold,
                                                    best.precision,
                                                    best.recall};
                    std::copy(row.begin(), row.end(), out.begin());
                });
            },
            "threads"_a)
        .def("rank_pairs", [](const SeriesPlan& plan, index_t i) { return rank_pairs(plan.at(i)); })
        .def(
            "curve",
            [](const SeriesPlan& plan, index_t i, const EventMetric& metric, const ThresholdChoice& choice) {
                const Series& series = plan.at(i);
                require_events(series, metric.name);
                const Thresholds thresholds = choice.of(series);
                WholeCurve curve;
                const RunOptions run = run_options(1);
                without_gil([&] { metric.at(series, thresholds, curve, run); });
                return py::make_tuple(to_array(std::move(curve.precision)), to_array(std::move(curve.recall)),
                                      to_array(values_of(thresholds)));
            },
            "series"_a, "metric"_a, "thresholds"_a)
        .def(
            "best_f1",
            [](const SeriesPlan& plan, const EventMetric& metric, const ThresholdChoice& choice, double eps,
               int threads) {
                return table(plan, 4, threads,
                             [&](const Series& s, index_t, std::span<double> out, const RunOptions& run) {
                                 require_events(s, metric.name);
                                 const Thresholds thresholds = choice.of(s);
                                 BestF1 best(eps);
                                 metric.at(s, thresholds, best, run);
                                 out[0] = best.value, out[1] = thresholds.value(best.at);
                                 out[2] = best.precision, out[3] = best.recall;
                             });
            },
            "metric"_a, "thresholds"_a, "eps"_a, "threads"_a)
        .def(
            "pa_k",
            [](const SeriesPlan& plan, const std::vector<double>& shares, const ThresholdChoice& choice, int threads) {
                const index_t columns = static_cast<index_t>(shares.size());
                return table(plan, columns, threads,
                             [&](const Series& s, index_t, std::span<double> out, const RunOptions& run) {
                                 require_events(s, "pa_k");
                                 const std::vector<double> f1 = pa_k(s, choice.of(s), shares, run);
                                 std::copy(f1.begin(), f1.end(), out.begin());
                             });
            },
            "shares"_a, "thresholds"_a, "threads"_a)
        .def("found_points",
             [](const SeriesPlan& plan, index_t i, const ThresholdChoice& choice) {
                 const Series& series = plan.at(i);
                 return to_array(found_points(series, choice.of(series).levels(0)));
             })
        .def("predicted",
             [](const SeriesPlan& plan, index_t i, const ThresholdChoice& choice) {
                 const Series& series = plan.at(i);
                 return series.predicted(choice.of(series).levels(0));
             })
        .def("runs",
             [](const SeriesPlan& plan, index_t i, const ThresholdChoice& choice) {
                 const Series& series = plan.at(i);
                 return event_array(predicted_runs(series, choice.of(series).levels(0)));
             })
        .def(
            "fpr_at_tpr",
            [](const SeriesPlan& plan, double tpr, bool normal, bool nearest, int threads) {
                return table(plan, 1, threads, [&](const Series& s, index_t, std::span<double> out, const RunOptions&) {
                    require_events(s, "fpr_at_tpr");
                    require_normal(s, "fpr_at_tpr");
                    out[0] = nearest ? fpr_nearest_tpr(s, tpr) : fpr_at_tpr(s, tpr, normal);
                });
            },
            "tpr"_a, "normal"_a, "nearest"_a, "threads"_a)
        .def("delays",
             [](const SeriesPlan& plan, index_t i, const ThresholdChoice& choice) {
                 const Series& series = plan.at(i);
                 return to_array(delays(series, choice.of(series)));
             })
        .def(
            "delay_scores",
            [](const SeriesPlan& plan, const ThresholdChoice& choice, int threads) {
                return table(plan, 6, threads, [&](const Series& s, index_t, std::span<double> out, const RunOptions&) {
                    require_events(s, "detection_delays");
                    const DelayScores found = delay_scores(s, choice.of(s));
                    out[0] = found.mean_delay, out[1] = found.found;
                    out[2] = found.early_found, out[3] = found.early;
                    out[4] = found.events, out[5] = found.tsb_latency;
                });
            },
            "thresholds"_a, "threads"_a)
        .def(
            "pate",
            [](const SeriesPlan& plan, const ThresholdChoice& choice, const std::vector<index_t>& early,
               const std::vector<index_t>& late, const std::optional<py::array_t<double>>& gain,
               const std::optional<py::array_t<double>>& weight, int threads) {
                const double* gains = gain ? gain->data() : nullptr;
                const double* weights = weight ? weight->data() : nullptr;
                return table(
                    plan, 1, threads, [&](const Series& s, index_t i, std::span<double> out, const RunOptions& run) {
                        const auto from = [&](const double* all) { return all ? all + plan.begin[i] : nullptr; };
                        out[0] = pate(s, choice.of(s, run, from(gains), from(weights)), early, late, run);
                    });
            },
            "thresholds"_a, "early"_a, "late"_a, "gain"_a = py::none(), "weight"_a = py::none(), "threads"_a = 0)
        .def(
            "pate_curve",
            [](const SeriesPlan& plan, index_t i, const ThresholdChoice& choice, index_t early, index_t late) {
                const Series& series = plan.at(i);
                const Thresholds thresholds = choice.of(series);
                const RunOptions run = run_options(1);
                PrecisionRecall curve = without_gil([&] {
                    return pate_curve(series, thresholds, missed_weight(series, thresholds, run), early, late, run);
                });
                return py::make_tuple(to_array(std::move(curve.precision)), to_array(std::move(curve.recall)),
                                      to_array(values_of(thresholds)));
            },
            "series"_a, "thresholds"_a, "early"_a, "late"_a)
        .def(
            "pate_f1",
            [](const SeriesPlan& plan, const ThresholdChoice& choice, const std::vector<index_t>& early,
               const std::vector<index_t>& late, int threads) {
                return table(plan, 1, threads,
                             [&](const Series& s, index_t, std::span<double> out, const RunOptions& run) {
                                 out[0] = pate_f1(s, choice.of(s), early, late, run);
                             });
            },
            "thresholds"_a, "early"_a, "late"_a, "threads"_a)
        .def(
            "range_areas",  // (roc, pr) of each window, and their means last
            [](const SeriesPlan& plan, index_t first, index_t last, index_t count, const std::string& variant,
               bool degenerate, int threads) {
                const index_t windows = last - first + 1;
                const RangeVariant kind = range_variant(variant);
                return table(plan, 2 * windows + 2, threads,
                             [&](const Series& s, index_t, std::span<double> out, const RunOptions& run) {
                                 require_events(s, "range_auc");
                                 if (!degenerate) require_normal(s, "range_auc");
                                 std::vector<RangeAreas> rows =
                                     range_areas(s, rank_thresholds(s, count), first, last, kind, run);
                                 rows.push_back(mean_of(rows));
                                 for (std::size_t i = 0; i < rows.size(); ++i)
                                     out[2 * i] = rows[i].roc, out[2 * i + 1] = rows[i].pr;
                             });
            },
            "first"_a, "last"_a, "count"_a, "variant"_a, "degenerate"_a, "threads"_a)
        .def(
            "range_areas_by_length",
            [](const SeriesPlan& plan, double share, index_t count, int threads) {
                return table(
                    plan, 2, threads, [&](const Series& s, index_t, std::span<double> out, const RunOptions& run) {
                        require_events(s, "range_auc");
                        require_normal(s, "range_auc");
                        const RangeAreas areas = range_areas_by_length(s, rank_thresholds(s, count), share, run);
                        out[0] = areas.roc, out[1] = areas.pr;
                    });
            },
            "share"_a, "count"_a, "threads"_a)
        .def(
            "range_prediction",
            [](const SeriesPlan& plan, const ThresholdChoice& choice, index_t last, bool carried, int threads) {
                return table(plan, 3, threads,
                             [&](const Series& s, index_t, std::span<double> out, const RunOptions& run) {
                                 require_events(s, "vus_prediction");
                                 const RangePrediction found = range_prediction(s, choice.of(s), last, carried, run);
                                 out[0] = found.recall, out[1] = found.precision, out[2] = found.f1;
                             });
            },
            "thresholds"_a, "last"_a, "carried"_a, "threads"_a);
}

static std::vector<Interval> intervals(const py::array_t<double, py::array::c_style>& pairs, const char* name) {
    require(pairs.ndim() == 2 && pairs.shape(1) == 2, std::string(name) + " must have shape (n, 2)");
    std::vector<Interval> result;
    for (py::ssize_t i = 0; i < pairs.shape(0); ++i) result.push_back({pairs.at(i, 0), pairs.at(i, 1)});
    return result;
}

void add_timeseries(py::module_& m) {
    py::class_<ThresholdChoice>(m, "ThresholdChoice")
        .def(py::init<std::string, index_t, bool, std::vector<double>>(), "kind"_a, "count"_a = 0, "strict"_a = false,
             "values"_a = std::vector<double>{});
    py::class_<EventMetric>(m, "EventMetric")
        .def(py::init([](std::string name, double precision_alpha, bool precision_reciprocal,
                         const std::string& precision_bias, double recall_alpha, bool recall_reciprocal,
                         const std::string& recall_bias) {
                 return EventMetric{std::move(name), range_rule(precision_alpha, precision_reciprocal, precision_bias),
                                    range_rule(recall_alpha, recall_reciprocal, recall_bias)};
             }),
             "name"_a, "precision_alpha"_a = 0.0, "precision_reciprocal"_a = false, "precision_bias"_a = "flat",
             "recall_alpha"_a = 0.0, "recall_reciprocal"_a = false, "recall_bias"_a = "flat");
    bind_plan(m);
    m.def("series_plan", &make_plan, "scores"_a, "labels"_a, "offsets"_a, "name"_a, "nan_on_error"_a, "threads"_a);
    m.def(
        "rank_association",  // Kendall's tau-b, concordance index of y against x, Spearman
        [](const SeriesPlan& x, const SeriesPlan& y, int threads) {
            require(x.size() == y.size(), "both plans must hold as many series");
            return table(x, 3, threads, [&](const Series& s, index_t i, std::span<double> out, const RunOptions& run) {
                require(y.error[i].empty(), y.error[i]);
                const PairCounts counts = count_pairs(s, y.series[i], run);
                out[0] = kendall_tau_b(counts), out[1] = c_index(counts), out[2] = spearman(s, y.series[i], run);
            });
        },
        "x"_a, "y"_a, "threads"_a);
    m.def(
        "affiliation_of_intervals",
        [](const py::array_t<double, py::array::c_style>& predicted,
           const py::array_t<double, py::array::c_style>& events, double begin, double end) {
            Affiliation found =
                affiliation(intervals(predicted, "predicted"), intervals(events, "events"), {begin, end});
            return py::make_tuple(found.precision, found.recall, to_array(std::move(found.event_precision)),
                                  to_array(std::move(found.event_recall)),
                                  to_array(std::move(found.precision_distance)),
                                  to_array(std::move(found.recall_distance)));
        },
        "predicted"_a, "events"_a, "begin"_a, "end"_a);
}

}  // namespace acpp::bind
