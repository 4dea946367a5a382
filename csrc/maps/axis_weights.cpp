#include "maps/axis_weights.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.h"

namespace acpp::maps {
namespace {

constexpr index_t max_radius = index_t{1} << 20;

// Packs dense rows, produced one after the other, into a band.
class BandBuilder {
  public:
    BandBuilder(index_t size_in, index_t size_out) : row_(size_in), low_(size_in), high_(-1) {
        band_.size_in = size_in;
        band_.size_out = size_out;
    }
    void add(index_t column, double weight) {
        row_[column] += weight;
        low_ = std::min(low_, column);
        high_ = std::max(high_, column);
    }
    void end_row() {
        band_.first.push_back(std::min(low_, band_.size_in - 1));
        band_.count.push_back(std::max<index_t>(0, high_ - low_ + 1));
        for (index_t j = low_; j <= high_; ++j) {
            packed_.push_back(row_[j]);
            row_[j] = 0.0;
        }
        low_ = band_.size_in;
        high_ = -1;
    }
    AxisWeights<double> finish() {
        band_.taps = *std::max_element(band_.count.begin(), band_.count.end());
        band_.weight.assign(band_.size_out * band_.taps, 0.0);
        auto next = packed_.begin();
        for (index_t o = 0; o < band_.size_out; ++o) {
            std::copy_n(next, band_.count[o], band_.weight.begin() + o * band_.taps);
            next += band_.count[o];
        }
        return std::move(band_);
    }

  private:
    AxisWeights<double> band_;
    std::vector<double> row_, packed_;
    index_t low_, high_;
};

index_t nearest_source(index_t o, index_t size_in, index_t size_out) {
    const float scale = static_cast<float>(size_in) / static_cast<float>(size_out);
    return std::min(static_cast<index_t>(std::floor(static_cast<float>(o) * scale)), size_in - 1);
}

// The sample that stands at position j outside or inside [0, n); -1 for none.
index_t fold(index_t j, index_t n, Border border) {
    if (j >= 0 && j < n) return j;
    switch (border) {
        case Border::mirror:
            return j < 0 ? -j : 2 * (n - 1) - j;
        case Border::symmetric: {
            const index_t phase = ((j % (2 * n)) + 2 * n) % (2 * n);
            return phase < n ? phase : 2 * n - 1 - phase;
        }
        case Border::replicate:
            return j < 0 ? 0 : n - 1;
        case Border::zero:
            break;
    }
    return -1;
}

}  // namespace

Mode mode_from_name(std::string_view name) {
    if (name == "bilinear") return Mode::bilinear;
    if (name == "bilinear_corners") return Mode::bilinear_corners;
    if (name == "nearest") return Mode::nearest;
    throw InvalidArgument("mode must be one of 'bilinear', 'bilinear_corners', 'nearest'; got '" + std::string(name) +
                          "'");
}

Border border_from_name(std::string_view name) {
    if (name == "mirror") return Border::mirror;
    if (name == "symmetric") return Border::symmetric;
    if (name == "replicate") return Border::replicate;
    if (name == "zero") return Border::zero;
    throw InvalidArgument("border must be one of 'mirror', 'symmetric', 'replicate', 'zero'; got '" +
                          std::string(name) + "'");
}

AxisWeights<double> resize_weights(index_t size_in, index_t size_out, Mode mode) {
    BandBuilder band(size_in, size_out);
    const double in = static_cast<double>(size_in), out = static_cast<double>(size_out);
    for (index_t o = 0; o < size_out; ++o) {
        if (mode == Mode::nearest) {
            band.add(nearest_source(o, size_in, size_out), 1.0);
        } else {
            double x = 0.0;
            if (mode == Mode::bilinear) x = std::max((static_cast<double>(o) + 0.5) * in / out - 0.5, 0.0);
            if (mode == Mode::bilinear_corners && size_out > 1) x = static_cast<double>(o) * (in - 1) / (out - 1);
            const index_t i = std::min(static_cast<index_t>(x), size_in - 1);
            const double fraction = x - static_cast<double>(i);
            band.add(i, 1.0 - fraction);
            if (fraction > 0.0) band.add(std::min(i + 1, size_in - 1), fraction);
        }
        band.end_row();
    }
    return band.finish();
}

AxisWeights<double> blur_weights(index_t size, const Blur& blur) {
    require(std::isfinite(blur.sigma) && blur.sigma > 0, "sigma must be a finite number >= 0");
    require(blur.radius >= 0 && blur.radius <= max_radius,
            "radius must lie between 0 and " + std::to_string(max_radius) + "; got " + std::to_string(blur.radius));
    require(blur.border != Border::mirror || blur.radius < size,
            "border 'mirror' needs a radius smaller than the map; got radius " + std::to_string(blur.radius) +
                " and size " + std::to_string(size));
    std::vector<double> taps(2 * blur.radius + 1);
    double sum = 0.0;
    for (index_t t = -blur.radius; t <= blur.radius; ++t) {
        const double z = static_cast<double>(t) / blur.sigma;
        sum += taps[t + blur.radius] = std::exp(-0.5 * z * z);
    }
    BandBuilder band(size, size);
    for (index_t o = 0; o < size; ++o) {
        for (index_t t = -blur.radius; t <= blur.radius; ++t) {
            const index_t j = fold(o + t, size, blur.border);
            if (j >= 0) band.add(j, taps[t + blur.radius] / sum);
        }
        band.end_row();
    }
    return band.finish();
}

AxisWeights<double> product(const AxisWeights<double>& left, const AxisWeights<double>& right) {
    BandBuilder band(right.size_in, left.size_out);
    for (index_t o = 0; o < left.size_out; ++o) {
        for (index_t t = 0; t < left.count[o]; ++t) {
            const index_t middle = left.first[o] + t;
            for (index_t s = 0; s < right.count[middle]; ++s)
                band.add(right.first[middle] + s,
                         left.weight[o * left.taps + t] * right.weight[middle * right.taps + s]);
        }
        band.end_row();
    }
    return band.finish();
}

template <class T>
AxisWeights<T> map_weights(index_t size_in, index_t size_out, Mode mode, const Blur& blur) {
    AxisWeights<double> exact = blur.sigma == 0.0 ? resize_weights(size_in, size_out, mode)
                                : size_in == size_out
                                    ? blur_weights(size_out, blur)
                                    : product(blur_weights(size_out, blur), resize_weights(size_in, size_out, mode));
    return {exact.size_in,          exact.size_out,         exact.taps,
            std::move(exact.first), std::move(exact.count), {exact.weight.begin(), exact.weight.end()}};
}

template AxisWeights<float> map_weights<float>(index_t, index_t, Mode, const Blur&);
template AxisWeights<double> map_weights<double>(index_t, index_t, Mode, const Blur&);

}  // namespace acpp::maps
