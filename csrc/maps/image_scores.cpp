#include "maps/image_scores.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <vector>

#include "core/error.h"

namespace acpp::maps {
namespace {

constexpr index_t lanes = 16;  // fixed-size inner loops become vector instructions

template <class T>
bool any_above(const T* values, T bar) {
    bool above = false;
    for (index_t k = 0; k < lanes; ++k) above |= values[k] > bar;
    return above;
}

}  // namespace

template <class T>
void largest(ImageStackView<const T> maps, VectorView<T> scores, const RunOptions& run) {
    require(maps.height > 0 && maps.width > 0, "maps must have at least one row and one column");
    parallel_blocks(maps.images, 1, run, [&](index_t image, index_t) {
        T best[lanes];
        std::fill_n(best, lanes, maps.row(image, 0)[0]);
        for (index_t y = 0; y < maps.height; ++y) {
            const T* row = maps.row(image, y);
            index_t x = 0;
            for (; x + lanes <= maps.width; x += lanes)
                for (index_t k = 0; k < lanes; ++k) best[k] = row[x + k] > best[k] ? row[x + k] : best[k];
            for (; x < maps.width; ++x) best[0] = row[x] > best[0] ? row[x] : best[0];
        }
        scores[image] = *std::max_element(best, best + lanes);
    });
}

template <class T>
void sum_of_largest(ImageStackView<const T> maps, index_t k, double divisor, VectorView<T> scores,
                    const RunOptions& run) {
    require(k >= 1 && k <= maps.height * maps.width, "k must lie between 1 and the number of values in a map");
    parallel_blocks(maps.images, 1, run, [&](index_t image, index_t) {
        // Keeps what may still be among the k largest. Each time the list is full, its k-th largest becomes the bar
        // that later values must pass, so that nearly all of a map is only compared.
        const index_t full = 2 * k + 64;
        std::vector<T> kept;
        kept.reserve(full);
        T bar = -std::numeric_limits<T>::infinity();
        const auto cut = [&] {
            std::nth_element(kept.begin(), kept.begin() + (k - 1), kept.end(), std::greater<T>());
            kept.resize(k);
            bar = kept[k - 1];
        };
        for (index_t y = 0; y < maps.height; ++y) {
            const T* row = maps.row(image, y);
            for (index_t begin = 0; begin < maps.width; begin += lanes) {
                const index_t end = std::min(begin + lanes, maps.width);
                if (end - begin == lanes && !any_above(row + begin, bar)) continue;
                for (index_t x = begin; x < end; ++x) {
                    if (row[x] <= bar) continue;
                    kept.push_back(row[x]);
                    if (static_cast<index_t>(kept.size()) == full) cut();
                }
            }
        }
        cut();
        std::sort(kept.begin(), kept.end(), std::greater<T>());
        double sum = 0.0;
        for (const T value : kept) sum += static_cast<double>(value);
        scores[image] = static_cast<T>(sum / divisor);
    });
}

template void largest<float>(ImageStackView<const float>, VectorView<float>, const RunOptions&);
template void largest<double>(ImageStackView<const double>, VectorView<double>, const RunOptions&);
template void sum_of_largest<float>(ImageStackView<const float>, index_t, double, VectorView<float>, const RunOptions&);
template void sum_of_largest<double>(ImageStackView<const double>, index_t, double, VectorView<double>,
                                     const RunOptions&);

}  // namespace acpp::maps
