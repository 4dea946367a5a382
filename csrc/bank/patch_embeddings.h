#pragma once
// Feature maps of several network layers -> one row of locally averaged features for each patch.
#include <vector>

#include "core/array.h"
#include "core/parallel.h"

namespace acpp::bank {

template <class T>
struct FeatureMaps {  // of one layer: images x channels x height x width, any strides
    const T* data;
    index_t images, channels, height, width;
    index_t image_stride, channel_stride, row_stride, column_stride;  // elements; column 1 or channel 1 is fast

    constexpr const T* plane(index_t image, index_t channel) const {
        return data + image * image_stride + channel * channel_stride;
    }
};

struct Grid {
    index_t height, width;
    index_t patches() const { return height * width; }
};

// anomalib's PatchCore: every map averaged over patch x patch (stride 1, zero padding that counts), layers after the
// first resized to its grid (bilinear, align_corners=False), channels concatenated. `patch` is odd.
// out: images * grid patches rows of sum-of-channels columns, row stride free.
template <class T>
void average_embeddings(const std::vector<FeatureMaps<T>>& layers, index_t patch, MatrixView<T> out,
                        const RunOptions& run);

// patchcore-inspection: every patch x patch neighbourhood (zero padding (patch - 1) / 2) as one vector in (channel, dy,
// dx) order, averaged adaptively to `pretrain_dim` values; layers after the first resized to the first one's patch
// grid; the layers' vectors together averaged adaptively to out.cols values. Both averages are one sparse matrix, so
// no neighbourhood is ever written out.
template <class T>
void adaptive_embeddings(const std::vector<FeatureMaps<T>>& layers, index_t patch, index_t stride, index_t pretrain_dim,
                         MatrixView<T> out, const RunOptions& run);

// The patch grid of a layer under adaptive_embeddings; throws InvalidArgument when no patch fits.
Grid patch_grid(index_t height, index_t width, index_t patch, index_t stride);

}  // namespace acpp::bank
