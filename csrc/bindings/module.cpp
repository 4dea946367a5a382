#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/typing.h>

#include "bindings/arrays.h"
#include "bindings/errors.h"
#include "bindings/run.h"
#include "core/cpu.h"
#include "core/error.h"
#include "core/finite.h"
#include "core/parallel.h"

namespace acpp::bind {
namespace py = pybind11;
using namespace py::literals;

void add_arrays(py::module_& m);
void add_bank(py::module_& m);
void add_bank_coreset(py::module_& m);
void add_bank_embeddings(py::module_& m);
void add_maps(py::module_& m);
void add_metrics(py::module_& m);
void add_bins(py::module_& m);
void add_temporal(py::module_& m);
void add_timeseries(py::module_& m);

template <class T>
static void require_finite_rows(const py::array& rows, const std::string& name, int threads) {
    const auto view = matrix<T>(rows, name.c_str());
    const RunOptions run = run_options(threads);
    without_gil([&] { require_finite(view, name.c_str(), run); });
}

static void add_core(py::module_& m) {
    m.def(
        "require_finite",
        [](const py::array& rows, const std::string& name, int threads) {
            is_dtype<double>(rows) ? require_finite_rows<double>(rows, name, threads)
                                   : require_finite_rows<float>(rows, name, threads);
        },
        "rows"_a, "name"_a, "threads"_a);
    m.def("active_isa", [] { return std::string(name(active_isa())); });
    m.def("detected_isa", [] { return std::string(name(detect_isa())); });
    m.def(
        "set_isa", [](const std::string& level) { set_isa(isa_from_name(level)); }, "level"_a);
    m.def("compiled_isas", [] {
        std::vector<std::string> names;
        for (Isa level : compiled_isas()) names.emplace_back(name(level));
        return names;
    });
    m.def("cpu_features", [] {
        py::typing::Dict<py::str, bool> features;
        for (const CpuFeature& f : cpu_features()) features[py::str(std::string(f.name))] = f.present;
        return features;
    });
    m.def("default_threads", [] { return default_threads(); });
    m.def("build_info", [] {
        py::typing::Dict<py::str, py::object> info;
#if defined(__clang__)
        info["compiler"] = py::str("clang " __clang_version__);
#else
        info["compiler"] = py::str("gcc " __VERSION__);
#endif
        info["std"] = py::int_(static_cast<long>(__cplusplus));
        info["type"] = py::str(ACPP_BUILD_TYPE);
        info["flags"] = py::str(ACPP_BUILD_FLAGS);
        info["sanitizers"] = py::str(ACPP_SANITIZE);
        info["git"] = py::str(ACPP_GIT);
        info["version"] = py::str(ACPP_VERSION);
        return info;
    });
}

}  // namespace acpp::bind

PYBIND11_MODULE(_core, m, pybind11::mod_gil_not_used()) {
    using namespace acpp::bind;
    pybind11::register_exception_translator(&translate);
    add_core(m);
    add_arrays(m);
    add_maps(m);
    add_bank(m);
    add_bank_coreset(m);
    add_bank_embeddings(m);
    add_metrics(m);
    add_bins(m);
    add_temporal(m);
    add_timeseries(m);
}
