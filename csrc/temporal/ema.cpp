#include "temporal/ema.h"

#include <cmath>
#include <limits>

#include "temporal/pieces.h"

namespace acpp::temporal {
namespace {

template <class T>
void smooth(const T* x, index_t n, const Ema& rule, T* out, Pace& pace) {
    const double keep = 1 - rule.alpha;
    const double now = rule.adjust ? 1 : rule.alpha;  // weight of the current point
    double average = std::numeric_limits<double>::quiet_NaN();
    double before = 0;  // weight of the average so far
    for (index_t t = 0; t < n; ++t, pace.step()) {
        const double v = x[t];
        before *= keep;
        if (v == v || !rule.omit_nan) {
            const bool first = t == 0 || (rule.omit_nan && average != average);
            const double total = before + now;
            if (first || before == 0)
                average = v;
            else if (std::isfinite(average))  // as a step towards v, so that a constant stays what it is
                average += (v - average) * (now / total);
            else
                average += v;
            before = first || !rule.adjust ? 1 : total;
        }
        out[t] = static_cast<T>(average);
    }
}

}  // namespace

template <class T>
void smooth_ema(MatrixView<const T> rows, const std::vector<index_t>& offsets, const Ema& rule, MatrixView<T> out,
                const RunOptions& run) {
    require(rule.alpha > 0 && rule.alpha <= 1, "alpha must lie in (0, 1]");
    for_each_piece(rows.rows, offsets, std::numeric_limits<index_t>::max(), run,
                   [&](index_t channel, const Piece& piece, Pace& pace) {
                       smooth(rows.row(channel) + piece.first, piece.length(), rule, out.row(channel) + piece.first,
                              pace);
                   });
}

template void smooth_ema(MatrixView<const float>, const std::vector<index_t>&, const Ema&, MatrixView<float>,
                         const RunOptions&);
template void smooth_ema(MatrixView<const double>, const std::vector<index_t>&, const Ema&, MatrixView<double>,
                         const RunOptions&);

}  // namespace acpp::temporal
