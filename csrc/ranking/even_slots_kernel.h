#pragma once
// Private to bin_counts.cpp and even_slots_<isa>.cpp.
#include "core/cpu.h"
#include "ranking/dtype.h"
#include "ranking/even_bins.h"

namespace acpp::ranking {

// Slots of n scores, the same at every Isa level.
template <Isa level, class T>
void even_slots(const T* scores, index_t n, const EvenBins& bins, std::uint32_t* slots);

}  // namespace acpp::ranking
