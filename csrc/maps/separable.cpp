#include "maps/separable.h"

#include <algorithm>
#include <list>
#include <memory>
#include <string>

#include "core/aligned.h"
#include "core/error.h"
#include "maps/finite_maps.h"
#include "maps/separable_kernel.h"

namespace acpp::maps {

// One axis ready to run: the band, and the same weights cut into tiles.
template <class T>
struct AxisPlan {
    AxisWeights<T> band;
    AlignedBuffer<T> tile_weights;
    std::vector<Tile<T>> tiles;
};

namespace {

struct AxisKey {
    index_t size_in, size_out;
    Mode mode;
    Blur blur;

    bool operator==(const AxisKey&) const = default;
};

template <class T>
void cut_tiles(AxisPlan<T>& plan) {
    const AxisWeights<T>& band = plan.band;
    std::vector<index_t> offsets;
    std::vector<T> weights;
    for (index_t begin = 0; begin < band.size_out; begin += tile_width) {
        const index_t end = std::min(begin + tile_width, band.size_out);
        index_t low = band.size_in, high = 0;
        for (index_t o = begin; o < end; ++o) {
            if (band.count[o] == 0) continue;
            low = std::min(low, band.first[o]);
            high = std::max(high, band.first[o] + band.count[o]);
        }
        low = std::min(low, high);
        std::vector<T> dense((high - low) * tile_width);
        for (index_t o = begin; o < end; ++o)
            for (index_t t = 0; t < band.count[o]; ++t)
                dense[(band.first[o] + t - low) * tile_width + o - begin] = band.weight[o * band.taps + t];
        // The inner tiles of a blur are all alike: they share one copy, which stays in the first-level cache.
        const bool repeats = !plan.tiles.empty() && plan.tiles.back().inputs == high - low &&
                             std::equal(dense.begin(), dense.end(), weights.end() - dense.size());
        if (!repeats) weights.insert(weights.end(), dense.begin(), dense.end());
        offsets.push_back(static_cast<index_t>(weights.size() - dense.size()));
        plan.tiles.push_back({nullptr, low, high - low});
    }
    plan.tile_weights = AlignedBuffer<T>(static_cast<index_t>(weights.size()));
    std::copy(weights.begin(), weights.end(), plan.tile_weights.data());
    for (std::size_t t = 0; t < offsets.size(); ++t) plan.tiles[t].weight = plan.tile_weights.data() + offsets[t];
}

// Callers repeat the same sizes for every batch, and for one small map building the weights costs more than using
// them. The cache belongs to a thread, so it needs no lock and survives fork().
template <class T>
std::shared_ptr<const AxisPlan<T>> axis_plan(const AxisKey& key) {
    constexpr std::size_t kept = 8;
    constexpr index_t largest = 1 << 17;
    thread_local std::list<std::pair<AxisKey, std::shared_ptr<const AxisPlan<T>>>> recent;
    const auto found =
        std::find_if(recent.begin(), recent.end(), [&](const auto& entry) { return entry.first == key; });
    if (found != recent.end()) {
        recent.splice(recent.begin(), recent, found);
        return recent.front().second;
    }
    auto plan = std::make_shared<AxisPlan<T>>();
    plan->band = map_weights<T>(key.size_in, key.size_out, key.mode, key.blur);
    cut_tiles(*plan);
    if (plan->tile_weights.size() + key.size_out * plan->band.taps <= largest) {
        recent.emplace_front(key, plan);
        if (recent.size() > kept) recent.pop_back();
    }
    return plan;
}

}  // namespace

template <class T>
Transform<T>::Transform(index_t height_in, index_t width_in, index_t height_out, index_t width_out, Mode mode,
                        const Blur& blur)
    : vertical_(axis_plan<T>({height_in, height_out, mode, blur})),
      horizontal_(axis_plan<T>({width_in, width_out, mode, blur})) {}

template <class T>
index_t Transform<T>::reach() const {
    return vertical_->band.taps;
}

// The inputs are combined along their rows first, one strip of columns at a time, so that the rows which the second
// step reads again and again stay in the first-level cache.
template <class T>
void Transform<T>::rows(MatrixView<const T> map, index_t begin, MatrixView<T> out) const {
    const AxisWeights<T>& band = vertical_->band;
    const index_t strip_tiles = 16;
    const index_t tile_count = static_cast<index_t>(horizontal_->tiles.size());
    const index_t stride = std::min(tile_count, strip_tiles) * tile_width + tile_width;  // never a multiple of 4096 B
    index_t low = map.rows, high = 0;
    for (index_t y = begin; y < begin + out.rows; ++y) {
        low = std::min(low, band.first[y]);
        high = std::max(high, band.first[y] + band.count[y]);
    }
    AlignedBuffer<T> scratch((high - low) * stride);
    const MatrixView<T> combined{scratch.data(), high - low, stride, stride};
    with_isa([&](auto isa) {
        for (index_t tile = 0; tile < tile_count; tile += strip_tiles) {
            const index_t tiles = std::min(strip_tiles, tile_count - tile), x = tile * tile_width;
            combine_columns<isa.value, T>(map.block(low, high), horizontal_->tiles.data() + tile, tiles, combined);
            const index_t width = std::min(tiles * tile_width, out.cols - x);
            for (index_t y = begin; y < begin + out.rows; ++y)
                combine_rows<isa.value, T>({combined.row(band.first[y] - low), band.count[y], width, stride},
                                           band.weight.data() + y * band.taps, out.row(y - begin) + x);
        }
    });
}

template <class T>
void transform(ImageStackView<const T> maps, const char* name, Mode mode, const Blur& blur, ImageStackView<T> out,
               const RunOptions& run) {
    require(maps.height > 0 && maps.width > 0, std::string(name) + " must have at least one row and one column");
    require(out.height > 0 && out.width > 0, "size must be at least 1 in each direction");
    require(out.images == maps.images, "out must hold as many maps as the input");
    const Transform<T> plan(maps.height, maps.width, out.height, out.width, mode, blur);
    if (maps.images == 0) return;
    require_finite_maps(maps, name, run);

    // Neighbouring bands both need the rows between them; four times the reach keeps that work below a quarter.
    const index_t band = std::max<index_t>(128, 4 * plan.reach());
    const index_t bands = (out.height + band - 1) / band;
    parallel_blocks(maps.images * bands, 1, run, [&](index_t item, index_t) {
        const index_t image = item / bands, begin = item % bands * band;
        plan.rows({maps.row(image, 0), maps.height, maps.width, maps.row_stride}, begin,
                  {out.row(image, begin), std::min(band, out.height - begin), out.width, out.row_stride});
    });
}

template class Transform<float>;
template class Transform<double>;
template void transform<float>(ImageStackView<const float>, const char*, Mode, const Blur&, ImageStackView<float>,
                               const RunOptions&);
template void transform<double>(ImageStackView<const double>, const char*, Mode, const Blur&, ImageStackView<double>,
                                const RunOptions&);

}  // namespace acpp::maps
