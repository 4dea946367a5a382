// The metrics of short series of every element type beside their definitions, threshold by threshold.
#include <set>

#include "scored_input.h"
#include "timeseries/affiliation.h"
#include "timeseries/association.h"
#include "timeseries/best_f1.h"
#include "timeseries/event_scores.h"
#include "timeseries/false_positive_rate.h"
#include "timeseries/pate.h"
#include "timeseries/range_auc.h"
#include "timeseries/range_pr.h"
#include "timeseries/soft_labels.h"

using namespace acpp;
using namespace acpp::fuzz;
using namespace acpp::timeseries;

namespace {

struct Points {
    DType type = DType::f64;
    std::vector<std::uint8_t> bytes, label;
    std::vector<Exact> score;

    index_t size() const { return static_cast<index_t>(score.size()); }
};

Points points_of(Bytes& bytes, index_t n) {
    Points points;
    points.type = static_cast<DType>(bytes.between(0, 11));
    const std::uint8_t density = bytes.byte();
    const index_t item = ranking::size_of(points.type), longest = bytes.between(1, 9);
    points.bytes.resize(n * item), points.label.resize(n);
    index_t left = 0;
    std::uint8_t label = 0;
    for (index_t t = 0; t < n; ++t, --left) {
        if (left <= 0) label = bytes.byte() < density, left = bytes.between(1, longest);
        points.label[t] = label;
        put(points.type, bytes, points.bytes.data() + t * item);
        points.score.push_back(value_at(points.type, points.bytes.data() + t * item));
    }
    return points;
}

Series series_of(const Points& points, int threads) {
    return make_series({points.bytes.data(), points.label.data(), points.size(), "scores"}, points.type,
                       with_threads(threads));
}

std::vector<Event> runs_of(const std::vector<bool>& inside) {
    std::vector<Event> runs;
    for (index_t t = 0; t < static_cast<index_t>(inside.size()); ++t) {
        if (!inside[t]) continue;
        if (runs.empty() || runs.back().last + 1 < t) runs.push_back({t, t});
        runs.back().last = t;
    }
    return runs;
}

std::vector<bool> predicted_by(const Series& series, std::uint32_t levels) {
    std::vector<bool> predicted;
    for (std::uint32_t level : series.level) predicted.push_back(level < levels);
    return predicted;
}

bool overlap(const Event& a, const Event& b) { return a.begin <= b.last && b.begin <= a.last; }

void check_series(const Points& points, const Series& series) {
    std::vector<bool> anomalous(points.label.begin(), points.label.end());
    const std::vector<Event> events = runs_of(anomalous);
    check(series.positives == std::count(anomalous.begin(), anomalous.end(), true), "positives");
    check(series.events.size() == events.size(), "events");
    for (std::size_t k = 0; k < events.size(); ++k)
        check(series.events[k].begin == events[k].begin && series.events[k].last == events[k].last, "event");
    const std::set<Exact, std::greater<>> distinct(points.score.begin(), points.score.end());
    check(series.value.size() == distinct.size(), "levels");
    for (index_t t = 0; t < points.size(); ++t) {
        const auto rank = std::distance(distinct.begin(), distinct.find(points.score[t]));
        check(series.level[t] == rank, "level of a point");
        check(series.value[series.level[t]] == static_cast<double>(points.score[t]), "value of a level");
        const std::uint32_t next = series.next_event[t];
        check(next == events.size() || events[next].last >= t, "next event");
        check(next == 0 || events[next - 1].last < t, "events before");
    }
    for (index_t i = 0; i + 1 < points.size(); ++i) {
        const std::uint32_t a = series.order[i], b = series.order[i + 1];
        check(points.score[a] > points.score[b] || (points.score[a] == points.score[b] && a < b), "order");
    }
}

struct Curve final : CurveSink {
    void take(index_t threshold, double p, double r) override {
        check(threshold == static_cast<index_t>(precision.size()), "thresholds in order");
        precision.push_back(p), recall.push_back(r);
    }
    std::vector<double> precision, recall;
};

double share(double part, double whole) { return whole == 0 ? 0 : part / whole; }

struct Truth {  // of one threshold
    double tp = 0, fp = 0, adjusted = 0, found = 0, runs = 0, touching = 0;
    std::vector<Event> predicted;
    std::vector<index_t> of_event;  // predicted points

