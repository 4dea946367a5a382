#pragma once
// Connected regions of one binary image by union-find over the foreground runs of its rows.
#include <cstdint>
#include <vector>

#include "core/array.h"

namespace acpp::ranking {

struct Run {  // foreground pixels [begin, end) of one row
    std::uint32_t row, begin, end;
};

// Appends the runs of nonzero bytes of `row`.
void find_runs(const std::uint8_t* labels, index_t width, std::uint32_t row, std::vector<Run>& runs);

// Numbers the regions 0, 1, ... in raster order of their first pixels; region[i] is that of runs[i], which must be
// in raster order. Returns how many there are. O(runs), connectivity 4 or 8.
std::uint32_t label_runs(const std::vector<Run>& runs, int connectivity, std::vector<std::uint32_t>& region);

}  // namespace acpp::ranking
