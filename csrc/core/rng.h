#pragma once
// The library's only random numbers: Philox 4x32 with 10 rounds (Salmon et al., "Parallel random numbers: as easy as
// 1, 2, 3", 2011). Element i of a stream is a pure function of (seed, stream, draw, i), so results do not depend on
// threads, order or device, and any part can be made again.
#include <array>
#include <cmath>
#include <cstdint>

#include "core/array.h"

namespace acpp {

using PhiloxWords = std::array<std::uint32_t, 4>;

inline PhiloxWords philox4x32(PhiloxWords counter, std::uint32_t key0, std::uint32_t key1) {
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t a = std::uint64_t{0xD2511F53u} * counter[0];
        const std::uint64_t b = std::uint64_t{0xCD9E8D57u} * counter[2];
        counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key0, static_cast<std::uint32_t>(b),
                   static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key1, static_cast<std::uint32_t>(a)};
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    return counter;
}

// One id per use, so that two uses of one seed never share numbers.
enum class Stream : std::uint32_t { coreset_start = 1, projection = 2 };

class Random {
  public:
    Random(std::uint64_t seed, Stream stream) : seed_(seed), stream_(static_cast<std::uint32_t>(stream)) {}

    // Four consecutive elements share one counter: element i is word i % 4 of block i / 4.
    PhiloxWords block(index_t number, std::uint32_t draw = 0) const {
        const auto n = static_cast<std::uint64_t>(number);
        return philox4x32({static_cast<std::uint32_t>(n), static_cast<std::uint32_t>(n >> 32), stream_, draw},
                          static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32));
    }
    std::uint32_t word(index_t i, std::uint32_t draw = 0) const { return block(i / 4, draw)[i % 4]; }
    double uniform(index_t i, std::uint32_t draw = 0) const { return to_uniform(word(i, draw)); }  // [0, 1)

    // Integer in [0, n). Two words when n needs more than 32 bits.
    index_t below(index_t n, index_t i, std::uint32_t draw = 0) const {
        const auto size = static_cast<std::uint64_t>(n);
        if (size <= 0xFFFFFFFFu) return static_cast<index_t>((std::uint64_t{word(i, draw)} * size) >> 32);
        const std::uint64_t wide = (std::uint64_t{word(2 * i, draw)} << 32) | word(2 * i + 1, draw);
        return static_cast<index_t>(wide % size);
    }

    // Standard normal by Box-Muller: elements 2i and 2i + 1 share a pair of uniforms. float64.
    double normal(index_t i, std::uint32_t draw = 0) const {
        const index_t even = i / 2 * 2;
        const PhiloxWords words = block(even / 4, draw);
        const double u = to_uniform(words[even % 4]), angle = 2 * M_PI * to_uniform(words[even % 4 + 1]);
        const double radius = std::sqrt(-2.0 * std::log(1.0 - u));
        return radius * (i % 2 == 0 ? std::cos(angle) : std::sin(angle));
    }

    static double to_uniform(std::uint32_t word) { return (word >> 8) * 0x1p-24; }

  private:
    std::uint64_t seed_;
    std::uint32_t stream_;
};

}  // namespace acpp
