// The int8 kernels on AMX tiles: 32 x 32 products. Compiled for the hardware and over the emulation; the including
// .cpp defines ACPP_ISA. No include guard on purpose.
#include "pairwise/tile_dot.h"
#include "pairwise/tile_kernel_inl.h"

namespace acpp::pairwise {

template <Isa level>
static void amx_tile(const TileArguments& t) {
    constexpr int side = 32, step_bytes = 64;
    constexpr index_t stride = side * sizeof(float);
    if (t.first)
        TileStep<level>::clear_sums();
    else
        TileStep<level>::load_sums(t.product, stride);
    const char* rows = static_cast<const char*>(t.rows);
    const char* columns = static_cast<const char*>(t.columns);
    for (index_t k = 0; k < t.bytes; k += step_bytes) TileStep<level>::step(rows + k * side, columns + k * side);
    TileStep<level>::store_sums(t.product, stride);
    if (t.last) scale_sums<level, side>(t, side);
}

static void enter_tiles() { TileStep<ACPP_ISA>::enter(); }
static void leave_tiles() { TileStep<ACPP_ISA>::leave(); }

template <>
const TileKernels& byte_kernels<ACPP_ISA>() {
    static const TileKernels kernels = [] {
        TileKernels k{};
        k.code = Code::int8;
        k.height = k.width = 32;
        k.row_layout = {32, 64, 0, false};
        k.largest_code = 127;
        k.column_layout = {32, group, 0, false};
        for (int height = 1; height <= 32; ++height) k.tile[height] = &amx_tile<ACPP_ISA>;
        k.hits = &hits<ACPP_ISA>;
        k.enter = &enter_tiles;
        k.leave = &leave_tiles;
        return k;
    }();
    return kernels;
}

}  // namespace acpp::pairwise
