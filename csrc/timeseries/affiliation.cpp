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

PrecisionRecall affiliation_curve(const Series& series, const Thresholds& thresholds) {
    std::vector<Interval> events;
    for (const Event& event : series.events)
        events.push_back({static_cast<double>(event.begin), static_cast<double>(event.last + 1)});
    const std::vector<Zone> zones = zones_of(events, {0, static_cast<double>(series.size)});
    const std::size_t m = thresholds.levels.size(), k = zones.size();
    PrecisionRecall result{std::vector<double>(m), std::vector<double>(m)};

    // Calls visit(zone, u, v) for the one or two zones that share point t, with its part of each.
    const auto in_zones = [&](index_t t, auto&& visit) {
        const double u = static_cast<double>(t), v = u + 1;
        std::size_t z = std::min<std::size_t>(series.next_event[t], k - 1);
        if (u < zones[z].zone.begin) --z;
        const double end = zones[z].zone.end;
        visit(z, u, std::min(v, end));
        if (v > end) visit(z + 1, end, v);
    };

    {  // precision: points join, from the strictest threshold on
        std::vector<Chance> chance(k);
        std::vector<double> length(k, 0), share(k, 0);
        ranking::ShareSum sum;
        index_t defined = 0, i = 0;
        for (std::size_t j = 0; j < m; ++j) {
            for (; i < series.predicted(thresholds.levels[j]); ++i)
                in_zones(series.order[i], [&](std::size_t z, double u, double v) {
                    defined += length[z] == 0;
                    sum.remove(share[z]);
                    chance[z] += zones[z].precision(u, v);
                    length[z] += v - u;
                    sum.add(share[z] = std::max(0.0, chance[z].in(zones[z].zone) / length[z]));
                });
            result.precision[j] = defined == 0 ? nan : sum.value() / static_cast<double>(defined);
        }
    }
    // recall: points leave, from the mildest threshold on, so that the gaps between them only grow
    std::vector<Chance> missed(k);
    std::vector<double> share(k, 1);
    ranking::ShareSum sum;
    for (std::size_t z = 0; z < k; ++z) sum.add(1);
    GrowingRuns gaps(series.size);
    index_t i = series.size;
    const auto leave = [&](index_t t) {
        const bool left = gaps.chosen(t - 1), right = gaps.chosen(t + 1);
        const double point = static_cast<double>(t);
        const Event gap = gaps.add(t);
        const double begin = static_cast<double>(gap.begin), end = static_cast<double>(gap.last + 1);
        in_zones(t, [&](std::size_t z, double, double) {
            const Zone& zone = zones[z];
            const double from = std::max(begin, zone.zone.begin), to = std::min(end, zone.zone.end);
            if (zone.gap(from, to).empty()) return;
            const auto take = [&](double u, double v, bool add) {
                if (u >= v) return;
                Chance change{zone.event_in(u, v), 0};
                change -= zone.recall(u, v);
                if (add)
                    missed[z] += change;
                else
                    missed[z] -= change;
            };
            if (left) take(from, std::max(point, zone.zone.begin), false);
            if (right) take(std::min(point + 1, zone.zone.end), to, false);
            take(from, to, true);
            const bool none = from == zone.zone.begin && to == zone.zone.end;
            sum.remove(share[z]);
            share[z] = none ? 0 : std::max(0.0, 1 - missed[z].in(zone.zone) / zone.event.length());
            sum.add(share[z]);
        });
    };
    for (std::size_t j = m; j-- > 0;) {
        while (i > series.predicted(thresholds.levels[j])) leave(series.order[--i]);
        result.recall[j] = k == 0 ? 0 : sum.value() / static_cast<double>(k);
    }
    return result;
}

}  // namespace acpp::timeseries
