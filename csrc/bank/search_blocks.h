#pragma once
// Into which blocks a search is cut, so that what it takes beside its inputs and results stays within a budget.
#include "core/array.h"
#include "pairwise/nearest.h"

namespace acpp {

struct SearchShape {
    index_t queries, rows, cols;
    std::size_t k;  // or pairwise::no_limit
    pairwise::Code code;
    bool codes_kept;  // the bank's codes exist already and are not counted
    int threads;
    index_t budget;  // bytes
};

struct SearchBlocks {
    bool whole;            // codes of all bank rows at once: a block of queries is finished before the next begins
    index_t rows;          // bank rows whose codes are alive at a time
    index_t queries;       // queries whose codes are alive at a time
    std::size_t capacity;  // candidates of a query beyond which the codes cannot decide it
    index_t nbytes;        // of all that, at most
};

struct SearchPlan {
    SearchBlocks first;
    pairwise::Code better;  // for queries that the first code cannot decide, where that is int8
    SearchBlocks again;     // their blocks, alive beside the first
    index_t nbytes() const { return first.nbytes + again.nbytes; }
};

index_t least_budget(const SearchShape& shape);  // for the smallest blocks

// Throws BudgetExceeded where the budget is less.
SearchPlan plan_search(const SearchShape& shape);

index_t code_row_bytes(pairwise::Code code, index_t cols);  // with the row's terms of the bounds

}  // namespace acpp
