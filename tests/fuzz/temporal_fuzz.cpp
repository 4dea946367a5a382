// Overlapping windows and smoothed series beside their definitions, point by point, NaN and infinities among them.
#include "bytes.h"
#include "levels.h"
#include "temporal/ema.h"
#include "temporal/gaussian.h"
#include "temporal/overlap.h"
#include "temporal/sliding.h"

using namespace acpp;
using namespace acpp::fuzz;
using namespace acpp::temporal;

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

using Values = std::vector<double>;

// Leaves NaN out where that is asked for; true where what is left has no answer but NaN.
bool undefined(Values& values, bool omit_nan) {
    const auto missing = [](double v) { return v != v; };
    if (omit_nan) std::erase_if(values, missing);
    return std::any_of(values.begin(), values.end(), missing);
}

double median(Values values) {
    std::sort(values.begin(), values.end());
    const std::size_t m = values.size();
    return (values[(m - 1) / 2] + values[m / 2]) / 2;
}

// Finite values of one size, some of them NaN: sums in any order then agree.
double plain(Bytes& bytes) {
    const std::uint8_t kind = bytes.byte();
    return kind > 240 ? nan : static_cast<double>(kind % 32) / 8 - 1;
}

void check_overlap(Bytes& bytes) {
    const index_t channels = bytes.between(1, 2), windows = bytes.between(1, 20), length = bytes.between(1, 12);
    Overlap rule;
    rule.reduce = static_cast<Reduce>(bytes.between(0, 7));
    rule.stride = bytes.between(1, 14), rule.offset = bytes.between(-20, 20);
    rule.omit_nan = bytes.flag(), rule.fill = 99;
    const index_t steps = bytes.between(1, 200), row = length + bytes.between(0, 2), image = windows * row;
    Values in(static_cast<std::size_t>((channels - 1) * image + (windows - 1) * row + length));
    for (double& v : in) v = plain(bytes);
    const ImageStackView<const double> view{in.data(), channels, windows, length, image, row};
    Values first;
    at_every_level([&] {
        Values out(static_cast<std::size_t>(channels * steps));
        overlap_aggregate<double>(view, rule, {out.data(), channels, steps, steps}, with_threads(2));
        if (first.empty()) first = out;
        check(same(out, first), "the same bits at every level");
    });
    for (index_t c = 0; c < channels; ++c)
        for (index_t t = 0; t < steps; ++t) {
            Values values, off_centre;
            for (index_t w = 0; w < windows; ++w) {
                const index_t j = t - rule.offset - w * rule.stride;
                if (j < 0 || j >= length) continue;
                const double v = view.row(c, w)[j];
                if (rule.omit_nan && v != v) continue;
                values.push_back(v);
                off_centre.push_back(std::abs(static_cast<double>(2 * j - length + 1)));
            }
            const double got = first[c * steps + t];
            if (values.empty()) {
                check(got == rule.fill, "fill");
                continue;
            }
            const bool missing = std::any_of(values.begin(), values.end(), [](double v) { return v != v; });
            double sum = 0;
            for (double v : values) sum += v;
            const auto [low, high] = std::minmax_element(values.begin(), values.end());
            switch (rule.reduce) {
                case Reduce::first:
                    check(same(got, values.front()), "first");
                    break;
                case Reduce::last:
                    check(same(got, values.back()), "last");
                    break;
                case Reduce::center:
                    check(
                        same(got, values[std::min_element(off_centre.begin(), off_centre.end()) - off_centre.begin()]),
                        "centre");
                    break;
                default:
                    if (missing) {
                        check(got != got, "NaN spreads");
                        break;
                    }
                    check(got >= *low && got <= *high, "between its values");
                    if (rule.reduce == Reduce::mean) check(near(got, sum / static_cast<double>(values.size())), "mean");
                    if (rule.reduce == Reduce::min) check(got == *low, "least");
                    if (rule.reduce == Reduce::max) check(got == *high, "largest");
                    if (rule.reduce == Reduce::median) check(got == median(values), "median");
            }
        }
}

struct Rows {
    index_t channels, points;
    Values in;
    std::vector<index_t> offsets{0};

    explicit Rows(Bytes& bytes) : channels(bytes.between(1, 2)), points(bytes.between(1, 90)) {
        in.resize(static_cast<std::size_t>(channels * points));
        for (double& v : in) v = plain(bytes);
        while (offsets.back() < points) offsets.push_back(std::min(points, offsets.back() + bytes.between(1, 90)));
    }
    MatrixView<const double> view() const { return {in.data(), channels, points, points}; }
};

