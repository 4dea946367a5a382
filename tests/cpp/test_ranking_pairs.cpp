// Rank pairs and levels of padded images in exactly sized buffers, against counting by comparison. Under a sanitizer
// this is the test that the kernels stay inside their images.
#include "ranking/rank_pairs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "ranking/levels.h"

using namespace acpp;
using namespace acpp::ranking;

namespace {

struct Stack {
    std::vector<std::vector<float>> scores;
    std::vector<std::vector<std::uint8_t>> labels;
    ScoredImages input;

    void add(index_t height, index_t width, index_t score_stride, index_t label_stride) {
        // The last row ends with its last pixel: reading a padded row to its stride would leave the buffer.
        scores.emplace_back(static_cast<std::size_t>((height - 1) * score_stride + width));
        labels.emplace_back(static_cast<std::size_t>((height - 1) * label_stride + width));
        input.images.push_back({nullptr, nullptr, height, width, score_stride, label_stride});
    }
    void bind() {
        for (std::size_t i = 0; i < scores.size(); ++i) {
            input.images[i].scores = scores[i].data();
            input.images[i].labels = labels[i].data();
        }
    }
};

Stack make(int values, double density, double missing, unsigned seed) {
    std::mt19937 random(seed);
    Stack stack;
    stack.add(1, 1, 1, 1);
    stack.add(7, 63, 63, 63);
    stack.add(5, 64, 70, 64);
    stack.add(9, 65, 65, 91);
    stack.add(300, 257, 260, 257);
    for (auto& image : stack.scores)
        for (float& s : image) {
            const bool gone = std::uniform_real_distribution<>(0, 1)(random) < missing;
            s = gone ? std::numeric_limits<float>::quiet_NaN()
                     : static_cast<float>(static_cast<int>(random() % values)) / 8;
        }
    for (auto& image : stack.labels)
        for (auto& l : image) l = std::uniform_real_distribution<>(0, 1)(random) < density;
    stack.labels[0][0] = 1;
    stack.bind();
    return stack;
}

void split(const Stack& stack, std::vector<float>& anomalous, std::vector<float>& normal) {
    for (const ScoredImage& image : stack.input.images)
        for (index_t y = 0; y < image.height; ++y)
            for (index_t x = 0; x < image.width; ++x) {
                const float s = static_cast<const float*>(image.scores)[y * image.score_stride + x];
                const bool label = static_cast<const std::uint8_t*>(image.labels)[y * image.label_stride + x] != 0;
                if (!std::isnan(s)) (label ? anomalous : normal).push_back(s);
            }
}

class Counts : public testing::TestWithParam<std::tuple<int, double, double>> {};

TEST_P(Counts, MatchComparisons) {
    const auto [values, density, missing] = GetParam();
    const Stack stack = make(values, density, missing, 5);
    std::vector<float> anomalous, normal;
    split(stack, anomalous, normal);
    std::sort(normal.begin(), normal.end());
    std::vector<float> in_order = anomalous;
    std::sort(in_order.begin(), in_order.end());
    for (const bool regions : {false, true})
        for (const int threads : {1, 3}) {
            const RankPairs pairs = rank_pairs(stack.input, {regions, 8}, {threads, {}, {}});
            ASSERT_EQ(pairs.positives, static_cast<index_t>(anomalous.size()));
            ASSERT_EQ(pairs.negatives, static_cast<index_t>(normal.size()));
            index_t pixels = 0;
            for (std::size_t i = 0; i < pairs.score.size(); ++i) {
                const auto s = static_cast<float>(pairs.score[i]);
                const auto [low, high] = std::equal_range(normal.begin(), normal.end(), s);
                ASSERT_EQ(pairs.above[i], normal.end() - high);
                ASSERT_EQ(pairs.equal[i], high - low);
                const auto [first, last] = std::equal_range(in_order.begin(), in_order.end(), s);
                ASSERT_EQ(pairs.tp[i], last - first);
                pixels += pairs.tp[i];
            }
            ASSERT_EQ(pixels, pairs.positives);
            if (regions) {
                ASSERT_EQ(pairs.rank.size(), anomalous.size());
                std::vector<index_t> area(pairs.regions.size(), 0);
                for (std::size_t p = 0; p < anomalous.size(); ++p) {
                    ASSERT_EQ(static_cast<float>(pairs.score[pairs.rank[p]]), anomalous[p]);
                    ++area[pairs.region[p]];
                }
                for (std::size_t r = 0; r < area.size(); ++r) ASSERT_EQ(area[r], pairs.regions[r].area);
                ASSERT_EQ(pairs.image_begin.back(), pairs.positives);
            }
        }
}

TEST_P(Counts, OfLevelsMatchComparisons) {
    const auto [values, density, missing] = GetParam();
    const Stack stack = make(values, density, missing, 6);
    std::vector<float> anomalous, normal;
    split(stack, anomalous, normal);
    const Levels levels = all_levels(stack.input, {true, 4}, {2, {}, {}});
    ASSERT_EQ(levels.fp.back(), static_cast<index_t>(normal.size()));
    ASSERT_EQ(levels.tp.back(), static_cast<index_t>(anomalous.size()));
    for (std::size_t i = 0; i < levels.score.size(); i += 1 + levels.score.size() / 50) {
        const auto at_least = [&](float s) { return s >= static_cast<float>(levels.score[i]); };
        ASSERT_EQ(levels.fp[i], std::count_if(normal.begin(), normal.end(), at_least));
        ASSERT_EQ(levels.tp[i], std::count_if(anomalous.begin(), anomalous.end(), at_least));
    }
}

INSTANTIATE_TEST_SUITE_P(All, Counts,
                         testing::Combine(testing::Values(3, 1000, 1 << 20), testing::Values(0.02, 0.5, 1.0),
                                          testing::Values(0.0, 0.01)));

TEST(RankPairs, StopWhenTheCallerSaysSo) {
    const Stack stack = make(10, 0.1, 0, 1);
    const RunOptions run{1, [] { return false; }, {}};
    EXPECT_THROW(rank_pairs(stack.input, {}, run), Cancelled);
    EXPECT_THROW(all_levels(stack.input, {}, run), Cancelled);
}

}  // namespace
