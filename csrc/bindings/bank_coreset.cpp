#include <pybind11/stl.h>

#include "bank/coreset_variants.h"
#include "bindings/arrays.h"
#include "bindings/run.h"
#include "core/finite.h"

namespace acpp::bind {
namespace {

using namespace py::literals;

template <class Enum>
Enum chosen(const std::string& name, std::initializer_list<std::pair<const char*, Enum>> choices, const char* what) {
    std::string names;
    for (const auto& [choice, value] : choices) {
        if (name == choice) return value;
        names += (names.empty() ? "'" : ", '") + std::string(choice) + "'";
    }
    throw InvalidArgument(std::string(what) + " must be one of " + names + "; got '" + name + "'");
}

ProjectionKind projection_kind(const std::string& name) {
    return chosen<ProjectionKind>(name,
                                  {{"sparse", ProjectionKind::sparse},
                                   {"gaussian", ProjectionKind::gaussian},
                                   {"linear", ProjectionKind::linear}},
                                  "projection");
}

template <class T>
py::tuple coreset(const py::array& features_array, index_t size, const std::string& variant,
                  const std::optional<std::pair<std::string, index_t>>& random, const std::optional<py::array>& matrix,
                  const std::vector<index_t>& start, const std::string& on_duplicate, std::uint64_t seed,
                  const std::string& method, int threads, const py::object& progress) {
    const auto features = bind::matrix<T>(features_array, "features");
    require(size >= 1 && size <= features.rows, "size must lie between 1 and the number of rows of features");
    CoresetRequest<T> request;
    request.variant = chosen<CoresetVariant>(variant,
                                             {{"anomalib", CoresetVariant::anomalib},
                                              {"inspection_exact", CoresetVariant::inspection_exact},
                                              {"inspection_approx", CoresetVariant::inspection_approx}},
                                             "variant");
    request.on_duplicate = chosen<OnDuplicate>(
        on_duplicate, {{"stop", OnDuplicate::stop}, {"repeat", OnDuplicate::repeat}, {"fill", OnDuplicate::fill}},
        "on_duplicate");
    request.method = chosen<CoresetMethod>(method,
                                           {{"automatic", CoresetMethod::automatic},
                                            {"plain", CoresetMethod::plain},
                                            {"triangle", CoresetMethod::triangle},
                                            {"lazy", CoresetMethod::lazy},
                                            {"lazy_triangle", CoresetMethod::lazy_triangle}},
                                           "method");
    if (random) request.random = RandomProjection{projection_kind(random->first), random->second};
    if (matrix) request.matrix = bind::matrix<T>(*matrix, "projection");
    request.start = start;
    request.seed = seed;

    py::array_t<index_t> picks(size);
    py::array_t<T> radii(size);
    const VectorView<index_t> picks_out{picks.mutable_data(), size};
    const VectorView<T> radii_out{radii.mutable_data(), size};
    const RunOptions run = run_options(threads, progress);
    const CoresetOutcome outcome = without_gil([&] {
        require_finite(features, "features", run);
        if (request.matrix) require_finite(*request.matrix, "projection", run);
        return select_coreset(features, request, picks_out, radii_out, run);
    });
    const py::slice made(0, outcome.count, 1);
    return py::make_tuple(picks[made].template cast<py::array>(), radii[made].template cast<py::array>(),
                          outcome.radius);
}

template <class T>
py::array_t<T> project_rows(const py::array& rows_array, const std::string& kind, index_t outputs, std::uint64_t seed,
                            int threads) {
    const auto rows = bind::matrix<T>(rows_array, "features");
    py::array_t<T> out({rows.rows, outputs});
    const MatrixView<T> view = output(out);
    const RunOptions run = run_options(threads);
    without_gil(
        [&] { project(random_projection<T>(projection_kind(kind), outputs, rows.cols, seed, run), rows, view, run); });
    return out;
}

}  // namespace

void add_bank_coreset(py::module_& m) {
    m.def(
        "coreset",
        [](const py::array& features, index_t size, const std::string& variant,
           const std::optional<std::pair<std::string, index_t>>& random, const std::optional<py::array>& matrix,
           const std::vector<index_t>& start, const std::string& on_duplicate, std::uint64_t seed,
           const std::string& method, int threads, const py::object& progress) {
            const auto run = is_dtype<double>(features) ? &coreset<double> : &coreset<float>;
            return run(features, size, variant, random, matrix, start, on_duplicate, seed, method, threads, progress);
        },
        "features"_a, "size"_a, "variant"_a, "random"_a, "matrix"_a, "start"_a, "on_duplicate"_a, "seed"_a, "method"_a,
        "threads"_a, "progress"_a);
    m.def(
        "project_rows",
        [](const py::array& features, const std::string& kind, index_t outputs, std::uint64_t seed,
           int threads) -> py::array {
            if (is_dtype<double>(features)) return project_rows<double>(features, kind, outputs, seed, threads);
            return project_rows<float>(features, kind, outputs, seed, threads);
        },
        "features"_a, "kind"_a, "outputs"_a, "seed"_a, "threads"_a);
}

}  // namespace acpp::bind
