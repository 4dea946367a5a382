#pragma once
// Canonical keys of every pair, without codes: for small problems, for rows whose magnitude no code can hold, and for
// queries that the filter cannot decide.
#include <span>
#include <vector>

#include "core/topk.h"
#include "pairwise/canonical.h"
#include "pairwise/pair_filter.h"

namespace acpp {

template <class Q>
struct QueryRows {
    MatrixView<const Q> rows;
    const double* norms;  // canonical norms by row, used by cosine only
};

// Calls visit(key, bank_row) for every allowed bank row of [begin, end) in rising order.
template <class Q, class B, class Visit>
void visit_pairs(const CanonicalKeys<Q, B>& canonical, const QueryRows<Q>& queries, index_t query, index_t begin,
                 index_t end, const PairFilter& filter, Visit&& visit) {
    constexpr index_t chunk = 256;  // keys of a chunk stay in L1
    double keys[chunk];
    const double norm = queries.norms ? queries.norms[query] : 0;
    for (index_t first = begin; first < end; first += chunk) {
        const index_t count = end - first < chunk ? end - first : chunk;
        canonical(queries.rows.row(query), norm, nullptr, first, count, keys);
        for (index_t i = 0; i < count; ++i)
            if (filter.trivial() || filter.allows(query, first + i)) visit(keys[i], first + i);
    }
}

// k nearest of the listed queries, offered to nearest[i] for listed query i.
template <class Q, class B>
void exhaustive_nearest(const CanonicalKeys<Q, B>& canonical, const QueryRows<Q>& queries,
                        std::span<const index_t> listed, index_t bank_rows, index_t k, const PairFilter& filter,
                        std::vector<SmallestK>& nearest, const RunOptions& run) {
    // About 2^22 multiply-adds a block: a millisecond, short enough for Ctrl-C and to balance.
    const index_t cols = std::max<index_t>(1, queries.rows.cols);
    const index_t range = std::clamp<index_t>((index_t{1} << 22) / cols, std::min<index_t>(16, bank_rows), bank_rows);
    const index_t ranges = (bank_rows + range - 1) / range, count = static_cast<index_t>(listed.size());
    std::vector<SmallestK> partial(static_cast<std::size_t>(count * ranges), SmallestK(k));
    parallel_blocks(count * ranges, 1, run, [&](index_t unit, index_t) {
        const index_t r = unit / count, i = unit % count;  // ranges outermost: neighbours share bank rows in cache
        SmallestK& best = partial[static_cast<std::size_t>(i * ranges + r)];
        visit_pairs(canonical, queries, listed[static_cast<std::size_t>(i)], r * range,
                    std::min(bank_rows, (r + 1) * range), filter, [&](double key, index_t row) {
                        if (!(key > best.worst())) best.offer(key, row);
                    });
    });
    for (index_t i = 0; i < count; ++i)
        for (index_t r = 0; r < ranges; ++r)
            nearest[static_cast<std::size_t>(i)].merge(partial[static_cast<std::size_t>(i * ranges + r)]);
}

}  // namespace acpp
