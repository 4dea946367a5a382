#include <algorithm>

#include "core/error.h"
#include "cuda/device.h"
#include "cuda/maps/separable.h"

namespace acpp::cuda {
namespace {

using acpp::maps::AxisWeights;

template <class T>
struct Band {  // AxisWeights on the device
    const index_t *first, *count;
    const T* weight;
    index_t taps;
};

// The CPU kernels multiply, round, add, round: so do these, one chain for each output in the same order. The products
// with zero weights that a tile of the CPU adds on top change no bit.
__device__ float multiply_add(float a, float b, float sum) { return __fadd_rn(sum, __fmul_rn(a, b)); }
__device__ double multiply_add(double a, double b, double sum) { return __dadd_rn(sum, __dmul_rn(a, b)); }

// Neighbouring threads make neighbouring columns. `in` is read with step 1 between taps.
template <class T>
__global__ void combine_columns(ImageStackView<const T> in, Band<T> band, ImageStackView<T> out) {
    const index_t step = static_cast<index_t>(gridDim.x) * blockDim.x, count = out.pixels();
    for (index_t i = static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) {
        const index_t x = i % out.width, row = i / out.width, y = row % out.height, image = row / out.height;
        const T *source = in.row(image, y) + band.first[x], *weight = band.weight + x * band.taps;
        T sum = 0;
        for (index_t t = 0; t < band.count[x]; ++t) sum = multiply_add(source[t], weight[t], sum);
        out.row(image, y)[x] = sum;
    }
}

template <class T>
__global__ void combine_rows(ImageStackView<const T> in, Band<T> band, ImageStackView<T> out) {
    const index_t step = static_cast<index_t>(gridDim.x) * blockDim.x, count = out.pixels();
    for (index_t i = static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) {
        const index_t x = i % out.width, row = i / out.width, y = row % out.height, image = row / out.height;
        const T* weight = band.weight + y * band.taps;
        T sum = 0;
        for (index_t t = 0; t < band.count[y]; ++t)
            sum = multiply_add(in.row(image, band.first[y] + t)[x], weight[t], sum);
        out.row(image, y)[x] = sum;
    }
}

template <class T>
class DeviceBand {
  public:
    DeviceBand(const AxisWeights<T>& axis, cudaStream_t stream)
        : first_(axis.first.data(), axis.size_out, stream),
          count_(axis.count.data(), axis.size_out, stream),
          weight_(axis.weight.data(), axis.size_out * axis.taps, stream),
          taps_(axis.taps) {}
    Band<T> view() const { return {first_.data(), count_.data(), weight_.data(), taps_}; }

  private:
    StreamBuffer<index_t> first_, count_;
    StreamBuffer<T> weight_;
    index_t taps_;
};

}  // namespace

template <class T>
void transform(ImageStackView<const T> maps, acpp::maps::Mode mode, const acpp::maps::Blur& blur, ImageStackView<T> out,
               int device, cudaStream_t stream) {
    require(maps.height > 0 && maps.width > 0, "maps must have at least one row and one column");
    require(out.height > 0 && out.width > 0, "size must be at least 1 in each direction");
    require(out.images == maps.images, "out must hold as many maps as the input");
    const AxisWeights<T> rows = acpp::maps::map_weights<T>(maps.height, out.height, mode, blur);
    const AxisWeights<T> columns = acpp::maps::map_weights<T>(maps.width, out.width, mode, blur);
    const DeviceScope scope(device);
    require_not_capturing(stream);
    if (maps.images == 0) return;

    const DeviceBand<T> row_band(rows, stream), column_band(columns, stream);
    const StreamBuffer<T> scratch(maps.images * maps.height * out.width, stream);
    const ImageStackView<T> combined{scratch.data(),          maps.images, maps.height, out.width,
                                     maps.height * out.width, out.width};
    const ImageStackView<const T> finished{combined.data,  combined.images,       combined.height,
                                           combined.width, combined.image_stride, combined.row_stride};
    int processors = 0;
    check(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device), "asking for the device's size");
    constexpr int threads = 256;
    const auto grid = [&](index_t n) {
        return static_cast<unsigned>(std::min<index_t>((n + threads - 1) / threads, index_t{8} * processors));
    };
    combine_columns<T><<<grid(combined.pixels()), threads, 0, stream>>>(maps, column_band.view(), combined);
    check(cudaGetLastError(), "launching the row filter");
    combine_rows<T><<<grid(out.pixels()), threads, 0, stream>>>(finished, row_band.view(), out);
    check(cudaGetLastError(), "launching the column filter");
}

template void transform<float>(ImageStackView<const float>, acpp::maps::Mode, const acpp::maps::Blur&,
                               ImageStackView<float>, int, cudaStream_t);
template void transform<double>(ImageStackView<const double>, acpp::maps::Mode, const acpp::maps::Blur&,
                                ImageStackView<double>, int, cudaStream_t);

}  // namespace acpp::cuda
