// Compiled once per ISA: the including .cpp defines ACPP_ISA. No include guard on purpose.
// Every output is one chain of multiply, add, multiply, add ... in the same order at every level; vectors run over
// neighbouring outputs, so their width does not change a bit.
#include "maps/separable_kernel.h"

#if defined(__AVX512F__)
#define ACPP_VECTOR_BYTES 64
#elif defined(__AVX2__)
#define ACPP_VECTOR_BYTES 32
#else
#define ACPP_VECTOR_BYTES 16
#endif

namespace acpp::maps {

template <Isa level, class T>
struct Vector {
    typedef T type __attribute__((vector_size(ACPP_VECTOR_BYTES), aligned(alignof(T)), may_alias));
    static constexpr int lanes = ACPP_VECTOR_BYTES / sizeof(T);
};

// `rows` rows at a time share each load of the weights and hide the latency of the additions.
template <Isa level, class T, int rows>
static inline void combine_tile(const T* in, index_t in_stride, const Tile<T>& tile, T* out, index_t out_stride) {
    using V = typename Vector<level, T>::type;
    constexpr int parts = tile_width / Vector<level, T>::lanes;
    V sum[rows][parts] = {};
    const T* source = in + tile.first;
    const T* weight = tile.weight;
    for (index_t j = 0; j < tile.inputs; ++j, weight += tile_width)
        for (int p = 0; p < parts; ++p) {
            const V w = *reinterpret_cast<const V*>(weight + p * Vector<level, T>::lanes);
            for (int r = 0; r < rows; ++r) sum[r][p] += w * source[r * in_stride + j];
        }
    for (int r = 0; r < rows; ++r)
        for (int p = 0; p < parts; ++p)
            *reinterpret_cast<V*>(out + r * out_stride + p * Vector<level, T>::lanes) = sum[r][p];
}

template <Isa level, class T>
static inline void combine_columns_body(MatrixView<const T> in, const Tile<T>* tiles, index_t tile_count,
                                        MatrixView<T> out) {
    index_t y = 0;
    for (; y + 4 <= in.rows; y += 4)
        for (index_t t = 0; t < tile_count; ++t)
            combine_tile<level, T, 4>(in.row(y), in.row_stride, tiles[t], out.row(y) + t * tile_width, out.row_stride);
    for (; y < in.rows; ++y)
        for (index_t t = 0; t < tile_count; ++t)
            combine_tile<level, T, 1>(in.row(y), in.row_stride, tiles[t], out.row(y) + t * tile_width, out.row_stride);
}

template <Isa level, class T>
static inline void combine_rows_body(MatrixView<const T> in, const T* weight, T* out) {
    using V = typename Vector<level, T>::type;
    constexpr int lanes = Vector<level, T>::lanes, parts = 4;
    index_t x = 0;
    for (; x + parts * lanes <= in.cols; x += parts * lanes) {
        V sum[parts] = {};
        const T* source = in.data + x;
        for (index_t t = 0; t < in.rows; ++t, source += in.row_stride)
            for (int p = 0; p < parts; ++p) sum[p] += *reinterpret_cast<const V*>(source + p * lanes) * weight[t];
        for (int p = 0; p < parts; ++p) *reinterpret_cast<V*>(out + x + p * lanes) = sum[p];
    }
    for (; x + lanes <= in.cols; x += lanes) {
        V sum = {};
        for (index_t t = 0; t < in.rows; ++t) sum += *reinterpret_cast<const V*>(in.row(t) + x) * weight[t];
        *reinterpret_cast<V*>(out + x) = sum;
    }
    for (; x < in.cols; ++x) {
        T sum = 0;
        for (index_t t = 0; t < in.rows; ++t) sum += in.row(t)[x] * weight[t];
        out[x] = sum;
    }
}

template <>
void combine_columns<ACPP_ISA, float>(MatrixView<const float> in, const Tile<float>* tiles, index_t tile_count,
                                      MatrixView<float> out) {
    combine_columns_body<ACPP_ISA>(in, tiles, tile_count, out);
}
template <>
void combine_columns<ACPP_ISA, double>(MatrixView<const double> in, const Tile<double>* tiles, index_t tile_count,
                                       MatrixView<double> out) {
    combine_columns_body<ACPP_ISA>(in, tiles, tile_count, out);
}
template <>
void combine_rows<ACPP_ISA, float>(MatrixView<const float> in, const float* weight, float* out) {
    combine_rows_body<ACPP_ISA>(in, weight, out);
}
template <>
void combine_rows<ACPP_ISA, double>(MatrixView<const double> in, const double* weight, double* out) {
    combine_rows_body<ACPP_ISA>(in, weight, out);
}

}  // namespace acpp::maps
