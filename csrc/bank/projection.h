#pragma once
// Random projections of the rows to fewer columns, and projection by a given matrix.
#include <cstdint>
#include <vector>

#include "core/aligned.h"
#include "core/array.h"
#include "core/parallel.h"

namespace acpp {

// sparse: entries are zero but for a share 1/sqrt(inputs), +-sqrt(sqrt(inputs) / outputs) there (Li, Hastie, Church,
// "Very sparse random projections", 2006). gaussian: N(0, 1/outputs). linear: U(-1/sqrt(inputs), 1/sqrt(inputs)).
enum class ProjectionKind { sparse, gaussian, linear };

template <class T>
struct Projection {
    index_t outputs = 0, inputs = 0;
    AlignedBuffer<T> weights;  // outputs x inputs; empty for a sparse projection
    // Sparse: output k is scale * (sum of columns[start[2k]..start[2k+1]) - sum of columns[start[2k+1]..start[2k+2])).
    std::vector<index_t> start;
    std::vector<std::int32_t> columns;
    T scale = 1;
};

// Entry (k, j) is a pure function of (seed, k, j).
template <class T>
Projection<T> random_projection(ProjectionKind kind, index_t outputs, index_t inputs, std::uint64_t seed,
                                const RunOptions& run);

template <class T>
Projection<T> matrix_projection(MatrixView<const T> weights);

// out = rows * projection^T in T. Sums run over the columns in rising order (sparse: first those that are added, then
// those that are subtracted); the same bits for any team and at every instruction set level.
template <class T>
void project(const Projection<T>& projection, MatrixView<const T> rows, MatrixView<T> out, const RunOptions& run);

}  // namespace acpp
