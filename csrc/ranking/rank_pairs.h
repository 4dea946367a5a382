#pragma once
// The one structure that every counting metric reads: how each anomalous score ranks among the background's.
#include <cstdint>
#include <vector>

#include "core/parallel.h"
#include "ranking/images.h"

namespace acpp::ranking {

struct Region {
    index_t image, area;  // area: pixels that count, those without a score left out
};

struct PixelAt {
    index_t image = -1, row = -1, column = -1;
};

struct RankPairs {
    // One entry per distinct anomalous score, highest first.
    std::vector<double> score;
    std::vector<index_t> tp;     // anomalous pixels with this score
    std::vector<index_t> above;  // background pixels with a higher score (G)
    std::vector<index_t> equal;  // background pixels with this score (E)
    index_t positives = 0, negatives = 0;

    // One entry per anomalous pixel, images in order, pixels in raster order; filled when regions are asked for.
    std::vector<std::uint32_t> rank;    // its entry of `score`
    std::vector<std::uint32_t> region;  // its entry of `regions`
    std::vector<index_t> image_begin;   // image i owns pixels [image_begin[i], image_begin[i + 1])
    std::vector<Region> regions;        // images in order, then raster order of the first pixel

    index_t missing = 0;    // NaN scores, which are in none of the counts
    PixelAt first_missing;  // the first of them
};

struct RankOptions {
    bool regions = false;
    int connectivity = 8;
};

// Exact counts in O(n + P log P) time for n pixels, P of them anomalous; about 100 bytes per anomalous pixel and at
// most six more per pixel, shared by the threads. Throws InvalidArgument for labels other than 0/1 (0/255 in uint8).
// The same counts for every thread count, ISA and memory layout.
RankPairs rank_pairs(const ScoredImages& input, const RankOptions& options, const RunOptions& run);

}  // namespace acpp::ranking
