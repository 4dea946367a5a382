#include "timeseries/range_pr.h"

#include <algorithm>

#include "ranking/exact_sum.h"
#include "timeseries/growing_runs.h"

namespace acpp::timeseries {
namespace {

// Weight of position i of n, from 1 on.
index_t position_weight(Bias bias, index_t i, index_t n) {
    switch (bias) {
        case Bias::front:
            return n - i + 1;
        case Bias::back:
            return i;
        case Bias::middle:
            return 2 * i <= n ? i : n - i + 1;
        case Bias::flat:
            break;
    }
    return 1;
}

index_t triangle(index_t n) { return n * (n + 1) / 2; }

index_t total_weight(Bias bias, index_t n) {
    if (bias == Bias::flat) return n;
    return bias == Bias::middle ? triangle(n / 2) + triangle(n - n / 2) : triangle(n);
}

double range_score(const RangeRule& rule, index_t overlaps, index_t covered, index_t whole) {
    if (overlaps == 0) return 0;
    const double share = static_cast<double>(covered) / static_cast<double>(whole);
    const double size = rule.reciprocal ? share / static_cast<double>(overlaps) : share;
    return rule.alpha + (1 - rule.alpha) * size;
}

// Weights of the anomalous points within any range of points, in constant time.
class AnomalousWeight {
  public:
    AnomalousWeight(const Series& series, Bias bias)
        : series_(&series), bias_(bias), count_(static_cast<std::size_t>(series.size + 1), 0) {
        for (const Event& event : series.events) std::fill_n(count_.begin() + event.begin + 1, event.length(), 1);
        if (bias != Bias::flat) {
            sum_.assign(count_.size(), 0);
            for (index_t t = 0; t < series.size; ++t) sum_[t + 1] = sum_[t] + (count_[t + 1] != 0 ? t : 0);
        }
        for (index_t t = 0; t < series.size; ++t) count_[t + 1] += count_[t];
    }

    index_t in(const Event& run) const {
        const index_t begin = run.begin, end = run.last + 1;
        if (bias_ == Bias::flat) return count(begin, end);
        const index_t middle = bias_ == Bias::back ? end : bias_ == Bias::front ? begin : begin + run.length() / 2;
        return sum(begin, middle) - (begin - 1) * count(begin, middle) + end * count(middle, end) - sum(middle, end);
    }
    index_t events_in(const Event& run) const {
        const std::uint32_t first = series_->next_event[run.begin], past = series_->next_event[run.last];
        return past - first + (past < series_->events.size() && series_->events[past].begin <= run.last);
    }

  private:
    index_t count(index_t begin, index_t end) const { return index_t{count_[end]} - count_[begin]; }
    index_t sum(index_t begin, index_t end) const { return sum_[end] - sum_[begin]; }

    const Series* series_;
    Bias bias_;
    std::vector<std::uint32_t> count_;  // anomalous points before each point
    std::vector<index_t> sum_;          // and the sum of their indices, where the bias needs it
};

}  // namespace

void range_precision_recall(const Series& series, const Thresholds& thresholds, RangeRule precision, RangeRule recall,
                            CurveSink& sink, const RunOptions& run) {
    const AnomalousWeight weight(series, precision.bias);
    GrowingRuns runs(series.size);
    index_t predicted_runs = 0;
    ranking::ShareSum precise, recalled;
    const auto run_score = [&](const Event& run) {
        const index_t overlaps = weight.events_in(run);
        if (overlaps == 0) return 0.0;
        return range_score(precision, overlaps, weight.in(run), total_weight(precision.bias, run.length()));
    };
    const std::size_t events = series.events.size();
    std::vector<index_t> covered(events, 0), pieces(events, 0);
    std::vector<double> event_score(events, 0);

    const auto predict = [&](index_t t) {
        const bool left = runs.chosen(t - 1), right = runs.chosen(t + 1);
        if (left) precise.remove(run_score({runs.other_end(t - 1), t - 1}));
        if (right) precise.remove(run_score({t + 1, runs.other_end(t + 1)}));
        precise.add(run_score(runs.add(t)));
        predicted_runs += 1 - left - right;

        const std::uint32_t k = series.next_event[t];
        if (k == events || series.events[k].begin > t) return;
        const Event& event = series.events[k];
        covered[k] += position_weight(recall.bias, t - event.begin + 1, event.length());
        pieces[k] += 1 - (left && t > event.begin) - (right && t < event.last);
        recalled.remove(event_score[k]);
        event_score[k] = range_score(recall, pieces[k], covered[k], total_weight(recall.bias, event.length()));
        recalled.add(event_score[k]);
    };

    Pace pace(run);
    index_t i = 0;
    for (index_t j = 0; j < thresholds.size(); ++j) {
        for (; i < series.predicted(thresholds.levels(j)); ++i, pace.step()) predict(series.order[i]);
        sink.take(j, predicted_runs == 0 ? 0 : precise.value() / static_cast<double>(predicted_runs),
                  events == 0 ? 0 : recalled.value() / static_cast<double>(events));
    }
}

}  // namespace acpp::timeseries
