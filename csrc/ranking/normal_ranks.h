#pragma once
// How the pixels of anomalous regions rank among the pixels of normal images: the counts behind per-image overlap.
#include <cstdint>
#include <optional>
#include <vector>

#include "core/parallel.h"
#include "ranking/images.h"
#include "ranking/rank_pairs.h"

namespace acpp::ranking {

// The false positive rate here is the mean over the normal images of each image's own rate; images of one size share a
// denominator, so that it is a quotient of integers where all are of one size.
struct NormalRanks {
    // One entry per level, highest first: the distinct scores of anomalous pixels, or thresholds that were given.
    std::vector<double> level;
    std::vector<double> above, at_least;  // rate of normal pixels with a higher score, and with at least this score

    // One entry per anomalous pixel, images in order, pixels in raster order: its level, which is the highest that the
    // pixel's score reaches; `level.size()` where it reaches none.
    std::vector<std::uint32_t> rank;
    std::vector<index_t> image_begin;  // image i owns pixels [image_begin[i], image_begin[i + 1])

    index_t normal_images = 0, anomalous_images = 0;
    double lowest = 0, highest = 0;  // scores of normal pixels
    double smallest_rate = 0;        // of the normal pixels with the highest score
    index_t missing = 0;             // NaN scores
    PixelAt first_missing;

    index_t images() const { return static_cast<index_t>(image_begin.size()) - 1; }
};

// Levels are the anomalous scores, or `thresholds` (ascending, exactly representable in the scores' type).
// O(n + P log P) time.
NormalRanks normal_ranks(const ScoredImages& input, const std::optional<std::vector<double>>& thresholds,
                         const RunOptions& run);

struct PairsAndRanks {
    RankPairs pairs;  // with regions
    NormalRanks ranks;
};

// rank_pairs() with regions, and normal_ranks() at the anomalous scores, from one pass over the background.
PairsAndRanks pairs_and_ranks(const ScoredImages& input, int connectivity, const RunOptions& run);

}  // namespace acpp::ranking
