#include "temporal/gaussian.h"

#include <cmath>
#include <limits>

#include "temporal/pieces.h"

namespace acpp::temporal {
namespace {

constexpr index_t points_at_once = 1024;  // sums and surroundings stay in a small L1

// The point that stands at position i of n, which may lie outside; -1 for none.
index_t source(Border border, index_t i, index_t n) {
    if (i >= 0 && i < n) return i;
    if (border == Border::constant) return -1;
    if (border == Border::nearest) return i < 0 ? 0 : n - 1;
    const index_t period = border == Border::reflect ? 2 * n : std::max<index_t>(1, 2 * n - 2);
    const index_t at = (i % period + period) % period;
    return at < n ? at : (border == Border::reflect ? 2 * n - 1 : 2 * n - 2) - at;
}

std::vector<double> weights_of(const Gaussian& rule) {
    std::vector<double> weights(static_cast<std::size_t>(rule.radius + 1), 1.0);
    double total = 1;
    for (index_t k = 1; k <= rule.radius; ++k) {
        const double z = static_cast<double>(k) / rule.sigma;
        weights[k] = std::exp(-0.5 * z * z);
        total += 2 * weights[k];
    }
    for (double& weight : weights) weight /= total;
    return weights;
}

void weighted_sums(const double* x, const std::vector<double>& weights, index_t n, double* sum) {
    for (index_t t = 0; t < n; ++t) sum[t] = weights[0] * x[t];
    for (index_t k = 1; k < static_cast<index_t>(weights.size()); ++k) {
        const double weight = weights[k];
        const double *left = x - k, *right = x + k;
        for (index_t t = 0; t < n; ++t) sum[t] += weight * (left[t] + right[t]);
    }
}

template <class T>
void smooth(const T* x, const Piece& piece, const Gaussian& rule, const std::vector<double>& weights, T* out) {
    const index_t r = rule.radius, n = piece.end - piece.begin;
    std::vector<double> around(static_cast<std::size_t>(n + 2 * r)), sum(static_cast<std::size_t>(n));
    bool missing = false;
    for (index_t i = 0; i < n + 2 * r; ++i) {
        const index_t at = source(rule.border, piece.begin - piece.first - r + i, piece.length());
        around[i] = at < 0 ? 0 : x[piece.first + at];
        missing |= around[i] != around[i];
    }
    std::vector<double> present;
    if (missing && rule.omit_nan) {
        present.assign(around.size(), 1.0);
        for (std::size_t i = 0; i < around.size(); ++i)
            if (around[i] != around[i]) around[i] = present[i] = 0;
    }
    weighted_sums(around.data() + r, weights, n, sum.data());
    for (index_t t = 0; t < n; ++t) out[piece.begin + t] = static_cast<T>(sum[t]);
    if (present.empty()) return;
    std::vector<double> share(sum.size());
    weighted_sums(present.data() + r, weights, n, share.data());
    for (index_t t = 0; t < n; ++t)
        out[piece.begin + t] =
            static_cast<T>(share[t] > 0 ? sum[t] / share[t] : std::numeric_limits<double>::quiet_NaN());
}

}  // namespace

Border border_from_name(const std::string& name) {
    if (name == "reflect") return Border::reflect;
    if (name == "nearest") return Border::nearest;
    if (name == "mirror") return Border::mirror;
    require(name == "constant", "unknown mode '" + name + "'");
    return Border::constant;
}

template <class T>
void smooth_gaussian(MatrixView<const T> rows, const std::vector<index_t>& offsets, const Gaussian& rule,
                     MatrixView<T> out, const RunOptions& run) {
    require(rule.radius >= 0 && rule.radius < index_t{1} << 28,
            "truncate times sigma must be at least 0 and below 2^28");
    const std::vector<double> weights = weights_of(rule);
    for_each_piece(rows.rows, offsets, points_at_once, run, [&](index_t channel, const Piece& piece, Pace&) {
        smooth(rows.row(channel), piece, rule, weights, out.row(channel));
    });
}

template void smooth_gaussian(MatrixView<const float>, const std::vector<index_t>&, const Gaussian&, MatrixView<float>,
                              const RunOptions&);
template void smooth_gaussian(MatrixView<const double>, const std::vector<index_t>&, const Gaussian&,
                              MatrixView<double>, const RunOptions&);

}  // namespace acpp::temporal
