#pragma once
// Scores as unsigned integers of the same order. -0 and +0 share a key; every NaN gets the largest key, above +inf.
// Included by ISA-specific sources: no standard-library template, and what a kernel calls is always inlined, so that no
// object leaves a copy of it in its own instruction set for others to link.
#include <bit>
#include <cstdint>
#include <type_traits>

#include "ranking/dtype.h"

#define ACPP_INLINE [[gnu::always_inline]]

namespace acpp::ranking {

template <class T>
struct ScoreKey {  // integers: shift the range so that the smallest value gets key 0
    using Key = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
    static constexpr bool may_be_missing = false;
    static constexpr std::uint64_t offset = std::is_signed_v<T> ? std::uint64_t{1} << (8 * sizeof(T) - 1) : 0;

    ACPP_INLINE static constexpr Key key(T score) {
        return static_cast<Key>(static_cast<std::uint64_t>(score) + offset);
    }
    ACPP_INLINE static constexpr bool missing(T) { return false; }
    static constexpr bool is_missing(Key) { return false; }
    ACPP_INLINE static constexpr double score(Key key) { return static_cast<double>(static_cast<T>(key - offset)); }
};

// Bits of a binary float of any width, held in Key: sign in bit `width` - 1, infinity's pattern in `infinity`.
template <class Key, int width, Key infinity>
struct FloatBits {
    static constexpr Key sign = Key{1} << (width - 1), all = sign | (sign - 1), no_value = static_cast<Key>(~Key{0});

    ACPP_INLINE static constexpr bool missing(Key bits) { return (bits & (sign - 1)) > infinity; }
    ACPP_INLINE static constexpr Key key(Key bits) {
        const Key ordered = (bits & sign) ? (all ^ bits) : (bits | sign);
        const Key zero_fixed = bits == sign ? sign : ordered;
        return missing(bits) ? no_value : zero_fixed;
    }
    static constexpr bool is_missing(Key key) { return key == no_value; }
    ACPP_INLINE static constexpr Key bits(Key key) { return (key & sign) ? (key ^ sign) : (all ^ key); }
};

template <>
struct ScoreKey<float> : FloatBits<std::uint32_t, 32, 0x7f800000u> {
    using Key = std::uint32_t;
    static constexpr bool may_be_missing = true;
    ACPP_INLINE static constexpr Key key(float s) { return FloatBits::key(__builtin_bit_cast(Key, s)); }
    ACPP_INLINE static constexpr bool missing(float s) { return FloatBits::missing(__builtin_bit_cast(Key, s)); }
    ACPP_INLINE static constexpr double score(Key k) { return static_cast<double>(__builtin_bit_cast(float, bits(k))); }
};

template <>
struct ScoreKey<double> : FloatBits<std::uint64_t, 64, 0x7ff0000000000000ull> {
    using Key = std::uint64_t;
    static constexpr bool may_be_missing = true;
    ACPP_INLINE static constexpr Key key(double s) { return FloatBits::key(__builtin_bit_cast(Key, s)); }
    ACPP_INLINE static constexpr bool missing(double s) { return FloatBits::missing(__builtin_bit_cast(Key, s)); }
    ACPP_INLINE static constexpr double score(Key k) { return __builtin_bit_cast(double, bits(k)); }
};

template <>
struct ScoreKey<Half> : FloatBits<std::uint32_t, 16, 0x7c00u> {
    using Key = std::uint32_t;
    static constexpr bool may_be_missing = true;
    ACPP_INLINE static constexpr Key key(Half s) { return FloatBits::key(s.bits); }
    ACPP_INLINE static constexpr bool missing(Half s) { return FloatBits::missing(s.bits); }
    ACPP_INLINE static constexpr double score(Key k) {
        const std::uint32_t b = bits(k), exponent = b >> 10 & 31, fraction = b & 1023;
        const double sign = b >> 15 ? -1.0 : 1.0;
        if (exponent == 0) return sign * static_cast<double>(fraction) / 16777216.0;
        if (exponent == 31) return sign * __builtin_inf();
        const double unit = exponent >= 25 ? static_cast<double>(1u << (exponent - 25))
                                           : 1.0 / static_cast<double>(1u << (25 - exponent));
        return sign * static_cast<double>(1024 + fraction) * unit;
    }
};

// The value itself, which a key does not have for NaN.
template <class T>
ACPP_INLINE inline double as_double(T score) {
    if constexpr (__is_same(T, Half))
        return ScoreKey<Half>::missing(score) ? __builtin_nan("") : ScoreKey<Half>::score(ScoreKey<Half>::key(score));
    else
        return static_cast<double>(score);
}

}  // namespace acpp::ranking

#undef ACPP_INLINE
