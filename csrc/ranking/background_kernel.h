#pragma once
// Private to background.h and background_<isa>.cpp.
#include "core/array.h"
#include "core/cpu.h"
#include "ranking/keys.h"

namespace acpp::ranking {

struct KeptKeys {
    index_t kept, missing;  // keys written; how many of them stand for NaN
};

// Writes the keys of the scores whose label byte is zero, in order, to `out` (room for n + 64 keys).
// The same keys at every Isa level.
template <Isa level, class T>
KeptKeys background_keys(const T* scores, const std::uint8_t* labels, index_t n, typename ScoreKey<T>::Key* out);

}  // namespace acpp::ranking
