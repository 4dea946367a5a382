#include "bindings/arrays.h"
#include "bindings/run.h"
#include "maps/finite_maps.h"
#include "maps/image_scores.h"
#include "maps/separable.h"

namespace acpp::bind {

using namespace py::literals;

namespace {

// `out` is C-contiguous: made by python/anomalib_cpp/maps.py, of the dtype of the input.
template <class T>
ImageStackView<T> output_stack(py::array& out) {
    return {static_cast<T*>(out.mutable_data()), out.shape(0), out.shape(1), out.shape(2),
            out.shape(1) * out.shape(2),         out.shape(2)};
}

template <class T>
void transform(const py::array& maps, const char* name, py::array& out, maps::Mode mode, const maps::Blur& blur,
               int threads) {
    const auto in = image_stack<T>(maps, name);
    const auto view = output_stack<T>(out);
    const RunOptions run = run_options(threads);
    without_gil([&] { maps::transform<T>(in, name, mode, blur, view, run); });
}

void transform(const py::array& maps, const char* name, py::array& out, maps::Mode mode, const maps::Blur& blur,
               int threads) {
    if (is_dtype<double>(maps))
        transform<double>(maps, name, out, mode, blur, threads);
    else
        transform<float>(maps, name, out, mode, blur, threads);
}

void resize(const py::array& maps, py::array& out, const std::string& mode, int threads) {
    transform(maps, "maps", out, maps::mode_from_name(mode), {}, threads);
}

void gaussian_blur(const py::array& maps, py::array& out, double sigma, index_t radius, const std::string& border,
                   int threads) {
    transform(maps, "maps", out, maps::Mode::nearest, {sigma, radius, maps::border_from_name(border)}, threads);
}

void anomaly_map(const py::array& patch_scores, py::array& out, double sigma, index_t radius, const std::string& mode,
                 const std::string& border, int threads) {
    transform(patch_scores, "patch_scores", out, maps::mode_from_name(mode),
              {sigma, radius, maps::border_from_name(border)}, threads);
}

template <class T>
py::array image_scores(const py::array& maps, index_t k, double divisor, int threads) {
    const auto in = image_stack<T>(maps, "maps");
    py::array_t<T> scores(in.images);
    const VectorView<T> view{scores.mutable_data(), in.images};
    const RunOptions run = run_options(threads);
    without_gil([&] {
        maps::require_finite_maps(in, "maps", run);
        if (k == 1)
            maps::largest<T>(in, view, run);
        else
            maps::sum_of_largest<T>(in, k, divisor, view, run);
    });
    return scores;
}

}  // namespace

void add_maps(py::module_& m) {
    m.def("maps_resize", &resize, "maps"_a, "out"_a, "mode"_a, "threads"_a);
    m.def("maps_gaussian_blur", &gaussian_blur, "maps"_a, "out"_a, "sigma"_a, "radius"_a, "border"_a, "threads"_a);
    m.def("maps_anomaly_map", &anomaly_map, "patch_scores"_a, "out"_a, "sigma"_a, "radius"_a, "mode"_a, "border"_a,
          "threads"_a);
    m.def(
        "maps_image_scores",
        [](const py::array& maps, index_t k, double divisor, int threads) {
            return is_dtype<double>(maps) ? image_scores<double>(maps, k, divisor, threads)
                                          : image_scores<float>(maps, k, divisor, threads);
        },
        "maps"_a, "k"_a, "divisor"_a, "threads"_a);
}

}  // namespace acpp::bind
