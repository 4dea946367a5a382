#include "temporal/kde_mode.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "temporal/kde_mode_kernel.h"

namespace acpp::temporal {

double kde_mode(double* values, index_t m, double* density) {
    if (m == 1) return values[0];
    double mean = 0, squares = 0;
    for (index_t i = 0; i < m; ++i) mean += values[i];
    mean /= static_cast<double>(m);
    for (index_t i = 0; i < m; ++i) squares += (values[i] - mean) * (values[i] - mean);
    const double variance = squares / static_cast<double>(m - 1);
    if (!std::isfinite(variance)) return std::numeric_limits<double>::quiet_NaN();
    const double scale = -0.5 / (variance * std::pow(static_cast<double>(m), -0.4));
    if (!std::isfinite(scale)) {  // no spread, or none that float64 can square
        std::sort(values, values + m);
        return (values[(m - 1) / 2] + values[m / 2]) / 2;
    }
    const double highest = with_isa([&](auto isa) { return densities<isa.value>(values, m, scale, density); });
    // Densities that are equal on paper differ by the order of their terms: what is this close is a tie.
    const double tie = highest * (1 - 1e-12);
    return values[std::find_if(density, density + m, [&](double d) { return d >= tie; }) - density];
}

}  // namespace acpp::temporal
