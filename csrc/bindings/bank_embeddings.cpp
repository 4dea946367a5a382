#include <pybind11/stl.h>

#include "bank/patch_embeddings.h"
#include "bindings/arrays.h"
#include "bindings/run.h"

namespace acpp::bind {

using namespace py::literals;

namespace {

template <class T>
bank::FeatureMaps<T> feature_maps(const py::array& a, const std::string& name) {
    if (!is_dtype<T>(a)) throw InvalidType(expected<T>(name.c_str(), "4-D") + "; got " + describe(a));
    if (a.ndim() != 4) throw InvalidArgument(expected<T>(name.c_str(), "4-D") + "; got " + describe(a));
    require_aligned<T>(a, name.c_str());
    const auto stride = [&](int axis) { return a.strides(axis) / static_cast<index_t>(sizeof(T)); };
    // An axis of one entry may have any stride: the one of a packed array helps the fast paths.
    const index_t column = a.shape(3) > 1 ? stride(3) : 1;
    const index_t row = a.shape(2) > 1 ? stride(2) : a.shape(3) * column;
    const index_t channel = a.shape(1) > 1 ? stride(1) : a.shape(2) * row;
    return {static_cast<const T*>(a.data()),
            a.shape(0),
            a.shape(1),
            a.shape(2),
            a.shape(3),
            stride(0),
            channel,
            row,
            column};
}

template <class T>
std::vector<bank::FeatureMaps<T>> all_layers(const std::vector<py::array>& layers) {
    std::vector<bank::FeatureMaps<T>> views;
    for (std::size_t l = 0; l < layers.size(); ++l)
        views.push_back(feature_maps<T>(layers[l], "feature_maps[" + std::to_string(l) + "]"));
    require(!views.empty(), "feature_maps must hold at least one layer");
    return views;
}

template <class T>
MatrixView<T> rows_of(py::array_t<T>& out) {
    return {out.mutable_data(), out.shape(0) * out.shape(1), out.shape(2), out.shape(2)};
}

template <class T>
py::array average_embeddings(const std::vector<py::array>& layers, index_t patch, int threads) {
    const auto views = all_layers<T>(layers);
    index_t columns = 0;
    for (const auto& layer : views) columns += layer.channels;
    auto out = aligned_result<T>({views[0].images, views[0].height * views[0].width, columns});
    const MatrixView<T> result = rows_of(out);
    const RunOptions run = run_options(threads);
    without_gil([&] { bank::average_embeddings<T>(views, patch, result, run); });
    return out;
}

template <class T>
py::array adaptive_embeddings(const std::vector<py::array>& layers, index_t patch, index_t stride, index_t pretrain_dim,
                              index_t target_dim, int threads) {
    const auto views = all_layers<T>(layers);
    const bank::Grid grid = bank::patch_grid(views[0].height, views[0].width, patch, stride);
    auto out = aligned_result<T>({views[0].images, grid.patches(), target_dim});
    const MatrixView<T> result = rows_of(out);
    const RunOptions run = run_options(threads);
    without_gil([&] { bank::adaptive_embeddings<T>(views, patch, stride, pretrain_dim, result, run); });
    return out;
}

bool is_double(const std::vector<py::array>& layers) { return !layers.empty() && is_dtype<double>(layers[0]); }

}  // namespace

void add_bank_embeddings(py::module_& m) {
    m.def(
        "bank_average_embeddings",
        [](const std::vector<py::array>& layers, index_t patch, int threads) {
            return is_double(layers) ? average_embeddings<double>(layers, patch, threads)
                                     : average_embeddings<float>(layers, patch, threads);
        },
        "layers"_a, "patch"_a, "threads"_a);
    m.def(
        "bank_adaptive_embeddings",
        [](const std::vector<py::array>& layers, index_t patch, index_t stride, index_t pretrain_dim,
           index_t target_dim, int threads) {
            return is_double(layers)
                       ? adaptive_embeddings<double>(layers, patch, stride, pretrain_dim, target_dim, threads)
                       : adaptive_embeddings<float>(layers, patch, stride, pretrain_dim, target_dim, threads);
        },
        "layers"_a, "patch"_a, "stride"_a, "pretrain_dim"_a, "target_dim"_a, "threads"_a);
}

}  // namespace acpp::bind
