#pragma once
// Maximal runs of chosen positions while positions are added one at a time, in any order: O(1) each.
#include <cstdint>
#include <vector>

#include "timeseries/series.h"

namespace acpp::timeseries {

class GrowingRuns {
  public:
    explicit GrowingRuns(index_t n) : other_end_(static_cast<std::size_t>(n), none) {}

    bool chosen(index_t t) const { return t >= 0 && t < size() && other_end_[t] != none; }
    // The run that begins (ends) at a chosen position which is one of its two ends.
    index_t other_end(index_t end) const { return other_end_[end]; }

    // Adds a position that is not chosen; returns the run that it is now part of.
    Event add(index_t t) {
        const Event run{chosen(t - 1) ? other_end_[t - 1] : t, chosen(t + 1) ? other_end_[t + 1] : t};
        other_end_[t] = static_cast<std::uint32_t>(t);
        other_end_[run.begin] = static_cast<std::uint32_t>(run.last);
        other_end_[run.last] = static_cast<std::uint32_t>(run.begin);
        return run;
    }

  private:
    static constexpr std::uint32_t none = ~std::uint32_t{0};
    index_t size() const { return static_cast<index_t>(other_end_.size()); }

    std::vector<std::uint32_t> other_end_;  // of a run's first and last position: the other one
};

}  // namespace acpp::timeseries
