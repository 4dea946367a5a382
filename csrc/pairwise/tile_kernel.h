#pragma once
// Private to the pairwise engine: products of one tile, rows x columns, and the comparison of a tile with thresholds.
#include <cstdint>

#include "core/array.h"
#include "core/cpu.h"

namespace acpp::pairwise {

enum class Code { int8, int16, fp32 };

constexpr int code_bytes(Code code) { return code == Code::int8 ? 1 : code == Code::int16 ? 2 : 4; }

// Both operands are cut along the columns of the rows in chunks of this many bytes: a panel's chunk (32 rows) fills
// two thirds of a 48 KiB L1 and leaves room for the slivers that pass over it.
constexpr index_t chunk_bytes = 1024;

// How one operand lies in memory: panels of `rows` rows; inside, groups of `group_bytes` of every row in turn.
struct PanelLayout {
    int rows;
    int group_bytes;
    int bias;     // int8 codes stored as unsigned, code + bias
    bool ragged;  // the last panel has only as many rows as are left
};

constexpr int max_height = 32, max_width = 32;

struct TileArguments {
    const void* rows;                 // one sliver of query codes, at the current chunk
    const void* columns;              // one panel of bank codes, at the current chunk
    index_t bytes;                    // of this chunk, per row; a multiple of 64
    float* product;                   // height x width; between chunks it holds raw sums
    bool first, last;                 // chunk
    const float* row_scale;           // integers only: code scale per row,
    const float* column_scale;        // per column,
    const std::int32_t* column_bias;  // and what the rows' bias added to each column
};

using TileFunction = void (*)(const TileArguments&);

// Which entries may matter: mask bit c of row r is set iff column_a[c] - 2 p <= limit_a[r] and
// column_b[c] - 2 p <= limit_b[r]. Returns whether any bit is set.
using HitsFunction = bool (*)(const float* product, int height, int width, const float* column_a, const float* column_b,
                              const float* limit_a, const float* limit_b, std::uint32_t* masks);

struct TileKernels {
    Code code;
    int largest_code;   // int8 only
    int height, width;  // of a full tile; a sliver may be lower
    PanelLayout row_layout, column_layout;
    TileFunction tile[max_height + 1];  // by height of the sliver
    HitsFunction hits;
    void (*enter)();  // before and after a thread's tiles
    void (*leave)();
    int longest_sum;  // floating-point additions on the longest path of a sum of one chunk; 0: exact
};

// Kernels of one code at the active level; null where the level has none.
const TileKernels* tile_kernels(Code code);

template <Isa level>
const TileKernels& float_kernels();
template <Isa level>
const TileKernels& word_kernels();
template <Isa level>
const TileKernels& byte_kernels();

}  // namespace acpp::pairwise
