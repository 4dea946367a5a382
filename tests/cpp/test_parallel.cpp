// What Python cannot reach: an exception or a refusal inside a parallel region.
#include "core/parallel.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

using namespace acpp;

TEST(ParallelBlocks, VisitsEveryElementOnce) {
    std::vector<int> hits(1000);
    parallel_blocks(1000, 7, {4, {}, {}}, [&](index_t begin, index_t end) {
        for (index_t i = begin; i < end; ++i) ++hits[i];
    });
    for (int h : hits) EXPECT_EQ(h, 1);
    parallel_blocks(0, 7, {4, {}, {}}, [&](index_t, index_t) { FAIL(); });
}

TEST(ParallelBlocks, CarriesAnExceptionToTheCaller) {
    for (int threads : {1, 4}) {
        const auto body = [](index_t begin, index_t) { require(begin != 500, "five hundred"); };
        EXPECT_THROW(parallel_blocks(1000, 1, {threads, {}, {}}, body), InvalidArgument);
    }
}

TEST(ParallelBlocks, StopsWhenTheCallerSaysSo) {
    for (int threads : {1, 4}) {
        const RunOptions run{threads, [] { return false; }, {}};
        // Blocks that take time: the caller, who alone is asked, gets at least one of them.
        const auto body = [](index_t, index_t) { std::this_thread::sleep_for(std::chrono::microseconds(200)); };
        EXPECT_THROW(parallel_blocks(1000, 1, run, body), Cancelled);
    }
}

// Both blocks are in work, and neither ends unless it is stopped: the caller must go on asking, wherever it is.
TEST(ParallelBlocks, StopsBlocksThatWouldNotEnd) {
    int asked = 0;
    const RunOptions run{2, [&] { return ++asked < 5; }, {}};
    for (index_t endless : {0, 1, 2}) {
        asked = 0;
        Interruption stop(run);
        const auto body = [&](index_t i, index_t) {
            while (i == endless || endless == 2) stop.check();
        };
        EXPECT_THROW(parallel_blocks(2, 1, stop.options(2), body), Cancelled);
    }
}

TEST(ParallelBlocks, OfNothingAskForNoBlockSize) {
    parallel_blocks(0, 0, {2, {}, {}}, [&](index_t, index_t) { FAIL(); });
}
