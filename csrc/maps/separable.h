#pragma once
// Map operations that act on rows and columns apart: resizing, Gaussian blur, and both in one product
// out = W_y * map * W_x^T, so that upsampling a patch grid and blurring it costs what its few input samples cost.
#include <memory>

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

template <class T>
struct AxisPlan;

// The same for maps of one size, a band of rows at a time: for callers that never keep the whole result.
template <class T>
class Transform {
  public:
    Transform(index_t height_in, index_t width_in, index_t height_out, index_t width_out, Mode mode, const Blur& blur);

    index_t reach() const;  // rows of the input that a row of the result reads

    // Rows [begin, begin + out.rows) of the result, the same bits for every cut into bands.
    void rows(MatrixView<const T> map, index_t begin, MatrixView<T> out) const;

  private:
    std::shared_ptr<const AxisPlan<T>> vertical_, horizontal_;
};

}  // namespace acpp::maps
