#pragma once
// Private to coreset.cpp, coreset_caps.cpp and coreset_<isa>.cpp.
#include <cstdint>
#include <type_traits>

#include "core/array.h"
#include "core/cpu.h"

namespace acpp::kcenter {

constexpr int block_rows = 16;  // rows that a kernel call works on, one per lane

// Number of a pick (-1: none yet), as wide as T so that it can be selected by a comparison of T.
template <class T>
using Pick = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;

// Sixteen packed rows with what is known of them: the nearest pick so far and the squared distance to it.
template <class T>
struct Block {
    const T* packed;  // packed[16 j + r]: column j of row r
    T* sq_radius;     // negative for lanes without a row
    Pick<T>* nearest;
    std::int32_t* seen;  // number of picks that sq_radius already accounts for
};

template <class T>
struct Picks {
    const T* rows;
    index_t d, stride;
};

// packed[16 j + r] = column j of row which[r]; lanes from count on are zero.
template <Isa level, class T>
void gather(MatrixView<const T> from, const index_t* which, int count, T* packed);

// Canonical squared distances of sixteen packed rows to one point: differences squared and added by fused
// multiply-adds into 32 partial sums (column j into sum j mod 32, j rising), folded by halving (0+16, ..., then +8, +4,
// +2, +1). The same bits at every level.
template <Isa level, class T>
void sq_distances(const T* packed, index_t d, const T* point, T* sq);

// Applies the picks list[0..count) to a block: a row moves to a pick that is strictly nearer. Applying a
// pick again changes nothing.
template <Isa level, class T>
void relax(const Block<T>& block, const Picks<T>& picks, const std::int32_t* list, index_t count);

// Squared distances between picks i and j at between[i * stride + j], and the factor of the triangle test below.
template <class T>
struct Triangle {
    const T* between;
    index_t stride;
    T factor;
};

// Writes to `list` those picks in [from, to) that may be nearer to some row of the block than its nearest so far, and
// returns their number. A row whose nearest pick is at least twice as far from the new pick as from the row cannot
// gain; `factor` is 1/4 less the rounding of the three squared distances.
template <Isa level, class T>
index_t filter(const Block<T>& block, const Triangle<T>& triangle, index_t from, index_t to, std::int32_t* list);

}  // namespace acpp::kcenter
