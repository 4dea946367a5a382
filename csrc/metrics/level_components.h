#pragma once
// How many connected components a grey-scale image has at each of its thresholds, from one pass over its pixels.
#include <cstdint>
#include <vector>

#include "core/array.h"

namespace acpp::metrics {

constexpr int grey_levels = 256;

// Smallest value of the 6 x 6 window from (y - 3, x - 3) to (y + 2, x + 2); what lies outside the image does not count.
// The erosion of {image >= v} by that square is {eroded >= v}, for every v.
void erode_grey(MatrixView<const std::uint8_t> image, MatrixView<std::uint8_t> eroded);

// counts[v]: 8-connected components of {image >= v}, v = 0 ... 255. Pixels enter by falling value: each begins a
// component and joins those beside it. O(h w) time but for the nearly constant cost of finding a component.
void components_by_level(MatrixView<const std::uint8_t> image, std::int32_t* counts);

}  // namespace acpp::metrics
