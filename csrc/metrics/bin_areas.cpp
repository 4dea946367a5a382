#include "metrics/bin_areas.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "metrics/precision_recall.h"

namespace acpp::metrics {
namespace {

struct Totals {
    double positives = 0, negatives = 0, coverage = 0;
};

// A bin, and the counts of all bins above it.
struct Step {
    double p, n, covered;
    double before_p, before_n, before_covered;
    bool single;

    double tp() const { return before_p + p; }
    double fp() const { return before_n + n; }
};

// Sum of (T + j) / (T + j + F) over the anomalous pixels j of the bin, all its normal ones before them.
double worst_precisions(const Step& s, bool listed) {
    if (listed) {
        double sum = 0;
        for (double rank = s.before_p + 1; rank <= s.tp(); ++rank) sum += rank / (rank + s.fp());
        return sum;
    }
    // 1 / x is convex, so its sum over unit steps lies below its integral over as many steps around them.
    return s.p - s.fp() * std::log1p(s.p / (s.before_p + s.fp() + 0.5));
}

Bound step_precision(const Step& s, bool listed) {
    if (s.p == 0) return {0, 0, 0};
    const double tied = s.p * s.tp() / (s.tp() + s.fp());
    return {worst_precisions(s, listed), tied, s.p * s.tp() / (s.tp() + s.before_n)};
}

Bound trapezoid_precision(const Step& s) {
    if (s.p == 0) return {0, 0, 0};
    const double above = s.before_p + s.before_n;
    const double start = above > 0 ? s.before_p / above : 1;
    const double low = s.before_p + s.fp() > 0 ? s.before_p / (s.before_p + s.fp()) : 0;
    const double best = s.tp() / (s.tp() + s.before_n);
    return {s.p * low, s.p * (start + s.tp() / (s.tp() + s.fp())) / 2, s.p * std::max(start, best)};
}

Bound wins(const Step& s, const Totals& all) {
    const double lost = s.p * (all.negatives - s.fp());
    return {lost, lost + s.p * s.n / 2, lost + s.p * s.n};
}

Bound coverage_area(const Step& s, const Totals& all, double limit) {
    const double width = std::min(s.fp() / all.negatives, limit) - std::min(s.before_n / all.negatives, limit);
    const double after = s.before_covered + s.covered;
    const double reached = s.n > 0 ? width * all.negatives / s.n : 1;  // less than 1 across the limit
    const double middle = s.single ? s.before_covered + s.covered * reached / 2 : (s.before_covered + after) / 2;
    return {width * s.before_covered, width * middle, width * after};
}

class Sums {
  public:
    void add(const Bound& part) { low_.add(part.low), value_.add(part.value), high_.add(part.high); }
    Bound over(double scale) const { return {low_.value() / scale, value_.value() / scale, high_.value() / scale}; }

  private:
    CompensatedSum low_, value_, high_;
};

Totals totals_of(const BinnedScores& bins) {
    Totals all;
    for (index_t b = 0; b < bins.positives.size; ++b) {
        all.positives += static_cast<double>(bins.positives[b]);
        all.negatives += static_cast<double>(bins.negatives[b]);
    }
    for (index_t b = 0; b < bins.coverage.size; ++b) all.coverage += bins.coverage[b];
    return all;
}

}  // namespace

BinAreas bin_areas(const BinnedScores& bins, double limit, index_t most_listed, bool gaps) {
    const Totals all = totals_of(bins);
    BinAreas areas;
    if (all.positives == 0) return areas;
    const std::array<double, BinAreas::kinds> scale{all.positives, all.positives, all.positives * all.negatives, limit};
    const std::array<bool, BinAreas::kinds> exists{true, true, all.negatives > 0,
                                                   all.negatives > 0 && all.coverage > 0};
    const bool listed = all.positives <= static_cast<double>(most_listed);
    const index_t n = bins.positives.size;
    for (int k = 0; k < BinAreas::kinds; ++k)
        if (gaps && exists[k]) areas.gap[k].resize(static_cast<std::size_t>(n));
    std::array<Sums, BinAreas::kinds> sums;
    Step step{};
    for (index_t b = 0; b < n; ++b) {
        step.p = static_cast<double>(bins.positives[b]), step.n = static_cast<double>(bins.negatives[b]);
        step.covered = exists[BinAreas::aupro] ? bins.coverage[b] : 0;
        step.single = bins.single[b];
        for (int k = 0; k < BinAreas::kinds; ++k) {
            if (!exists[k]) continue;
            Bound part = k == BinAreas::average_precision ? step_precision(step, listed)
                         : k == BinAreas::aupr            ? trapezoid_precision(step)
                         : k == BinAreas::auroc           ? wins(step, all)
                                                          : coverage_area(step, all, limit);
            if (step.single) part.low = part.high = part.value;
            sums[k].add(part);
            if (gaps) areas.gap[k][b] = (part.high - part.low) / scale[k];
        }
        step.before_p += step.p, step.before_n += step.n, step.before_covered += step.covered;
    }
    for (int k = 0; k < BinAreas::kinds; ++k)
        if (exists[k]) areas.bound[k] = sums[k].over(scale[k]);
    return areas;
}

}  // namespace acpp::metrics
