#include "temporal/sliding.h"

#include <algorithm>
#include <limits>

#include "temporal/pieces.h"

namespace acpp::temporal {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr index_t points_at_once = 1 << 14;

struct Range {
    index_t begin, end;

    index_t size() const { return end - begin; }
};

Range window(const Piece& piece, const Sliding& rule, index_t t) {
    return {std::max(piece.first, t - rule.before), std::min(piece.past, t + rule.after + 1)};
}

// Points of some kind within any range of a longer one.
class CountOf {
  public:
    template <class Chosen>
    CountOf(Range whole, Chosen&& chosen) : begin_(whole.begin), before_(static_cast<std::size_t>(whole.size() + 1)) {
        for (index_t i = 0; i < whole.size(); ++i) before_[i + 1] = before_[i] + (chosen(begin_ + i) ? 1 : 0);
    }
    index_t in(Range part) const { return before_[part.end - begin_] - before_[part.begin - begin_]; }

  private:
    index_t begin_;
    std::vector<index_t> before_;
};

// Sums from both ends of stretches as long as a window: one of each makes a window, and nothing is ever taken away
// from a sum, so that no rounding builds up and an infinity stays within its windows.
template <class T>
void mean(const T* x, const Piece& piece, const Sliding& rule, T* out) {
    const index_t stretch = rule.before + rule.after + 1;
    const auto start_of = [&](index_t t) { return t - (t - piece.first) % stretch; };
    const Range whole{start_of(window(piece, rule, piece.begin).begin),
                      std::min(piece.past, start_of(window(piece, rule, piece.end - 1).end - 1) + stretch)};
    std::vector<double> head(static_cast<std::size_t>(whole.size())), tail(head.size());
    const auto value = [&](index_t t) { return rule.omit_nan && x[t] != x[t] ? 0.0 : static_cast<double>(x[t]); };
    for (index_t i = 0; i < whole.size(); ++i) head[i] = value(whole.begin + i) + (i % stretch == 0 ? 0 : head[i - 1]);
    for (index_t i = whole.size() - 1; i >= 0; --i)
        tail[i] = value(whole.begin + i) + (i + 1 == whole.size() || (i + 1) % stretch == 0 ? 0 : tail[i + 1]);
    const CountOf missing(whole, [&](index_t t) { return x[t] != x[t]; });
    for (index_t t = piece.begin; t < piece.end; ++t) {
        const Range mine = window(piece, rule, t);
        const index_t first = mine.begin - whole.begin, last = mine.end - 1 - whole.begin;
        const bool one_stretch = start_of(mine.begin) == start_of(mine.end - 1);
        const double sum = !one_stretch ? tail[first] + head[last] : first % stretch == 0 ? head[last] : tail[first];
        const index_t count = mine.size() - (rule.omit_nan ? missing.in(mine) : 0);
        out[t] = static_cast<T>(count > 0 ? sum / static_cast<double>(count) : nan);
    }
}

template <class T>
void median(const T* x, const Piece& piece, const Sliding& rule, T* out, Pace& pace) {
    std::vector<double> sorted;  // the window's values but for NaN
    index_t missing = 0;
    Range inside = window(piece, rule, piece.begin);
    for (index_t t = inside.begin; t < inside.end; ++t)
        if (x[t] == x[t])
            sorted.push_back(x[t]);
        else
            ++missing;
    std::sort(sorted.begin(), sorted.end());
    const auto place = [&](double v) { return std::lower_bound(sorted.begin(), sorted.end(), v); };
    for (index_t t = piece.begin; t < piece.end; ++t) {
        const Range mine = window(piece, rule, t);
        for (; inside.begin < mine.begin; ++inside.begin)
            if (const double v = x[inside.begin]; v == v)
                sorted.erase(place(v));
            else
                --missing;
        for (; inside.end < mine.end; ++inside.end)
            if (const double v = x[inside.end]; v == v)
                sorted.insert(place(v), v);
            else
                ++missing;
        const std::size_t m = sorted.size();
        pace.step(1 + static_cast<index_t>(m / 256));  // what was moved
        const bool defined = m > 0 && (rule.omit_nan || missing == 0);
        out[t] = static_cast<T>(defined ? (sorted[(m - 1) / 2] + sorted[m / 2]) / 2 : nan);
    }
}

template <class T>
void majority(const T* x, const Piece& piece, const Sliding& rule, T* out) {
    const Range whole{std::max(piece.first, piece.begin - 2 * rule.before),
                      std::min(piece.past, piece.end + rule.after)};
    const CountOf above(whole, [&](index_t t) { return static_cast<double>(x[t]) > rule.threshold; });
    const CountOf missing(whole, [&](index_t t) { return x[t] != x[t]; });
    const auto decide = [&](index_t votes, index_t lost, index_t all) {
        if (!rule.omit_nan && lost > 0) return nan;
        return all == lost ? nan : static_cast<double>(2 * votes > all - lost);
    };
    for (index_t t = piece.begin; t < piece.end; ++t) {
        Range mine = window(piece, rule, t);
        index_t repeats = 0;  // of the first point, which stands before the beginning too
        if (rule.early_ends && (t - piece.first < rule.before || piece.past - t <= rule.before)) {
            const index_t from = std::max(piece.first - rule.before, t - 2 * rule.before), past = t - rule.before + 1;
            repeats = std::max<index_t>(0, std::min(past, piece.first) - from);
            mine = {std::max(piece.first, from), std::max(piece.first, past)};
        }
        const T first = x[piece.first];
        const index_t votes = above.in(mine) + (static_cast<double>(first) > rule.threshold ? repeats : 0);
        const index_t lost = missing.in(mine) + (first != first ? repeats : 0);
        out[t] = static_cast<T>(decide(votes, lost, mine.size() + repeats));
    }
}

}  // namespace

Statistic statistic_from_name(const std::string& name) {
    if (name == "mean") return Statistic::mean;
    if (name == "median") return Statistic::median;
    require(name == "majority", "unknown kind '" + name + "'");
    return Statistic::majority;
}

template <class T>
void smooth_sliding(MatrixView<const T> rows, const std::vector<index_t>& offsets, const Sliding& rule,
                    MatrixView<T> out, const RunOptions& run) {
    require(rule.before >= 0 && rule.after >= 0, "window must be at least 1");
    const index_t longest = std::max(points_at_once, std::min(rows.cols, rule.before + rule.after + 1));
    for_each_piece(rows.rows, offsets, longest, run, [&](index_t channel, const Piece& piece, Pace& pace) {
        const T* x = rows.row(channel);
        T* y = out.row(channel);
        if (rule.statistic == Statistic::mean)
            mean(x, piece, rule, y);
        else if (rule.statistic == Statistic::median)
            median(x, piece, rule, y, pace);
        else
            majority(x, piece, rule, y);
    });
}

template void smooth_sliding(MatrixView<const float>, const std::vector<index_t>&, const Sliding&, MatrixView<float>,
                             const RunOptions&);
template void smooth_sliding(MatrixView<const double>, const std::vector<index_t>&, const Sliding&, MatrixView<double>,
                             const RunOptions&);

}  // namespace acpp::temporal
