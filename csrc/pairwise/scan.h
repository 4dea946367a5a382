#pragma once
// The driver: all tiles of a block of query slivers against a range of bank panels, handed to a reducer.
//
// A bank panel's chunk stays in L1 while the slivers of the block pass over it; the block's codes stay in L2; the bank
// streams through once per block. Sums of rows longer than a chunk wait in a scratch of block height x panel width.
#include <concepts>

#include "core/aligned.h"
#include "pairwise/codes.h"

namespace acpp::pairwise {

struct Tile {              // what a reducer sees; valid during the call only
    const float* product;  // rows x stride products of codes; columns beyond `cols` are padding
    index_t row0, col0;    // of the operands' own numbering
    int rows, cols, stride;
};

template <class R>
concept Reducer = requires(R r, const Tile& t, index_t row) {
    r.enter_group(row);  // the next tiles' columns lie in the group of 512 bank rows that holds `row`
    r.tile(t);           // may tighten its own thresholds
};

// Query rows of a block: high enough that the bank's stream from L3 costs less than the products made of it, low
// enough that a block is a few milliseconds of work and its codes a tenth of L2.
constexpr index_t block_rows = 96;

// Tile registers are configured while one of these lives, also when an exception ends it.
struct ThreadState {
    explicit ThreadState(const TileKernels& kernels) : leave(kernels.leave) { kernels.enter(); }
    ~ThreadState() { leave(); }
    ThreadState(const ThreadState&) = delete;
    ThreadState& operator=(const ThreadState&) = delete;
    void (*leave)();
};

template <Reducer R>
void scan(const TileKernels& kernels, const PackedCodes& queries, index_t first_row, index_t last_row,
          const PackedCodes& bank, index_t first_panel, index_t last_panel, R& reducer, Interruption& interruption) {
    const int height = kernels.height, width = kernels.width;
    const index_t bytes = bank.row_bytes(), chunks = (bytes + chunk_bytes - 1) / chunk_bytes;
    const index_t slivers = (last_row - first_row + height - 1) / height;
    AlignedBuffer<float> scratch((chunks > 1 ? slivers : 1) * height * width);
    index_t group = -1;
    const bool wide = bytes >= 4096;  // a group of such rows is long to wait for
    const ThreadState tiles(kernels);
    for (index_t p = first_panel; p < last_panel; ++p) {
        const index_t col0 = p * width;
        const int cols = static_cast<int>(std::min<index_t>(width, bank.rows() - col0));
        if (col0 / group_rows != group) {
            group = col0 / group_rows;
            reducer.enter_group(col0);
            interruption.check();
        } else if (wide) {
            interruption.check();
        }
        for (index_t c = 0; c < chunks; ++c) {
            const index_t start = c * chunk_bytes, length = std::min(chunk_bytes, bytes - start);
            for (index_t s = 0; s < slivers; ++s) {
                const index_t row0 = first_row + s * height;
                const int rows = static_cast<int>(std::min<index_t>(height, last_row - row0));
                const bool ragged = queries.layout().ragged && row0 + height > queries.rows();
                const index_t stored_height = ragged ? queries.rows() - row0 : height;
                float* product = scratch.data() + (chunks > 1 ? s * height * width : 0);
                kernels.tile[stored_height]({queries.panel(row0 / height) + start * stored_height,
                                             bank.panel(p) + start * width, length, product, c == 0, c + 1 == chunks,
                                             queries.scale() + row0, bank.scale() + col0, bank.bias() + col0});
                if (c + 1 == chunks) reducer.tile({product, row0, col0, rows, cols, width});
            }
        }
    }
}

}  // namespace acpp::pairwise
