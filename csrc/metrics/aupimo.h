#pragma once
// Per-image overlap: Bertoldo et al., "AUPIMO: Redefining Visual Anomaly Detection Benchmarks with High Speed and Low
// Tolerance", BMVC 2024. The area of an image's recall over the logarithm of the shared false positive rate is the mean
// over its anomalous pixels of the area that each pixel contributes.
#include <cmath>
#include <limits>
#include <vector>

#include "metrics/precision_recall.h"
#include "ranking/normal_ranks.h"

namespace acpp::metrics {

using ranking::NormalRanks;

// Mean over the anomalous pixels of every image of value[level]; pixels that reach no level count 0. NaN for images
// without anomalous pixels.
inline std::vector<double> image_means(const NormalRanks& ranks, const std::vector<double>& value,
                                       const RunOptions& run) {
    std::vector<double> means(static_cast<std::size_t>(ranks.images()), std::numeric_limits<double>::quiet_NaN());
    parallel_blocks(ranks.images(), 16, run, [&](index_t first, index_t last) {
        for (index_t i = first; i < last; ++i) {
            const index_t begin = ranks.image_begin[i], end = ranks.image_begin[i + 1];
            if (begin == end) continue;
            CompensatedSum sum;
            for (index_t p = begin; p < end; ++p)
                if (ranks.rank[p] < value.size()) sum.add(value[ranks.rank[p]]);
            means[i] = sum.value() / static_cast<double>(end - begin);
        }
    });
    return means;
}

// Area of a step that rises linearly between za and zb, over [from, to]; za <= zb.
inline double step_area(double za, double zb, double from, double to) {
    if (za == zb) return std::max(0.0, to - std::max(za, from));
    const auto antiderivative = [&](double z) {
        if (z <= za) return 0.0;
        if (z <= zb) return (z - za) * (z - za) / (2 * (zb - za));
        return (zb - za) / 2 + (z - zb);
    };
    return antiderivative(to) - antiderivative(from);
}

// AUPIMO of every image with integration limits that are met exactly; in [0, 1].
inline std::vector<double> aupimo(const NormalRanks& ranks, double low, double high, const RunOptions& run) {
    const double from = std::log(low), to = std::log(high);
    std::vector<double> area(ranks.level.size());
    for (std::size_t i = 0; i < area.size(); ++i) {
        // A score above all normal ones is found at every rate.
        const double step = ranks.above[i] == 0
                                ? to - from
                                : step_area(std::log(ranks.above[i]), std::log(ranks.at_least[i]), from, to);
        area[i] = std::min(1.0, step / (to - from));
    }
    return image_means(ranks, area, run);
}

// Recall of every image at the levels [first, last), row by row; NaN rows for images without anomalous pixels.
inline std::vector<double> image_recalls(const NormalRanks& ranks, index_t first, index_t last, const RunOptions& run) {
    const index_t width = last - first;
    std::vector<double> recall(static_cast<std::size_t>(ranks.images() * width),
                               std::numeric_limits<double>::quiet_NaN());
    parallel_blocks(ranks.images(), 1, run, [&](index_t i, index_t) {
        const index_t begin = ranks.image_begin[i], end = ranks.image_begin[i + 1];
        if (begin == end) return;
        std::vector<index_t> reached(static_cast<std::size_t>(width + 1), 0);
        for (index_t p = begin; p < end; ++p) {
            const index_t level = std::max<index_t>(ranks.rank[p], first);
            if (level < last) ++reached[level - first];
        }
        index_t count = 0;
        for (index_t l = 0; l < width; ++l) {
            count += reached[l];
            recall[i * width + l] = static_cast<double>(count) / static_cast<double>(end - begin);
        }
    });
    return recall;
}

}  // namespace acpp::metrics