    Truth(const Series& series, const std::vector<std::uint8_t>& label, std::uint32_t levels) {
        const std::vector<bool> inside = predicted_by(series, levels);
        predicted = runs_of(inside);
        for (std::size_t t = 0; t < inside.size(); ++t) (label[t] ? tp : fp) += inside[t];
        for (const Event& event : series.events) {
            of_event.push_back(std::count(inside.begin() + event.begin, inside.begin() + event.last + 1, true));
            if (of_event.back() > 0) ++found, adjusted += static_cast<double>(event.length());
        }
        for (const Event& run : predicted)
            touching += std::any_of(series.events.begin(), series.events.end(),
                                    [&](const Event& event) { return overlap(run, event); });
        runs = static_cast<double>(predicted.size());
    }
};

void check_events(const Points& points, const Series& series, const Thresholds& thresholds, double eps) {
    const RunOptions run = with_threads(1);
    Curve plain, adjusted, composed, segment;
    BestF1 best(eps);
    pointwise(series, thresholds, plain, run);
    pointwise(series, thresholds, best, run);
    point_adjusted(series, thresholds, false, adjusted, run);
    composite(series, thresholds, false, composed, run);
    segments(series, thresholds, segment, run);
    const std::vector<double> shares{0, 0.3, 1};
    const std::vector<double> by_share = pa_k(series, thresholds, shares, run);
    std::vector<double> best_by_share(shares.size(), 0);
    const double all = static_cast<double>(series.positives), events = static_cast<double>(series.events.size());
    double best_f1 = 0;
    for (index_t j = 0; j < thresholds.size(); ++j) {
        const Truth truth(series, points.label, thresholds.levels(j));
        check(plain.precision[j] == share(truth.tp, truth.tp + truth.fp), "precision");
        check(plain.recall[j] == share(truth.tp, all), "recall");
        check(adjusted.precision[j] == share(truth.adjusted, truth.adjusted + truth.fp), "adjusted precision");
        check(adjusted.recall[j] == share(truth.adjusted, all), "adjusted recall");
        check(composed.recall[j] == share(truth.found, events), "events found");
        check(segment.precision[j] == share(truth.touching, truth.runs), "runs that touch an event");
        check(found_points(series, thresholds.levels(j)) == truth.of_event, "points found of each event");
        best_f1 = std::max(best_f1,
                           share(2 * plain.precision[j] * plain.recall[j], plain.precision[j] + plain.recall[j] + eps));
        for (std::size_t s = 0; s < shares.size(); ++s) {
            double tp = 0;
            for (std::size_t k = 0; k < truth.of_event.size(); ++k) {
                const double length = static_cast<double>(series.events[k].length());
                const double found = static_cast<double>(truth.of_event[k]);
                tp += found > shares[s] * length ? length : found;
            }
            best_by_share[s] = std::max(best_by_share[s], 2 * tp / (tp + truth.fp + all));
        }
    }
    check(near(best.value, best_f1, 1e-12), "best F1");
    check(same(by_share, best_by_share), "F1 of PA%K");
}

void check_delays(const Series& series, const Thresholds& threshold) {
    const std::vector<bool> inside = predicted_by(series, threshold.levels(0));
    const std::vector<index_t> all = delays(series, threshold);
    const DelayScores scores = delay_scores(series, threshold);
    double found = 0, points = 0;
    for (std::size_t k = 0; k < all.size(); ++k) {
        const Event event = series.events[k];
        const auto begin = inside.begin() + event.begin, end = inside.begin() + event.last + 1;
        const index_t delay = std::find(begin, end, true) - begin;
        check(all[k] == (delay < event.length() ? delay : -1), "delay");
        if (all[k] >= 0) ++found, points += static_cast<double>(all[k]);
    }
    check(scores.found == found && same(scores.mean_delay, points / found), "mean delay");
    check(scores.early >= 0 && scores.early <= 1, "earliness");
}

double weight_of(Bias bias, index_t i, index_t n) {  // of position i = 0, 1, ... of n
    if (bias == Bias::flat) return 1;
    if (bias == Bias::front) return static_cast<double>(n - i);
    if (bias == Bias::back) return static_cast<double>(i + 1);
    return static_cast<double>(i + 1 <= n / 2 ? i + 1 : n - i);
}

double range_score(const RangeRule& rule, const Event& of, const std::vector<Event>& others) {
    double covered = 0, whole = 0, overlaps = 0;
    for (const Event& other : others) overlaps += overlap(of, other);
    for (index_t t = of.begin; t <= of.last; ++t) {
        const double weight = weight_of(rule.bias, t - of.begin, of.length());
        whole += weight;
        for (const Event& other : others) covered += other.begin <= t && t <= other.last ? weight : 0;
    }
    if (overlaps == 0) return 0;
    return rule.alpha + (1 - rule.alpha) * covered / whole / (rule.reciprocal ? overlaps : 1);
}

RangeRule rule_of(Bytes& bytes) { return {bytes.share(), bytes.flag(), static_cast<Bias>(bytes.between(0, 3))}; }

void check_ranges(const Points& points, const Series& series, const Thresholds& thresholds, Bytes& bytes) {
    const RangeRule precision = rule_of(bytes), recall = rule_of(bytes);
    Curve curve;
    range_precision_recall(series, thresholds, precision, recall, curve, with_threads(1));
    for (index_t j = 0; j < thresholds.size(); ++j) {
        const Truth truth(series, points.label, thresholds.levels(j));
        double p = 0, r = 0;
        for (const Event& run : truth.predicted) p += range_score(precision, run, series.events);
        for (const Event& event : series.events) r += range_score(recall, event, truth.predicted);
        check(near(curve.precision[j], share(p, truth.runs)), "precision of ranges");
        check(near(curve.recall[j], share(r, static_cast<double>(series.events.size()))), "recall of ranges");
    }
}

std::vector<Interval> intervals(const std::vector<Event>& events) {
    std::vector<Interval> result;
    for (const Event& e : events) result.push_back({static_cast<double>(e.begin), static_cast<double>(e.last + 1)});
    return result;
}

void check_affiliation(const Points& points, const Series& series, const Thresholds& thresholds) {
    Curve curve;
    affiliation_curve(series, thresholds, curve, with_threads(1));
    for (index_t j = 0; j < thresholds.size(); ++j) {
        const Truth truth(series, points.label, thresholds.levels(j));
        const Affiliation one =
            affiliation(intervals(truth.predicted), intervals(series.events), {0, static_cast<double>(series.size)});
        check(near(curve.precision[j], one.precision) && near(curve.recall[j], one.recall), "affiliation");
        check(one.recall >= 0 && one.recall <= 1 + 1e-12, "recall is a share");
        check(!(one.precision < 0) && !(one.precision > 1 + 1e-12), "precision is a share");
    }
}

// What an event's points miss, from the definition: those beyond its first detected run count less the nearer they are.
double missed(const Event& event, const std::vector<bool>& inside) {
    const double length = static_cast<double>(event.length());
    index_t first = event.begin;
    while (first <= event.last && !inside[first]) ++first;
    if (first > event.last) return length;
    index_t n = 0;
    while (first + n <= event.last && inside[first + n]) ++n;
    double sum = 0;
    for (index_t t = event.begin; t <= event.last; ++t) {
        const double r = static_cast<double>(t - event.begin), run = static_cast<double>(n);
        if (!inside[t]) sum += r > run ? 1 - (run + 1) * (2 * r - run) / (length * (length - 1)) : 1;
    }
    return std::max(0.0, sum);
}

void check_pate(const Series& series, const Thresholds& thresholds, Bytes& bytes) {
    const std::vector<double> weight = missed_weight(series, thresholds, with_threads(1));
    for (index_t j = 0; j < thresholds.size(); ++j) {
        const std::vector<bool> inside = predicted_by(series, thresholds.levels(j));
        double sum = 0;
        for (const Event& event : series.events) sum += missed(event, inside);
        check(near(weight[j], sum), "weight of the missed points");
    }
    const std::vector<index_t> early{0, bytes.between(0, 12)}, late{bytes.between(0, 12), bytes.between(0, 90)};
    const double one = pate(series, thresholds, early, late, with_threads(1));
    check(one >= 0 && one <= 1 + 1e-12, "PATE is a share");
    check(one == pate(series, thresholds, early, late, with_threads(2)), "PATE by two threads");
    const PrecisionRecall plain = pate_curve(series, thresholds, weight, 0, 0, with_threads(1));
    for (index_t j = 0; j < thresholds.size(); ++j)
        check(plain.precision[j] == share(static_cast<double>(series.true_positives(thresholds.levels(j))),
                                          static_cast<double>(series.predicted(thresholds.levels(j)))),
              "PATE's precision without buffers");
}

void check_soft_labels(const Series& series, const Thresholds& thresholds, Bytes& bytes) {
    const BufferRule rule{bytes.between(0, 1), bytes.flag(), false};
    const index_t last = bytes.between(0, 24);
    const RunOptions run = with_threads(1);
    SoftLabels labels(series, thresholds, last / 2, rule, run);
    for (index_t window = bytes.between(0, last); window <= last; ++window) {
        labels.set_window(window);
        const index_t half = window / 2, right = std::max<index_t>(0, half - rule.right_lag);
        std::vector<double> label(static_cast<std::size_t>(series.size), 0);
        std::vector<Event> groups;
        for (const Event& e : series.events) {
            for (index_t d = 1; d <= half; ++d) {
                const double faded = std::sqrt(1 - static_cast<double>(d) / static_cast<double>(window));
                if (e.begin - d >= 0) label[e.begin - d] = label[e.begin - d] > 0 ? 1 : faded;
                if (d <= right && e.last + d < series.size) label[e.last + d] = label[e.last + d] > 0 ? 1 : faded;
            }
            const Event wide{e.begin - half, e.last + right};
            if (!groups.empty() && wide.begin <= groups.back().last + (rule.join_touching ? 1 : 0))
                groups.back().last = wide.last;
            else
                groups.push_back(wide);
        }
        for (const Event& e : series.events) std::fill_n(label.begin() + e.begin, e.length(), 0.0);
        for (index_t j = 0; j <= thresholds.size(); ++j) {
            const bool everything = j == thresholds.size();
            const std::vector<bool> inside = predicted_by(series, everything ? ~0u : thresholds.levels(j));
            double credit = 0, found = 0;
            for (index_t t = 0; t < series.size; ++t) credit += inside[t] ? label[t] : 0;
            check(near(labels.credit()[j], credit), "credit of the buffers");
            if (everything) continue;
            for (const Event& g : groups) {
                const auto begin = inside.begin() + std::max<index_t>(0, g.begin);
                found += std::find(begin, inside.begin() + std::min(series.size, g.last + 1), true) !=
                         inside.begin() + std::min(series.size, g.last + 1);
            }
            check(labels.existence()[j] == found / static_cast<double>(groups.size()), "groups found");
        }
    }
    const index_t from = bytes.between(0, last);
    for (RangeVariant variant :
         {RangeVariant::opt, RangeVariant::vldb, RangeVariant::vldb_sym, RangeVariant::opt_time}) {
        const std::vector<RangeAreas> all = range_areas(series, thresholds, 0, last, variant, run);
        const std::vector<RangeAreas> some = range_areas(series, thresholds, from, last, variant, run);
        for (index_t w = from; w <= last; ++w)
            check(near(all[w].pr, some[w - from].pr) && near(all[w].roc, some[w - from].roc), "areas of a window");
    }
    range_areas_by_length(series, thresholds, bytes.share() * 3, run);
    const RangePrediction all = range_prediction(series, thresholds, last, bytes.flag(), run);
    check(all.recall >= 0 && all.recall <= 1 + 1e-12, "recall of all windows");
}

void check_association(const Points& x, const Points& y, const Series& a, const Series& b) {
    index_t concordant = 0, discordant = 0, x_ties = 0, y_ties = 0, both = 0;
    for (index_t i = 0; i < x.size(); ++i)
        for (index_t j = 0; j < i; ++j) {
            const bool same_x = x.score[i] == x.score[j], same_y = y.score[i] == y.score[j];
            x_ties += same_x, y_ties += same_y, both += same_x && same_y;
            if (same_x || same_y) continue;
            ((x.score[i] < x.score[j]) == (y.score[i] < y.score[j]) ? concordant : discordant) += 1;
        }
    const PairCounts counts = count_pairs(a, b, with_threads(1));
    check(counts.x_ties == x_ties && counts.y_ties == y_ties && counts.both_ties == both, "ties");
    check(counts.concordant() == concordant && counts.discordant == discordant, "pairs in order");
    check(same(spearman(a, b, with_threads(1)), spearman(b, a, with_threads(1))), "Spearman's symmetry");
    check(near(spearman(a, a, with_threads(1)), x_ties == counts.pairs ? std::nan("") : 1), "Spearman of itself");
}

Thresholds thresholds_of(Bytes& bytes, const Series& series) {
    const std::uint8_t kind = bytes.byte() % 7;
    const index_t count = bytes.between(1, 20);
    try {
        if (kind == 0) return rank_thresholds(series, count);
        if (kind == 1) return linear_thresholds(series, count);
        if (kind == 2) return strided_thresholds(series, count);
        if (kind == 3) return percentile_thresholds(series, curve_thresholds(series), count);
        if (kind == 4) return curve_thresholds(series);
        if (kind == 5) return given_thresholds(series, {bytes.finite<double>(), bytes.finite<double>()}, bytes.flag());
    } catch (const InvalidArgument&) {
        check(std::isinf(series.value.front()) || std::isinf(series.value.back()), "infinities only are refused");
    }
    return Thresholds(series);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes bytes(data, size);
    const std::uint8_t kind = bytes.byte() % 6;
    const index_t n = bytes.between(1, 70);
    const Points points = points_of(bytes, n);
    const auto missing = std::find_if(points.score.begin(), points.score.end(), [](Exact s) { return std::isnan(s); });
    Series series;
    try {
        series = series_of(points, 2);
    } catch (const InvalidArgument& refused) {
        const std::string place = "first at index " + std::to_string(missing - points.score.begin()) + ";";
        check(missing != points.score.end() && std::strstr(refused.what(), place.c_str()), "the first NaN is named");
        return 0;
    }
    check(missing == points.score.end(), "NaN is refused");
    check_series(points, series);
    if (kind == 0) {
        const Points other = points_of(bytes, n);
        if (std::none_of(other.score.begin(), other.score.end(), [](Exact s) { return std::isnan(s); }))
            check_association(points, other, series, series_of(other, 1));
    }
    if (series.events.empty()) return 0;
    const Thresholds thresholds = thresholds_of(bytes, series);
    for (index_t j = 1; j < thresholds.size(); ++j)
        check(thresholds.levels(j - 1) <= thresholds.levels(j), "milder thresholds predict more");
    if (thresholds.size() == 0) return 0;
    if (kind == 0) check_events(points, series, thresholds, bytes.flag() ? 1e-5 : 0);
    if (kind == 1) check_delays(series, thresholds);
    if (kind == 2) check_ranges(points, series, thresholds, bytes);
    if (kind == 3) check_affiliation(points, series, thresholds);
    if (kind == 4) check_pate(series, thresholds, bytes);
    if (kind == 5) check_soft_labels(series, thresholds, bytes);
    if (series.positives == series.size) return 0;
    const double rate = bytes.share();
    for (double fpr : {fpr_at_tpr(series, rate, false), fpr_at_tpr(series, rate, true), fpr_nearest_tpr(series, rate)})
        check(fpr >= 0 && fpr <= 1, "a rate");
    return 0;
}
