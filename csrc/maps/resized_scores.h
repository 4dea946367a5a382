#pragma once
// Maps of a lower resolution than their masks, brought to it while they are counted.
#include <memory>
#include <vector>

#include "maps/separable.h"
#include "ranking/images.h"

namespace acpp::maps {

// The same bits as transform() of the whole map.
template <class T>
class ResizedScores final : public ranking::MadeScores {
  public:
    // Image i of the stack is `map`, resized to height x width.
    void add(MatrixView<const T> map, index_t height, index_t width, Mode mode) {
        const bool again = !images_.empty() && images_.back().map.rows == map.rows &&
                           images_.back().map.cols == map.cols && height == height_ && width == width_;
        height_ = height, width_ = width;
        images_.push_back(
            {map, width,
             again ? images_.back().plan
                   : std::make_shared<const Transform<T>>(map.rows, map.cols, height, width, mode, Blur{})});
    }
    void make(index_t image, index_t row_begin, index_t row_end, void* out) const override {
        const Image& from = images_[static_cast<std::size_t>(image)];
        from.plan->rows(from.map, row_begin, {static_cast<T*>(out), row_end - row_begin, from.width, from.width});
    }

  private:
    struct Image {
        MatrixView<const T> map;
        index_t width;
        std::shared_ptr<const Transform<T>> plan;
    };
    std::vector<Image> images_;
    index_t height_ = 0, width_ = 0;  // of the last one
};

}  // namespace acpp::maps
