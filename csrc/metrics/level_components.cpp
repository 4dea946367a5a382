#include "metrics/level_components.h"

#include <algorithm>
#include <array>

namespace acpp::metrics {
namespace {

constexpr index_t before = 3, after = 2;  // reach of the window

std::uint32_t root_of(std::vector<std::uint32_t>& parent, std::uint32_t i) {
    while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    return i;
}

}  // namespace

void erode_grey(MatrixView<const std::uint8_t> image, MatrixView<std::uint8_t> eroded) {
    const index_t height = image.rows, width = image.cols;
    std::vector<std::uint8_t> across(static_cast<std::size_t>(height * width));
    for (index_t y = 0; y < height; ++y) {
        const std::uint8_t* row = image.row(y);
        for (index_t x = 0; x < width; ++x)
            across[y * width + x] =
                *std::min_element(row + std::max<index_t>(0, x - before), row + std::min(width, x + after + 1));
    }
    for (index_t y = 0; y < height; ++y) {
        std::uint8_t* out = eroded.row(y);
        const index_t first = std::max<index_t>(0, y - before), last = std::min(height, y + after + 1);
        std::copy_n(across.data() + first * width, width, out);
        for (index_t r = first + 1; r < last; ++r)
            for (index_t x = 0; x < width; ++x) out[x] = std::min(out[x], across[r * width + x]);
    }
}

void components_by_level(MatrixView<const std::uint8_t> image, std::int32_t* counts) {
    const index_t height = image.rows, width = image.cols, size = height * width;
    // Pixels by falling value: a counting sort.
    std::array<index_t, grey_levels + 1> start{};  // entry 255 - v: where pixels of value v begin
    for (index_t y = 0; y < height; ++y)
        for (index_t x = 0; x < width; ++x) ++start[grey_levels - image.row(y)[x]];
    for (int v = 0; v < grey_levels; ++v) start[v + 1] += start[v];
    std::vector<std::uint32_t> order(static_cast<std::size_t>(size));
    for (index_t y = 0; y < height; ++y)
        for (index_t x = 0; x < width; ++x)
            order[start[grey_levels - 1 - image.row(y)[x]]++] = static_cast<std::uint32_t>(y * width + x);

    constexpr std::uint32_t absent = ~std::uint32_t{0};
    std::vector<std::uint32_t> parent(static_cast<std::size_t>(size), absent);
    std::int32_t components = 0;
    std::size_t at = 0;
    for (int level = grey_levels - 1; level >= 0; --level) {
        for (; at < order.size(); ++at) {
            const std::uint32_t pixel = order[at];
            const index_t y = pixel / width, x = pixel % width;
            if (image.row(y)[x] != level) break;
            parent[pixel] = pixel;
            ++components;
            for (index_t ny = std::max<index_t>(0, y - 1); ny < std::min(height, y + 2); ++ny)
                for (index_t nx = std::max<index_t>(0, x - 1); nx < std::min(width, x + 2); ++nx) {
                    const auto other = static_cast<std::uint32_t>(ny * width + nx);
                    if (parent[other] == absent || other == pixel) continue;
                    const std::uint32_t a = root_of(parent, pixel), b = root_of(parent, other);
                    if (a == b) continue;
                    parent[std::max(a, b)] = std::min(a, b);
                    --components;
                }
        }
        counts[level] = components;
    }
}

}  // namespace acpp::metrics
