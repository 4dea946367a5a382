#pragma once
// Which bank rows a query has to be compared with exactly: both sides encoded, scanned, and the survivors listed.
#include <span>
#include <vector>

#include "pairwise/nearest.h"

namespace acpp::pairwise {

// How rows of one bank become codes, shared by the bank and by every query against it.
struct Encoding {
    BoundKind kind;
    const TileKernels* kernels;
    std::vector<float> centre;
    double bank_floor, query_floor;  // EncodePlan::residual_floor of either side

    EncodePlan bank_plan(const double* norms) const {
        return {kind,          kernels->code, kernels->column_layout,   kernels->largest_code,
                centre.data(), norms,         kernels->row_layout.bias, bank_floor};
    }
    // <q, e> needs no centre on the query's side: <q, centre> is the same for all rows.
    EncodePlan query_plan(const double* norms) const {
        const float* own = kind == BoundKind::sq_distance ? centre.data() : nullptr;
        return {kind, kernels->code, kernels->row_layout, kernels->largest_code, own, norms, 0, query_floor};
    }
    double sum_error(index_t row_bytes) const {
        // Three roundings turn a sum into a product; a floating-point sum also has its additions.
        const double additions = kernels->longest_sum + (row_bytes + chunk_bytes - 1) / chunk_bytes + 1;
        return unit * (4 + (kernels->longest_sum > 0 ? additions * 1.01 : 0));
    }
};

// One per query of [first, last).
std::vector<NearestState> fresh_states(const NearestPlan& plan, const PackedCodes& queries, index_t first,
                                       index_t last);

// Scans `queries` against a part of the bank and updates `states`, one per query.
void add_candidates(const Encoding& encoding, const NearestPlan& plan, const PackedCodes& queries,
                    const PackedCodes& bank, std::span<NearestState> states, const RunOptions& run);

// Scans `queries` against all of the bank. Calls done(i, state) for every query as soon as its candidates are complete,
// on several threads at once; only the states of the queries in work are alive.
using Done = std::function<void(index_t query, NearestState& state)>;
void find_candidates(const Encoding& encoding, const NearestPlan& plan, const PackedCodes& queries,
                     const PackedCodes& bank, const Done& done, const RunOptions& run);

}  // namespace acpp::pairwise
