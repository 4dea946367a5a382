// Sixteen rows side by side: column j of sixteen rows lies in one 16-element strip, so a row is a lane and sums over
// columns need no shuffles. Compiled once per ISA: the including .cpp defines ACPP_ISA. Everything here is internal
// to one object file, and no standard-library template is used (their weak symbols would carry the instruction set
// into the rest of the program).
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include <stdint.h>

#include "core/array.h"
#include "core/cpu.h"

#define ACPP_INLINE static inline __attribute__((always_inline))

namespace acpp::lanes {

constexpr int rows = 16;

#if defined(__AVX512F__)
constexpr int vector_bytes = 64;
#elif defined(__AVX2__)
constexpr int vector_bytes = 32;
#else
constexpr int vector_bytes = 16;
#endif

template <class T>
struct VectorOf {
    typedef T type __attribute__((vector_size(vector_bytes)));
};
template <class T>
using Vec = typename VectorOf<T>::type;
template <class T>
constexpr int width = vector_bytes / sizeof(T);

template <class T>
ACPP_INLINE Vec<T> load(const T* p) {
    Vec<T> v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}
template <class T>
ACPP_INLINE void store(T* p, Vec<T> v) {
    __builtin_memcpy(p, &v, sizeof v);
}

// a * b + c with one rounding at every level.
#if defined(__AVX512F__)
ACPP_INLINE Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) { return _mm512_fmadd_ps(a, b, c); }
ACPP_INLINE Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) { return _mm512_fmadd_pd(a, b, c); }
#elif defined(__AVX2__)
ACPP_INLINE Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) { return _mm256_fmadd_ps(a, b, c); }
ACPP_INLINE Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) { return _mm256_fmadd_pd(a, b, c); }
#else
// The product of two floats is exact in double. Rounding the double sum to odd first makes the final rounding to
// float the only one that counts; an order of magnitude faster than fmaf() on a CPU without the instruction.
ACPP_INLINE float fma_one(float a, float b, float c) {
    const double product = static_cast<double>(a) * b;
    const double sum = product + c, tail = sum - product;
    const double error = (product - (sum - tail)) + (c - tail);
    int64_t bits;
    __builtin_memcpy(&bits, &sum, sizeof bits);
    if ((error > 0 || error < 0) && (bits & 1) == 0) bits += (error > 0) == (sum > 0) ? 1 : -1;
    double odd;
    __builtin_memcpy(&odd, &bits, sizeof odd);
    return static_cast<float>(odd);
}
ACPP_INLINE double fma_one(double a, double b, double c) { return __builtin_fma(a, b, c); }
template <class V>
ACPP_INLINE V fma(V a, V b, V c) {
    for (unsigned k = 0; k < sizeof(V) / sizeof(a[0]); ++k) c[k] = fma_one(a[k], b[k], c[k]);
    return c;
}
#endif

// packed[16 j + r] = column j of the r-th of `count` <= 16 listed rows; missing rows are zero.
template <class T>
static inline void gather(MatrixView<const T> from, const index_t* which, int count, T* packed) {
    const index_t d = from.cols;
    const T* row[rows];
    for (int r = 0; r < count; ++r) row[r] = from.row(which[r]);
    if (count == rows) {
        for (index_t j = 0; j < d; ++j)
            for (int r = 0; r < rows; ++r) packed[j * rows + r] = row[r][j];
        return;
    }
    for (index_t j = 0; j < d; ++j)
        for (int r = 0; r < rows; ++r) packed[j * rows + r] = r < count ? row[r][j] : T(0);
}

}  // namespace acpp::lanes
