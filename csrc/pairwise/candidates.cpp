#include "pairwise/candidates.h"

namespace acpp::pairwise {
namespace {

// How a scan is shared out. Blocks of queries are as high as is good for the caches, but enough of them to keep all
// threads busy to the end; where the queries are too few for that, the bank is cut as well.
struct Shares {
    Shares(const TileKernels& kernels, index_t rows, index_t bank_rows, index_t threads) {
        const index_t slivers = (rows + kernels.height - 1) / kernels.height;
        const index_t wanted = std::max((rows + block_rows - 1) / block_rows, threads > 1 ? 4 * threads : 1);
        block = (slivers + wanted - 1) / wanted * kernels.height;
        blocks = (rows + block - 1) / block;
        panels = (bank_rows + kernels.width - 1) / kernels.width;
        const index_t group_panels = group_rows / kernels.width, groups = (panels + group_panels - 1) / group_panels;
        ranges = threads == 1 || blocks >= 2 * threads ? 1 : std::min(groups, 2 * threads);
        range = (groups + ranges - 1) / ranges * group_panels;
    }
    index_t block, blocks;          // queries of a block
    index_t panels, range, ranges;  // panels of a range
};

index_t team(const RunOptions& run) { return run.threads > 0 ? run.threads : default_threads(); }

}  // namespace

std::vector<NearestState> fresh_states(const NearestPlan& plan, const PackedCodes& queries, index_t first,
                                       index_t last) {
    std::vector<NearestState> states;
    states.reserve(static_cast<std::size_t>(last - first));
    for (index_t i = first; i < last; ++i) states.push_back(plan.fresh_state(queries.terms(i)));
    return states;
}

void add_candidates(const Encoding& encoding, const NearestPlan& plan, const PackedCodes& queries,
                    const PackedCodes& bank, std::span<NearestState> states, const RunOptions& run) {
    const TileKernels& kernels = *encoding.kernels;
    const index_t rows = queries.rows();
    if (rows == 0) return;
    const Shares s(kernels, rows, bank.rows(), team(run));
    std::vector<std::vector<NearestState>> own(static_cast<std::size_t>(s.ranges > 1 ? s.ranges : 0));
    for (auto& of_range : own) of_range = fresh_states(plan, queries, 0, rows);
    Interruption interruption(run);
    parallel_blocks(s.blocks * s.ranges, 1, run, [&](index_t unit, index_t) {
        const index_t r = unit / s.blocks, first = unit % s.blocks * s.block, last = std::min(rows, first + s.block);
        if (r * s.range >= s.panels) return;
        NearestState* const first_state =
            (s.ranges > 1 ? own[static_cast<std::size_t>(r)].data() : states.data()) + first;
        NearestReducer reducer(plan, kernels, queries, bank, first, first_state, last - first);
        scan(kernels, queries, first, last, bank, r * s.range, std::min(s.panels, (r + 1) * s.range), reducer,
             interruption);
    });
    for (auto& of_range : own)
        for (std::size_t i = 0; i < of_range.size(); ++i) states[i].merge(std::move(of_range[i]));
}

void find_candidates(const Encoding& encoding, const NearestPlan& plan, const PackedCodes& queries,
                     const PackedCodes& bank, const Done& done, const RunOptions& run) {
    const TileKernels& kernels = *encoding.kernels;
    const index_t rows = queries.rows();
    if (rows == 0) return;
    const Shares s(kernels, rows, bank.rows(), team(run));
    Interruption interruption(run);
    if (s.ranges > 1) {
        std::vector<NearestState> states = fresh_states(plan, queries, 0, rows);
        add_candidates(encoding, plan, queries, bank, states, run);
        parallel_blocks(rows, 1, run, [&](index_t i, index_t) { done(i, states[static_cast<std::size_t>(i)]); });
        return;
    }
    parallel_blocks(s.blocks, 1, run, [&](index_t unit, index_t) {
        const index_t first = unit * s.block, last = std::min(rows, first + s.block);
        std::vector<NearestState> states = fresh_states(plan, queries, first, last);
        NearestReducer reducer(plan, kernels, queries, bank, first, states.data(), last - first);
        scan(kernels, queries, first, last, bank, 0, s.panels, reducer, interruption);
        for (index_t i = first; i < last; ++i) {
            if (i % 8 == 0) interruption.check();
            done(i, states[static_cast<std::size_t>(i - first)]);
        }
    });
}

}  // namespace acpp::pairwise
