#pragma once
// Private to separable.cpp and separable_<isa>.cpp. Defined for T = float and double.
#include "core/array.h"
#include "core/cpu.h"

namespace acpp::maps {

constexpr index_t tile_width = 16;  // outputs of one tile, at every instruction-set level

// The weights of tile_width neighbouring outputs, dense over the inputs that any of them reads:
// weight[j * tile_width + k] belongs to input first + j and output k.
template <class T>
struct Tile {
    const T* weight;
    index_t first, inputs;
};

// Along rows: out.row(y)[t * tile_width + k] = sum over j of in.row(y)[first_t + j] * weight_t[j][k], j rising.
template <Isa level, class T>
void combine_columns(MatrixView<const T> in, const Tile<T>* tiles, index_t tile_count, MatrixView<T> out);

// Across rows: out[x] = sum over t of weight[t] * in.row(t)[x], t rising, for x < in.cols; in.rows terms.
template <Isa level, class T>
void combine_rows(MatrixView<const T> in, const T* weight, T* out);

}  // namespace acpp::maps
