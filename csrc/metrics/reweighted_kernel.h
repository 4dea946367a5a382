#pragma once
// Private to reweighted.cpp and reweighted_<isa>.cpp.
#include <cstdint>

#include "core/array.h"
#include "core/cpu.h"

namespace acpp::metrics {

constexpr int weightings = 16;  // evaluated side by side

// ImageSlots as bare pointers, for objects that use no standard-library template.
struct SlotView {
    index_t levels, images;
    const index_t *start, *first;
    const std::uint32_t *image, *count, *pixel_image;
    const double* pixel_share;
};

// Of sixteen weightings: weight[16 i + w] of image i, and sums of the weighted counts, all below 2^31.
struct Weighting {
    const std::int32_t* weight;
    double positives[weightings], negatives[weightings], regions[weightings];
};

struct ReweightedMetrics {
    double auroc[weightings], average_precision[weightings], f1_max[weightings], aupro[weightings];
};

// One pass over the slots. Counts are integers; sums run over the levels by falling score. The same bits at every level
// of the instruction set.
template <Isa level>
void evaluate(const SlotView& slots, const Weighting& weighting, double limit, ReweightedMetrics& out);

}  // namespace acpp::metrics
