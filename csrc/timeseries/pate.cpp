#include "timeseries/pate.h"

#include <algorithm>

#include "ranking/exact_sum.h"
#include "ranking/sort.h"
#include "timeseries/growing_runs.h"

namespace acpp::timeseries {
namespace {

// Which points of one event are predicted, and what its other points weigh.
class MissedPoints {
  public:
    MissedPoints(index_t length, GrowingRuns& runs, index_t base, index_t* count, index_t* sum)
        : length_(length), runs_(&runs), base_(base), count_(count), sum_(sum) {}

    void predict(index_t r) {
        runs_->add(base_ + r);
        first_ = found_ == 0 ? r : std::min(first_, r);
        ++found_, found_sum_ += r;
        for (index_t i = r + 1; i <= length_; i += i & -i) ++count_[i - 1], sum_[i - 1] += r;
    }

    double weight() const {
        if (found_ == 0) return static_cast<double>(length_);
        if (found_ == length_) return 0;
        // The leftmost predicted run has n points; a missed point at r > n weighs 1 - (n + 1)(2r - n) / (L(L - 1)).
        const index_t n = runs_->other_end(base_ + first_) - (base_ + first_) + 1;
        index_t near = 0, near_sum = 0;  // predicted points at r <= n
        for (index_t i = std::min(n + 1, length_); i > 0; i -= i & -i) near += count_[i - 1], near_sum += sum_[i - 1];
        const index_t last = length_ - 1;
        const index_t beyond = std::max<index_t>(0, last - n);
        const index_t missed = beyond - (found_ - near);
        const index_t missed_sum = beyond * (n + 1 + last) / 2 - (found_sum_ - near_sum);
        const ranking::Wide off = static_cast<ranking::Wide>(n + 1) * (2 * missed_sum - n * missed);
        const double weight = static_cast<double>(length_ - found_) -
                              static_cast<double>(off) / (static_cast<double>(length_) * static_cast<double>(last));
        return std::max(0.0, weight);  // not below by rounding
    }

