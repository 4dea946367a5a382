#include "timeseries/affiliation.h"

#include <cmath>
#include <limits>

#include "ranking/exact_sum.h"
#include "timeseries/affiliation_zone.h"
#include "timeseries/growing_runs.h"

namespace acpp::timeseries {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

std::vector<Zone> zones_of(const std::vector<Interval>& events, Interval range) {
    std::vector<Zone> zones;
    for (std::size_t k = 0; k < events.size(); ++k) {
        const double begin = k == 0 ? range.begin : zones.back().zone.end;
        const double end = k + 1 < events.size() ? (events[k].end + events[k + 1].begin) / 2 : range.end;
        zones.push_back({{begin, end}, events[k]});
    }
    return zones;
}

// Integral over [u, v), on one side of p or around it, of the distance to p.
double distance_integral(double u, double v, double p) {
    if (v <= p) return (v - u) * (p - (u + v) / 2);
    if (u >= p) return (v - u) * ((u + v) / 2 - p);
    return ((p - u) * (p - u) + (v - p) * (v - p)) / 2;
}

struct ZoneScores {
    double precision = nan, recall = 0, precision_distance = nan, recall_distance = infinity;
};

// `cut`: the predictions within the zone, none empty.
ZoneScores score(const Zone& z, const std::vector<Interval>& cut) {
    if (cut.empty()) return {};
    const Interval event = z.event;
    Chance precise, recalled;
    double length = 0, away = 0, missed = 0;
    const auto miss = [&](double u, double v) {  // the gap [u, v)
        recalled.length += z.event_in(u, v);
        recalled -= z.recall(u, v);
        const Zone::Gap gap = z.gap(u, v);
        if (gap.empty()) return;
        missed += distance_integral(gap.from, gap.middle, u) + distance_integral(gap.middle, gap.to, v);
    };
    double free_from = z.zone.begin;
    for (const Interval& p : cut) {
        precise += z.precision(p.begin, p.end);
        length += p.length();
        if (p.begin < event.begin) away += distance_integral(p.begin, std::min(p.end, event.begin), event.begin);
        if (p.end > event.end) away += distance_integral(std::max(p.begin, event.end), p.end, event.end);
        if (p.begin > free_from) miss(free_from, p.begin);
        free_from = p.end;
    }
    if (free_from < z.zone.end) miss(free_from, z.zone.end);
    return {precise.in(z.zone) / length, 1 - recalled.in(z.zone) / event.length(), away / length,
            missed / event.length()};
}

// A series point by point. The integrals are exact, so that points may come and go in any order.
class Sweep {
  public:
    Sweep(const Series& series, std::vector<Zone> zones) : series_(&series), zones_(std::move(zones)) {}

    // Points leave, from the mildest threshold on, so that the gaps between them only grow.
    std::vector<double> recall(const Thresholds& thresholds, const RunOptions& run) const {
        Pace pace(run);
        std::vector<double> result(static_cast<std::size_t>(thresholds.size()));
        std::vector<Chance> missed(zones_.size());
        std::vector<double> share(zones_.size(), 1);
        ranking::ShareSum sum;
        for (double whole : share) sum.add(whole);
        GrowingRuns gaps(series_->size);
        index_t i = series_->size;
        for (index_t j = thresholds.size(); j-- > 0;) {
            while (i > series_->predicted(thresholds.levels(j))) {
                const index_t t = series_->order[--i];
                const Event left{gaps.chosen(t - 1) ? gaps.other_end(t - 1) : t, t - 1};
                const Event right{t + 1, gaps.chosen(t + 1) ? gaps.other_end(t + 1) : t};
                const Event gap = gaps.add(t);
                in_zones(t, [&](std::size_t z, double, double) {
                    const Interval whole = cut(gap, z);
                    if (zones_[z].gap(whole.begin, whole.end).empty()) return;
                    missed[z] -= missed_in(cut(left, z), z);
                    missed[z] -= missed_in(cut(right, z), z);
                    missed[z] += missed_in(whole, z);
                    sum.remove(share[z]);
                    share[z] = whole.length() == zones_[z].zone.length() ? 0 : event_share(missed[z], z);
                    sum.add(share[z]);
                });
                pace.step();
            }
            result[j] = sum.value() / static_cast<double>(zones_.size());
        }
        return result;
    }

