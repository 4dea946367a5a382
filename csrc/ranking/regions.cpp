#include "ranking/regions.h"

#include <cstring>

namespace acpp::ranking {

void find_runs(const std::uint8_t* labels, index_t width, std::uint32_t row, std::vector<Run>& runs) {
    index_t x = 0;
    while (x < width) {
        // Masks are mostly background: skip it eight bytes at a time.
        std::uint64_t word = 0;
        while (x + 8 <= width) {
            std::memcpy(&word, labels + x, 8);
            if (word != 0) break;
            x += 8;
        }
        while (x < width && labels[x] == 0) ++x;
        if (x == width) break;
        const index_t begin = x;
        while (x < width && labels[x] != 0) ++x;
        runs.push_back({row, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(x)});
    }
}

static std::uint32_t root_of(std::vector<std::uint32_t>& parent, std::uint32_t i) {
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
}

std::uint32_t label_runs(const std::vector<Run>& runs, int connectivity, std::vector<std::uint32_t>& region) {
    const std::uint32_t n = static_cast<std::uint32_t>(runs.size()), reach = connectivity == 8 ? 1 : 0;
    region.resize(n);
    std::uint32_t above = 0, above_end = 0;  // runs of the previous row that may still touch
    for (std::uint32_t i = 0, row_begin = 0; i < n; ++i) {
        region[i] = i;
        if (i > 0 && runs[i].row != runs[i - 1].row) {
            above = runs[i].row == runs[i - 1].row + 1 ? row_begin : i;
            above_end = row_begin = i;
        }
        while (above < above_end && runs[above].end + reach <= runs[i].begin) ++above;
        for (std::uint32_t j = above; j < above_end && runs[j].begin < runs[i].end + reach; ++j) {
            const std::uint32_t a = root_of(region, i), b = root_of(region, j);
            // The smaller index becomes the root: it holds the region's first pixel in raster order.
            if (a < b) region[b] = a;
            if (b < a) region[a] = b;
        }
    }
    // Parents precede their children, so one sweep both flattens and numbers.
    std::uint32_t regions = 0;
    for (std::uint32_t i = 0; i < n; ++i) region[i] = region[i] == i ? regions++ : region[region[i]];
    return regions;
}

}  // namespace acpp::ranking
