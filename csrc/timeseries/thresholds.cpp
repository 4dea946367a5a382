#include "timeseries/thresholds.h"

#include <cmath>
#include <functional>
#include <numeric>

namespace acpp::timeseries {
namespace {

// Levels whose score is at least x (above it, if strict).
std::uint32_t levels_reaching(const Series& series, double x, bool strict) {
    const auto& value = series.value;
    const auto end = strict ? std::lower_bound(value.begin(), value.end(), x, std::greater<>())
                            : std::upper_bound(value.begin(), value.end(), x, std::greater<>());
    return static_cast<std::uint32_t>(end - value.begin());
}

void require_finite(const Series& series, const char* what) {
    require(std::isfinite(series.value.front()) && std::isfinite(series.value.back()),
            std::string(what) + " lie between scores, so scores must be finite; got an infinity");
}

// Of these levels, those where the total at the level or above changes before or after it; first and last always.
template <class Total>
Thresholds where_it_changes(const Series& series, const std::vector<std::uint32_t>& levels,
                            const std::vector<Total>& total) {
    Thresholds curve;
    const std::size_t n = levels.size();
    for (std::size_t j = 0; j < n; ++j)
        if (j == 0 || j + 1 == n || total[j] != total[j - 1] || total[j + 1] != total[j])
            curve.add(levels[j] + 1, series.value[levels[j]]);
    return curve;
}

}  // namespace

Thresholds curve_thresholds(const Series& series) {
    std::vector<std::uint32_t> all(series.value.size());
    std::iota(all.begin(), all.end(), 0u);
    return where_it_changes(series, all, series.hit);
}

Thresholds weighted_curve_thresholds(const Series& series, const double* gain, const double* weight,
                                     const RunOptions& run) {
    Pace pace(run);
    std::vector<std::uint32_t> kept;
    std::vector<double> total;
    double sum = 0;
    for (index_t level = 0, i = 0; level < series.levels(); ++level) {
        bool counts = weight == nullptr;
        for (; i < series.predicted(level + 1); ++i, pace.step()) {
            sum += gain[series.order[i]];
            counts = counts || weight[series.order[i]] > 0;
        }
        if (!counts) continue;
        kept.push_back(static_cast<std::uint32_t>(level));
        total.push_back(sum);
    }
    return where_it_changes(series, kept, total);
}

Thresholds percentile_thresholds(const Series& series, const Thresholds& from, index_t count) {
    const index_t n = from.size();
    Thresholds chosen;
    require(n > 0, "sample weights are all 0");
    require_finite(series, "percentile thresholds");
    const double step = count == 1 ? 0 : -100.0 / static_cast<double>(count - 1);
    for (index_t j = 0; j < count; ++j) {
        const double shift = static_cast<double>(j) * step;
        const double q = j > 0 && j == count - 1 ? 0.0 : shift + 100;
        const double at = static_cast<double>(n - 1) * (q / 100);
        double x = from.value(0);
        if (at < static_cast<double>(n - 1)) {
            const index_t low = static_cast<index_t>(std::floor(at));
            const double part = at - static_cast<double>(low);
            const double a = from.value(n - 1 - low), b = from.value(n - 1 - std::min(low + 1, n - 1)), gap = b - a;
            const double ahead = gap * part, back = gap * (1 - part);  // rounded before they are added
            x = part < 0.5 ? a + ahead : b - back;
        }
        chosen.add(levels_reaching(series, x, false), x);
    }
    return chosen;
}

Thresholds rank_thresholds(const Series& series, index_t count) {
    Thresholds chosen;
    const double step = count == 1 ? 0 : static_cast<double>(series.size - 1) / static_cast<double>(count - 1);
    std::uint32_t level = 0;
    for (index_t j = 0; j < count; ++j) {
        const index_t rank =
            j > 0 && j == count - 1 ? series.size - 1 : static_cast<index_t>(static_cast<double>(j) * step);
        while (series.reached[level] <= rank) ++level;
        chosen.add(level + 1, series.value[level]);
    }
    return chosen;
}

Thresholds linear_thresholds(const Series& series, index_t count) {
    require_finite(series, "linear thresholds");
    const double low = series.value.back(), high = series.value.front();
    const double step = count == 1 ? 0 : (high - low) / static_cast<double>(count - 1);
    Thresholds chosen;
    for (index_t j = count; j-- > 0;) {
        const double x = j > 0 && j == count - 1 ? high : low + static_cast<double>(j) * step;
        chosen.add(levels_reaching(series, x, true), x);
    }
    return chosen;
}

Thresholds strided_thresholds(const Series& series, index_t stride) {
    Thresholds chosen;
    if (series.levels() < stride) stride = 1;
    for (index_t i = series.levels() / stride; i-- > 0;) {
        const index_t level = series.levels() - 1 - i * stride;
        chosen.add(static_cast<std::uint32_t>(level), series.value[level]);
    }
    return chosen;
}

Thresholds given_thresholds(const Series& series, std::vector<double> values, bool strict) {
    std::sort(values.begin(), values.end(), std::greater<>());
    Thresholds chosen;
    for (double x : values) chosen.add(levels_reaching(series, x, strict), x);
    return chosen;
}

}  // namespace acpp::timeseries
