#include <pybind11/stl.h>

#include "cuda/bindings/arrays.h"
#include "cuda/maps/separable.h"

namespace acpp::bind {

using namespace py::literals;

namespace {

void transform(const py::object& maps, const py::object& out, maps::Mode mode, const maps::Blur& blur) {
    const CudaArray in(maps), result(out);
    require(in.device == result.device, "the result must be on the device of the input");
    const py::gil_scoped_release nogil;
    if (in.is_double)
        cuda::transform<double>(in.image_stack<const double>(), mode, blur, result.image_stack<double>(), in.device,
                                in.stream);
    else
        cuda::transform<float>(in.image_stack<const float>(), mode, blur, result.image_stack<float>(), in.device,
                               in.stream);
}

}  // namespace

// The names and arguments of _core; `threads` concerns the CPU only.
void add_maps(py::module_& m) {
    m.def(
        "maps_resize",
        [](const py::object& maps, const py::object& out, const std::string& mode, int) {
            transform(maps, out, maps::mode_from_name(mode), {});
        },
        "maps"_a, "out"_a, "mode"_a, "threads"_a);
    m.def(
        "maps_gaussian_blur",
        [](const py::object& maps, const py::object& out, double sigma, index_t radius, const std::string& border,
           int) {
            transform(maps, out, maps::Mode::nearest, {sigma, radius, maps::border_from_name(border)});
        },
        "maps"_a, "out"_a, "sigma"_a, "radius"_a, "border"_a, "threads"_a);
    m.def(
        "maps_anomaly_map",
        [](const py::object& patch_scores, const py::object& out, double sigma, index_t radius, const std::string& mode,
           const std::string& border, int) {
            transform(patch_scores, out, maps::mode_from_name(mode), {sigma, radius, maps::border_from_name(border)});
        },
        "patch_scores"_a, "out"_a, "sigma"_a, "radius"_a, "mode"_a, "border"_a, "threads"_a);
}

}  // namespace acpp::bind
