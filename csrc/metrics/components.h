#pragma once
// Connected components of a stack of masks.
#include <cstdint>
#include <vector>

#include "core/parallel.h"
#include "ranking/images.h"

namespace acpp::metrics {

// Writes 0 for background and the region's number, 1 ... R over all images in order and raster order inside, to
// labels[i] (image i, height x width without gaps). counts[i] is the number of regions of image i.
// Throws InvalidArgument for mask values other than 0/1 (0/255 in uint8).
void connected_components(const ranking::ScoredImages& masks, int connectivity,
                          const std::vector<std::int32_t*>& labels, index_t* counts, const RunOptions& run);

}  // namespace acpp::metrics
