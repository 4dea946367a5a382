#include "metrics/reweighted.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "metrics/reweighted_kernel.h"

namespace acpp::metrics {

Reweighted reweighted(const ranking::ImageSlots& slots, MatrixView<const double> weights, double limit,
                      const RunOptions& run) {
    require(weights.cols == slots.images(), "weights must have one column for each image");
    const std::size_t n = static_cast<std::size_t>(weights.rows);
    Reweighted out{std::vector<double>(n), std::vector<double>(n), std::vector<double>(n), std::vector<double>(n)};
    const SlotView view{slots.levels,       slots.images(),     slots.start.data(),       slots.first.data(),
                        slots.image.data(), slots.count.data(), slots.pixel_image.data(), slots.pixel_share.data()};
    parallel_blocks(weights.rows, weightings, run, [&](index_t begin, index_t end) {
        const int used = static_cast<int>(end - begin);
        std::vector<std::int32_t> weight(static_cast<std::size_t>(weightings * slots.images()), 0);
        Weighting w{weight.data(), {}, {}, {}};
        for (int l = 0; l < used; ++l)
            for (index_t i = 0; i < slots.images(); ++i) {
                const double times = weights.row(begin + l)[i];
                require(times >= 0 && times < 1 << 20 && times == std::floor(times),
                        "weights must be whole numbers from 0 to 2^20");
                weight[weightings * i + l] = static_cast<std::int32_t>(times);
                w.positives[l] += times * static_cast<double>(slots.positives[i]);
                w.negatives[l] += times * static_cast<double>(slots.negatives[i]);
                w.regions[l] += times * static_cast<double>(slots.regions[i]);
            }
        for (int l = 0; l < used; ++l)
            require(w.positives[l] + w.negatives[l] < 2147483648.0, "a resampled data set has 2^31 or more pixels");
        ReweightedMetrics found{};
        with_isa([&](auto isa) { evaluate<isa.value>(view, w, limit, found); });
        constexpr double nan = std::numeric_limits<double>::quiet_NaN();
        for (int l = 0; l < used; ++l) {
            const bool anomalous = w.positives[l] > 0, normal = w.negatives[l] > 0;
            out.auroc[begin + l] = anomalous && normal ? found.auroc[l] : nan;
            out.average_precision[begin + l] = anomalous ? found.average_precision[l] : nan;
            out.f1_max[begin + l] = anomalous ? found.f1_max[l] : nan;
            out.aupro[begin + l] = anomalous && normal ? std::min(1.0, found.aupro[l]) : nan;
        }
    });
    return out;
}

}  // namespace acpp::metrics
