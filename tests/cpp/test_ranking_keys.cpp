// Keys keep the order of their scores and give the scores back.
#include "ranking/keys.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

using namespace acpp::ranking;

template <class T>
static void expect_ordered(const std::vector<T>& rising) {
    for (std::size_t i = 0; i < rising.size(); ++i) {
        EXPECT_EQ(ScoreKey<T>::score(ScoreKey<T>::key(rising[i])), static_cast<double>(rising[i])) << i;
        EXPECT_FALSE(ScoreKey<T>::missing(rising[i]));
        if (i > 0) { EXPECT_LT(ScoreKey<T>::key(rising[i - 1]), ScoreKey<T>::key(rising[i])) << i; }
    }
}

template <class T>
static void expect_float_rules() {
    using Limits = std::numeric_limits<T>;
    const T inf = Limits::infinity(), tiny = Limits::denorm_min(), nan = Limits::quiet_NaN();
    expect_ordered<T>(
        {-inf, Limits::lowest(), -1, -Limits::min(), -tiny, 0, tiny, Limits::min(), 1, Limits::max(), inf});
    EXPECT_EQ(ScoreKey<T>::key(T{0}), ScoreKey<T>::key(-T{0}));
    for (T missing : {nan, std::copysign(nan, T{-1})}) {
        EXPECT_TRUE(ScoreKey<T>::missing(missing));
        EXPECT_TRUE(ScoreKey<T>::is_missing(ScoreKey<T>::key(missing)));
        EXPECT_GT(ScoreKey<T>::key(missing), ScoreKey<T>::key(inf));
    }
}

template <class T>
static void expect_integer_rules() {
    using Limits = std::numeric_limits<T>;
    const T low = Limits::min(), high = Limits::max(), middle = static_cast<T>(high / 2);
    EXPECT_EQ(ScoreKey<T>::key(low), 0u);
    EXPECT_LT(ScoreKey<T>::key(low), ScoreKey<T>::key(static_cast<T>(low + 1)));
    EXPECT_LT(ScoreKey<T>::key(middle), ScoreKey<T>::key(high));
    for (T score : {low, middle, high})
        EXPECT_EQ(ScoreKey<T>::score(ScoreKey<T>::key(score)), static_cast<double>(score));
}

TEST(ScoreKey, OrdersFloats) {
    expect_float_rules<float>();
    expect_float_rules<double>();
}

TEST(ScoreKey, OrdersIntegers) {
    expect_integer_rules<std::uint8_t>();
    expect_integer_rules<std::int8_t>();
    expect_integer_rules<std::uint16_t>();
    expect_integer_rules<std::int16_t>();
    expect_integer_rules<std::uint32_t>();
    expect_integer_rules<std::int32_t>();
    expect_integer_rules<std::uint64_t>();
    expect_integer_rules<std::int64_t>();
}

TEST(ScoreKey, OrdersHalfPrecision) {
    using Traits = ScoreKey<Half>;
    const std::vector<std::pair<std::uint16_t, double>> rising = {
        {0xfc00, -INFINITY}, {0xfbff, -65504},     {0xbc00, -1}, {0x8001, -0x1p-24}, {0x0000, 0},
        {0x0001, 0x1p-24},   {0x3555, 0x1.554p-2}, {0x3c00, 1},  {0x7bff, 65504},    {0x7c00, INFINITY}};
    for (std::size_t i = 0; i < rising.size(); ++i) {
        EXPECT_EQ(Traits::score(Traits::key(Half{rising[i].first})), rising[i].second);
        if (i > 0) { EXPECT_LT(Traits::key(Half{rising[i - 1].first}), Traits::key(Half{rising[i].first})); }
    }
    EXPECT_EQ(Traits::key(Half{0x8000}), Traits::key(Half{0}));
    EXPECT_TRUE(Traits::missing(Half{0x7e00}));
    EXPECT_TRUE(Traits::missing(Half{0xfe00}));
}
