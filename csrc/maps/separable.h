#pragma once
// Map operations that act on rows and columns apart: resizing, Gaussian blur, and both in one product
// out = W_y * map * W_x^T, so that upsampling a patch grid and blurring it costs what its few input samples cost.
#include "core/array.h"
#include "core/parallel.h"
#include "maps/axis_weights.h"

namespace acpp::maps {

// Resizes every map to the size of `out` (if it differs), then blurs (if blur.sigma > 0). Maps must be finite;
// `name` is what error messages call them.
// Bit-identical for every thread count and Isa level. O(out pixels * (taps_y + taps_x * in rows / out rows)) time.
template <class T>
void transform(ImageStackView<const T> maps, const char* name, Mode mode, const Blur& blur, ImageStackView<T> out,
               const RunOptions& run);

}  // namespace acpp::maps
