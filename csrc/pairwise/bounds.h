#pragma once
// From two rows' terms and the product of their codes: the interval that holds the true value of the pair.
//
// Rows a = q - centre and e = b - centre, exact; codes a', e' with residuals |a - a'| <= ra, |e - e'| <= re. Two facts:
//   triangle        | |a - e| - |a' - e'| |  <=  ra + re
//   Cauchy-Schwarz  | <a, e> - <a', e'> |    <=  ra |e| + |a'| re
// The first is tight near a neighbour, the second for far pairs of large codes' error. Both hold at once.
#include <algorithm>
#include <cmath>
#include <limits>

namespace acpp::pairwise {

constexpr double unit = 0x1p-24;  // rounding of one float32 operation
constexpr double slack = 1e-6;    // absorbs the float64 arithmetic of bounds and canonical values

struct Interval {
    double low, high;
};

// What a row brings to a bound. Norms are of the centred row (exact_norm) and of its code.
struct Terms {
    double code_norm, exact_norm, residual;
};

// Largest error of 2 * product plus the two squared norms in float32. `sum_error`: relative to the norms' product,
// from the additions inside the product.
inline double assembly_error(double code_norm_a, double code_norm_b, double sum_error) {
    const double reach = code_norm_a + code_norm_b;
    return 2 * sum_error * code_norm_a * code_norm_b + 12 * unit * reach * reach;
}

// |a - e|^2, from the product of the codes.
inline Interval sq_distance_bounds(const Terms& a, const Terms& e, double product, double sum_error) {
    const double error = assembly_error(a.code_norm, e.code_norm, sum_error);
    const double code_sq = a.code_norm * a.code_norm + e.code_norm * e.code_norm - 2 * product;
    const double reach = a.residual + e.residual;
    const double near = std::max(0.0, std::sqrt(std::max(0.0, code_sq - error)) - reach);
    const double far = std::sqrt(std::max(0.0, code_sq) + error) + reach;
    const double exact_sq = a.exact_norm * a.exact_norm + e.exact_norm * e.exact_norm - 2 * product;
    const double width = 2 * (a.residual * e.exact_norm + a.code_norm * e.residual) + error;
    return {std::max(near * near, exact_sq - width) * (1 - slack), std::min(far * far, exact_sq + width) * (1 + slack)};
}

// -2 <a, e>: the ordering of an inner product, on the scale of a squared distance.
inline Interval negated_dot_bounds(const Terms& a, const Terms& e, double product, double sum_error) {
    const double error = assembly_error(a.code_norm, e.code_norm, sum_error);
    const double width = 2 * (a.residual * e.exact_norm + a.code_norm * e.residual) + error;
    return {-2 * product - width, -2 * product + width};
}

// Largest terms of a group of rows.
struct GroupTerms {
    double code_norm = 0, exact_norm = 0, residual = 0;
};

// Limits for the comparison of tile_kernel.h's `hits`: no row of the group with a bound below `threshold` is missed.
struct Limits {
    float a, b;
};

inline float rounded_up(double x) {
    if (!(x < std::numeric_limits<float>::max())) return std::numeric_limits<float>::infinity();
    if (x < std::numeric_limits<float>::lowest()) return std::numeric_limits<float>::lowest();
    const float nearest = static_cast<float>(x);
    return nearest + std::abs(nearest) * 0x1p-22f + std::numeric_limits<float>::min();
}

inline float rounded_down(double x) { return -rounded_up(-x); }

inline Limits sq_distance_limits(const Terms& a, const GroupTerms& group, double threshold, double sum_error) {
    if (!(threshold < std::numeric_limits<double>::infinity())) {
        const float none = std::numeric_limits<float>::infinity();
        return {none, none};
    }
    const double error = assembly_error(a.code_norm, group.code_norm, sum_error);
    const double top = threshold * (1 + 2 * slack), far = std::sqrt(std::max(0.0, top)) + a.residual + group.residual;
    const double width = 2 * (a.residual * group.exact_norm + a.code_norm * group.residual) + error;
    return {rounded_up(far * far * (1 + slack) + error - a.code_norm * a.code_norm),
            rounded_up(top + width - a.exact_norm * a.exact_norm)};
}

inline Limits negated_dot_limits(const Terms& a, const GroupTerms& group, double threshold, double sum_error) {
    const float none = std::numeric_limits<float>::infinity();
    if (!(threshold < std::numeric_limits<double>::infinity())) return {none, none};
    const double error = assembly_error(a.code_norm, group.code_norm, sum_error);
    const double width = 2 * (a.residual * group.exact_norm + a.code_norm * group.residual) + error;
    return {none, rounded_up(threshold + width)};
}

}  // namespace acpp::pairwise
