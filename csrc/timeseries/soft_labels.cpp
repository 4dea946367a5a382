#include "timeseries/soft_labels.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace acpp::timeseries {

SoftLabels::SoftLabels(const Series& series, const Thresholds& thresholds, index_t widest, BufferRule rule,
                       const RunOptions& run)
    : series_(&series),
      thresholds_(&thresholds),
      rule_(rule),
      pace_(run),
      columns_(thresholds.size() + 1),
      widest_(std::min(widest, series.size)),
      faded_(static_cast<std::size_t>(2 * widest_ * columns_), 0),
      whole_(static_cast<std::size_t>(columns_), 0),
      credit_(static_cast<std::size_t>(columns_), 0),
      existence_(static_cast<std::size_t>(thresholds.size()), 0) {
    for (std::uint32_t level : series.event_level) best_.push_back(thresholds.first_with(level));
    find_points(widest_);
    find_groups();
}

void SoftLabels::find_points(index_t widest) {
    const auto& events = series_->events;
    const index_t n = static_cast<index_t>(events.size());
    for (index_t k = 0; k <= n; ++k) {  // the gap before event k
        const index_t begin = k == 0 ? 0 : events[k - 1].last + 1, end = k == n ? series_->size : events[k].begin;
        const index_t right_end = k == 0 ? begin : std::min(end, begin + widest);
        const index_t left_begin = k == n ? end : std::max(right_end, end - widest);
        for (index_t t = begin; t < right_end; ++t) add_point(t, k, widest);
        for (index_t t = left_begin; t < end; ++t) add_point(t, k, widest);
    }
    std::stable_sort(joined_.begin(), joined_.end(), [](const Joined& a, const Joined& b) { return a.at < b.at; });
}

void SoftLabels::add_point(index_t t, index_t events_before, index_t widest) {
    pace_.step();
    struct Reach {
        index_t at, row;
    };
    const auto& events = series_->events;
    const index_t n = static_cast<index_t>(events.size()), never = widest + 1;
    Reach first{never, 0}, second{never, 0};  // the two smallest half windows at which an event reaches the point
    const auto see = [&](Reach reach) {
        if (reach.at < first.at) std::swap(reach, first);
        if (reach.at < second.at) second = reach;
    };
    for (index_t k = std::max<index_t>(0, events_before - 2); k < events_before; ++k) {
        const index_t distance = t - events[k].last;
        see({distance + rule_.right_lag, widest + distance - 1});
    }
    for (index_t k = events_before; k < std::min(n, events_before + 2); ++k)
        see({events[k].begin - t, events[k].begin - t - 1});
    if (first.at == never) return;
    const index_t threshold = thresholds_->first_with(series_->level[t]);
    faded_[first.row * columns_ + threshold] += 1;
    if (second.at < never) joined_.push_back({second.at, first.row, threshold});
}

void SoftLabels::grow(index_t half) {
    const auto& events = series_->events;
    const auto see = [&](std::size_t k, index_t t) {
        if (t >= 0 && t < series_->size) best_[k] = std::min(best_[k], thresholds_->first_with(series_->level[t]));
    };
    for (std::size_t k = 0; k < events.size(); ++k) {
        see(k, events[k].begin - half);
        if (half > rule_.right_lag) see(k, events[k].last + half - rule_.right_lag);
    }
    pace_.step(static_cast<index_t>(events.size()));
    for (; next_joined_ < joined_.size() && joined_[next_joined_].at == half; ++next_joined_) {
        const Joined& point = joined_[next_joined_];
        faded_[point.row * columns_ + point.threshold] -= 1;
        whole_[point.threshold] += 1;
    }
}

void SoftLabels::find_groups() {
    const auto& events = series_->events;
    std::fill(existence_.begin(), existence_.end(), 0);
    const index_t right = std::max<index_t>(0, half_ - rule_.right_lag);
    index_t groups = 0;
    for (std::size_t k = 0; k < events.size();) {
        index_t best = best_[k++];
        while (k < events.size()) {
            const index_t between = (events[k].begin - half_) - (events[k - 1].last + right);
            if (between > (rule_.join_touching ? 1 : 0)) break;
            best = std::min(best, best_[k++]);
        }
        ++groups;
        if (best < thresholds_->size()) existence_[best] += 1;
    }
    pace_.step(static_cast<index_t>(events.size()) + thresholds_->size());
    double found = 0;
    for (double& share : existence_) {
        found += share;
        share = found / static_cast<double>(groups);
    }
}

void SoftLabels::set_window(index_t window) {
    const index_t half = window / 2;
    if (half != half_) {
        for (index_t h = half_ + 1; h <= std::min(half, widest_); ++h) grow(h);
        half_ = half;
        find_groups();
    }
    credit_ = whole_;
    const auto add_row = [&](index_t row, index_t distance) {
        const bool fresh = !rule_.carried || 2 * distance == window;
        const double label = fresh ? std::sqrt(1 - static_cast<double>(distance) / static_cast<double>(window)) : 1.0;
        const double* points = faded_.data() + row * columns_;
        for (index_t j = 0; j < columns_; ++j) credit_[j] += label * points[j];
        pace_.step(1 + columns_ / 8);  // vectors add
    };
    for (index_t d = 1; d <= std::min(half, widest_); ++d) {
        add_row(d - 1, d);
        if (d + rule_.right_lag <= half) add_row(widest_ + d - 1, d);
    }
    for (index_t j = 1; j < columns_; ++j) credit_[j] += credit_[j - 1];
}

}  // namespace acpp::timeseries
