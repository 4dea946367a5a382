#pragma once
// Streams the keys of the background pixels, a few thousand at a time, to a sink that stays in cache.
#include <vector>

#include "ranking/labels.h"
#include "ranking/score_keys.h"
#include "ranking/strip_scores.h"

namespace acpp::ranking {

// read(scores, labels, n) for the pixels of one strip, in order, with labels as bytes.
template <class Read>
void for_pixels(const ScoredImages& input, const Strip& strip, Read&& read) {
    const ScoredImage& image = input.images[strip.image];
    StripScores scores(input, strip);
    if (scores.stride() == image.width && image.label_stride == image.width && byte_labels(input.label_type)) {
        // Rows without gaps are one long row.
        read(scores.row(strip.row_begin),
             static_cast<const std::uint8_t*>(image.labels) + strip.row_begin * image.width,
             (strip.row_end - strip.row_begin) * image.width);
        return;
    }
    std::vector<std::uint8_t> scratch(byte_labels(input.label_type) ? 0 : image.width);
    for (index_t y = strip.row_begin; y < strip.row_end; ++y)
        read(scores.row(y), label_row(input, image, y, scratch.data()), image.width);
}

// sink(keys, n) for the background of one strip, in order. Returns how many keys stand for NaN.
template <class Key, class Sink>
index_t for_background(const ScoredImages& input, const Strip& strip, Sink&& sink) {
    constexpr index_t chunk = 4096;  // 16 KiB of keys: half of a small L1
    alignas(64) Key keys[chunk + 64];
    index_t missing = 0;
    for_pixels(input, strip, [&](const void* scores, const std::uint8_t* labels, index_t n) {
        for (index_t x = 0; x < n; x += chunk) {
            const index_t size = n - x < chunk ? n - x : chunk;
            const KeptKeys got =
                background_keys(input.score_type, element(scores, input.score_type, x), labels + x, size, keys);
            missing += got.missing;
            sink(static_cast<const Key*>(keys), got.kept);
        }
    });
    return missing;
}

}  // namespace acpp::ranking
