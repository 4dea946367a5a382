#pragma once
// The scores of one strip: where they are, or made there and then.
#include "core/aligned.h"
#include "ranking/images.h"

namespace acpp::ranking {

class StripScores {
  public:
    StripScores(const ScoredImages& input, const Strip& strip) : input_(input), strip_(strip) {}

    // Elements between the starts of rows.
    index_t stride() const {
        const ScoredImage& image = input_.images[strip_.image];
        return input_.made ? image.width : image.score_stride;
    }
    // Made at the first call: a strip whose scores nobody looks at costs nothing.
    const void* row(index_t y) {
        const ScoredImage& image = input_.images[strip_.image];
        if (!input_.made) return element(image.scores, input_.score_type, y * image.score_stride);
        if (made_.size() == 0) {
            made_ = AlignedBuffer<char>((strip_.row_end - strip_.row_begin) * image.width * size_of(input_.score_type));
            input_.made->make(strip_.image, strip_.row_begin, strip_.row_end, made_.data());
        }
        return element(made_.data(), input_.score_type, (y - strip_.row_begin) * image.width);
    }

  private:
    const ScoredImages& input_;
    const Strip& strip_;
    AlignedBuffer<char> made_;
};

}  // namespace acpp::ranking
