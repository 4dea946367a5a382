#pragma once
#include <cuda_runtime_api.h>

#include "core/array.h"
#include "maps/axis_weights.h"

namespace acpp::cuda {

// acpp::maps::transform on the memory of `device`, same bits out, except that values are not checked: NaN and infinity
// spread to the pixels that see them. Enqueues on `stream` and returns; the caller synchronises.
template <class T>
void transform(ImageStackView<const T> maps, acpp::maps::Mode mode, const acpp::maps::Blur& blur, ImageStackView<T> out,
               int device, cudaStream_t stream);

}  // namespace acpp::cuda
