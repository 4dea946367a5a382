#include <pybind11/stl.h>
#include <pybind11/typing.h>

#include <algorithm>
#include <numeric>

#include "bindings/counts.h"
#include "bindings/run.h"
#include "bindings/scored_images.h"
#include "metrics/aupimo.h"
#include "metrics/aupro.h"
#include "metrics/auroc.h"
#include "metrics/components.h"
#include "metrics/curves.h"
#include "metrics/level_components.h"
#include "metrics/operating_points.h"
#include "metrics/precision_recall.h"
#include "metrics/reweighted.h"
#include "metrics/spro.h"
#include "ranking/grid_counts.h"

namespace acpp::bind {

using namespace py::literals;
using namespace ranking;

static RankPairs make_rank_pairs(const py::object& scores, const py::object& labels, const std::string& score_name,
                                 const std::string& label_name, bool regions, int connectivity, int threads) {
    const ScoredImages input = scored_images(scores, labels, score_name, label_name);
    const RunOptions run = run_options(threads);
    return without_gil([&] { return rank_pairs(input, {regions, connectivity}, run); });
}

// Counts that were gathered in parts: entries of the scores, highest first; with `areas`, each anomalous pixel's score
// and region.
static RankPairs counted_pairs(const py::array_t<double>& score, const py::array_t<index_t>& tp,
                               const py::array_t<index_t>& above, const py::array_t<index_t>& equal, index_t negatives,
                               index_t missing, const py::array_t<std::uint32_t>& rank,
                               const py::array_t<std::uint32_t>& region, const py::array_t<index_t>& areas) {
    RankPairs pairs;
    pairs.score = to_vector(score, "score");
    pairs.tp = to_vector(tp, "tp"), pairs.above = to_vector(above, "above"), pairs.equal = to_vector(equal, "equal");
    pairs.rank = to_vector(rank, "rank"), pairs.region = to_vector(region, "region");
    for (index_t area : to_vector(areas, "areas")) pairs.regions.push_back({0, area});
    const std::size_t n = pairs.score.size();
    require(pairs.tp.size() == n && pairs.above.size() == n && pairs.equal.size() == n &&
                pairs.rank.size() == pairs.region.size(),
            "counts do not fit together");
    for (std::size_t i = 0; i < pairs.rank.size(); ++i)
        require(pairs.rank[i] < n && pairs.region[i] < pairs.regions.size(), "rank or region out of range");
    pairs.positives = std::accumulate(pairs.tp.begin(), pairs.tp.end(), index_t{0});
    pairs.negatives = negatives, pairs.missing = missing;
    return pairs;
}

// Rates among normal images that were gathered in parts: entries of the levels, highest first; each anomalous pixel's
// level.
static NormalRanks counted_ranks(const py::array_t<double>& level, const py::array_t<double>& above,
                                 const py::array_t<double>& at_least, const py::array_t<std::uint32_t>& rank,
                                 const py::array_t<index_t>& image_begin, index_t normal_images, double smallest_rate,
                                 index_t missing) {
    NormalRanks ranks;
    ranks.level = to_vector(level, "level");
    ranks.above = to_vector(above, "above"), ranks.at_least = to_vector(at_least, "at_least");
    ranks.rank = to_vector(rank, "rank"), ranks.image_begin = to_vector(image_begin, "image_begin");
    const std::size_t n = ranks.level.size();
    const std::vector<index_t>& begin = ranks.image_begin;
    require(ranks.above.size() == n && ranks.at_least.size() == n && !begin.empty() && begin.front() == 0 &&
                begin.back() == static_cast<index_t>(ranks.rank.size()) && std::is_sorted(begin.begin(), begin.end()),
            "counts do not fit together");
    for (std::uint32_t at : ranks.rank) require(at < n, "rank out of range");
    for (index_t i = 0; i < ranks.images(); ++i) ranks.anomalous_images += begin[i] < begin[i + 1];
    ranks.normal_images = normal_images, ranks.smallest_rate = smallest_rate, ranks.missing = missing;
    return ranks;
}

static Levels make_levels(const py::object& scores, const py::object& labels, const std::string& score_name,
                          const std::string& label_name, bool regions, int connectivity, int threads) {
    const ScoredImages input = scored_images(scores, labels, score_name, label_name);
    const RunOptions run = run_options(threads);
    return without_gil([&] { return all_levels(input, {regions, connectivity}, run); });
}

static NormalRanks make_normal_ranks(const py::object& scores, const py::object& labels, const std::string& score_name,
                                     const std::string& label_name,
                                     const std::optional<py::array_t<double>>& thresholds, int threads) {
    const ScoredImages input = scored_images(scores, labels, score_name, label_name);
    std::optional<std::vector<double>> levels;
    if (thresholds) levels = to_vector(*thresholds, "thresholds");
    const RunOptions run = run_options(threads);
    return without_gil([&] { return normal_ranks(input, levels, run); });
}

static py::typing::Tuple<RankPairs, NormalRanks> make_pairs_and_ranks(const py::object& scores,
                                                                      const py::object& labels,
                                                                      const std::string& score_name,
                                                                      const std::string& label_name, int connectivity,
                                                                      int threads) {
    const ScoredImages input = scored_images(scores, labels, score_name, label_name);
    const RunOptions run = run_options(threads);
    PairsAndRanks both = without_gil([&] { return pairs_and_ranks(input, connectivity, run); });
    return py::make_tuple(std::move(both.pairs), std::move(both.ranks));
}

static GridCounts make_grid_counts(const py::object& scores, const py::object& labels, const std::string& score_name,
                                   const std::string& label_name, const py::array_t<double>& thresholds, bool strict,
                                   bool regions, int connectivity, int threads) {
    const ScoredImages input = scored_images(scores, labels, score_name, label_name);
    const std::vector<double> levels = to_vector(thresholds, "thresholds");
    const RunOptions run = run_options(threads);
    return without_gil([&] { return grid_counts(input, levels, strict, {regions, connectivity}, run); });
}

static ImageSlots make_image_slots(const py::object& scores, const py::object& labels, const std::string& score_name,
                                   const std::string& label_name, int connectivity, int threads) {
    const ScoredImages input = scored_images(scores, labels, score_name, label_name);
    const RunOptions run = run_options(threads);
    return without_gil([&] { return image_slots(input, connectivity, run); });
}

static metrics::RateMethod rate_method(const std::string& name) {
    if (name == "step") return metrics::RateMethod::step;
    if (name == "interp") return metrics::RateMethod::interp;
    require(name == "closest", "method must be one of 'step', 'interp', 'closest'; got '" + name + "'");
    return metrics::RateMethod::closest;
}

static py::tuple curve_arrays(metrics::Curve&& curve) {
    return py::make_tuple(to_array(std::move(curve.x)), to_array(std::move(curve.y)),
                          to_array(std::move(curve.threshold)));
}

static py::tuple connected_components(const py::object& masks, int connectivity, int threads) {
    const ScoredImages input = scored_images(py::none(), masks, "maps", "masks");
    py::array_t<std::int64_t> counts(static_cast<py::ssize_t>(input.images.size()));
    std::vector<py::array_t<std::int32_t>> labels;
    std::vector<std::int32_t*> out;
    if (py::isinstance<py::list>(masks)) {
        for (const ScoredImage& image : input.images) {
            labels.emplace_back(std::vector<py::ssize_t>{image.height, image.width});
            out.push_back(labels.back().mutable_data());
        }
    } else {
        const auto a = py::reinterpret_borrow<py::array>(masks);
        labels.emplace_back(std::vector<py::ssize_t>(a.shape(), a.shape() + a.ndim()));
        for (std::size_t i = 0; i < input.images.size(); ++i)
            out.push_back(labels[0].mutable_data() + static_cast<index_t>(i) * input.images[0].pixels());
    }
    const RunOptions run = run_options(threads);
    std::int64_t* counted = counts.mutable_data();
    without_gil([&] { metrics::connected_components(input, connectivity, out, counted, run); });
    return py::make_tuple(py::isinstance<py::list>(masks) ? py::cast(labels) : py::object(labels[0]), counts);
}

// For uint8 maps (n, h, w): what erosion leaves of them, and the components at each of 256 thresholds.
static py::tuple level_components(const py::array_t<std::uint8_t, py::array::c_style>& maps, bool erode, int threads) {
    require(maps.ndim() == 3, "maps must have shape (n, h, w); got " + shape_of(maps));
    const index_t images = maps.shape(0), height = maps.shape(1), width = maps.shape(2);
    require(height * width < (index_t{1} << 32), "maps must have fewer than 2^32 pixels each");
    py::array_t<std::uint8_t> left({images, height, width});
    py::array_t<std::int32_t> counts({images, static_cast<index_t>(metrics::grey_levels)});
    const std::uint8_t* in = maps.data();
    std::uint8_t* out = left.mutable_data();
    std::int32_t* counted = counts.mutable_data();
    const RunOptions run = run_options(threads);
    without_gil([&] {
        parallel_blocks(images, 1, run, [&](index_t i, index_t) {
            const MatrixView<const std::uint8_t> image{in + i * height * width, height, width, width};
            const MatrixView<std::uint8_t> eroded{out + i * height * width, height, width, width};
            if (erode)
                metrics::erode_grey(image, eroded);
            else
                std::copy_n(image.data, height * width, eroded.data);
            metrics::components_by_level({eroded.data, height, width, width}, counted + i * metrics::grey_levels);
        });
    });
    return py::make_tuple(left, counts);
}

void add_metrics(py::module_& m) {
    py::class_<RankPairs>(m, "RankPairs")
        .def_readonly("positives", &RankPairs::positives)
        .def_readonly("negatives", &RankPairs::negatives)
        .def_readonly("missing", &RankPairs::missing)
        .def_property_readonly("first_missing", &first_missing<RankPairs>)
        .def_property_readonly("regions", [](const RankPairs& pairs) { return pairs.regions.size(); })
        .def("auroc", &metrics::auroc, "limit"_a)
        .def("average_precision", [](const RankPairs& p) { return metrics::pr_area(p, metrics::PrArea::step); })
        .def("aupr_trapezoid", [](const RankPairs& p) { return metrics::pr_area(p, metrics::PrArea::trapezoid); })
        .def("aupr_reordered", [](const RankPairs& p) { return metrics::pr_area(p, metrics::PrArea::reordered); })
        .def("f1_max",
             [](const RankPairs& pairs) {
                 const metrics::BestF1 best = metrics::f1_max(pairs);
                 return py::make_tuple(best.value, best.threshold, best.precision, best.recall, best.iou);
             })
        .def(
            "fpr_at_tpr",
            [](const RankPairs& pairs, double rate, const std::string& method) {
                const metrics::RatePoint point = metrics::fpr_at_tpr(pairs, rate, rate_method(method));
                return py::make_tuple(point.rate, point.threshold);
            },
            "rate"_a, "method"_a)
        .def(
            "tpr_at_fpr",
            [](const RankPairs& pairs, double rate, const std::string& method) {
                const metrics::RatePoint point = metrics::tpr_at_fpr(pairs, rate, rate_method(method));
                return py::make_tuple(point.rate, point.threshold);
            },
            "rate"_a, "method"_a)
        .def("aupro", &metrics::aupro, "limit"_a)
        .def(
            "region_scores",
            [](const RankPairs& p, double limit) { return to_array(metrics::region_scores(p, limit)); }, "limit"_a)
        .def(
            "image_ranks",
            [](const RankPairs& pairs, index_t image) {
                require(image >= 0 && image + 1 < static_cast<index_t>(pairs.image_begin.size()), "image out of range");
                return to_array(std::vector<std::uint32_t>(pairs.rank.begin() + pairs.image_begin[image],
                                                           pairs.rank.begin() + pairs.image_begin[image + 1]));
            },
            "image"_a)
        .def(
            "defect_scores",
            [](const RankPairs& pairs, const std::vector<py::array_t<std::uint32_t>>& ranks,
               const std::vector<index_t>& saturation, double limit) {
                require(ranks.size() == saturation.size(), "ranks and saturation must have one entry for each defect");
                std::vector<metrics::Defect> defects;
                for (std::size_t i = 0; i < ranks.size(); ++i) {
                    const auto view = ranks[i].unchecked<1>();
                    require(saturation[i] >= 1 && saturation[i] <= view.shape(0), "saturation out of range");
                    metrics::Defect defect{{}, saturation[i]};
                    for (py::ssize_t p = 0; p < view.shape(0); ++p) defect.rank.push_back(view(p));
                    defects.push_back(std::move(defect));
                }
                return to_array(without_gil([&] { return metrics::defect_scores(pairs, defects, limit); }));
            },
            "ranks"_a, "saturation"_a, "limit"_a)
        .def("region_table", [](const RankPairs& pairs) {
            std::vector<std::int64_t> image, area;
            for (const Region& region : pairs.regions) image.push_back(region.image), area.push_back(region.area);
            return py::make_tuple(to_array(std::move(image)), to_array(std::move(area)));
        });
    py::class_<ResizedMaps>(m, "ResizedMaps")
        .def(py::init([](py::object maps, const std::string& mode) {
                 return ResizedMaps{std::move(maps), maps::mode_from_name(mode)};
             }),
             "maps"_a, "mode"_a);
    py::class_<GridCounts>(m, "GridCounts")
        .def_readonly("positives", &GridCounts::positives)
        .def_readonly("negatives", &GridCounts::negatives)
        .def_readonly("regions", &GridCounts::regions)
        .def_readonly("missing", &GridCounts::missing)
        .def_property_readonly("first_missing", &first_missing<GridCounts>)
        .def_property_readonly("tp", [](const GridCounts& c) { return to_array(std::vector<index_t>(c.tp)); })
        .def_property_readonly("fp", [](const GridCounts& c) { return to_array(std::vector<index_t>(c.fp)); })
        .def_property_readonly(
            "coverage_limbs",
            [](const GridCounts& c) {  // sums of these are exact: the last entry is the full coverage
                std::vector<std::int64_t> high, low;
                const auto add = [&](UnsignedWide covered) {
                    high.push_back(upper_limb(covered));
                    low.push_back(lower_limb(covered));
                };
                for (UnsignedWide covered : c.coverage) add(covered);
                add(c.full_coverage);
                return py::make_tuple(to_array(std::move(high)), to_array(std::move(low)));
            })
        .def_property_readonly("coverage", [](const GridCounts& c) {
            std::vector<double> mean;
            for (UnsignedWide covered : c.coverage)
                mean.push_back(static_cast<double>(covered) / static_cast<double>(c.full_coverage));
            return to_array(std::move(mean));
        });
    py::class_<ImageSlots>(m, "ImageSlots")
        .def_property_readonly("images", &ImageSlots::images)
        .def_property_readonly("positives",
                               [](const ImageSlots& s) { return to_array(std::vector<index_t>(s.positives)); })
        .def_property_readonly("negatives",
                               [](const ImageSlots& s) { return to_array(std::vector<index_t>(s.negatives)); })
        .def_readonly("missing", &ImageSlots::missing)
        .def_property_readonly("first_missing", &first_missing<ImageSlots>)
        .def(
            "reweighted",
            [](const ImageSlots& slots, const py::array_t<double, py::array::c_style>& weights, double limit,
               int threads) {
                require(weights.ndim() == 2, "weights must have shape (k, images); got " + shape_of(weights));
                const MatrixView<const double> view{weights.data(), weights.shape(0), weights.shape(1),
                                                    weights.shape(1)};
                const RunOptions run = run_options(threads);
                metrics::Reweighted found = without_gil([&] { return metrics::reweighted(slots, view, limit, run); });
                return py::make_tuple(to_array(std::move(found.auroc)), to_array(std::move(found.average_precision)),
                                      to_array(std::move(found.f1_max)), to_array(std::move(found.aupro)));
            },
            "weights"_a, "limit"_a, "threads"_a);
    py::class_<NormalRanks>(m, "NormalRanks")
        .def_readonly("normal_images", &NormalRanks::normal_images)
        .def_readonly("anomalous_images", &NormalRanks::anomalous_images)
        .def_readonly("lowest", &NormalRanks::lowest)
        .def_readonly("highest", &NormalRanks::highest)
        .def_readonly("smallest_rate", &NormalRanks::smallest_rate)
        .def_readonly("missing", &NormalRanks::missing)
        .def_property_readonly("first_missing", &first_missing<NormalRanks>)
        .def_property_readonly("shared_fpr",
                               [](const NormalRanks& ranks) { return to_array(std::vector<double>(ranks.at_least)); })
        .def(
            "aupimo",
            [](const NormalRanks& ranks, double low, double high, int threads) {
                const RunOptions run = run_options(threads);
                return to_array(without_gil([&] { return metrics::aupimo(ranks, low, high, run); }));
            },
            "low"_a, "high"_a, "threads"_a)
        .def(
            "image_means",
            [](const NormalRanks& ranks, const py::array_t<double>& values, int threads) {
                const std::vector<double> value = to_vector(values, "value");
                require(value.size() == ranks.level.size(), "value must have one entry for each level");
                const RunOptions run = run_options(threads);
                return to_array(without_gil([&] { return metrics::image_means(ranks, value, run); }));
            },
            "value"_a, "threads"_a)
        .def(
            "image_recalls",
            [](const NormalRanks& ranks, index_t first, index_t last, int threads) {
                require(0 <= first && first <= last && last <= static_cast<index_t>(ranks.level.size()),
                        "levels out of range");
                const RunOptions run = run_options(threads);
                auto flat = to_array(without_gil([&] { return metrics::image_recalls(ranks, first, last, run); }));
                return flat.reshape({ranks.images(), last - first});
            },
            "first"_a, "last"_a, "threads"_a);
    py::class_<Levels>(m, "Levels")
        .def_readonly("positives", &Levels::positives)
        .def_readonly("negatives", &Levels::negatives)
        .def_readonly("regions", &Levels::regions)
        .def_readonly("missing", &Levels::missing)
        .def_property_readonly("first_missing", &first_missing<Levels>)
        .def(
            "roc_curve", [](const Levels& l, bool drop) { return curve_arrays(metrics::roc_curve(l, drop)); },
            "drop_collinear"_a)
        .def(
            "pro_curve", [](const Levels& l, bool drop) { return curve_arrays(metrics::pro_curve(l, drop)); },
            "drop_collinear"_a)
        .def("pr_curve", [](const Levels& l) { return curve_arrays(metrics::pr_curve(l)); });
    m.def("counted_pairs", &counted_pairs, "score"_a, "tp"_a, "above"_a, "equal"_a, "negatives"_a, "missing"_a,
          "rank"_a, "region"_a, "areas"_a);
    m.def("counted_ranks", &counted_ranks, "level"_a, "above"_a, "at_least"_a, "rank"_a, "image_begin"_a,
          "normal_images"_a, "smallest_rate"_a, "missing"_a);
    m.def("rank_pairs", &make_rank_pairs, "scores"_a, "labels"_a, "score_name"_a, "label_name"_a, "regions"_a,
          "connectivity"_a, "threads"_a);
    m.def("image_slots", &make_image_slots, "scores"_a, "labels"_a, "score_name"_a, "label_name"_a, "connectivity"_a,
          "threads"_a);
    m.def("grid_counts", &make_grid_counts, "scores"_a, "labels"_a, "score_name"_a, "label_name"_a, "thresholds"_a,
          "strict"_a, "regions"_a, "connectivity"_a, "threads"_a);
    m.def("normal_ranks", &make_normal_ranks, "scores"_a, "labels"_a, "score_name"_a, "label_name"_a, "thresholds"_a,
          "threads"_a);
    m.def("pairs_and_ranks", &make_pairs_and_ranks, "scores"_a, "labels"_a, "score_name"_a, "label_name"_a,
          "connectivity"_a, "threads"_a);
    m.def("levels", &make_levels, "scores"_a, "labels"_a, "score_name"_a, "label_name"_a, "regions"_a, "connectivity"_a,
          "threads"_a);
    m.def("level_components", &level_components, "maps"_a, "erode"_a, "threads"_a);
    m.def("connected_components", &connected_components, "masks"_a, "connectivity"_a, "threads"_a);
}

}  // namespace acpp::bind
