// Compiled once per ISA: the including .cpp defines ACPP_ISA. No include guard on purpose, no standard-library
// templates.
#include "temporal/kde_mode_kernel.h"

namespace acpp::temporal {

// exp(x) for -700 <= x <= 0 within two units in the last place: 2^n times a polynomial on [-ln 2 / 2, ln 2 / 2].
static inline double exp_negative(double x) {
    constexpr double rounder = 6755399441055744.0;  // 1.5 * 2^52: adding it leaves the integer in the low bits
    const double shifted = x * 1.4426950408889634 + rounder;
    const double n = shifted - rounder;
    const double r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
    // Pairs of pairs of terms: a chain of thirteen steps would wait for itself.
    const double r2 = r * r, r4 = r2 * r2;
    const double low = (1 + r) + (0.5 + r * (1.0 / 6)) * r2;
    const double middle = (1.0 / 24 + r * (1.0 / 120)) + (1.0 / 720 + r * (1.0 / 5040)) * r2;
    const double high = (1.0 / 40320 + r * (1.0 / 362880)) + (1.0 / 3628800 + r * (1.0 / 39916800)) * r2;
    const double last = 1.0 / 479001600 + r * (1.0 / 6227020800);
    const double p = (low + middle * r4) + (high + last * r4) * (r4 * r4);
    unsigned long long bits;
    __builtin_memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << 52) + (1023ull << 52);
    double power;
    __builtin_memcpy(&power, &bits, sizeof power);
    return p * power;
}

template <>
double densities<ACPP_ISA>(const double* values, index_t m, double scale, double* density) {
    for (index_t i = 0; i < m; ++i) density[i] = 0;
    for (index_t k = 0; k < m; ++k) {
        const double center = values[k];
        for (index_t i = 0; i < m; ++i) {
            const double d = values[i] - center, x = d * d * scale;
            density[i] += exp_negative(x < -700 ? -700 : x);
        }
    }
    double highest = density[0];
    for (index_t i = 1; i < m; ++i) highest = density[i] > highest ? density[i] : highest;
    return highest;
}

}  // namespace acpp::temporal
