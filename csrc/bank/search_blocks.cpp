#include "bank/search_blocks.h"

#include <algorithm>
#include <bit>
#include <string>

#include "core/error.h"
#include "pairwise/scan.h"

namespace acpp {
namespace {

using pairwise::block_rows;
using pairwise::Code;
using pairwise::group_rows;

constexpr index_t whole_bank = 64 << 20;         // codes up to this are made at once, whatever the budget
constexpr index_t states_at_once = 64 << 20;     // candidates of all threads' blocks of queries
constexpr index_t largest_bank_block = 8192;     // 8 MiB of codes at 1024 columns: stays in L3 until it is scanned
constexpr index_t most_queries_whole = 4096;     // more would save nothing
constexpr index_t most_queries_streamed = 8192;  // encoding the bank anew costs less than a tenth of scanning it
constexpr index_t again_at_most = 16 << 20;      // for queries that the first code cannot decide
constexpr std::size_t least_capacity = 128, streamed_capacity = 512;

index_t state_bytes(std::size_t k, std::size_t capacity) {
    const std::size_t highs = k == pairwise::no_limit ? 0 : k * sizeof(double);
    return static_cast<index_t>(sizeof(pairwise::NearestState) + highs + capacity * sizeof(pairwise::Candidate));
}

// Capacities are powers of two, as a growing list takes one anyhow.
std::size_t smallest_capacity(std::size_t k) {
    return k == pairwise::no_limit ? least_capacity : std::max(least_capacity, std::bit_ceil(4 * k));
}

// Up to a tenth of the bank, comparing survivors exactly is cheaper than another scan with better codes.
std::size_t largest_capacity(const SearchShape& s) {
    const std::size_t tenth = static_cast<std::size_t>(std::min<index_t>(s.rows / 10, 8192));
    const std::size_t neighbours = s.k == pairwise::no_limit ? 0 : 16 * s.k;
    return std::max(smallest_capacity(s.k), std::bit_ceil(2 * std::max(tenth, neighbours)));
}

// The bank's codes take what they take; of the rest, half is for the queries' codes, half for the states in work.
SearchBlocks whole_blocks(const SearchShape& s, index_t budget) {
    const index_t row = code_row_bytes(s.code, s.cols), all_rows = s.codes_kept ? 0 : s.rows * row;
    const index_t share = (budget - all_rows) / 2;
    // Where queries are few, every range of the bank has states of its own, see candidates.cpp.
    const index_t alive = s.queries < 2 * s.threads * pairwise::max_height
                              ? 2 * s.threads * s.queries
                              : std::min(s.queries, s.threads * block_rows);
    SearchBlocks blocks{true, s.rows, std::clamp(share / row, block_rows, most_queries_whole), largest_capacity(s), 0};
    while (blocks.capacity > smallest_capacity(s.k) &&
           alive * state_bytes(s.k, blocks.capacity) > std::min(share, states_at_once))
        blocks.capacity /= 2;
    blocks.nbytes = all_rows + std::min(s.queries, blocks.queries) * row + alive * state_bytes(s.k, blocks.capacity);
    return blocks;
}

// Half is for the bank's codes, half for the queries' codes and states.
SearchBlocks streamed_blocks(const SearchShape& s, index_t budget, index_t least_rows, index_t least_queries) {
    const index_t row = code_row_bytes(s.code, s.cols), half = budget / 2;
    const std::size_t least = smallest_capacity(s.k);
    SearchBlocks blocks{};
    blocks.rows = std::min(s.rows, std::clamp(half / row / least_rows * least_rows, least_rows, largest_bank_block));
    blocks.capacity = std::min(largest_capacity(s), std::max(least, streamed_capacity));
    const auto affordable = [&] { return half / (row + state_bytes(s.k, blocks.capacity)); };
    while (blocks.capacity > least && affordable() < std::min(s.queries, index_t{1024})) blocks.capacity /= 2;
    blocks.queries = std::clamp(affordable(), least_queries, most_queries_streamed);
    blocks.nbytes = blocks.rows * row + std::min(s.queries, blocks.queries) * (row + state_bytes(s.k, blocks.capacity));
    return blocks;
}

}  // namespace

index_t code_row_bytes(Code code, index_t cols) { return cols * pairwise::code_bytes(code) + 104; }

index_t least_budget(const SearchShape& s) {
    const index_t row = code_row_bytes(s.code, s.cols);
    const index_t first = 2 * std::max(group_rows * row, block_rows * (row + state_bytes(s.k, smallest_capacity(s.k))));
    return s.code == Code::int8 ? (first + 2) / 3 * 4 : first;
}

SearchPlan plan_search(const SearchShape& s) {
    SearchPlan plan{};
    const bool twice = s.code == Code::int8;
    const index_t again_budget = twice ? std::min(s.budget / 4, again_at_most) : 0, budget = s.budget - again_budget;
    if (s.budget < least_budget(s))
        throw BudgetExceeded("the search needs at least " + std::to_string(least_budget(s)) + " bytes for rows of " +
                             std::to_string(s.cols) + " columns; memory_budget is " + std::to_string(s.budget));
    const SearchBlocks streamed = streamed_blocks(s, budget, group_rows, block_rows);
    const index_t all_rows = s.codes_kept ? 0 : s.rows * code_row_bytes(s.code, s.cols);
    if (all_rows <= budget / 2 && (all_rows <= whole_bank || s.queries > streamed.queries))
        plan.first = whole_blocks(s, budget);
    if (!plan.first.whole || (plan.first.nbytes > budget && !s.codes_kept)) plan.first = streamed;

    plan.better = pairwise::tile_kernels(Code::int16) ? Code::int16 : Code::fp32;
    if (twice) {
        SearchShape again = s;
        again.code = plan.better;
        again.codes_kept = false;
        again.queries = std::min(s.queries, plan.first.queries);
        const index_t row_again = 8 * s.cols;  // a query's own numbers, gathered
        plan.again = streamed_blocks(again, again_budget, 32, 8);
        plan.again.queries = std::max<index_t>(8, std::min(plan.again.queries, again_budget / 4 / row_again));
        plan.again.nbytes += std::min(again.queries, plan.again.queries) * row_again;
    }
    return plan;
}

}  // namespace acpp
