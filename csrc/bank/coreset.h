#pragma once
// Greedy k-center (farthest-first) selection: Gonzalez, "Clustering to minimize the maximum intercluster distance",
// 1985; the coreset step of PatchCore.
#include <cstdint>

#include "core/array.h"
#include "core/parallel.h"

namespace acpp {

enum class OnDuplicate { stop, repeat, fill };  // what follows when every row coincides with a pick

// How the farthest row is found. All give the same picks to the bit; `automatic` chooses by size and by what it sees.
enum class CoresetMethod { automatic, plain, triangle, lazy, lazy_triangle };

template <class T>
struct Coreset {
    index_t count;  // picks made; fewer than asked only with OnDuplicate::stop
    T sq_radius;    // largest squared distance of any row to its nearest pick
};

// Selects picks.size rows of `rows` (n x d, finite): picks[0] = first, then each time the row farthest from all picks
// so far, lowest index on ties. `sq_radius` (n) holds upper bounds for the squared distance of each row to its nearest
// pick, infinity as a rule; it is scratch afterwards. at_pick[p] = the value that won pick p, for p >= 1.
// Distances are canonical (coreset_kernel.h): fixed order, so that picks depend neither on threads nor on the CPU.
template <class T>
Coreset<T> greedy_kcenter(MatrixView<const T> rows, index_t first, VectorView<T> sq_radius, VectorView<index_t> picks,
                          VectorView<T> at_pick, OnDuplicate on_duplicate, CoresetMethod method, const RunOptions& run);

// How far each row lies from all rows: the sum over j of |row_i - row_j|^2, without n x n memory. float64.
template <class T>
void sum_of_sq_distances(MatrixView<const T> rows, VectorView<double> sums, const RunOptions& run);

// The mean distance of each row to the rows in `start`. float64 of canonical distances.
template <class T>
void mean_distance_to(MatrixView<const T> rows, VectorView<const index_t> start, VectorView<double> means,
                      const RunOptions& run);

// `count` different rows out of n, a pure function of the seed.
void draw_rows(index_t n, VectorView<index_t> chosen, std::uint64_t seed);

}  // namespace acpp
