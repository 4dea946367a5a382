#include "timeseries/event_scores.h"

#include <algorithm>
#include <utility>

#include "timeseries/growing_runs.h"

namespace acpp::timeseries {
namespace {

// How much of `amount` belongs to events with a predicted point, asked threshold by threshold.
class FoundEvents {
  public:
    template <class Amount>
    FoundEvents(const Thresholds& thresholds, const std::vector<Event>& events,
                const std::vector<std::uint32_t>& event_level, Amount&& amount) {
        for (std::size_t k = 0; k < events.size(); ++k)
            waiting_.push_back({thresholds.first_with(event_level[k]), amount(events[k])});
        std::sort(waiting_.begin(), waiting_.end());
    }
    index_t at(index_t threshold) {
        while (next_ < waiting_.size() && waiting_[next_].first <= threshold) found_ += waiting_[next_++].second;
        return found_;
    }

  private:
    std::vector<std::pair<index_t, index_t>> waiting_;  // (first threshold that finds it, its amount)
    std::size_t next_ = 0;
    index_t found_ = 0;
};

index_t one(const Event&) { return 1; }

double share(index_t part, index_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

void pointwise(const Series& series, const Thresholds& thresholds, CurveSink& sink, const RunOptions& run) {
    Pace pace(run);
    for (index_t j = 0; j < thresholds.size(); ++j, pace.step()) {
        const index_t hits = series.true_positives(thresholds.levels(j));
        sink.take(j, share(hits, series.predicted(thresholds.levels(j))), share(hits, series.positives));
    }
}

void point_adjusted(const Series& series, const Thresholds& thresholds, bool first_kept, CurveSink& sink,
                    const RunOptions& run) {
    FoundEvents found(thresholds, series.events, series.event_level, [](const Event& e) { return e.length(); });
    const bool at_start = first_kept && !series.events.empty() && series.events[0].begin == 0;
    Pace pace(run);
    for (index_t j = 0; j < thresholds.size(); ++j, pace.step()) {
        const std::uint32_t levels = thresholds.levels(j);
        const bool kept_out = at_start && series.event_level[0] < levels && series.level[0] >= levels;
        const index_t tp = found.at(j) - kept_out;
        const index_t fp = series.predicted(levels) - series.true_positives(levels);
        sink.take(j, share(tp, tp + fp), share(tp, series.positives));
    }
}

std::vector<index_t> found_points(const Series& series, index_t n) {
    const auto levels = static_cast<std::uint32_t>(n);
    std::vector<index_t> found;
    for (const Event& event : series.events) {
        const auto first = series.level.begin() + event.begin;
        found.push_back(
            std::count_if(first, first + event.length(), [&](std::uint32_t level) { return level < levels; }));
    }
    return found;
}

std::vector<double> pa_k(const Series& series, const Thresholds& thresholds, const std::vector<double>& shares,
                         const RunOptions& run) {
    std::vector<double> best(shares.size(), 0);
    Pace pace(run);
    for (index_t j = 0; j < thresholds.size(); ++j) {
        const index_t levels = thresholds.levels(j);
        const index_t fp = series.predicted(levels) - series.true_positives(levels);
        const std::vector<index_t> found = found_points(series, levels);
        for (std::size_t s = 0; s < shares.size(); ++s) {
            index_t tp = 0;
            for (std::size_t k = 0; k < found.size(); ++k) {
                const index_t length = series.events[k].length();
                tp += static_cast<double>(found[k]) > shares[s] * static_cast<double>(length) ? length : found[k];
            }
            // tp + fn = positives
            best[s] = std::max(best[s], static_cast<double>(2 * tp) / static_cast<double>(tp + fp + series.positives));
            pace.step(static_cast<index_t>(found.size()));
        }
        pace.step(series.positives);
    }
    return best;
}

void composite(const Series& series, const Thresholds& thresholds, bool open_end, CurveSink& sink,
               const RunOptions& run) {
    std::vector<std::uint32_t> event_level = series.event_level;
    if (open_end && !series.events.empty() && series.events.back().last == series.size - 1) {
        const Event& event = series.events.back();
        event_level.back() = ~std::uint32_t{0};
        for (index_t t = event.begin; t < event.last; ++t)
            event_level.back() = std::min(event_level.back(), series.level[t]);
    }
    FoundEvents found(thresholds, series.events, event_level, one);
    const index_t events = static_cast<index_t>(series.events.size());
    Pace pace(run);
    for (index_t j = 0; j < thresholds.size(); ++j, pace.step()) {
        const std::uint32_t levels = thresholds.levels(j);
        sink.take(j, share(series.true_positives(levels), series.predicted(levels)), share(found.at(j), events));
    }
}

void segments(const Series& series, const Thresholds& thresholds, CurveSink& sink, const RunOptions& run) {
    const auto& events = series.events;
    FoundEvents found(thresholds, events, series.event_level, one);
    const auto touches = [&](const Event& run) -> index_t {
        const std::uint32_t k = series.next_event[run.begin];
        return k < events.size() && events[k].begin <= run.last;
    };
    GrowingRuns runs(series.size);
    Pace pace(run);
    index_t count = 0, touching = 0, i = 0;
    for (index_t j = 0; j < thresholds.size(); ++j) {
        for (; i < series.predicted(thresholds.levels(j)); ++i, pace.step()) {
            const index_t t = series.order[i];
            if (runs.chosen(t - 1)) --count, touching -= touches({runs.other_end(t - 1), t - 1});
            if (runs.chosen(t + 1)) --count, touching -= touches({t + 1, runs.other_end(t + 1)});
            ++count, touching += touches(runs.add(t));
        }
        sink.take(j, share(touching, count), share(found.at(j), static_cast<index_t>(events.size())));
    }
}

std::vector<index_t> delays(const Series& series, const Thresholds& threshold) {
    std::vector<index_t> result;
    for (const Event& event : series.events) {
        index_t t = event.begin;
        while (t <= event.last && series.level[t] >= threshold.levels(0)) ++t;
        result.push_back(t <= event.last ? t - event.begin : -1);
    }
    return result;
}

DelayScores delay_scores(const Series& series, const Thresholds& threshold) {
    double found = 0, points = 0, early = 0, from_start = 0;
    const std::vector<index_t> all = delays(series, threshold);
    for (std::size_t k = 0; k < all.size(); ++k) {
        if (all[k] < 0) continue;
        const double delay = static_cast<double>(all[k]);
        ++found, points += delay;
        early += 1 - delay / static_cast<double>(series.events[k].length());
        from_start += series.events[k].begin == 0 && all[k] > 0;
    }
    const double events = static_cast<double>(all.size());
    return {points / found, found, early / found, early / events, events, (points - from_start) / (found + 1e-4)};
}

}  // namespace acpp::timeseries
