#pragma once
// Pairs of score and label images of every element type, in buffers that end with their last pixel, and the same pixels
// as a plain list.
#include <vector>

#include "bytes.h"
#include "ranking/images.h"

namespace acpp::fuzz {

using ranking::DType;
using ranking::size_of;

// One element of any type: mostly a small number, at times what is special about the type, or any bits.
inline void put(DType type, Bytes& bytes, std::uint8_t* out) {
    const auto copy = [&](auto value) { std::memcpy(out, &value, sizeof value); };
    if (type == DType::boolean) return copy(static_cast<std::uint8_t>(bytes.flag()));
    if (type == DType::f32) return copy(bytes.real<float>());
    if (type == DType::f64) return copy(bytes.real<double>());
    const std::uint8_t kind = bytes.byte();
    if (type == DType::f16) {  // 0, -0, 1/2, 1, 2, -1, least, largest, infinities, NaN of both signs
        constexpr std::uint16_t some[] = {0,      0x8000, 0x3800, 0x3c00, 0x4000, 0xbc00,
                                          0x0001, 0x7bff, 0x7c00, 0xfc00, 0x7e00, 0xfe01};
        return copy(kind >= 250 ? bytes.bits<std::uint16_t>() : some[kind >= 235 ? kind % 12 : kind % 6]);
    }
    std::uint64_t value = static_cast<std::uint64_t>(kind % 8) - (kind % 8 > 5 ? 8 : 0);  // 0 to 5, or the last ones
    if (kind >= 250) value = bytes.bits<std::uint64_t>();
    if (kind >= 240 && kind < 245) value = std::uint64_t{1} << (8 * size_of(type) - 1);  // where the sign begins
    std::memcpy(out, &value, static_cast<std::size_t>(size_of(type)));
}

using Exact = long double;  // holds every value of every type, 64-bit integers too

inline Exact half_value(std::uint16_t bits) {
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const Exact sign = bits >> 15 ? -1 : 1;
    if (exponent == 31)
        return fraction != 0 ? std::numeric_limits<Exact>::quiet_NaN() : sign * std::numeric_limits<Exact>::infinity();
    return sign *
           std::ldexp(static_cast<Exact>(exponent == 0 ? fraction : fraction + 1024), std::max(1, exponent) - 25);
}

inline Exact value_at(DType type, const std::uint8_t* from) {
    const auto as = [&]<class T>(T value) {
        std::memcpy(&value, from, sizeof value);
        return static_cast<Exact>(value);
    };
    switch (type) {
        case DType::boolean:
        case DType::u8:
            return as(std::uint8_t{});
        case DType::i8:
            return as(std::int8_t{});
        case DType::u16:
            return as(std::uint16_t{});
        case DType::i16:
            return as(std::int16_t{});
        case DType::u32:
            return as(std::uint32_t{});
        case DType::i32:
            return as(std::int32_t{});
        case DType::u64:
            return as(std::uint64_t{});
        case DType::i64:
            return as(std::int64_t{});
        case DType::f32:
            return as(float{});
        case DType::f64:
            return as(double{});
        case DType::f16:
            break;
    }
    std::uint16_t bits;
    std::memcpy(&bits, from, sizeof bits);
    return half_value(bits);
}

struct Pixel {
    index_t image, y, x;
    Exact score;
    bool missing, anomalous;
    int region;  // 1, 2, ... over all images in raster order of the first pixels; 0: none
};

struct ScoredInput {
    ranking::ScoredImages images;
    std::vector<std::vector<std::uint8_t>> score_bytes, label_bytes;
    std::vector<Pixel> pixels;   // images in order, raster order inside
    std::vector<index_t> first;  // of each image in `pixels`, and the end
    int connectivity = 8;
    int regions = 0;
    bool labels_valid = true;

