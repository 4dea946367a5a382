#include "timeseries/event_scores.h"

#include <algorithm>

#include "timeseries/growing_runs.h"

namespace acpp::timeseries {
namespace {

// For each threshold: how much of `amount` belongs to events with a predicted point.
template <class Amount>
std::vector<index_t> found_at(const Thresholds& thresholds, const std::vector<Event>& events,
                              const std::vector<std::uint32_t>& event_level, Amount&& amount) {
    std::vector<index_t> found(static_cast<std::size_t>(thresholds.size() + 1), 0);
    for (std::size_t k = 0; k < events.size(); ++k) found[thresholds.first_with(event_level[k])] += amount(events[k]);
    for (index_t j = 1; j < thresholds.size(); ++j) found[j] += found[j - 1];
    found.pop_back();
    return found;
}

std::vector<double> found_share(const Thresholds& thresholds, const std::vector<Event>& events,
                                const std::vector<std::uint32_t>& event_level) {
    std::vector<double> share;
    for (index_t found : found_at(thresholds, events, event_level, [](const Event&) { return index_t{1}; }))
        share.push_back(static_cast<double>(found) / static_cast<double>(events.size()));
    return share;
}

}  // namespace

std::vector<Counts> point_adjusted(const Series& series, const Thresholds& thresholds, bool first_kept) {
    const std::vector<index_t> found =
        found_at(thresholds, series.events, series.event_level, [](const Event& event) { return event.length(); });
    const bool at_start = first_kept && !series.events.empty() && series.events[0].begin == 0;
    std::vector<Counts> counts;
    for (index_t j = 0; j < thresholds.size(); ++j) {
        const std::uint32_t levels = thresholds.levels[j];
        const bool kept_out = at_start && series.event_level[0] < levels && series.level[0] >= levels;
        const index_t tp = found[j] - kept_out;
        counts.push_back({tp, series.predicted(levels) - series.true_positives(levels), series.positives - tp});
    }
    return counts;
}

std::vector<index_t> found_points(const Series& series, const Thresholds& threshold) {
    std::vector<index_t> found;
    for (const Event& event : series.events) {
        const auto first = series.level.begin() + event.begin;
        found.push_back(std::count_if(first, first + event.length(),
                                      [&](std::uint32_t level) { return level < threshold.levels[0]; }));
    }
    return found;
}

Counts adjusted_above(const Series& series, const Thresholds& threshold, const std::vector<index_t>& found,
                      double share) {
    const std::uint32_t levels = threshold.levels[0];
    index_t tp = 0;
    for (std::size_t k = 0; k < found.size(); ++k) {
        const index_t length = series.events[k].length();
        tp += static_cast<double>(found[k]) > share * static_cast<double>(length) ? length : found[k];
    }
    return {tp, series.predicted(levels) - series.true_positives(levels), series.positives - tp};
}

PrecisionRecall composite(const Series& series, const Thresholds& thresholds, bool open_end) {
    std::vector<std::uint32_t> event_level = series.event_level;
    if (open_end && !series.events.empty() && series.events.back().last == series.size - 1) {
        const Event& event = series.events.back();
        event_level.back() = ~std::uint32_t{0};
        for (index_t t = event.begin; t < event.last; ++t)
            event_level.back() = std::min(event_level.back(), series.level[t]);
    }
    PrecisionRecall result{{}, found_share(thresholds, series.events, event_level)};
    for (std::uint32_t levels : thresholds.levels) {
        const index_t predicted = series.predicted(levels);
        result.precision.push_back(
            predicted == 0 ? 0 : static_cast<double>(series.true_positives(levels)) / static_cast<double>(predicted));
    }
    return result;
}

PrecisionRecall segments(const Series& series, const Thresholds& thresholds) {
    PrecisionRecall result{{}, found_share(thresholds, series.events, series.event_level)};
    const auto& events = series.events;
    const auto touches = [&](const Event& run) -> index_t {
        const std::uint32_t k = series.next_event[run.begin];
        return k < events.size() && events[k].begin <= run.last;
    };
    GrowingRuns runs(series.size);
    index_t count = 0, touching = 0, i = 0;
    for (std::uint32_t levels : thresholds.levels) {
        for (; i < series.predicted(levels); ++i) {
            const index_t t = series.order[i];
            if (runs.chosen(t - 1)) --count, touching -= touches({runs.other_end(t - 1), t - 1});
            if (runs.chosen(t + 1)) --count, touching -= touches({t + 1, runs.other_end(t + 1)});
            ++count, touching += touches(runs.add(t));
        }
        result.precision.push_back(count == 0 ? 0 : static_cast<double>(touching) / static_cast<double>(count));
    }
    return result;
}

std::vector<index_t> delays(const Series& series, const Thresholds& threshold) {
    std::vector<index_t> result;
    for (const Event& event : series.events) {
        index_t t = event.begin;
        while (t <= event.last && series.level[t] >= threshold.levels[0]) ++t;
        result.push_back(t <= event.last ? t - event.begin : -1);
    }
    return result;
}

}  // namespace acpp::timeseries
