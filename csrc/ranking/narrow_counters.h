#pragma once
// Counters of 32 bits, so that more of them stay in cache, emptied into 64 bits before any of them can overflow.
#include <cstdint>
#include <limits>
#include <vector>

#include "core/array.h"

namespace acpp::ranking {

class NarrowCounters {
  public:
    explicit NarrowCounters(std::size_t size) : recent_(size) {}

    // The counters, to which the caller may add up to n in all.
    std::uint32_t* room_for(index_t n) {
        if (n > most_ - counted_) empty();
        counted_ += n;
        return recent_.data();
    }
    void add_to(std::vector<index_t>& totals) const {
        for (std::size_t i = 0; i < recent_.size(); ++i) totals[i] += recent_[i] + (total_.empty() ? 0 : total_[i]);
    }

  private:
    static constexpr index_t most_ = std::numeric_limits<std::uint32_t>::max();

    void empty() {
        total_.resize(recent_.size());
        for (std::size_t i = 0; i < recent_.size(); ++i) total_[i] += recent_[i], recent_[i] = 0;
        counted_ = 0;
    }

    std::vector<std::uint32_t> recent_;
    std::vector<index_t> total_;  // when it was needed
    index_t counted_ = 0;
};

}  // namespace acpp::ranking
