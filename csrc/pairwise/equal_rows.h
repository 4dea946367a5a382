#pragma once
// Groups of rows that are equal byte for byte. Saturated or masked regions give a bank thousands of copies of one row;
// each would survive every filter, so a search looks at one of them and expands it at the end.
#include <optional>
#include <vector>

#include "core/parallel.h"

namespace acpp::pairwise {

struct EqualRows {
    std::vector<index_t> distinct;         // the first row of every group, rising
    std::vector<index_t> limits, members;  // rows of group g, rising: members[limits[g]] to members[limits[g + 1] - 1]
};

// Empty where a sample of the rows has no two equal ones: single copies cost a search nothing worth saving.
template <class T>
std::optional<EqualRows> find_equal_rows(MatrixView<const T> rows, const RunOptions& run);

}  // namespace acpp::pairwise
