#include "temporal/overlap.h"

#include <cmath>
#include <limits>
#include <vector>

#include "temporal/covering.h"
#include "temporal/kde_mode.h"

namespace acpp::temporal {
namespace {

constexpr index_t steps_at_once = 2048;  // their running values stay in a small L1

// Running values of a block of steps, which windows enter whole runs at a time.
struct Running {
    std::vector<double> value, count, distance;

    explicit Running(bool center) : value(steps_at_once), count(steps_at_once), distance(center ? steps_at_once : 0) {}

    void clear() {
        std::fill(value.begin(), value.end(), 0.0), std::fill(count.begin(), count.end(), 0.0);
        std::fill(distance.begin(), distance.end(), std::numeric_limits<double>::infinity());
    }
};

// enters(v, current, count, x): whether value v, number x of its run, replaces the current one.
template <class T, class Enters>
void replace(const T* run, index_t n, bool omit, double* value, double* count, Enters&& enters) {
    for (index_t x = 0; x < n; ++x) {
        const double v = run[x];
        const bool used = !omit || v == v;
        value[x] = used && (count[x] == 0 || enters(v, value[x], x)) ? v : value[x];
        count[x] += used;
    }
}

template <class T>
void enter(const Overlap& rule, index_t length, const T* run, index_t at, index_t n, index_t j, Running& running) {
    double *value = running.value.data() + at, *count = running.count.data() + at;
    const bool omit = rule.omit_nan;
    switch (rule.reduce) {
        case Reduce::max:
            return replace(run, n, omit, value, count, [](double v, double now, index_t) { return v > now || v != v; });
        case Reduce::min:
            return replace(run, n, omit, value, count, [](double v, double now, index_t) { return v < now || v != v; });
        case Reduce::last:
            return replace(run, n, omit, value, count, [](double, double, index_t) { return true; });
        case Reduce::first:
            return replace(run, n, omit, value, count, [](double, double, index_t) { return false; });
        case Reduce::center: {
            double* nearest = running.distance.data() + at;
            for (index_t x = 0; x < n; ++x) {
                const double v = run[x];
                const double distance = static_cast<double>(std::abs(2 * (j + x) - (length - 1)));
                if ((omit && v != v) || !(distance < nearest[x])) continue;  // strict: the earlier window wins a tie
                value[x] = v, count[x] = 1, nearest[x] = distance;
            }
            return;
        }
        default:
            for (index_t x = 0; x < n; ++x) {
                const double v = run[x];
                const bool used = !omit || v == v;
                value[x] += used ? v : 0;
                count[x] += used;
            }
    }
}

template <class T>
void reduce_running(MatrixView<const T> windows, const Overlap& rule, index_t begin, index_t end, T* out) {
    Running running(rule.reduce == Reduce::center);
    for (index_t t = begin; t < end; t += steps_at_once) {
        const index_t stop = std::min(end, t + steps_at_once);
        running.clear();
        for_covering(windows, rule.stride, rule.offset, t, stop, [&](const T* run, index_t at, index_t n, index_t j) {
            enter(rule, windows.cols, run, at, n, j, running);
        });
        for (index_t x = 0; x < stop - t; ++x) {
            const double count = running.count[x];
            const double value = rule.reduce == Reduce::mean ? running.value[x] / count : running.value[x];
            out[t + x] = static_cast<T>(count > 0 ? value : rule.fill);
        }
    }
}

double median(double* values, index_t m) {
    double* const middle = values + m / 2;
    std::nth_element(values, middle, values + m);
    return m % 2 != 0 ? *middle : (*std::max_element(values, middle) + *middle) / 2;
}

// The values of a few steps at a time, each step's next to each other: neighbouring steps share no value.
template <class T>
void reduce_gathered(MatrixView<const T> windows, const Overlap& rule, index_t begin, index_t end, T* out,
                     const RunOptions& run) {
    Pace pace(run);
    const index_t most = std::min(windows.rows, (windows.cols + rule.stride - 1) / rule.stride);
    const index_t tile = std::clamp<index_t>((index_t{1} << 15) / most, 1, end - begin);
    std::vector<double> values(static_cast<std::size_t>(tile * most)), density(static_cast<std::size_t>(most));
    std::vector<index_t> count(static_cast<std::size_t>(tile));
    for (index_t t = begin; t < end; t += tile) {
        const index_t stop = std::min(end, t + tile);
        std::fill(count.begin(), count.end(), 0);
        for_covering(windows, rule.stride, rule.offset, t, stop, [&](const T* run, index_t at, index_t n, index_t) {
            for (index_t x = 0; x < n; ++x)
                if (!rule.omit_nan || run[x] == run[x]) values[(at + x) * most + count[at + x]++] = run[x];
        });
        for (index_t x = 0; x < stop - t; ++x) {
            double* const mine = values.data() + x * most;
            const index_t m = count[x];
            const bool missing = !rule.omit_nan && std::any_of(mine, mine + m, [](double v) { return v != v; });
            double result = rule.fill;
            if (missing)
                result = std::numeric_limits<double>::quiet_NaN();
            else if (m > 0)
                result = rule.reduce == Reduce::median ? median(mine, m) : kde_mode(mine, m, density.data());
            out[t + x] = static_cast<T>(result);
            pace.step(rule.reduce == Reduce::median ? m : 1 + m * m / 8);
        }
    }
}

}  // namespace

Reduce reduce_from_name(const std::string& name) {
    if (name == "mean") return Reduce::mean;
    if (name == "max") return Reduce::max;
    if (name == "min") return Reduce::min;
    if (name == "median") return Reduce::median;
    if (name == "last") return Reduce::last;
    if (name == "first") return Reduce::first;
    if (name == "center") return Reduce::center;
    require(name == "kde_mode", "unknown reduce '" + name + "'");
    return Reduce::kde_mode;
}

template <class T>
void overlap_aggregate(ImageStackView<const T> windows, const Overlap& rule, MatrixView<T> out, const RunOptions& run) {
    require(windows.height > 0 && windows.width > 0, "windows must hold at least one window of at least one value");
    require(rule.stride > 0 && rule.stride <= (index_t{1} << 61) / windows.height,
            "stride must be at least 1, and stride times the number of windows below 2^61");
    require(std::abs(rule.offset) <= index_t{1} << 61, "offset must lie within 2^61 steps of 0");
    require(out.rows == windows.images, "out must have one row for each channel");
    const bool gathered = rule.reduce == Reduce::median || rule.reduce == Reduce::kde_mode;
    const index_t block = gathered ? 256 : 4 * steps_at_once, blocks = (out.cols + block - 1) / block;
    Interruption stop(run);
    const RunOptions alone = stop.options(1);
    parallel_blocks(out.rows * blocks, 1, stop.options(run.threads), [&](index_t b, index_t) {
        const index_t channel = b / blocks, begin = b % blocks * block, end = std::min(out.cols, begin + block);
        const MatrixView<const T> mine{windows.row(channel, 0), windows.height, windows.width, windows.row_stride};
        if (gathered)
            reduce_gathered(mine, rule, begin, end, out.row(channel), alone);
        else
            reduce_running(mine, rule, begin, end, out.row(channel));
    });
}

template void overlap_aggregate(ImageStackView<const float>, const Overlap&, MatrixView<float>, const RunOptions&);
template void overlap_aggregate(ImageStackView<const double>, const Overlap&, MatrixView<double>, const RunOptions&);

}  // namespace acpp::temporal
