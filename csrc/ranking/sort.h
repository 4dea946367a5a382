#pragma once
// Radix sorts of keys: with a payload (few, the anomalous pixels), and bare (many, the background of a curve).
#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/aligned.h"
#include "core/parallel.h"

namespace acpp::ranking {

template <class Key>
struct Keyed {
    Key key;
    std::uint32_t payload;
};

inline std::uint32_t key_of(std::uint32_t key) { return key; }
inline std::uint64_t key_of(std::uint64_t key) { return key; }
template <class Key>
Key key_of(const Keyed<Key>& item) {
    return item.key;
}

// Sorts ascending by key, equal keys in their old order. `scratch` has room for n items too; the result is in `items`.
// Digits that all keys share cost one test, so narrow ranges take fewer passes.
template <class Item>
void radix_sort(Item* items, Item* scratch, std::size_t n) {
    using Key = decltype(key_of(*items));
    constexpr int digit_bits = 11, digits = (8 * sizeof(Key) + digit_bits - 1) / digit_bits, size = 1 << digit_bits;
    if (n < 2048) {  // below this the histograms cost more than comparisons
        std::stable_sort(items, items + n, [](const Item& a, const Item& b) { return key_of(a) < key_of(b); });
        return;
    }
    std::vector<std::size_t> counts(static_cast<std::size_t>(digits) * size, 0);
    for (std::size_t i = 0; i < n; ++i)
        for (int d = 0; d < digits; ++d) ++counts[d * size + (key_of(items[i]) >> (d * digit_bits) & (size - 1))];
    Item *from = items, *to = scratch;
    for (int d = 0; d < digits; ++d) {
        std::size_t* offset = counts.data() + d * size;
        if (offset[key_of(from[0]) >> (d * digit_bits) & (size - 1)] == n) continue;
        std::size_t sum = 0;
        for (int b = 0; b < size; ++b) sum += std::exchange(offset[b], sum);
        for (std::size_t i = 0; i < n; ++i) to[offset[key_of(from[i]) >> (d * digit_bits) & (size - 1)]++] = from[i];
        std::swap(from, to);
    }
    if (from != items) std::copy(from, from + n, items);
}

// The same sort by all threads: spreads the items over ranges of keys, then sorts the ranges in cache. Two passes over
// memory beside those of ranges that do not fit the cache.
template <class Item>
void parallel_sort(Item* items, Item* scratch, index_t n, const RunOptions& run) {
    using Key = decltype(key_of(*items));
    constexpr index_t ranges = 2048, few = 1 << 18;  // few: one thread has sorted them before a second one has started
    if (n < few) return radix_sort(items, scratch, static_cast<std::size_t>(n));
    const index_t stripe = std::max<index_t>(1 << 16, (n + 255) / 256);
    Key least = key_of(items[0]), most = least;
    for (index_t i = 1; i < n; ++i) {
        least = std::min(least, key_of(items[i]));
        most = std::max(most, key_of(items[i]));
    }
    const int shift = std::max(0, static_cast<int>(std::bit_width(static_cast<Key>(most - least))) - 11);
    const auto range_of = [&](const Item& item) { return static_cast<index_t>((key_of(item) - least) >> shift); };
    const index_t stripes = (n + stripe - 1) / stripe;

    std::vector<index_t> offset(static_cast<std::size_t>(stripes * ranges), 0);  // [range][stripe] as running sums
    parallel_blocks(n, stripe, run, [&](index_t begin, index_t end) {
        std::vector<index_t> mine(ranges, 0);
        for (index_t i = begin; i < end; ++i) ++mine[range_of(items[i])];
        for (index_t r = 0; r < ranges; ++r) offset[r * stripes + begin / stripe] = mine[r];
    });
    index_t sum = 0;
    for (index_t& o : offset) sum += std::exchange(o, sum);
    std::vector<index_t> start(ranges + 1, n);
    for (index_t r = 0; r < ranges; ++r) start[r] = offset[r * stripes];
    parallel_blocks(n, stripe, run, [&](index_t begin, index_t end) {
        std::vector<index_t> next(ranges);
        for (index_t r = 0; r < ranges; ++r) next[r] = offset[r * stripes + begin / stripe];
        for (index_t i = begin; i < end; ++i) scratch[next[range_of(items[i])]++] = items[i];
    });
    parallel_blocks(ranges, 16, run, [&](index_t begin, index_t end) {
        for (index_t r = begin; r < end; ++r) {
            const index_t size = start[r + 1] - start[r];
            radix_sort(scratch + start[r], items + start[r], static_cast<std::size_t>(size));
            std::copy_n(scratch + start[r], size, items + start[r]);
        }
    });
}

}  // namespace acpp::ranking