// expected(x, n, t): point t of a segment of n points at x.
template <class Smooth, class Expected>
void check_rows(const Rows& rows, Smooth&& smooth, Expected&& expected) {
    Values out(rows.in.size()), again(rows.in.size());
    smooth(MatrixView<double>{out.data(), rows.channels, rows.points, rows.points}, with_threads(1));
    smooth(MatrixView<double>{again.data(), rows.channels, rows.points, rows.points}, with_threads(2));
    check(same(out, again), "the same bits by two threads");
    for (index_t c = 0; c < rows.channels; ++c)
        for (std::size_t s = 0; s + 1 < rows.offsets.size(); ++s)
            for (index_t t = rows.offsets[s]; t < rows.offsets[s + 1]; ++t)
                check(near(out[c * rows.points + t],
                           expected(rows.in.data() + c * rows.points + rows.offsets[s],
                                    rows.offsets[s + 1] - rows.offsets[s], t - rows.offsets[s])),
                      "a smoothed point");
}

void check_sliding(Bytes& bytes) {
    const Rows rows(bytes);
    const Sliding rule{static_cast<Statistic>(bytes.between(0, 2)),
                       bytes.between(0, 12),
                       bytes.between(0, 12),
                       0.5,
                       false,
                       bytes.flag()};
    check_rows(
        rows,
        [&](MatrixView<double> out, const RunOptions& run) {
            smooth_sliding<double>(rows.view(), rows.offsets, rule, out, run);
        },
        [&](const double* x, index_t n, index_t t) {
            Values values(x + std::max<index_t>(0, t - rule.before), x + std::min(n, t + rule.after + 1));
            if (undefined(values, rule.omit_nan) || values.empty()) return nan;
            if (rule.statistic == Statistic::median) return median(values);
            double sum = 0, above = 0;
            for (double v : values) sum += v, above += v > rule.threshold;
            const double m = static_cast<double>(values.size());
            return rule.statistic == Statistic::mean ? sum / m : static_cast<double>(2 * above > m);
        });
}

void check_gaussian(Bytes& bytes) {
    const Rows rows(bytes);
    const Gaussian rule{1 + 4 * bytes.share(), bytes.between(0, 20), static_cast<Border>(bytes.between(0, 3)),
                        bytes.flag()};
    const auto inside = [&](index_t i, index_t n) {
        while (rule.border != Border::constant && (i < 0 || i >= n)) {
            if (rule.border == Border::nearest || n == 1)
                i = std::clamp<index_t>(i, 0, n - 1);
            else if (rule.border == Border::reflect)
                i = i < 0 ? -1 - i : 2 * n - 1 - i;
            else
                i = i < 0 ? -i : 2 * n - 2 - i;
        }
        return i;
    };
    check_rows(
        rows,
        [&](MatrixView<double> out, const RunOptions& run) {
            smooth_gaussian<double>(rows.view(), rows.offsets, rule, out, run);
        },
        [&](const double* x, index_t n, index_t t) {
            double sum = 0, total = 0;
            for (index_t k = -rule.radius; k <= rule.radius; ++k) {
                const double weight = std::exp(-0.5 * static_cast<double>(k * k) / (rule.sigma * rule.sigma));
                const index_t i = inside(t + k, n);
                const double v = i < 0 || i >= n ? 0 : x[i];
                if (rule.omit_nan && v != v) continue;
                sum += weight * v, total += weight;
            }
            return total > 0 ? sum / total : nan;
        });
}

void check_ema(Bytes& bytes) {
    const Rows rows(bytes);
    const Ema rule{(1 + bytes.byte()) / 256.0, bytes.flag(), bytes.flag()};
    check_rows(
        rows,
        [&](MatrixView<double> out, const RunOptions& run) {
            smooth_ema<double>(rows.view(), rows.offsets, rule, out, run);
        },
        [&](const double* x, index_t, index_t t) {
            double average = nan, past = 0;  // weight of the average
            for (index_t i = 0; i <= t; ++i) {
                past *= 1 - rule.alpha;
                if (x[i] != x[i] && rule.omit_nan) continue;
                const bool first = i == 0 || (rule.omit_nan && average != average);
                const double weight = first || rule.adjust ? 1 : rule.alpha;
                average = first || past == 0 ? x[i] : (past * average + weight * x[i]) / (past + weight);
                past = rule.adjust && !first ? past + weight : 1;
            }
            return average;
        });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes bytes(data, size);
    const std::uint8_t kind = bytes.byte() % 5;
    if (kind < 2) check_overlap(bytes);
    if (kind == 2) check_sliding(bytes);
    if (kind == 3) check_gaussian(bytes);
    if (kind == 4) check_ema(bytes);
    return 0;
}
