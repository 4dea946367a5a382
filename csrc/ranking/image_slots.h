#pragma once
// Rank pairs taken apart by image: what metrics of any reweighting of the images need, without sorting again.
#include <cstdint>
#include <vector>

#include "ranking/rank_pairs.h"

namespace acpp::ranking {

struct ImageSlots {
    // Background pixels in slots of falling scores: slot 2 i lies above the i-th highest of `levels` distinct anomalous
    // scores (and below the one before), slot 2 i + 1 at it, the last one below all. Entries [start[s], start[s + 1])
    // of slot s: an image, and how many of its pixels are there.
    index_t levels = 0;
    std::vector<index_t> start;
    std::vector<std::uint32_t> image, count;

    // Anomalous pixels by falling score: entries [first[i], first[i + 1]) of level i, an image and one over the area of
    // the pixel's region.
    std::vector<index_t> first;
    std::vector<std::uint32_t> pixel_image;
    std::vector<double> pixel_share;

    std::vector<index_t> positives, negatives, regions;  // of every image
    index_t missing = 0;                                 // NaN scores, which are in none of the counts
    PixelAt first_missing;

    index_t images() const { return static_cast<index_t>(positives.size()); }
};

// O(n log n) time; 8 bytes for each pair of a slot and an image that meet, at most one a pixel.
ImageSlots image_slots(const ScoredImages& input, int connectivity, const RunOptions& run);

}  // namespace acpp::ranking
