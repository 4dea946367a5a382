#include "maps/image_scores.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "core/error.h"

namespace acpp::maps {

template <class T>
void largest(ImageStackView<const T> maps, VectorView<T> scores, const RunOptions& run) {
    require(maps.height > 0 && maps.width > 0, "maps must have at least one row and one column");
    parallel_blocks(maps.images, 1, run, [&](index_t image, index_t) {
        T best = maps.row(image, 0)[0];
        for (index_t y = 0; y < maps.height; ++y) {
            const T* row = maps.row(image, y);
            for (index_t x = 0; x < maps.width; ++x) best = row[x] > best ? row[x] : best;
        }
        scores[image] = best;
    });
}

template <class T>
void sum_of_largest(ImageStackView<const T> maps, index_t k, double divisor, VectorView<T> scores,
                    const RunOptions& run) {
    require(k >= 1 && k <= maps.height * maps.width, "k must lie between 1 and the number of values in a map");
    parallel_blocks(maps.images, 1, run, [&](index_t image, index_t) {
        std::vector<T> values;
        values.reserve(maps.height * maps.width);
        for (index_t y = 0; y < maps.height; ++y)
            values.insert(values.end(), maps.row(image, y), maps.row(image, y) + maps.width);
        std::nth_element(values.begin(), values.begin() + (k - 1), values.end(), std::greater<T>());
        std::sort(values.begin(), values.begin() + k, std::greater<T>());
        double sum = 0.0;
        for (index_t i = 0; i < k; ++i) sum += static_cast<double>(values[i]);
        scores[image] = static_cast<T>(sum / divisor);
    });
}

template void largest<float>(ImageStackView<const float>, VectorView<float>, const RunOptions&);
template void largest<double>(ImageStackView<const double>, VectorView<double>, const RunOptions&);
template void sum_of_largest<float>(ImageStackView<const float>, index_t, double, VectorView<float>, const RunOptions&);
template void sum_of_largest<double>(ImageStackView<const double>, index_t, double, VectorView<double>,
                                     const RunOptions&);

}  // namespace acpp::maps
