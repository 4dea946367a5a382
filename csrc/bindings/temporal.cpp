#include <pybind11/stl.h>

#include "bindings/arrays.h"
#include "bindings/run.h"
#include "temporal/ema.h"
#include "temporal/equal_error.h"
#include "temporal/gaussian.h"
#include "temporal/overlap.h"
#include "temporal/sliding.h"

namespace acpp::bind {

using namespace py::literals;

namespace {

// `out` is C-contiguous: made by python/anomalib_cpp/temporal/, of the dtype of the input.
template <class T>
MatrixView<T> output_rows(py::array& out) {
    return {static_cast<T*>(out.mutable_data()), out.shape(0), out.shape(1), out.shape(1)};
}

void overlap_aggregate(const py::array& windows, py::array& out, const std::string& reduce, index_t stride,
                       index_t offset, double fill, bool omit_nan, int threads) {
    const temporal::Overlap rule{temporal::reduce_from_name(reduce), stride, offset, omit_nan, fill};
    const auto call = [&]<class T>(T) {
        const auto in = image_stack<T>(windows, "windows");
        const auto view = output_rows<T>(out);
        const RunOptions run = run_options(threads);
        without_gil([&] { temporal::overlap_aggregate<T>(in, rule, view, run); });
    };
    is_dtype<double>(windows) ? call(double{}) : call(float{});
}

// smooth(rows, out, run) for the float32 or float64 rows `x`.
template <class Smooth>
void smooth_rows(const py::array& x, const std::vector<index_t>& offsets, py::array& out, int threads,
                 Smooth&& smooth) {
    require(!offsets.empty() && offsets.front() == 0 && offsets.back() == x.shape(x.ndim() - 1) &&
                std::is_sorted(offsets.begin(), offsets.end()),
            "x and offsets do not fit together");
    const auto call = [&]<class T>(T) {
        const auto rows = matrix<T>(x, "x");
        const auto view = output_rows<T>(out);
        const RunOptions run = run_options(threads);
        without_gil([&] { smooth(rows, view, run); });
    };
    is_dtype<double>(x) ? call(double{}) : call(float{});
}

}  // namespace

void add_temporal(py::module_& m) {
    m.def("temporal_overlap_aggregate", &overlap_aggregate, "windows"_a, "out"_a, "reduce"_a, "stride"_a, "offset"_a,
          "fill"_a, "omit_nan"_a, "threads"_a);
    m.def(
        "temporal_gaussian",
        [](const py::array& x, const std::vector<index_t>& offsets, py::array& out, double sigma, index_t radius,
           const std::string& border, bool omit_nan, int threads) {
            const temporal::Gaussian rule{sigma, radius, temporal::border_from_name(border), omit_nan};
            smooth_rows(x, offsets, out, threads, [&](const auto& rows, const auto& view, const RunOptions& run) {
                temporal::smooth_gaussian(rows, offsets, rule, view, run);
            });
        },
        "x"_a, "offsets"_a, "out"_a, "sigma"_a, "radius"_a, "border"_a, "omit_nan"_a, "threads"_a);
    m.def(
        "temporal_ema",
        [](const py::array& x, const std::vector<index_t>& offsets, py::array& out, double alpha, bool adjust,
           bool omit_nan, int threads) {
            const temporal::Ema rule{alpha, adjust, omit_nan};
            smooth_rows(x, offsets, out, threads, [&](const auto& rows, const auto& view, const RunOptions& run) {
                temporal::smooth_ema(rows, offsets, rule, view, run);
            });
        },
        "x"_a, "offsets"_a, "out"_a, "alpha"_a, "adjust"_a, "omit_nan"_a, "threads"_a);
    m.def(
        "temporal_sliding",
        [](const py::array& x, const std::vector<index_t>& offsets, py::array& out, const std::string& kind,
           index_t before, index_t after, double threshold, bool early_ends, bool omit_nan, int threads) {
            const temporal::Sliding rule{
                temporal::statistic_from_name(kind), before, after, threshold, early_ends, omit_nan};
            smooth_rows(x, offsets, out, threads, [&](const auto& rows, const auto& view, const RunOptions& run) {
                temporal::smooth_sliding(rows, offsets, rule, view, run);
            });
        },
        "x"_a, "offsets"_a, "out"_a, "kind"_a, "before"_a, "after"_a, "threshold"_a, "early_ends"_a, "omit_nan"_a,
        "threads"_a);
    m.def("equal_error_rate", &temporal::equal_error_rate, "pairs"_a);
}

}  // namespace acpp::bind
