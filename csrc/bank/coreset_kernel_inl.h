// Compiled once per ISA: the including .cpp defines ACPP_ISA. No include guard on purpose.
#include "bank/coreset_kernel.h"
#include "bank/lanes_inl.h"

namespace acpp::kcenter {

// As many picks at once as the registers hold with the partial sums of the fold.
#if defined(__AVX512F__)
constexpr int together = 4;
#elif defined(__AVX2__)
constexpr int together = 2;
#else
constexpr int together = 1;
#endif

// sum[c] = the part of |row - point[c]|^2 that the fold gathers in partial sum `first` before step `stride`.
template <int first, int stride, int n, class T>
ACPP_INLINE void fold(const T* packed, index_t d, const T* const (&point)[n], lanes::Vec<T> (&sum)[n]) {
    using V = lanes::Vec<T>;
    if constexpr (stride == 32) {
        for (int c = 0; c < n; ++c) sum[c] = V{};
        for (index_t j = first; j < d; j += 32) {
            const V x = lanes::load(packed + j * block_rows);
            for (int c = 0; c < n; ++c) {
                const V difference = x - point[c][j];
                sum[c] = lanes::fma(difference, difference, sum[c]);
            }
        }
    } else {
        V right[n];
        fold<first, 2 * stride>(packed, d, point, sum);
        fold<first + stride, 2 * stride>(packed, d, point, right);
        for (int c = 0; c < n; ++c) sum[c] += right[c];
    }
}

template <int n, class T>
static inline void relax_some(const Block<T>& block, const Picks<T>& picks, const int32_t* list) {
    using V = lanes::Vec<T>;
    using P = lanes::Vec<Pick<T>>;
    const T* point[n];
    for (int c = 0; c < n; ++c) point[c] = picks.rows + list[c] * picks.stride;
    for (int h = 0; h < block_rows; h += lanes::width<T>) {
        V sq[n];
        fold<0, 1>(block.packed + h, picks.d, point, sq);
        V radius = lanes::load(block.sq_radius + h);
        P nearest = lanes::load(block.nearest + h);
        for (int c = 0; c < n; ++c) {
            const auto nearer = sq[c] < radius;  // strict: the earlier pick keeps a tie
            radius = nearer ? sq[c] : radius;
            nearest = nearer ? P{} + static_cast<Pick<T>>(list[c]) : nearest;
        }
        lanes::store(block.sq_radius + h, radius);
        lanes::store(block.nearest + h, nearest);
    }
}

template <class T>
static inline void relax_all(const Block<T>& block, const Picks<T>& picks, const int32_t* list, index_t count) {
    index_t i = 0;
    for (; i + together <= count; i += together) relax_some<together>(block, picks, list + i);
    if constexpr (together > 1)
        for (; i < count; ++i) relax_some<1>(block, picks, list + i);
}

template <class T>
static inline void sq_distances_of(const T* packed, index_t d, const T* point, T* sq) {
    const T* const points[1] = {point};
    for (int h = 0; h < block_rows; h += lanes::width<T>) {
        lanes::Vec<T> sum[1];
        fold<0, 1>(packed + h, d, points, sum);
        lanes::store(sq + h, sum[0]);
    }
}

template <class T>
static inline index_t filter_of(const Block<T>& block, const Triangle<T>& triangle, index_t from, index_t to,
                                int32_t* list) {
    // Neighbouring lanes often share their nearest pick: one test for all of them.
    struct Group {
        const T* between;
        T sq_radius;
        index_t from;
    } group[block_rows];
    int groups = 0;
    for (int r = 0; r < block_rows; ++r) {
        if (block.sq_radius[r] < 0) continue;
        const T* between = block.nearest[r] < 0 ? nullptr : triangle.between + block.nearest[r] * triangle.stride;
        const T sq = block.sq_radius[r];
        const index_t first = block.seen[r] > from ? block.seen[r] : from;
        if (groups > 0 && group[groups - 1].between == between) {
            Group& last = group[groups - 1];
            last.sq_radius = sq > last.sq_radius ? sq : last.sq_radius;
            last.from = first < last.from ? first : last.from;
        } else {
            group[groups++] = {between, sq, first};
        }
    }
    constexpr index_t chunk = 64;
    index_t count = 0;
    for (index_t begin = from; begin < to; begin += chunk) {
        const index_t end = begin + chunk < to ? begin + chunk : to;
        int32_t keep[chunk] = {};
        for (int g = 0; g < groups; ++g) {
            const index_t first = group[g].from > begin ? group[g].from : begin;
            const T *between = group[g].between, sq = group[g].sq_radius;
            for (index_t c = first; c < end; ++c)
                keep[c - begin] |= between == nullptr || between[c] * triangle.factor < sq;
        }
        for (index_t c = begin; c < end; ++c) {
            list[count] = static_cast<int32_t>(c);
            count += keep[c - begin];
        }
    }
    return count;
}

#define ACPP_FOR(T)                                                                                             \
    template <>                                                                                                 \
    void gather<ACPP_ISA, T>(MatrixView<const T> from, const index_t* which, int count, T* packed) {            \
        lanes::gather(from, which, count, packed);                                                              \
    }                                                                                                           \
    template <>                                                                                                 \
    void sq_distances<ACPP_ISA, T>(const T* packed, index_t d, const T* point, T* sq) {                         \
        sq_distances_of(packed, d, point, sq);                                                                  \
    }                                                                                                           \
    template <>                                                                                                 \
    void relax<ACPP_ISA, T>(const Block<T>& block, const Picks<T>& picks, const int32_t* list, index_t count) { \
        relax_all(block, picks, list, count);                                                                   \
    }                                                                                                           \
    template <>                                                                                                 \
    index_t filter<ACPP_ISA, T>(const Block<T>& block, const Triangle<T>& triangle, index_t from, index_t to,   \
                                int32_t* list) {                                                                \
        return filter_of(block, triangle, from, to, list);                                                      \
    }
ACPP_FOR(float)
ACPP_FOR(double)
#undef ACPP_FOR

}  // namespace acpp::kcenter
