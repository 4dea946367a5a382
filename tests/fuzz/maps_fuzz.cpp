// Resized and blurred maps beside sums written out pixel by pixel; image scores beside sorted values.
#include <functional>

#include "bytes.h"
#include "levels.h"
#include "maps/finite_maps.h"
#include "maps/image_scores.h"
#include "maps/separable.h"

using namespace acpp;
using namespace acpp::fuzz;
using namespace acpp::maps;

namespace {

// Maps in a buffer that ends with their last value.
template <class T>
struct Maps {
    std::vector<T> values;
    ImageStackView<const T> view;

    explicit Maps(Bytes& bytes) {
        const index_t images = bytes.between(1, 3), height = bytes.between(1, 20), width = bytes.between(1, 40);
        const index_t row = width + bytes.between(0, 3), image = height * row + bytes.between(0, 5);
        values.resize(static_cast<std::size_t>((images - 1) * image + (height - 1) * row + width));
        for (T& v : values) v = bytes.finite<T>();
        view = {values.data(), images, height, width, image, row};
    }
};

// Row o of the matrix of one axis, from the definitions.
std::vector<double> axis_row(index_t size_in, index_t size_out, Mode mode, const Blur& blur, index_t o) {
    const auto resized = [&](index_t p) {
        std::vector<double> row(static_cast<std::size_t>(size_in), 0);
        if (size_in == size_out) {
            row[p] = 1;
        } else if (mode == Mode::nearest) {
            const float scale = static_cast<float>(size_in) / static_cast<float>(size_out);
            row[std::min(static_cast<index_t>(static_cast<float>(p) * scale), size_in - 1)] = 1;
        } else {
            const double in = static_cast<double>(size_in), out = static_cast<double>(size_out);
            const double x = mode == Mode::bilinear ? std::max(0.0, (static_cast<double>(p) + 0.5) * in / out - 0.5)
                             : size_out > 1         ? static_cast<double>(p) * (in - 1) / (out - 1)
                                                    : 0;
            const index_t left = std::min(static_cast<index_t>(x), size_in - 1);
            row[left] += 1 - (x - static_cast<double>(left));
            row[std::min(left + 1, size_in - 1)] += x - static_cast<double>(left);
        }
        return row;
    };
    if (blur.sigma == 0) return resized(o);
    std::vector<double> sum(static_cast<std::size_t>(size_in), 0);
    double total = 0;
    for (index_t t = -blur.radius; t <= blur.radius; ++t) {
        const double weight = std::exp(-0.5 * static_cast<double>(t * t) / (blur.sigma * blur.sigma));
        total += weight;
        index_t p = o + t;
        const index_t n = size_out;
        if (blur.border == Border::zero && (p < 0 || p >= n)) continue;
        if (blur.border == Border::replicate) p = std::clamp<index_t>(p, 0, n - 1);
        while (p < 0 || p >= n)
            p = blur.border == Border::mirror ? (p < 0 ? -p : 2 * n - 2 - p) : (p < 0 ? -1 - p : 2 * n - 1 - p);
        const std::vector<double> row = resized(p);
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += weight * row[i];
    }
    for (double& s : sum) s /= total;
    return sum;
}

template <class T>
void check_transform(Bytes& bytes) {
    const Maps<T> maps(bytes);
    const ImageStackView<const T> in = maps.view;
    const Mode mode = static_cast<Mode>(bytes.between(0, 2));
    Blur blur;
    if (bytes.flag()) blur = {0.2 + 3 * bytes.share(), bytes.between(0, 9), static_cast<Border>(bytes.between(0, 3))};
    const bool resize = bytes.flag();
    const index_t height = resize ? bytes.between(1, 300) : in.height, width = resize ? bytes.between(1, 60) : in.width;
    if (blur.border == Border::mirror) blur.radius = std::min(blur.radius, std::min(height, width) - 1);
    const index_t row = width + bytes.between(0, 2), image = height * row;
    std::vector<T> first;
    at_every_level([&] {
        for (int threads : {1, 2}) {
            std::vector<T> out(static_cast<std::size_t>((in.images - 1) * image + (height - 1) * row + width), T(77));
            transform<T>(in, "maps", mode, blur, {out.data(), in.images, height, width, image, row},
                         with_threads(threads));
            if (first.empty()) first = out;
            check(out == first, "the same bits for all levels and threads");
        }
    });
    // A few pixels of each map, the last ones among them.
    for (int sample = 0; sample < 8; ++sample) {
        const index_t y = sample == 0 ? height - 1 : bytes.between(0, height - 1);
        const index_t x = sample == 0 ? width - 1 : bytes.between(0, width - 1);
        const index_t i = bytes.between(0, in.images - 1);
        const std::vector<double> down = axis_row(in.height, height, mode, blur, y);
        const std::vector<double> across = axis_row(in.width, width, mode, blur, x);
        double sum = 0, most = 0;
        for (index_t v = 0; v < in.height; ++v)
            for (index_t u = 0; u < in.width; ++u) {
                const double value = static_cast<double>(in.row(i, v)[u]);
                sum += down[v] * across[u] * value;
                most = std::max(most, std::abs(value));
            }
        const double error = std::abs(static_cast<double>(first[i * image + y * row + x]) - sum);
        using Limits = std::numeric_limits<T>;
        check(error <= most * 100 * static_cast<double>(Limits::epsilon()) + static_cast<double>(Limits::min()),
              "a pixel");
    }
    for (index_t i = 0; i < in.images; ++i)  // what lies between the rows stays
        for (index_t y = 0; y + 1 < height; ++y)
            for (index_t x = width; x < row; ++x) check(first[i * image + y * row + x] == T(77), "padding");
}

template <class T>
void check_scores(Bytes& bytes) {
    const Maps<T> maps(bytes);
    const ImageStackView<const T> in = maps.view;
    const index_t k = bytes.between(1, in.height * in.width);
    std::vector<T> highest(static_cast<std::size_t>(in.images)), sums(highest.size()), again(highest.size());
    largest<T>(in, {highest.data(), in.images}, with_threads(2));
    sum_of_largest<T>(in, k, 3, {sums.data(), in.images}, with_threads(1));
    sum_of_largest<T>(in, k, 3, {again.data(), in.images}, with_threads(2));
    check(sums == again, "sums by two threads");
    for (index_t i = 0; i < in.images; ++i) {
        std::vector<T> sorted;
        for (index_t y = 0; y < in.height; ++y) sorted.insert(sorted.end(), in.row(i, y), in.row(i, y) + in.width);
        std::sort(sorted.begin(), sorted.end(), std::greater<>());
        double sum = 0;
        for (index_t j = 0; j < k; ++j) sum += static_cast<double>(sorted[j]);
        check(highest[i] == sorted[0], "largest value");
        check(sums[i] == static_cast<T>(sum / 3), "sum of the largest values");
    }
}

template <class T>
void check_finite(Bytes& bytes) {
    Maps<T> maps(bytes);
    const ImageStackView<const T> in = maps.view;
    const index_t i = bytes.between(0, in.images - 1), y = bytes.between(0, in.height - 1);
    const index_t x = bytes.between(0, in.width - 1);
    maps.values[static_cast<std::size_t>(in.row(i, y) + x - in.data)] = std::numeric_limits<T>::quiet_NaN();
    const std::string place =
        "map " + std::to_string(i) + ", row " + std::to_string(y) + ", column " + std::to_string(x);
    try {
        require_finite_maps(in, "maps", with_threads(2));
    } catch (const InvalidArgument& refused) {
        check(std::strstr(refused.what(), place.c_str()) != nullptr, "the place of the NaN");
        return;
    }
    check(false, "NaN is refused");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes bytes(data, size);
    const std::uint8_t kind = bytes.byte() % 8;
    if (kind < 3) check_transform<float>(bytes);
    if (kind == 3 || kind == 4) check_transform<double>(bytes);
    if (kind == 5) check_scores<float>(bytes);
    if (kind == 6) check_scores<double>(bytes);
    if (kind == 7) check_finite<float>(bytes);
    return 0;
}
