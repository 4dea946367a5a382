#include <pybind11/stl.h>

#include "bindings/run.h"
#include "bindings/scored_images.h"
#include "metrics/aupro.h"
#include "metrics/auroc.h"
#include "metrics/components.h"
#include "metrics/curves.h"
#include "metrics/precision_recall.h"

namespace acpp::bind {

using namespace py::literals;
using namespace ranking;

// Hands a vector's memory to NumPy.
template <class T>
static py::array_t<T> to_array(std::vector<T>&& values) {
    auto owner = std::make_unique<std::vector<T>>(std::move(values));
    const py::capsule release(owner.get(), [](void* p) { delete static_cast<std::vector<T>*>(p); });
    const auto* held = owner.release();
    return py::array_t<T>(static_cast<py::ssize_t>(held->size()), held->data(), release);
}

static RankPairs make_rank_pairs(const py::object& scores, const py::object& labels, const std::string& score_name,
                                 const std::string& label_name, bool regions, int connectivity, int threads) {
    const ScoredImages input = scored_images(scores, labels, score_name, label_name);
    const RunOptions run = run_options(threads);
    return without_gil([&] { return rank_pairs(input, {regions, connectivity}, run); });
}

static Levels make_levels(const py::object& scores, const py::object& labels, const std::string& score_name,
                          const std::string& label_name, bool regions, int connectivity, int threads) {
    const ScoredImages input = scored_images(scores, labels, score_name, label_name);
    const RunOptions run = run_options(threads);
    return without_gil([&] { return all_levels(input, {regions, connectivity}, run); });
}

template <class Counts>
static py::tuple first_missing(const Counts& counts) {
    return py::make_tuple(counts.first_missing.image, counts.first_missing.row, counts.first_missing.column);
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
                 return py::make_tuple(best.value, best.threshold, best.precision, best.recall);
             })
        .def("aupro", &metrics::aupro, "limit"_a)
        .def(
            "region_scores",
            [](const RankPairs& p, double limit) { return to_array(metrics::region_scores(p, limit)); }, "limit"_a)
        .def("region_table", [](const RankPairs& pairs) {
            std::vector<std::int64_t> image, area;
            for (const Region& region : pairs.regions) image.push_back(region.image), area.push_back(region.area);
            return py::make_tuple(to_array(std::move(image)), to_array(std::move(area)));
        });
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
    m.def("rank_pairs", &make_rank_pairs, "scores"_a, "labels"_a, "score_name"_a, "label_name"_a, "regions"_a,
          "connectivity"_a, "threads"_a);
    m.def("levels", &make_levels, "scores"_a, "labels"_a, "score_name"_a, "label_name"_a, "regions"_a, "connectivity"_a,
          "threads"_a);
    m.def("connected_components", &connected_components, "masks"_a, "connectivity"_a, "threads"_a);
}

}  // namespace acpp::bind
