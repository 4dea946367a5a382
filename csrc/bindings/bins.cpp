#include "metrics/bin_areas.h"
#include "ranking/bin_counts.h"

#include <pybind11/stl.h>
#include <pybind11/typing.h>

#include <algorithm>

#include "bindings/counts.h"
#include "bindings/run.h"
#include "bindings/scored_images.h"

namespace acpp::bind {

using namespace py::literals;
using ranking::BinCounts;

static BinCounts make_bin_counts(const py::object& scores, const py::object& labels, const std::string& score_name,
                                 const std::string& label_name, double low, double high, index_t n_bins, bool regions,
                                 int connectivity, int threads) {
    const ranking::ScoredImages input = scored_images(scores, labels, score_name, label_name);
    const RunOptions run = run_options(threads);
    return without_gil([&] { return ranking::bin_counts(input, low, high, n_bins, {regions, connectivity}, run); });
}

// Positives, negatives and, with regions, the two limbs of their coverage.
static py::array_t<std::int64_t> bin_table(const BinCounts& counts) {
    const std::size_t n = counts.positives.size();
    py::array_t<std::int64_t> table({counts.coverage.empty() ? std::size_t{2} : std::size_t{4}, n});
    std::int64_t* row = table.mutable_data();
    std::copy(counts.positives.begin(), counts.positives.end(), row);
    std::copy(counts.negatives.begin(), counts.negatives.end(), row + n);
    for (std::size_t i = 0; i < counts.coverage.size(); ++i) {
        row[2 * n + i] = upper_limb(counts.coverage[i]);
        row[3 * n + i] = lower_limb(counts.coverage[i]);
    }
    return table;
}

template <class T>
using Column = py::array_t<T, py::array::c_style>;

using Area = py::typing::Tuple<double, double, double, py::array_t<double>>;

// Of every area that exists: (low, value, high), and with `gaps` by how much each bin widens the interval.
static py::typing::Dict<py::str, Area> bin_areas(const Column<std::int64_t>& positives,
                                                 const Column<std::int64_t>& negatives,
                                                 const std::optional<Column<double>>& coverage,
                                                 const Column<bool>& single, double limit, index_t most_listed,
                                                 bool gaps) {
    const metrics::BinnedScores bins{
        vector<std::int64_t>(positives, "positives"), vector<std::int64_t>(negatives, "negatives"),
        coverage ? vector<double>(*coverage, "coverage") : VectorView<const double>{nullptr, 0},
        vector<bool>(single, "single")};
    const index_t n = bins.positives.size;
    require(bins.negatives.size == n && bins.single.size == n && (!coverage || bins.coverage.size == n),
            "bins must have as many counts of each kind");
    metrics::BinAreas areas = without_gil([&] { return metrics::bin_areas(bins, limit, most_listed, gaps); });
    const char* const names[] = {"average_precision", "aupr", "auroc", "aupro"};
    py::typing::Dict<py::str, Area> found;
    for (int k = 0; k < metrics::BinAreas::kinds; ++k) {
        const metrics::Bound& bound = areas.bound[k];
        if (bound.value == bound.value)
            found[names[k]] = py::make_tuple(bound.low, bound.value, bound.high, to_array(std::move(areas.gap[k])));
    }
    return found;
}

void add_bins(py::module_& m) {
    py::class_<BinCounts>(m, "BinCounts")
        .def_property_readonly("table", &bin_table)
        .def_readonly("missing", &BinCounts::missing)
        .def_property_readonly("first_missing", &first_missing<BinCounts>);
    m.def("bin_counts", &make_bin_counts, "scores"_a, "labels"_a, "score_name"_a, "label_name"_a, "low"_a, "high"_a,
          "n_bins"_a, "regions"_a, "connectivity"_a, "threads"_a);
    m.def(
        "even_edges",
        [](double low, double high, index_t n_bins) { return to_array(ranking::even_edges(low, high, n_bins)); },
        "low"_a, "high"_a, "n_bins"_a);
    m.def("bin_areas", &bin_areas, "positives"_a, "negatives"_a, "coverage"_a, "single"_a, "limit"_a, "most_listed"_a,
          "gaps"_a);
}

}  // namespace acpp::bind