    const ranking::ScoredImage& image(index_t i) const { return images.images[static_cast<std::size_t>(i)]; }
    Pixel& at(index_t i, index_t y, index_t x) { return pixels[first[i] + y * image(i).width + x]; }
};

// Numbers the regions of one image by spreading from each first pixel.
inline void spread(ScoredInput& input, index_t i) {
    const index_t height = input.image(i).height, width = input.image(i).width;
    for (index_t start = input.first[i]; start < input.first[i + 1]; ++start) {
        if (!input.pixels[start].anomalous || input.pixels[start].region != 0) continue;
        input.pixels[start].region = ++input.regions;
        std::vector<index_t> open{start};
        while (!open.empty()) {
            const Pixel from = input.pixels[open.back()];
            open.pop_back();
            for (index_t y = std::max<index_t>(0, from.y - 1); y < std::min(height, from.y + 2); ++y)
                for (index_t x = std::max<index_t>(0, from.x - 1); x < std::min(width, from.x + 2); ++x) {
                    Pixel& to = input.at(i, y, x);
                    if (!to.anomalous || to.region != 0) continue;
                    if (input.connectivity == 4 && y != from.y && x != from.x) continue;
                    to.region = input.regions;
                    open.push_back(input.first[i] + y * width + x);
                }
        }
    }
}

inline void put_label(DType type, bool anomalous, bool full, std::uint8_t* out) {
    if (!anomalous) return;
    const double one = 1;
    const float single = 1;
    const std::uint16_t half = 0x3c00;
    if (type == DType::f64)
        std::memcpy(out, &one, sizeof one);
    else if (type == DType::f32)
        std::memcpy(out, &single, sizeof single);
    else if (type == DType::f16)
        std::memcpy(out, &half, sizeof half);
    else
        out[0] = full ? 255 : 1;  // the other bytes are zero
}

// `missing`: float scores may be NaN. `wrong`: labels may be invalid.
inline ScoredInput scored_input(Bytes& bytes, bool missing = true, bool wrong = true) {
    ScoredInput input;
    input.images.score_type = static_cast<DType>(bytes.between(0, 11));
    input.images.label_type = static_cast<DType>(bytes.between(0, 11));
    const DType scores = input.images.score_type, labels = input.images.label_type;
    input.connectivity = bytes.flag() ? 8 : 4;
    const bool full = labels == DType::u8 && bytes.flag();
    const bool swap_in = wrong && bytes.rarely();
    const std::uint8_t density = bytes.byte();
    const index_t n = bytes.between(1, 4);
    for (index_t i = 0; i < n; ++i) {
        const index_t height = bytes.between(1, 6), width = bytes.flag() ? bytes.between(1, 9) : bytes.between(1, 140);
        const index_t score_stride = width + bytes.between(0, 3), label_stride = width + bytes.between(0, 3);
        input.images.images.push_back({nullptr, nullptr, height, width, score_stride, label_stride});
        input.score_bytes.emplace_back(((height - 1) * score_stride + width) * size_of(scores));
        input.label_bytes.emplace_back(((height - 1) * label_stride + width) * size_of(labels));
        input.first.push_back(static_cast<index_t>(input.pixels.size()));
        for (index_t y = 0; y < height; ++y)
            for (index_t x = 0; x < width; ++x) {
                std::uint8_t* s = input.score_bytes.back().data() + (y * score_stride + x) * size_of(scores);
                std::uint8_t* l = input.label_bytes.back().data() + (y * label_stride + x) * size_of(labels);
                put(scores, bytes, s);
                Exact score = value_at(scores, s);
                if (std::isnan(score) && !missing) std::fill_n(s, size_of(scores), 0), score = 0;
                if (swap_in)
                    put(labels, bytes, l);
                else
                    put_label(labels, bytes.byte() < density, full, l);
                const bool anomalous = value_at(labels, l) != 0;  // true for NaN
                input.pixels.push_back({i, y, x, score, std::isnan(score), anomalous, 0});
            }
    }
    input.first.push_back(static_cast<index_t>(input.pixels.size()));
    bool one = false, most = false, other = false;
    for (index_t i = 0; i < n; ++i) {
        input.images.images[i].scores = input.score_bytes[i].data();
        input.images.images[i].labels = input.label_bytes[i].data();
        spread(input, i);
        for (index_t p = input.first[i]; p < input.first[i + 1]; ++p) {
            const Pixel& pixel = input.pixels[p];
            if (!pixel.anomalous) continue;
            const Exact label =
                value_at(labels, input.label_bytes[i].data() +
                                     (pixel.y * input.image(i).label_stride + pixel.x) * size_of(labels));
            (label == 1 ? one : label == 255 && labels == DType::u8 ? most : other) = true;
        }
    }
    input.labels_valid = !other && !(one && most);
    return input;
}

}  // namespace acpp::fuzz