    // Points join, from the strictest threshold on.
    void precision(const Thresholds& thresholds, const std::vector<double>& recall, CurveSink& sink,
                   const RunOptions& run) const {
        Pace pace(run);
        std::vector<Chance> chance(zones_.size());
        std::vector<double> length(zones_.size(), 0), share(zones_.size(), 0);
        ranking::ShareSum sum;
        index_t defined = 0, i = 0;
        for (index_t j = 0; j < thresholds.size(); ++j) {
            for (; i < series_->predicted(thresholds.levels(j)); ++i, pace.step())
                in_zones(series_->order[i], [&](std::size_t z, double u, double v) {
                    defined += length[z] == 0;
                    sum.remove(share[z]);
                    chance[z] += zones_[z].precision(u, v);
                    length[z] += v - u;
                    sum.add(share[z] = std::max(0.0, chance[z].in(zones_[z].zone) / length[z]));
                });
            sink.take(j, defined == 0 ? nan : sum.value() / static_cast<double>(defined), recall[j]);
        }
    }

  private:
    // Calls visit(zone, u, v) for the one or two zones that share point t, with its part of each.
    template <class Visit>
    void in_zones(index_t t, Visit&& visit) const {
        const double u = static_cast<double>(t), v = u + 1;
        std::size_t z = std::min<std::size_t>(series_->next_event[t], zones_.size() - 1);
        if (u < zones_[z].zone.begin) --z;
        const double end = zones_[z].zone.end;
        visit(z, u, std::min(v, end));
        if (v > end) visit(z + 1, end, v);
    }
    Interval cut(const Event& run, std::size_t z) const {
        const Interval zone = zones_[z].zone;
        return {std::max(static_cast<double>(run.begin), zone.begin),
                std::min(static_cast<double>(run.last + 1), zone.end)};
    }
    // What the event loses by a gap in the predictions.
    Chance missed_in(const Interval& gap, std::size_t z) const {
        if (gap.begin >= gap.end) return {};
        Chance lost{zones_[z].event_in(gap.begin, gap.end), 0};
        lost -= zones_[z].recall(gap.begin, gap.end);
        return lost;
    }
    double event_share(const Chance& missed, std::size_t z) const {
        return std::max(0.0, 1 - missed.in(zones_[z].zone) / zones_[z].event.length());
    }

    const Series* series_;
    std::vector<Zone> zones_;
};

}  // namespace

Affiliation affiliation(const std::vector<Interval>& predicted, const std::vector<Interval>& events, Interval range) {
    Affiliation result{0, 0, {}, {}, {}, {}};
    index_t defined = 0;
    std::size_t next = 0;
    for (const Zone& z : zones_of(events, range)) {
        while (next < predicted.size() && predicted[next].end <= z.zone.begin) ++next;
        std::vector<Interval> cut;
        for (std::size_t i = next; i < predicted.size() && predicted[i].begin < z.zone.end; ++i)
            cut.push_back({std::max(predicted[i].begin, z.zone.begin), std::min(predicted[i].end, z.zone.end)});
        const ZoneScores scores = score(z, cut);
        result.event_precision.push_back(scores.precision);
        result.event_recall.push_back(scores.recall);
        result.precision_distance.push_back(scores.precision_distance);
        result.recall_distance.push_back(scores.recall_distance);
        if (!std::isnan(scores.precision)) result.precision += scores.precision, ++defined;
        result.recall += scores.recall;
    }
    result.precision = defined == 0 ? nan : result.precision / static_cast<double>(defined);
    result.recall /= static_cast<double>(events.size());
    return result;
}

void affiliation_curve(const Series& series, const Thresholds& thresholds, CurveSink& sink, const RunOptions& run) {
    std::vector<Interval> events;
    for (const Event& event : series.events)
        events.push_back({static_cast<double>(event.begin), static_cast<double>(event.last + 1)});
    const Sweep sweep(series, zones_of(events, {0, static_cast<double>(series.size)}));
    sweep.precision(thresholds, sweep.recall(thresholds, run), sink, run);
}

}  // namespace acpp::timeseries
