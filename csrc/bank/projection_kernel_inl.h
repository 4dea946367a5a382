// Compiled once per ISA: the including .cpp defines ACPP_ISA. No include guard on purpose.
#include "bank/lanes_inl.h"
#include "bank/projection_kernel.h"

namespace acpp::projection {

template <class T>
static inline int pack(MatrixView<const T> rows, index_t first, T* packed) {
    const int count = rows.rows - first < block_rows ? static_cast<int>(rows.rows - first) : block_rows;
    index_t which[block_rows];
    for (int r = 0; r < count; ++r) which[r] = first + r;
    lanes::gather(rows, which, count, packed);
    return count;
}

template <class T>
static inline void unpack(const T* packed, int count, index_t first, MatrixView<T> out) {
    for (int r = 0; r < count; ++r) {
        T* row = out.row(first + r);
        for (index_t k = 0; k < out.cols; ++k) row[k] = packed[k * block_rows + r];
    }
}

template <int n, class T>
static inline void dot_some(const T* packed, index_t d, const T* weights, T* out) {
    using V = lanes::Vec<T>;
    for (int h = 0; h < block_rows; h += lanes::width<T>) {
        V sum[n] = {};
        for (index_t j = 0; j < d; ++j) {
            const V x = lanes::load(packed + j * block_rows + h);
            for (int k = 0; k < n; ++k) sum[k] = lanes::fma(x, V{} + weights[k * d + j], sum[k]);
        }
        for (int k = 0; k < n; ++k) lanes::store(out + k * block_rows + h, sum[k]);
    }
}

template <class T>
static inline void dense(MatrixView<const T> rows, index_t first, const T* weights, MatrixView<T> out, T* scratch) {
    const int count = pack(rows, first, scratch);
    T* projected = scratch + block_rows * rows.cols;
    index_t k = 0;
    for (; k + 8 <= out.cols; k += 8)
        dot_some<8>(scratch, rows.cols, weights + k * rows.cols, projected + k * block_rows);
    for (; k < out.cols; ++k) dot_some<1>(scratch, rows.cols, weights + k * rows.cols, projected + k * block_rows);
    unpack(projected, count, first, out);
}

template <class T>
static inline void sparse(MatrixView<const T> rows, index_t first, const index_t* start, const int32_t* columns,
                          T scale, MatrixView<T> out, T* scratch) {
    using V = lanes::Vec<T>;
    const int count = pack(rows, first, scratch);
    T* projected = scratch + block_rows * rows.cols;
    constexpr int parts = block_rows / lanes::width<T>;  // side by side: each is a chain of additions
    for (index_t k = 0; k < out.cols; ++k) {
        V sum[parts] = {};
        index_t i = start[2 * k];
        for (; i < start[2 * k + 1]; ++i)
            for (int p = 0; p < parts; ++p)
                sum[p] += lanes::load(scratch + columns[i] * block_rows + p * lanes::width<T>);
        for (; i < start[2 * k + 2]; ++i)
            for (int p = 0; p < parts; ++p)
                sum[p] -= lanes::load(scratch + columns[i] * block_rows + p * lanes::width<T>);
        for (int p = 0; p < parts; ++p) lanes::store(projected + k * block_rows + p * lanes::width<T>, sum[p] * scale);
    }
    unpack(projected, count, first, out);
}

#define ACPP_FOR(T)                                                                                             \
    template <>                                                                                                 \
    void dense_block<ACPP_ISA, T>(MatrixView<const T> rows, index_t first, const T* weights, MatrixView<T> out, \
                                  T* scratch) {                                                                 \
        dense(rows, first, weights, out, scratch);                                                              \
    }                                                                                                           \
    template <>                                                                                                 \
    void sparse_block<ACPP_ISA, T>(MatrixView<const T> rows, index_t first, const index_t* start,               \
                                   const int32_t* columns, T scale, MatrixView<T> out, T* scratch) {            \
        sparse(rows, first, start, columns, scale, out, scratch);                                               \
    }
ACPP_FOR(float)
ACPP_FOR(double)
#undef ACPP_FOR

}  // namespace acpp::projection
