// The radix sorts against the standard library's.
#include "ranking/sort.h"

#include <gtest/gtest.h>

#include <random>

using namespace acpp;
using namespace acpp::ranking;

template <class Key>
static void check(std::size_t n, int bits, std::mt19937_64& random) {
    std::vector<Key> keys(n);
    std::vector<Keyed<Key>> items(n);
    for (std::size_t i = 0; i < n; ++i) {
        keys[i] = static_cast<Key>(bits == 0 ? 7 : random() >> (64 - bits));
        items[i] = {keys[i], static_cast<std::uint32_t>(i)};
    }
    std::vector<Key> expected = keys, scratch(n);
    std::sort(expected.begin(), expected.end());

    const auto expect_stable = [&](const std::vector<Keyed<Key>>& sorted) {
        for (std::size_t i = 0; i < n; ++i) {
            ASSERT_EQ(sorted[i].key, expected[i]);
            ASSERT_EQ(keys[sorted[i].payload], expected[i]);
            if (i > 0 && sorted[i].key == sorted[i - 1].key) { ASSERT_LT(sorted[i - 1].payload, sorted[i].payload); }
        }
    };
    std::vector<Keyed<Key>> sorted_items = items, item_scratch(n);
    radix_sort(sorted_items.data(), item_scratch.data(), n);
    expect_stable(sorted_items);
    for (int threads : {1, 3}) {
        std::vector<Key> sorted = keys;
        parallel_sort(sorted.data(), scratch.data(), static_cast<index_t>(n), {threads, {}, {}});
        ASSERT_EQ(sorted, expected);
        sorted_items = items;
        parallel_sort(sorted_items.data(), item_scratch.data(), static_cast<index_t>(n), {threads, {}, {}});
        expect_stable(sorted_items);
    }
}

TEST(RadixSort, MatchesTheStandardLibrary) {
    std::mt19937_64 random(3);
    for (std::size_t n : {0, 1, 2, 2047, 2048, 65537, 300000})
        for (int bits : {0, 3, 11, 12, 30, 32}) {
            check<std::uint32_t>(n, bits, random);
            check<std::uint64_t>(n, 2 * bits, random);
        }
}
