#pragma once
// Counts as Python sees them: what the bindings of several of them share.
#include "bindings/arrays.h"
#include "ranking/exact_sum.h"

namespace acpp::bind {

template <class Counts>
py::tuple first_missing(const Counts& counts) {
    return py::make_tuple(counts.first_missing.image, counts.first_missing.row, counts.first_missing.column);
}

// A wide sum as two limbs: sums of either of them are exact in int64.
inline std::int64_t upper_limb(ranking::UnsignedWide sum) { return static_cast<std::int64_t>(sum >> 31); }
inline std::int64_t lower_limb(ranking::UnsignedWide sum) { return static_cast<std::int64_t>(sum & 0x7fffffff); }

}  // namespace acpp::bind
