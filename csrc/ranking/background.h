#pragma once
// Streams the keys of the background pixels, a few thousand at a time, to a sink that stays in cache.
#include <memory>
#include <mutex>
#include <vector>

#include "core/aligned.h"
#include "ranking/background_kernel.h"
#include "ranking/labels.h"

namespace acpp::ranking {

// Objects that workers take and give back, so that scratch is per worker without naming threads.
template <class T>
class Pool {
  public:
    template <class Make>
    std::unique_ptr<T> take(Make&& make) {
        {
            const std::lock_guard hold(lock_);
            if (!idle_.empty()) {
                auto object = std::move(idle_.back());
                idle_.pop_back();
                return object;
            }
        }
        return make();
    }
    void give(std::unique_ptr<T> object) {
        const std::lock_guard hold(lock_);
        idle_.push_back(std::move(object));
    }
    std::vector<std::unique_ptr<T>>& all() { return idle_; }  // when nobody works

  private:
    std::mutex lock_;
    std::vector<std::unique_ptr<T>> idle_;
};

// sink(keys, n) for the background of one strip, in order. Returns how many keys stand for NaN.
template <class T, class Sink>
index_t for_background(const ScoredImages& input, const Strip& strip, Sink&& sink) {
    using Key = typename ScoreKey<T>::Key;
    constexpr index_t chunk = 4096;  // 16 KiB of keys: half of a small L1
    alignas(64) Key keys[chunk + 64];
    const ScoredImage& image = input.images[strip.image];
    std::vector<std::uint8_t> scratch(byte_labels(input.label_type) ? 0 : image.width);
    index_t missing = 0;
    const auto read = [&](const T* scores, const std::uint8_t* labels, index_t n) {
        for (index_t x = 0; x < n; x += chunk) {
            const index_t size = n - x < chunk ? n - x : chunk;
            const KeptKeys got =
                with_isa([&](auto isa) { return background_keys<isa.value, T>(scores + x, labels + x, size, keys); });
            missing += got.missing;
            sink(static_cast<const Key*>(keys), got.kept);
        }
    };
    const bool packed = image.score_stride == image.width && image.label_stride == image.width;
    if (packed && byte_labels(input.label_type)) {  // rows without gaps are one long row
        const index_t begin = strip.row_begin * image.width, end = strip.row_end * image.width;
        read(static_cast<const T*>(image.scores) + begin, static_cast<const std::uint8_t*>(image.labels) + begin,
             end - begin);
        return missing;
    }
    for (index_t y = strip.row_begin; y < strip.row_end; ++y)
        read(static_cast<const T*>(image.scores) + y * image.score_stride, label_row(input, image, y, scratch.data()),
             image.width);
    return missing;
}

}  // namespace acpp::ranking
