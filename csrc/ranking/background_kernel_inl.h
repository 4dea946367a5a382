// Compiled once per ISA: the including .cpp defines ACPP_ISA. No include guard on purpose.
#include "ranking/background_kernel.h"

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace acpp::ranking {

// Appends the keys of one block of 64 whose label byte is zero.
template <Isa level, class Key>
static inline index_t compress(const Key* keys, const std::uint8_t* labels, Key* out) {
#if defined(__AVX512F__) && defined(__AVX512BW__)
    if constexpr (level == Isa::avx512) {
        constexpr int lanes = 64 / sizeof(Key);
        const std::uint64_t keep = _mm512_testn_epi8_mask(_mm512_loadu_si512(labels), _mm512_set1_epi8(-1));
        index_t kept = 0;
        for (int i = 0; i < 64; i += lanes) {
            const __m512i k = _mm512_loadu_si512(keys + i);
            // Compress in the register: a compressing store is microcoded on some CPUs.
            if constexpr (lanes == 16) {
                const __mmask16 part = static_cast<__mmask16>(keep >> i);
                _mm512_storeu_si512(out + kept, _mm512_maskz_compress_epi32(part, k));
                kept += __builtin_popcount(part);
            } else {
                const __mmask8 part = static_cast<__mmask8>(keep >> i);
                _mm512_storeu_si512(out + kept, _mm512_maskz_compress_epi64(part, k));
                kept += __builtin_popcount(part);
            }
        }
        return kept;
    }
#endif
    index_t kept = 0;
    for (int i = 0; i < 64; ++i) {
        out[kept] = keys[i];
        kept += labels[i] == 0;
    }
    return kept;
}

template <Isa level, class T>
static KeptKeys kept_keys(const T* scores, const std::uint8_t* labels, index_t n, typename ScoreKey<T>::Key* out) {
    using Traits = ScoreKey<T>;
    using Key = typename Traits::Key;
    KeptKeys result{0, 0};
    Key block[64];
    index_t i = 0;
    for (; i + 64 <= n; i += 64) {
        std::uint64_t any = 0;
        for (int j = 0; j < 64; j += 8) {
            std::uint64_t word;
            __builtin_memcpy(&word, labels + i + j, 8);
            any |= word;
        }
        Key* target = any ? block : out + result.kept;
        for (int j = 0; j < 64; ++j) target[j] = Traits::key(scores[i + j]);
        if constexpr (Traits::may_be_missing) {
            std::uint32_t missing = 0;
            for (int j = 0; j < 64; ++j) missing += Traits::missing(scores[i + j]);
            if (missing != 0)
                for (int j = 0; j < 64; ++j) result.missing += labels[i + j] == 0 && Traits::missing(scores[i + j]);
        }
        result.kept += any ? compress<level>(block, labels + i, out + result.kept) : 64;
    }
    for (; i < n; ++i) {
        if (labels[i] != 0) continue;
        out[result.kept++] = Traits::key(scores[i]);
        result.missing += Traits::missing(scores[i]);
    }
    return result;
}

// Specialised, not instantiated: an instantiation would be a weak symbol.
#define ACPP_BACKGROUND_KEYS(T)                                                                   \
    template <>                                                                                   \
    KeptKeys background_keys<ACPP_ISA, T>(const T* scores, const std::uint8_t* labels, index_t n, \
                                          ScoreKey<T>::Key* out) {                                \
        return kept_keys<ACPP_ISA, T>(scores, labels, n, out);                                    \
    }
ACPP_BACKGROUND_KEYS(std::uint8_t)
ACPP_BACKGROUND_KEYS(std::int8_t)
ACPP_BACKGROUND_KEYS(std::uint16_t)
ACPP_BACKGROUND_KEYS(std::int16_t)
ACPP_BACKGROUND_KEYS(std::uint32_t)
ACPP_BACKGROUND_KEYS(std::int32_t)
ACPP_BACKGROUND_KEYS(std::uint64_t)
ACPP_BACKGROUND_KEYS(std::int64_t)
ACPP_BACKGROUND_KEYS(Half)
ACPP_BACKGROUND_KEYS(float)
ACPP_BACKGROUND_KEYS(double)
#undef ACPP_BACKGROUND_KEYS

}  // namespace acpp::ranking
