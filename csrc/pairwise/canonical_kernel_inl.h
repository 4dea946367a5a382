// Compiled once per ISA: the including .cpp defines ACPP_ISA. No include guard on purpose.
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "pairwise/canonical_kernel.h"

namespace acpp::canonical {

constexpr int lanes = 16;

// Sixteen doubles in as many registers as the level needs.
template <Isa level>
struct Lanes;

#if defined(__AVX512F__)
template <>
struct Lanes<ACPP_ISA> {
    __m512d part[2];
    static inline Lanes zero() { return {{_mm512_setzero_pd(), _mm512_setzero_pd()}}; }
    static inline Lanes load(const float* p) {
        return {{_mm512_cvtps_pd(_mm256_loadu_ps(p)), _mm512_cvtps_pd(_mm256_loadu_ps(p + 8))}};
    }
    static inline Lanes load(const double* p) { return {{_mm512_loadu_pd(p), _mm512_loadu_pd(p + 8)}}; }
    inline Lanes minus(const Lanes& o) const {
        return {{_mm512_sub_pd(part[0], o.part[0]), _mm512_sub_pd(part[1], o.part[1])}};
    }
    inline void add_product(const Lanes& a, const Lanes& b) {
        for (int i = 0; i < 2; ++i) part[i] = _mm512_fmadd_pd(a.part[i], b.part[i], part[i]);
    }
    inline void store(double* p) const {
        for (int i = 0; i < 2; ++i) _mm512_storeu_pd(p + 8 * i, part[i]);
    }
};
#elif defined(__AVX2__)
template <>
struct Lanes<ACPP_ISA> {
    __m256d part[4];
    static inline Lanes zero() {
        const __m256d z = _mm256_setzero_pd();
        return {{z, z, z, z}};
    }
    static inline Lanes load(const float* p) {
        return {{_mm256_cvtps_pd(_mm_loadu_ps(p)), _mm256_cvtps_pd(_mm_loadu_ps(p + 4)),
                 _mm256_cvtps_pd(_mm_loadu_ps(p + 8)), _mm256_cvtps_pd(_mm_loadu_ps(p + 12))}};
    }
    static inline Lanes load(const double* p) {
        return {{_mm256_loadu_pd(p), _mm256_loadu_pd(p + 4), _mm256_loadu_pd(p + 8), _mm256_loadu_pd(p + 12)}};
    }
    inline Lanes minus(const Lanes& o) const {
        Lanes r;
        for (int i = 0; i < 4; ++i) r.part[i] = _mm256_sub_pd(part[i], o.part[i]);
        return r;
    }
    inline void add_product(const Lanes& a, const Lanes& b) {
        for (int i = 0; i < 4; ++i) part[i] = _mm256_fmadd_pd(a.part[i], b.part[i], part[i]);
    }
    inline void store(double* p) const {
        for (int i = 0; i < 4; ++i) _mm256_storeu_pd(p + 4 * i, part[i]);
    }
};
#else
template <>
struct Lanes<ACPP_ISA> {
    double part[lanes];
    static inline Lanes zero() { return {}; }
    template <class T>
    static inline Lanes load(const T* p) {
        Lanes r;
        for (int i = 0; i < lanes; ++i) r.part[i] = static_cast<double>(p[i]);
        return r;
    }
    inline Lanes minus(const Lanes& o) const {
        Lanes r;
        for (int i = 0; i < lanes; ++i) r.part[i] = part[i] - o.part[i];
        return r;
    }
    inline void add_product(const Lanes& a, const Lanes& b) {
        for (int i = 0; i < lanes; ++i) part[i] = __builtin_fma(a.part[i], b.part[i], part[i]);
    }
    inline void store(double* p) const {
        for (int i = 0; i < lanes; ++i) p[i] = part[i];
    }
};
#endif

template <Isa level, bool difference, class Q, class B>
static inline void accumulate(Lanes<level>& sum, const Q* q, const B* b) {
    const Lanes<level> x = Lanes<level>::load(q), y = Lanes<level>::load(b);
    if constexpr (difference) {
        const Lanes<level> d = x.minus(y);
        sum.add_product(d, d);
    } else {
        sum.add_product(x, y);
    }
}

template <Isa level>
static inline double fold(const Lanes<level>& sum) {
    double s[lanes];
    sum.store(s);
    for (int width = lanes / 2; width > 0; width /= 2)
        for (int l = 0; l < width; ++l) s[l] += s[l + width];
    return s[0];
}

template <Isa level, class T>
static inline void pad(const T* from, int count, T* to) {
    for (int l = 0; l < lanes; ++l) to[l] = l < count ? from[l] : T(0);
}

// `width` rows at once, so that additions of different rows hide each other's latency.
template <Isa level, bool difference, int width, class Q, class B>
static inline void values(const Q* query, const B* const* row, index_t cols, double* out) {
    Lanes<level> sum[width];
    for (int r = 0; r < width; ++r) sum[r] = Lanes<level>::zero();
    index_t j = 0;
    for (; j + lanes <= cols; j += lanes)
        for (int r = 0; r < width; ++r) accumulate<level, difference>(sum[r], query + j, row[r] + j);
    if (j < cols) {  // zeros in both rows add nothing
        Q q[lanes];
        B b[lanes];
        pad<level>(query + j, static_cast<int>(cols - j), q);
        for (int r = 0; r < width; ++r) {
            pad<level>(row[r] + j, static_cast<int>(cols - j), b);
            accumulate<level, difference>(sum[r], q, b);
        }
    }
    for (int r = 0; r < width; ++r) out[r] = fold<level>(sum[r]);
}

template <Isa level, bool difference, class Q, class B>
static inline void all_values(const Q* query, MatrixView<const B> bank, const index_t* rows, index_t first,
                              index_t count, double* out) {
    constexpr int width = 4;
    const B* row[width];
    index_t i = 0;
    for (; i + width <= count; i += width) {
        for (int r = 0; r < width; ++r) row[r] = bank.row(rows ? rows[i + r] : first + i + r);
        values<level, difference, width>(query, row, bank.cols, out + i);
    }
    for (; i < count; ++i) {
        row[0] = bank.row(rows ? rows[i] : first + i);
        values<level, difference, 1>(query, row, bank.cols, out + i);
    }
}

#define ACPP_CANONICAL(Q, B)                                                                                        \
    template <>                                                                                                     \
    void sq_distances<ACPP_ISA, Q, B>(const Q* query, MatrixView<const B> bank, const index_t* rows, index_t first, \
                                      index_t count, double* out) {                                                 \
        all_values<ACPP_ISA, true>(query, bank, rows, first, count, out);                                           \
    }                                                                                                               \
    template <>                                                                                                     \
    void dots<ACPP_ISA, Q, B>(const Q* query, MatrixView<const B> bank, const index_t* rows, index_t first,         \
                              index_t count, double* out) {                                                         \
        all_values<ACPP_ISA, false>(query, bank, rows, first, count, out);                                          \
    }
ACPP_CANONICAL(float, float)
ACPP_CANONICAL(float, double)
ACPP_CANONICAL(double, float)
ACPP_CANONICAL(double, double)
#undef ACPP_CANONICAL

}  // namespace acpp::canonical