  private:
    index_t length_;
    GrowingRuns* runs_;
    index_t base_, first_ = 0, found_ = 0, found_sum_ = 0;
    index_t *count_, *sum_;  // Fenwick trees over r of the predicted points
};

}  // namespace

std::vector<double> missed_weight(const Series& series, const Thresholds& thresholds, const RunOptions& run) {
    Pace pace(run);
    const index_t events = static_cast<index_t>(series.events.size()), m = thresholds.size();
    struct Entry {
        std::uint32_t event, position;
    };
    std::vector<ranking::Keyed<std::uint32_t>> found(static_cast<std::size_t>(series.positives)), scratch(found.size());
    std::vector<Entry> entry(found.size());
    std::vector<index_t> counts(found.size(), 0), sums(found.size(), 0);
    GrowingRuns runs(series.positives + events);  // one position stays free between two events
    std::vector<MissedPoints> missed;
    ranking::FractionSum total;
    std::vector<double> weight(static_cast<std::size_t>(events));
    for (index_t k = 0, p = 0; k < events; ++k) {
        const Event& event = series.events[k];
        missed.emplace_back(event.length(), runs, p + k, counts.data() + p, sums.data() + p);
        total.add(weight[k] = missed.back().weight());
        for (index_t r = 0; r < event.length(); ++r, ++p, pace.step()) {
            const index_t at = thresholds.first_with(series.level[event.begin + r]);
            found[p] = {static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(p)};
            entry[p] = {static_cast<std::uint32_t>(k), static_cast<std::uint32_t>(r)};
        }
    }
    ranking::parallel_sort(found.data(), scratch.data(), series.positives, run);

    std::vector<double> result(static_cast<std::size_t>(m));
    std::size_t i = 0;
    for (index_t j = 0; j < m; ++j) {
        while (i < found.size() && found[i].key == static_cast<std::uint32_t>(j)) {
            const std::uint32_t k = entry[found[i].payload].event;  // points of one event lie together
            for (; i < found.size() && found[i].key == static_cast<std::uint32_t>(j) &&
                   entry[found[i].payload].event == k;
                 ++i, pace.step())
                missed[k].predict(entry[found[i].payload].position);
            total.remove(weight[k]);
            total.add(weight[k] = missed[k].weight());
        }
        result[j] = total.value();
        pace.step();
    }
    return result;
}

PrecisionRecall pate_curve(const Series& series, const Thresholds& thresholds, const std::vector<double>& missed,
                           index_t early, index_t late, const RunOptions& run) {
    Pace pace(run);
    const index_t m = thresholds.size(), events = static_cast<index_t>(series.events.size());
    std::vector<double> credit(static_cast<std::size_t>(m + 1), 0);  // that each threshold adds; the last: never
    index_t free_from = 0;                                           // where the last event's late buffer has ended
    for (index_t k = 0; k < events; ++k, pace.step()) {
        const Event& event = series.events[k];
        const index_t next = k + 1 < events ? series.events[k + 1].begin : series.size;
        const index_t late_end = std::min(event.last + std::min(late, series.size), next - 1);
        const index_t early_begin = std::max(event.begin - std::min(early, series.size), free_from);
        free_from = late_end + 1;
        const index_t middle = event.begin + event.last;  // twice the event's middle
        const index_t detected = thresholds.first_with(series.event_level[k]);
        for (index_t t = early_begin; t < event.begin; ++t, pace.step())
            credit[std::max(detected, thresholds.first_with(series.level[t]))] +=
                static_cast<double>(2 * (t - early_begin)) / static_cast<double>(middle - 2 * early_begin);
        for (index_t t = event.last + 1; t <= late_end; ++t, pace.step())
            credit[thresholds.first_with(series.level[t])] +=
                static_cast<double>(2 * (late_end - t)) / static_cast<double>(2 * late_end - middle);
    }
    PrecisionRecall curve{std::vector<double>(static_cast<std::size_t>(m)),
                          std::vector<double>(static_cast<std::size_t>(m))};
    double buffered = 0;
    for (index_t j = 0; j < m; ++j, pace.step()) {
        buffered += credit[j];
        const double tp = static_cast<double>(series.true_positives(thresholds.levels(j))) + buffered;
        const index_t predicted = series.predicted(thresholds.levels(j));
        curve.precision[j] = predicted == 0 ? 0 : tp / static_cast<double>(predicted);
        curve.recall[j] = tp + missed[j] > 0 ? tp / (tp + missed[j]) : 0;
    }
    return curve;
}

double pate_area(const PrecisionRecall& curve) {
    double area = 0, recall = 0, precision = 1;
    for (std::size_t j = 0; j < curve.recall.size(); ++j) {
        if (curve.recall[j] < recall) continue;
        area += (curve.recall[j] - recall) * (curve.precision[j] + precision) / 2;
        recall = curve.recall[j], precision = curve.precision[j];
    }
    return area;
}

double pate(const Series& series, const Thresholds& thresholds, const std::vector<index_t>& early,
            const std::vector<index_t>& late, const RunOptions& run) {
    const std::vector<double> missed = missed_weight(series, thresholds, run);
    const index_t pairs = static_cast<index_t>(early.size() * late.size());
    std::vector<double> area(static_cast<std::size_t>(pairs));
    constexpr index_t worthwhile = 1 << 20;  // points: below, a second thread starts later than the first one ends
    const index_t points =
        pairs * (thresholds.size() +
                 std::min(series.size, static_cast<index_t>(series.events.size()) * (early.back() + late.back())));
    Interruption stop(run);
    const RunOptions alone = stop.options(1), team = points < worthwhile ? alone : stop.options(run.threads);
    parallel_blocks(pairs, 1, team, [&](index_t i, index_t) {
        const std::size_t columns = late.size();
        area[i] = pate_area(pate_curve(series, thresholds, missed, early[i / columns], late[i % columns], alone));
    });
    double sum = 0;
    for (double a : area) sum += a;
    return sum / static_cast<double>(pairs);
}

double pate_f1(const Series& series, const Thresholds& threshold, const std::vector<index_t>& early,
               const std::vector<index_t>& late, const RunOptions& run) {
    const std::vector<double> missed = missed_weight(series, threshold, run);
    double sum = 0;
    for (index_t before : early)
        for (index_t after : late) {
            const PrecisionRecall point = pate_curve(series, threshold, missed, before, after, run);
            sum += f1(point.precision[0], point.recall[0]);
        }
    return sum / static_cast<double>(early.size() * late.size());
}

}  // namespace acpp::timeseries
