// The counter behind every metric, in each way to search, against a plain binary search.
#include "ranking/slot_counter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <vector>

using namespace acpp;
using namespace acpp::ranking;

namespace {

template <class Key>
std::vector<index_t> expected_slots(const std::vector<Key>& v, const std::vector<Key>& keys) {
    std::vector<index_t> slots(2 * v.size() + 1, 0);
    for (Key key : keys) {
        const auto at = std::lower_bound(v.begin(), v.end(), key);
        ++slots[2 * (at - v.begin()) + (at != v.end() && *at == key)];
    }
    return slots;
}

// Workers take turns, in pieces of odd sizes.
template <class Key>
std::vector<index_t> counted_slots(const std::vector<Key>& v, const std::vector<Key>& keys, int workers,
                                   SlotSearch search) {
    SlotCounter<Key> counter(v, workers, static_cast<index_t>(keys.size()), search);
    std::vector<std::unique_ptr<typename SlotCounter<Key>::Worker>> team;
    for (int w = 0; w < workers; ++w) team.push_back(counter.new_worker());
    const index_t n = static_cast<index_t>(keys.size());
    for (index_t i = 0, turn = 0; i < n; i += 4093, ++turn)
        counter.count(*team[turn % workers], keys.data() + i, std::min<index_t>(4093, n - i));
    for (auto& worker : team) counter.flush(*worker);
    return counter.totals();
}

template <class Key>
void check(const std::set<Key>& distinct, const std::vector<Key>& keys) {
    const std::vector<Key> v(distinct.begin(), distinct.end());
    const auto expected = expected_slots(v, keys);
    for (int workers : {1, 3, 64})
        for (SlotSearch search : {SlotSearch::best, SlotSearch::table, SlotSearch::parts, SlotSearch::sort})
            EXPECT_EQ(counted_slots(v, keys, workers, search), expected) << workers << " " << static_cast<int>(search);
}

template <class Key>
class Slots : public testing::Test {};
using KeyTypes = testing::Types<std::uint32_t, std::uint64_t>;
TYPED_TEST_SUITE(Slots, KeyTypes);

TYPED_TEST(Slots, CountEveryKeyOnce) {
    std::mt19937_64 random(1);
    for (std::size_t p : {0, 1, 2, 3, 100, 5000, 20000})
        for (int bits : {4, 13, 31}) {
            std::set<TypeParam> v;
            for (std::size_t i = 0; i < p; ++i) v.insert(static_cast<TypeParam>(random() >> (64 - bits)));
            std::vector<TypeParam> keys(30011);
            for (auto& key : keys) key = static_cast<TypeParam>(random() >> (64 - bits));
            check<TypeParam>(v, keys);
        }
}

TYPED_TEST(Slots, HoldAtTheEndsOfTheKeyRange) {
    const TypeParam most = static_cast<TypeParam>(~TypeParam{0});
    const std::vector<TypeParam> keys = {0, 0, 1, most / 2, most - 1, most, most};
    check<TypeParam>({}, keys);
    check<TypeParam>({0}, keys);
    check<TypeParam>({most}, keys);
    check<TypeParam>({0, most}, keys);
    check<TypeParam>({1, most - 1}, keys);
    check<TypeParam>({most / 2}, {});
}

// Half of v in one entry of an even table: the counter must notice and sort instead, or search.
TYPED_TEST(Slots, SurviveClusters) {
    std::mt19937_64 random(2);
    std::set<TypeParam> v;
    for (int i = 0; i < 6000; ++i) v.insert(static_cast<TypeParam>((TypeParam{1} << 30) + i));
    for (int i = 0; i < 6000; ++i) v.insert(static_cast<TypeParam>(random() >> 33));
    std::vector<TypeParam> keys(50000);
    for (auto& key : keys)
        key = static_cast<TypeParam>(random() % 2 ? (TypeParam{1} << 30) + random() % 7000 : random() >> 33);
    check<TypeParam>(v, keys);
}

}  // namespace
