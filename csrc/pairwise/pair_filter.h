#pragma once
// Which pairs may match at all: group masks and self-exclusion. Everything passes by default.
#include <cstdint>

#include "core/array.h"

namespace acpp {

struct PairFilter {
    const std::uint64_t* query_groups = nullptr;  // bit sets; a pair needs a common bit
    const std::uint64_t* bank_groups = nullptr;
    bool exclude_self = false;  // query i does not match bank row i

    bool trivial() const { return query_groups == nullptr && !exclude_self; }
    bool allows(index_t query, index_t row) const {
        if (exclude_self && query == row) return false;
        return query_groups == nullptr || (query_groups[query] & bank_groups[row]) != 0;
    }
};

}  // namespace acpp
