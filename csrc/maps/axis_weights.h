#pragma once
// One axis of a separable map operation as a banded matrix: resizing, Gaussian blur, or both multiplied together.
#include <memory>
#include <string_view>
#include <vector>

#include "core/array.h"

namespace acpp::maps {

enum class Mode { bilinear, bilinear_corners, nearest };
enum class Border { mirror, symmetric, replicate, zero };

Mode mode_from_name(std::string_view name);      // throws InvalidArgument listing the names
Border border_from_name(std::string_view name);  // the same

// sigma = 0 stands for no blur.
struct Blur {
    double sigma = 0.0;
    index_t radius = 0;  // taps on each side of the centre
    Border border = Border::symmetric;

    bool operator==(const Blur&) const = default;
};

// out[o] = sum over t of weight[o * taps + t] * in[first[o] + t]; rows shorter than `taps` end in zeros.
template <class T>
struct AxisWeights {
    index_t size_in = 0, size_out = 0, taps = 0;
    std::vector<index_t> first, count;
    std::vector<T> weight;
};

// Sampling as in torch.nn.functional.interpolate without antialiasing: bilinear (align_corners=False),
// bilinear_corners (align_corners=True), nearest (scale rounded to float32, as there).
AxisWeights<double> resize_weights(index_t size_in, index_t size_out, Mode mode);

// Taps exp(-t^2 / (2 sigma^2)), |t| <= radius, normalised to sum 1, folded at the border: mirror does not repeat the
// edge sample (needs radius < size), symmetric does and goes on with period 2 * size.
AxisWeights<double> blur_weights(index_t size, const Blur& blur);

AxisWeights<double> product(const AxisWeights<double>& left, const AxisWeights<double>& right);  // left after right

// The matrix for resizing first (if the sizes differ) and blurring then (if sigma > 0), rounded to T once.
template <class T>
AxisWeights<T> map_weights(index_t size_in, index_t size_out, Mode mode, const Blur& blur);

}  // namespace acpp::maps
