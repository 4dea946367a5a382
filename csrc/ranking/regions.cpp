#include "ranking/regions.h"

#include <bit>
#include <cstring>
#include <numeric>

namespace acpp::ranking {

// Bit i tells whether labels[i] is not zero, i < 8.
static std::uint64_t nonzero_bits(std::uint64_t labels) {
    constexpr std::uint64_t low = 0x7f7f7f7f7f7f7f7f;
    const std::uint64_t top = (((labels & low) + low) | labels) & ~low;
    return ((top >> 7) * 0x0102040810204080) >> 56;
}

inline std::uint64_t nonzero_bits(const std::uint8_t* labels, index_t n) {  // of n <= 64
    std::uint64_t words[8] = {}, any = 0, bits = 0;
    std::memcpy(words, labels, static_cast<std::size_t>(n));
    for (std::uint64_t word : words) any |= word;
    if (any == 0) return 0;  // masks are mostly background
    for (int i = 0; i < 8; ++i) bits |= nonzero_bits(words[i]) << (8 * i);
    return bits;
}

void find_runs(const std::uint8_t* labels, index_t width, std::uint32_t row, std::vector<Run>& runs) {
    bool open = false;
    for (index_t x = 0; x < width; x += 64) {
        const std::uint64_t bits = width - x < 64 ? nonzero_bits(labels + x, width - x) : nonzero_bits(labels + x, 64);
        // Runs begin and end where neighbours differ. Finding these first and pairing them afterwards leaves no branch
        // that depends on a single pixel.
        std::uint64_t changes = bits ^ ((bits << 1) | (open ? 1 : 0));
        if (changes == 0) continue;
        std::uint32_t at[64];
        int n = 0, i = 0;
        for (; changes != 0; changes &= changes - 1)
            at[n++] = static_cast<std::uint32_t>(x) + static_cast<std::uint32_t>(std::countr_zero(changes));
        if (open) runs.back().end = at[i++];
        for (; i + 1 < n; i += 2) runs.push_back({row, at[i], at[i + 1]});
        open = i < n;
        if (open) runs.push_back({row, at[i], static_cast<std::uint32_t>(width)});
    }
}

static std::uint32_t root_of(std::vector<std::uint32_t>& parent, std::uint32_t i) {
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
}

// Joins the regions of touching runs of two neighbouring rows, [a, a_end) above and [b, b_end) below.
static void join_rows(const std::vector<Run>& runs, std::uint32_t a, std::uint32_t a_end, std::uint32_t b,
                      std::uint32_t b_end, std::uint32_t reach, std::vector<std::uint32_t>& parent) {
    while (a < a_end && b < b_end) {
        const Run &above = runs[a], &below = runs[b];
        if (above.begin < below.end + reach && below.begin < above.end + reach) {
            if (parent[b] == b) {  // touched for the first time: nothing to look for
                parent[b] = parent[a];
            } else if (parent[a] != parent[b]) {
                const std::uint32_t i = root_of(parent, a), j = root_of(parent, b);
                // The smaller index becomes the root: it holds the region's first pixel in raster order.
                parent[i < j ? j : i] = i < j ? i : j;
            }
        }
        // What ends first touches nothing further on. Not a branch: it would be mispredicted half of the time.
        const bool above_ends = above.end <= below.end;
        a += above_ends ? 1 : 0;
        b += above_ends ? 0 : 1;
    }
}

std::uint32_t label_runs(const std::vector<Run>& runs, int connectivity, std::vector<std::uint32_t>& region) {
    const std::uint32_t n = static_cast<std::uint32_t>(runs.size()), reach = connectivity == 8 ? 1 : 0;
    region.resize(n);
    std::iota(region.begin(), region.end(), 0);
    for (std::uint32_t previous = 0, row = 0, end = 0; row < n; previous = row, row = end) {
        while (end < n && runs[end].row == runs[row].row) ++end;
        if (row > 0 && runs[previous].row + 1 == runs[row].row) join_rows(runs, previous, row, row, end, reach, region);
    }
    // Parents precede their children, so one sweep both flattens and numbers.
    std::uint32_t regions = 0;
    for (std::uint32_t i = 0; i < n; ++i) region[i] = region[i] == i ? regions++ : region[region[i]];
    return regions;
}

}  // namespace acpp::ranking
