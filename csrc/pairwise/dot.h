#pragma once
// One thin name per hardware dot step, and its scalar emulation. A step adds, in every 32-bit lane of a column vector,
// the product of one group of 4 bytes of a query row with one group of a bank row: 1 float, 2 int16 or 4 int8.
// Included by tile_kernel_<isa>.cpp only, which are compiled with that level's flags.
#include <cstdint>
#include <cstring>

#if defined(__SSE4_2__)
#include <immintrin.h>
#endif

#include "core/cpu.h"

namespace acpp::pairwise {

// float32 fused (or, at baseline, separate) multiply-add. Lanes and columns of one vector:
template <Isa level>
struct FloatStep;

// int16 dot step, both sides signed; exact in int32 as long as the norms of both codes multiply to less than 2^31.
template <Isa level>
struct WordStep;

// int8 dot step: rows are unsigned (code + bias), columns signed; exact in int32. `bias` is 128 and codes reach 127
// where the step adds in 32 bits at once; where four products first meet in 16 bits, 64 and 63 keep them from
// saturating: 2 * 2 * 127 * 63 < 2^15.
template <Isa level>
struct ByteStep;

#if defined(ACPP_STEP_FLOAT)
#if defined(__AVX512F__)
template <>
struct FloatStep<ACPP_ISA> {
    using Vector = __m512;
    static constexpr int lanes = 16;
    static constexpr bool exact = false;
    static inline Vector zero() { return _mm512_setzero_ps(); }
    static inline Vector load(const void* p) { return _mm512_loadu_ps(p); }
    static inline Vector broadcast(const void* p) { return _mm512_set1_ps(*static_cast<const float*>(p)); }
    static inline Vector step(Vector sum, Vector a, Vector b) { return _mm512_fmadd_ps(a, b, sum); }
    static inline Vector add(Vector a, Vector b) { return _mm512_add_ps(a, b); }
    static inline void store(void* p, Vector v) { _mm512_storeu_ps(p, v); }
};
#elif defined(__AVX2__)
template <>
struct FloatStep<ACPP_ISA> {
    using Vector = __m256;
    static constexpr int lanes = 8;
    static constexpr bool exact = false;
    static inline Vector zero() { return _mm256_setzero_ps(); }
    static inline Vector load(const void* p) { return _mm256_loadu_ps(static_cast<const float*>(p)); }
    static inline Vector broadcast(const void* p) { return _mm256_broadcast_ss(static_cast<const float*>(p)); }
    static inline Vector step(Vector sum, Vector a, Vector b) { return _mm256_fmadd_ps(a, b, sum); }
    static inline Vector add(Vector a, Vector b) { return _mm256_add_ps(a, b); }
    static inline void store(void* p, Vector v) { _mm256_storeu_ps(static_cast<float*>(p), v); }
};
#else
template <>
struct FloatStep<ACPP_ISA> {
    struct Vector {
        float lane[4];
    };
    static constexpr int lanes = 4;
    static constexpr bool exact = false;
    static inline Vector zero() { return {}; }
    static inline Vector load(const void* p) {
        Vector v;
        std::memcpy(v.lane, p, sizeof v.lane);
        return v;
    }
    static inline Vector broadcast(const void* p) {
        const float x = *static_cast<const float*>(p);
        return {{x, x, x, x}};
    }
    static inline Vector step(Vector sum, Vector a, Vector b) {
        for (int l = 0; l < lanes; ++l) sum.lane[l] += a.lane[l] * b.lane[l];
        return sum;
    }
    static inline Vector add(Vector a, Vector b) {
        for (int l = 0; l < lanes; ++l) a.lane[l] += b.lane[l];
        return a;
    }
    static inline void store(void* p, Vector v) { std::memcpy(p, v.lane, sizeof v.lane); }
};
#endif
#endif  // ACPP_STEP_FLOAT

#if (defined(ACPP_STEP_WORD) || defined(ACPP_STEP_BYTE)) && !defined(ACPP_EMULATED)
// What all steps on vectors of int32 sums have in common.
template <Isa level>
struct IntegerVectors;

template <>
struct IntegerVectors<ACPP_ISA> {
#if defined(__AVX512BW__)
    using Vector = __m512i;
    static constexpr int lanes = 16;
    static constexpr bool exact = true;
    static inline Vector zero() { return _mm512_setzero_si512(); }
    static inline Vector load(const void* p) { return _mm512_loadu_si512(p); }
    static inline Vector broadcast(const void* p) {
        std::int32_t group;
        std::memcpy(&group, p, sizeof group);
        return _mm512_set1_epi32(group);
    }
    static inline Vector add(Vector a, Vector b) { return _mm512_add_epi32(a, b); }
    static inline void store(void* p, Vector v) { _mm512_storeu_si512(p, v); }
#else
    using Vector = __m256i;
    static constexpr int lanes = 8;
    static constexpr bool exact = true;
    static inline Vector zero() { return _mm256_setzero_si256(); }
    static inline Vector load(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
    static inline Vector broadcast(const void* p) {
        std::int32_t group;
        std::memcpy(&group, p, sizeof group);
        return _mm256_set1_epi32(group);
    }
    static inline Vector add(Vector a, Vector b) { return _mm256_add_epi32(a, b); }
    static inline void store(void* p, Vector v) { _mm256_storeu_si256(static_cast<__m256i*>(p), v); }
#endif
};
#endif

#if defined(ACPP_STEP_WORD)
template <>
struct WordStep<ACPP_ISA> : IntegerVectors<ACPP_ISA> {
    static inline Vector step(Vector sum, Vector a, Vector b) {
#if defined(__AVX512BW__)
        return add(sum, _mm512_madd_epi16(a, b));
#else
        return add(sum, _mm256_madd_epi16(a, b));
#endif
    }
};
#endif  // ACPP_STEP_WORD

#if defined(ACPP_STEP_BYTE)
#if defined(ACPP_EMULATED)
template <>
struct ByteStep<ACPP_ISA> {
    struct Vector {
        std::int32_t lane[16];
    };
    static constexpr int lanes = 16, bias = 128;
    static constexpr bool exact = true;
    static inline Vector zero() { return {}; }
    static inline Vector load(const void* p) {
        Vector v;
        std::memcpy(v.lane, p, sizeof v.lane);
        return v;
    }
    static inline Vector broadcast(const void* p) {
        Vector v;
        for (int l = 0; l < lanes; ++l) std::memcpy(&v.lane[l], p, 4);
        return v;
    }
    static inline Vector step(Vector sum, const Vector& a, const Vector& b) {
        for (int l = 0; l < lanes; ++l) {
            std::uint8_t x[4];
            std::int8_t y[4];
            std::memcpy(x, &a.lane[l], 4);
            std::memcpy(y, &b.lane[l], 4);
            for (int t = 0; t < 4; ++t) sum.lane[l] += x[t] * y[t];
        }
        return sum;
    }
    static inline Vector add(Vector a, const Vector& b) {
        for (int l = 0; l < lanes; ++l) a.lane[l] += b.lane[l];
        return a;
    }
    static inline void store(void* p, const Vector& v) { std::memcpy(p, v.lane, sizeof v.lane); }
};
#elif defined(__AVX512VNNI__)
template <>
struct ByteStep<ACPP_ISA> : IntegerVectors<ACPP_ISA> {
    static constexpr int bias = 128;
    static inline Vector step(Vector sum, Vector a, Vector b) { return _mm512_dpbusd_epi32(sum, a, b); }
};
#else
template <>
struct ByteStep<ACPP_ISA> : IntegerVectors<ACPP_ISA> {
    static constexpr int bias = 64;
    // Two groups at once, so that half of the widening is saved.
    static inline Vector step_pair(Vector sum, Vector a0, Vector b0, Vector a1, Vector b1) {
#if defined(__AVX512BW__)
        const Vector four = _mm512_add_epi16(_mm512_maddubs_epi16(a0, b0), _mm512_maddubs_epi16(a1, b1));
        return add(sum, _mm512_madd_epi16(four, _mm512_set1_epi16(1)));
#else
        const Vector four = _mm256_add_epi16(_mm256_maddubs_epi16(a0, b0), _mm256_maddubs_epi16(a1, b1));
        return add(sum, _mm256_madd_epi16(four, _mm256_set1_epi16(1)));
#endif
    }
};
#endif
#endif  // ACPP_STEP_BYTE

}  // namespace acpp::pairwise
