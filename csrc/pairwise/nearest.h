#pragma once
// Reducer: for every query, the bank rows that may be among its k nearest, or within a distance.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "core/topk.h"
#include "pairwise/pair_filter.h"
#include "pairwise/scan.h"

namespace acpp::pairwise {

struct Candidate {
    float low;  // no true value of the pair is below
    std::uint32_t row;
};

constexpr index_t most_rows = std::numeric_limits<std::uint32_t>::max();  // that a candidate can name

// What a query knows after some tiles. States of one query from different bank ranges merge in any order.
struct NearestState {
    KthSmallest highs;  // of the upper bounds
    std::vector<Candidate> candidates;
    bool overflowed = false;                                   // the codes cannot decide this query
    double settled = std::numeric_limits<double>::infinity();  // exact values of k rows are at most this

    void prune(double limit) {
        std::erase_if(candidates, [limit](const Candidate& c) { return c.low > limit; });
    }

    void merge(NearestState&& other) {
        highs.merge(other.highs);
        candidates.insert(candidates.end(), other.candidates.begin(), other.candidates.end());
        overflowed |= other.overflowed;
        settled = std::min(settled, other.settled);
    }
};

constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

struct NearestPlan {
    BoundKind kind;
    std::size_t k;                 // or no_limit: every pair up to the ceiling
    double ceiling;                // on the bounds' scale; infinity: none
    std::size_t capacity;          // candidates of a query beyond which it is handed on
    double sum_error;              // of the products, see bounds.h
    PairFilter filter;             // in numbering of the callers' rows:
    const index_t* query_numbers;  // null: row i of the codes is query i
    RowSelection bank_rows;        // row j of the bank's codes is bank_rows(j)
    // The largest exact value, on the bounds' scale, of a query's pairs with k candidates; empty: not worth it.
    std::function<double(index_t query, std::span<const Candidate> candidates)> largest_exact;

    NearestState fresh_state(const Terms& query) const { return {KthSmallest(k), {}, std::isinf(query.residual)}; }
    // No wanted pair lies above.
    double threshold(const NearestState& state) const {
        return k == no_limit ? ceiling : std::min({ceiling, state.highs.value(), state.settled});
    }
    index_t number_of(index_t row) const { return query_numbers ? query_numbers[row] : row; }
};

// Works on the query rows [first_row, first_row + states.size()) of one block.
class NearestReducer {
  public:
    NearestReducer(const NearestPlan& plan, const TileKernels& kernels, const PackedCodes& queries,
                   const PackedCodes& bank, index_t first_row, NearestState* states, index_t count)
        : plan_(plan),
          kernels_(kernels),
          queries_(queries),
          bank_(bank),
          first_(first_row),
          states_(states),
          limit_a_(static_cast<std::size_t>(count)),
          limit_b_(static_cast<std::size_t>(count)) {}

    void enter_group(index_t row) {
        group_ = &bank_.group(row);
        // Exact values of the likeliest rows so far: worth their price a few times, at first more often.
        const bool settle = plan_.largest_exact && groups_ > 0 && (groups_ & (groups_ - 1)) == 0;
        for (index_t i = 0; i < static_cast<index_t>(limit_a_.size()); ++i) {
            if (settle) settle_nearest(i);
            set_limits(i);
        }
        ++groups_;
    }

    void tile(const Tile& t) {
        if (t.row0 == first_)  // hits will want them
            for (int c = 0; c < t.cols; c += 2) __builtin_prefetch(&bank_.terms(t.col0 + c));
        std::uint32_t masks[max_height];
        const index_t local = t.row0 - first_;
        if (!kernels_.hits(t.product, t.rows, t.stride, bank_.column_a() + t.col0, bank_.column_b() + t.col0,
                           limit_a_.data() + local, limit_b_.data() + local, masks))
            return;
        const std::uint32_t valid = t.cols >= 32 ? ~0u : (1u << t.cols) - 1;
        for (int r = 0; r < t.rows; ++r)
            for (std::uint32_t mask = masks[r] & valid; mask != 0; mask &= mask - 1) {
                const int c = __builtin_ctz(mask);
                consider(t.row0 + r, t.col0 + c, t.product[r * t.stride + c]);
            }
    }

  private:
    // Bounds of all candidates reach up by the codes' error; the exact values of the k likeliest do not.
    void settle_nearest(index_t i) {
        NearestState& state = states_[i];
        auto& found = state.candidates;
        if (state.overflowed || found.size() < 4 * plan_.k + 16) return;  // the bounds are tight as they are
        const auto end = found.begin() + static_cast<std::ptrdiff_t>(plan_.k);
        std::nth_element(found.begin(), end, found.end(), [](const auto& x, const auto& y) { return x.low < y.low; });
        const double largest = plan_.largest_exact(plan_.number_of(first_ + i), {found.begin(), end});
        if (!(largest < state.settled)) return;
        state.settled = largest;
        state.prune(plan_.threshold(state));
    }

    void set_limits(index_t i) {
        const NearestState& state = states_[i];
        const std::size_t at = static_cast<std::size_t>(i);
        if (state.overflowed) {
            limit_a_[at] = limit_b_[at] = -std::numeric_limits<float>::infinity();
            return;
        }
        const Terms& a = queries_.terms(first_ + i);
        const double threshold = plan_.threshold(state);
        const Limits limits = plan_.kind == BoundKind::sq_distance
                                  ? sq_distance_limits(a, *group_, threshold, plan_.sum_error)
                                  : negated_dot_limits(a, *group_, threshold, plan_.sum_error);
        limit_a_[at] = limits.a;
        limit_b_[at] = limits.b;
    }

    void consider(index_t row, index_t col, float product) {
        NearestState& state = states_[row - first_];
        if (state.overflowed) return;
        const index_t bank_row = plan_.bank_rows(col);
        if (!plan_.filter.trivial() && !plan_.filter.allows(plan_.number_of(row), bank_row)) return;
        const Terms &a = queries_.terms(row), &e = bank_.terms(col);
        const Interval bound = plan_.kind == BoundKind::sq_distance
                                   ? sq_distance_bounds(a, e, product, plan_.sum_error)
                                   : negated_dot_bounds(a, e, product, plan_.sum_error);
        const double threshold = plan_.threshold(state);
        if (bound.low > threshold) return;
        if (state.candidates.empty()) state.candidates.reserve(64);
        state.candidates.push_back({rounded_down(bound.low), static_cast<std::uint32_t>(bank_row)});
        if (plan_.k != no_limit && bound.high < threshold) {  // false for NaN: a pair that bounds cannot hold
            state.highs.offer(bound.high);
            set_limits(row - first_);
        }
        if (state.candidates.size() < plan_.capacity) return;
        state.prune(plan_.threshold(state));
        if (state.candidates.size() <= plan_.capacity / 2) return;
        state.overflowed = true;
        set_limits(row - first_);
    }

    const NearestPlan& plan_;
    const TileKernels& kernels_;
    const PackedCodes& queries_;
    const PackedCodes& bank_;
    index_t first_;
    NearestState* states_;
    const GroupTerms* group_ = nullptr;
    index_t groups_ = 0;  // entered so far
    std::vector<float> limit_a_, limit_b_;
};

}  // namespace acpp::pairwise
