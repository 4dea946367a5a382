#pragma once
// What the engine reads: pairs of a score image and a label image, of one element type each. Image-level scores and
// series are images of one row. Rows are contiguous; sizes may differ from image to image.
#include <memory>
#include <string>
#include <vector>

#include "core/array.h"
#include "ranking/dtype.h"

namespace acpp::ranking {

struct ScoredImage {
    const void* scores;
    const void* labels;
    index_t height, width;
    index_t score_stride, label_stride;  // elements between row starts

    index_t pixels() const { return height * width; }
};

// Scores that are made when they are read, and not kept. Finite.
class MadeScores {
  public:
    virtual ~MadeScores() = default;
    virtual void make(index_t image, index_t row_begin, index_t row_end, void* out) const = 0;  // packed rows
};

struct ScoredImages {
    std::vector<ScoredImage> images;
    std::shared_ptr<const MadeScores> made;  // where there is one, no image has scores of its own
    DType score_type = DType::f32, label_type = DType::boolean;
    std::string score_name = "scores", label_name = "labels";  // what the caller calls them, for messages

    index_t pixels() const {
        index_t n = 0;
        for (const ScoredImage& image : images) n += image.pixels();
        return n;
    }
};

// A run of whole rows of one image: the unit of parallel work.
struct Strip {
    index_t image, row_begin, row_end;
};

// About 64 Ki pixels a strip: 320 KiB of float maps and masks, so that a strip stays in L2.
inline std::vector<Strip> strips_of(const ScoredImages& input) {
    constexpr index_t target = 1 << 16;
    std::vector<Strip> strips;
    for (index_t i = 0; i < static_cast<index_t>(input.images.size()); ++i) {
        const ScoredImage& image = input.images[i];
        if (image.pixels() == 0) continue;
        const index_t rows = image.width >= target ? 1 : target / image.width;
        for (index_t y = 0; y < image.height; y += rows)
            strips.push_back({i, y, y + rows < image.height ? y + rows : image.height});
    }
    return strips;
}

}  // namespace acpp::ranking
