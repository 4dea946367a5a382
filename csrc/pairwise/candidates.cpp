#include "pairwise/candidates.h"

namespace acpp::pairwise {

void find_candidates(const Encoding& encoding, const NearestPlan& plan, const PackedCodes& queries,
                     const PackedCodes& bank, std::span<NearestState> states, const RunOptions& run) {
    const TileKernels& kernels = *encoding.kernels;
    const index_t rows = queries.rows(), threads = run.threads > 0 ? run.threads : default_threads();
    if (rows == 0) return;
    // Blocks are as high as is good for the caches, but enough of them to keep all threads busy to the end; where the
    // queries are too few for that, the bank is cut as well and each range keeps states of its own.
    const index_t slivers = (rows + kernels.height - 1) / kernels.height;
    const index_t wanted = std::max((rows + block_rows - 1) / block_rows, threads > 1 ? 4 * threads : 1);
    const index_t block = (slivers + wanted - 1) / wanted * kernels.height, blocks = (rows + block - 1) / block;
    const index_t panels = (bank.rows() + kernels.width - 1) / kernels.width;
    const index_t group_panels = group_rows / kernels.width, groups = (panels + group_panels - 1) / group_panels;
    const index_t ranges = threads == 1 || blocks >= 2 * threads ? 1 : std::min(groups, 2 * threads);
    const index_t range = (groups + ranges - 1) / ranges * group_panels;

    std::vector<NearestState> own(ranges > 1 ? static_cast<std::size_t>(ranges * rows) : 0, plan.fresh_state());
    NearestState* const first_states = ranges > 1 ? own.data() : states.data();
    Interruption interruption(run);
    parallel_blocks(blocks * ranges, 1, run, [&](index_t unit, index_t) {
        const index_t r = unit / blocks, first = unit % blocks * block, last = std::min(rows, first + block);
        if (r * range >= panels) return;
        NearestReducer reducer(plan, kernels, queries, bank, first, first_states + r * rows + first, last - first);
        scan(kernels, queries, first, last, bank, r * range, std::min(panels, (r + 1) * range), reducer, interruption);
    });
    for (index_t r = 0; ranges > 1 && r < ranges; ++r)
        for (index_t i = 0; i < rows; ++i)
            states[static_cast<std::size_t>(i)].merge(std::move(own[static_cast<std::size_t>(r * rows + i)]));
}

}  // namespace acpp::pairwise
