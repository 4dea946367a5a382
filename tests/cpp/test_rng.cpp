// Known answers of Philox 4x32-10 (the generator's authors' test vectors) and of what is derived from its words.
#include "core/rng.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

using namespace acpp;

TEST(Philox, KnownAnswers) {
    const std::uint32_t ones = 0xffffffffu;
    EXPECT_EQ(philox4x32({0, 0, 0, 0}, 0, 0), (PhiloxWords{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
    EXPECT_EQ(philox4x32({ones, ones, ones, ones}, ones, ones),
              (PhiloxWords{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
    EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0xa4093822, 0x299f31d0),
              (PhiloxWords{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, UniformsAndNormalsOfTheZeroBlock) {
    const Random random(0, Stream{0});
    const double uniforms[] = {0.399046421051, 0.880520164967, 0.735712766647, 0.605481803417};
    const double normals[] = {0.737925660071, -0.688433652896, -1.28601916801, -1.00378893391};
    for (int i = 0; i < 4; ++i) {
        EXPECT_NEAR(random.uniform(i), uniforms[i], 1e-12);
        EXPECT_NEAR(random.normal(i), normals[i], 1e-10);
    }
}

TEST(Random, SeedStreamDrawAndElementAllMatter) {
    const Random random(7, Stream::projection);
    EXPECT_EQ(random.word(9), Random(7, Stream::projection).word(9));
    EXPECT_NE(random.word(9), Random(8, Stream::projection).word(9));
    EXPECT_NE(random.word(9), Random(7 + (std::uint64_t{1} << 32), Stream::projection).word(9));
    EXPECT_NE(random.word(9), Random(7, Stream::coreset_start).word(9));
    EXPECT_NE(random.word(9), random.word(9, 1));
    EXPECT_NE(random.word(9), random.word(9 + (index_t{1} << 34)));
}

TEST(Random, IntegersBelowStayBelowAndReachEveryValue) {
    const Random random(3, Stream::coreset_start);
    std::vector<int> hits(7);
    for (index_t i = 0; i < 700; ++i) ++hits.at(random.below(7, i));
    EXPECT_GT(*std::min_element(hits.begin(), hits.end()), 60);
    const index_t huge = index_t{1} << 40;
    index_t largest = 0;
    for (index_t i = 0; i < 100; ++i) largest = std::max(largest, random.below(huge, i));
    EXPECT_LT(largest, huge);
    EXPECT_GT(largest, huge / 2);
}
