#pragma once
// Counts the background of some strips between and at given keys, on all threads.
#include <vector>

#include "core/parallel.h"
#include "ranking/images.h"

namespace acpp::ranking {

// Slots of the background around `distinct` (see slot_counter.h); `missing` receives how many background scores are
// NaN. Key is that of the scores' type.
template <class Key>
std::vector<index_t> count_slots(const ScoredImages& input, const std::vector<Strip>& strips,
                                 const std::vector<Key>& distinct, index_t& missing, const RunOptions& run);

}  // namespace acpp::ranking
