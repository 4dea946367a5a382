// The contract between the CPU kernels and their CUDA twin: every pixel is two chains of multiply, round, add, round,
// columns first, over the taps of the band in rising order. Written out here pixel by pixel, as the GPU does it.
#include "maps/separable.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/cpu.h"

using namespace acpp;
using namespace acpp::maps;

namespace {

template <class T>
std::vector<T> pixel_by_pixel(ImageStackView<const T> in, Mode mode, const Blur& blur, index_t height, index_t width) {
    const AxisWeights<T> rows = map_weights<T>(in.height, height, mode, blur);
    const AxisWeights<T> columns = map_weights<T>(in.width, width, mode, blur);
    std::vector<T> out;
    for (index_t image = 0; image < in.images; ++image)
        for (index_t y = 0; y < height; ++y)
            for (index_t x = 0; x < width; ++x) {
                T sum = 0;
                for (index_t s = 0; s < rows.count[y]; ++s) {
                    const T* source = in.row(image, rows.first[y] + s) + columns.first[x];
                    T combined = 0;
                    for (index_t t = 0; t < columns.count[x]; ++t)
                        combined = combined + source[t] * columns.weight[x * columns.taps + t];
                    sum = sum + combined * rows.weight[y * rows.taps + s];
                }
                out.push_back(sum);
            }
    return out;
}

template <class T>
void expect_same_bits(Mode mode, const Blur& blur, index_t height, index_t width) {
    const index_t h = 19, w = 35;
    std::vector<T> map(2 * h * w);
    for (std::size_t i = 0; i < map.size(); ++i) map[i] = static_cast<T>(std::sin(0.7 * static_cast<double>(i * i)));
    const ImageStackView<const T> in{map.data(), 2, h, w, h * w, w};
    const std::vector<T> expected = pixel_by_pixel<T>(in, mode, blur, height, width);
    const Isa before = active_isa();
    for (Isa level : {Isa::baseline, Isa::avx2, Isa::avx512}) {
        if (level > detect_isa()) continue;
        set_isa(level);
        std::vector<T> out(2 * height * width);
        transform<T>(in, "maps", mode, blur, {out.data(), 2, height, width, height * width, width}, {1, {}, {}});
        EXPECT_EQ(out, expected) << name(level) << " " << height << " x " << width;
    }
    set_isa(before);
}

TEST(Separable, EveryLevelFollowsTheChainOfTheBand) {
    for (Mode mode : {Mode::bilinear, Mode::bilinear_corners, Mode::nearest})
        for (Border border : {Border::mirror, Border::symmetric, Border::replicate, Border::zero}) {
            expect_same_bits<float>(mode, {2.3, 9, border}, 140, 33);
            expect_same_bits<double>(mode, {2.3, 9, border}, 21, 270);
        }
    expect_same_bits<float>(Mode::bilinear, {}, 7, 80);
    expect_same_bits<double>(Mode::nearest, {4.0, 16, Border::symmetric}, 19, 35);
}

}  // namespace
