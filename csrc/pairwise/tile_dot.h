#pragma once
// The AMX tile step and its scalar emulation: 16 rows x 64 bytes times 16 groups x 16 columns x 4 bytes, in int32.
// Included by tile_kernel_amx.cpp and tile_kernel_amx_emulated.cpp only.
#include <cstdint>
#include <cstring>

#include "core/array.h"
#include "core/cpu.h"

#if defined(__AMX_INT8__)
#include <immintrin.h>
#endif

namespace acpp::pairwise {

// Four accumulators of 16 x 16 cover 32 rows x 32 columns.
template <Isa level>
struct TileStep;

#if defined(__AMX_INT8__)
template <>
struct TileStep<ACPP_ISA> {
    // Tile registers: 0 to 3 accumulators (row half * 2 + column half), 4 and 5 rows, 6 and 7 columns.
    static inline void enter() {
        struct alignas(64) Config {
            std::uint8_t palette, start_row, reserved[14];
            std::uint16_t bytes[16];
            std::uint8_t rows[16];
        } config = {};
        config.palette = 1;
        for (int t = 0; t < 8; ++t) {
            config.bytes[t] = 64;
            config.rows[t] = 16;
        }
        _tile_loadconfig(&config);
    }
    static inline void leave() { _tile_release(); }
    static inline void load_sums(const float* product, index_t stride) {
        _tile_loadd(0, product, stride);
        _tile_loadd(1, product + 16, stride);
        _tile_loadd(2, product + 16 * stride / 4, stride);
        _tile_loadd(3, product + 16 * stride / 4 + 16, stride);
    }
    static inline void clear_sums() {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    }
    // rows: 32 x 64 bytes; columns: 16 groups of 32 x 4 bytes.
    static inline void step(const char* rows, const char* columns) {
        _tile_loadd(4, rows, 64);
        _tile_loadd(6, columns, 128);
        _tile_dpbssd(0, 4, 6);
        _tile_loadd(7, columns + 64, 128);
        _tile_dpbssd(1, 4, 7);
        _tile_loadd(5, rows + 1024, 64);
        _tile_dpbssd(2, 5, 6);
        _tile_dpbssd(3, 5, 7);
    }
    static inline void store_sums(float* product, index_t stride) {
        _tile_stored(0, product, stride);
        _tile_stored(1, product + 16, stride);
        _tile_stored(2, product + 16 * stride / 4, stride);
        _tile_stored(3, product + 16 * stride / 4 + 16, stride);
    }
};
#else
template <>
struct TileStep<ACPP_ISA> {
    static inline std::int32_t (&sums())[32][32] {
        static thread_local std::int32_t value[32][32];
        return value;
    }
    static inline void enter() {}
    static inline void leave() {}
    static inline void load_sums(const float* product, index_t stride) {
        for (int r = 0; r < 32; ++r) std::memcpy(sums()[r], product + r * stride / 4, sizeof sums()[r]);
    }
    static inline void clear_sums() { std::memset(sums(), 0, sizeof sums()); }
    static inline void step(const char* rows, const char* columns) {
        for (int r = 0; r < 32; ++r)
            for (int c = 0; c < 32; ++c) {
                std::int32_t sum = 0;
                for (int k = 0; k < 64; ++k) {
                    const auto x = static_cast<std::int8_t>(rows[r * 64 + k]);
                    const auto y = static_cast<std::int8_t>(columns[k / 4 * 128 + c * 4 + k % 4]);
                    sum += x * y;
                }
                sums()[r][c] += sum;
            }
    }
    static inline void store_sums(float* product, index_t stride) {
        for (int r = 0; r < 32; ++r) std::memcpy(product + r * stride / 4, sums()[r], sizeof sums()[r]);
    }
};
#endif

}  // namespace acpp::pairwise
