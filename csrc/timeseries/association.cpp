#include "timeseries/association.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ranking/exact_sum.h"
#include "ranking/sort.h"

namespace acpp::timeseries {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

index_t pairs_of(index_t n) { return n % 2 == 0 ? n / 2 * (n - 1) : (n - 1) / 2 * n; }

index_t tied_pairs(const Series& s) {
    index_t ties = 0;
    for (index_t level = 0; level < s.levels(); ++level) ties += pairs_of(s.predicted(level + 1) - s.predicted(level));
    return ties;
}

void sort_group(std::vector<std::uint32_t>& group, std::vector<std::uint32_t>& scratch, const RunOptions& run) {
    if (group.size() < 2048) return std::sort(group.begin(), group.end());  // mostly a single point
    scratch.resize(group.size());
    ranking::parallel_sort(group.data(), scratch.data(), static_cast<index_t>(group.size()), run);
}

// Twice the mean rank of a level's points, less 1.
index_t double_rank(const Series& s, std::uint32_t level) { return s.predicted(level) + s.predicted(level + 1); }

}  // namespace

PairCounts count_pairs(const Series& x, const Series& y, const RunOptions& run) {
    Pace pace(run);
    PairCounts counts{pairs_of(x.size), tied_pairs(x), tied_pairs(y), 0, 0};
    const index_t levels = y.levels();
    std::vector<std::uint32_t> tree(static_cast<std::size_t>(levels + 1), 0);  // Fenwick: points so far by level of y
    std::vector<std::uint32_t> group, scratch;
    for (index_t level = 0; level < x.levels(); ++level) {
        const index_t before = x.predicted(level);
        group.clear();
        for (index_t i = before; i < x.predicted(level + 1); ++i) group.push_back(y.level[x.order[i]]);
        sort_group(group, scratch, run);
        for (std::size_t i = 0; i < group.size();) {
            std::size_t end = i;
            while (end < group.size() && group[end] == group[i]) ++end;
            const index_t alike = static_cast<index_t>(end - i);
            index_t not_lower = 0;  // earlier points, all higher in x, with this y or a higher one
            for (index_t at = static_cast<index_t>(group[i]) + 1; at > 0; at -= at & -at) not_lower += tree[at];
            counts.both_ties += pairs_of(alike);
            counts.discordant += alike * (before - not_lower);
            i = end;
        }
        for (std::uint32_t l : group) {
            for (index_t at = static_cast<index_t>(l) + 1; at <= levels; at += at & -at) ++tree[at];
            pace.step();
        }
    }
    return counts;
}

double kendall_tau_b(const PairCounts& c) {
    if (c.x_ties == c.pairs || c.y_ties == c.pairs) return nan;
    const double tau = static_cast<double>(c.concordant() - c.discordant) /
                       std::sqrt(static_cast<double>(c.pairs - c.x_ties)) /
                       std::sqrt(static_cast<double>(c.pairs - c.y_ties));
    return std::clamp(tau, -1.0, 1.0);
}

double c_index(const PairCounts& c) {
    const index_t comparable = c.pairs - c.x_ties;
    if (comparable == 0) return nan;
    return (static_cast<double>(comparable) + static_cast<double>(c.concordant() - c.discordant)) /
           (2 * static_cast<double>(comparable));
}

double spearman(const Series& x, const Series& y, const RunOptions& run) {
    using ranking::Wide;
    Pace pace(run);
    Wide sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0;
    for (index_t i = 0; i < x.size; ++i, pace.step()) {
        const Wide a = double_rank(x, x.level[i]), b = double_rank(y, y.level[i]);
        sx += a, sy += b, sxx += a * a, syy += b * b, sxy += a * b;
    }
    const Wide n = x.size;
    const Wide xx = n * sxx - sx * sx, yy = n * syy - sy * sy, xy = n * sxy - sx * sy;
    if (xx == 0 || yy == 0) return nan;
    const double r = static_cast<double>(xy) / std::sqrt(static_cast<double>(xx) * static_cast<double>(yy));
    return std::clamp(r, -1.0, 1.0);
}

}  // namespace acpp::timeseries
