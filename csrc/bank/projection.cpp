#include "bank/projection.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "bank/projection_kernel.h"
#include "core/cpu.h"
#include "core/rng.h"

namespace acpp {
namespace {

struct SparseRow {
    std::vector<std::int32_t> plus, minus;
};

SparseRow draw_sparse_row(index_t k, index_t inputs, const Random& random) {
    const double density = 1.0 / std::sqrt(static_cast<double>(inputs));
    SparseRow row;
    PhiloxWords words{};
    for (index_t j = 0; j < inputs; ++j) {
        const index_t entry = k * inputs + j;
        if (j == 0 || entry % 4 == 0) words = random.block(entry / 4);
        if (Random::to_uniform(words[entry % 4]) >= density) continue;
        const bool negative = random.word(entry, 1) >> 31;
        (negative ? row.minus : row.plus).push_back(static_cast<std::int32_t>(j));
    }
    return row;
}

template <class T>
void fill_sparse(Projection<T>& p, const Random& random, const RunOptions& run) {
    p.scale = static_cast<T>(std::sqrt(std::sqrt(static_cast<double>(p.inputs)) / static_cast<double>(p.outputs)));
    std::vector<SparseRow> rows(static_cast<std::size_t>(p.outputs));
    parallel_blocks(p.outputs, 1, run, [&](index_t k, index_t) { rows[k] = draw_sparse_row(k, p.inputs, random); });
    p.start.push_back(0);
    for (const SparseRow& row : rows)
        for (const auto* part : {&row.plus, &row.minus}) {
            p.columns.insert(p.columns.end(), part->begin(), part->end());
            p.start.push_back(static_cast<index_t>(p.columns.size()));
        }
}

}  // namespace

template <class T>
Projection<T> random_projection(ProjectionKind kind, index_t outputs, index_t inputs, std::uint64_t seed,
                                const RunOptions& run) {
    require(outputs >= 1 && inputs >= 1, "a projection needs at least one input and one output column");
    require(inputs <= std::numeric_limits<std::int32_t>::max(), "a projection takes fewer than 2^31 columns");
    const Random random(seed, Stream::projection);
    Projection<T> p;
    p.outputs = outputs, p.inputs = inputs;
    if (kind == ProjectionKind::sparse) {
        fill_sparse(p, random, run);
        return p;
    }
    p.weights = AlignedBuffer<T>(outputs * inputs);
    const double bound = 1 / std::sqrt(static_cast<double>(inputs));
    const double deviation = 1 / std::sqrt(static_cast<double>(outputs));
    parallel_blocks(outputs * inputs, 1 << 14, run, [&](index_t begin, index_t end) {
        for (index_t i = begin; i < end; ++i)
            p.weights[i] = static_cast<T>(kind == ProjectionKind::gaussian ? deviation * random.normal(i)
                                                                           : bound * (2 * random.uniform(i) - 1));
    });
    return p;
}

template <class T>
Projection<T> matrix_projection(MatrixView<const T> weights) {
    Projection<T> p;
    p.outputs = weights.rows, p.inputs = weights.cols;
    p.weights = AlignedBuffer<T>(weights.rows * weights.cols);
    for (index_t k = 0; k < weights.rows; ++k)
        std::copy_n(weights.row(k), weights.cols, p.weights.data() + k * weights.cols);
    return p;
}

template <class T>
void project(const Projection<T>& p, MatrixView<const T> rows, MatrixView<T> out, const RunOptions& run) {
    require(rows.cols == p.inputs && out.cols == p.outputs && out.rows == rows.rows,
            "projection must have as many input columns as features");
    with_isa([&](auto isa) {
        parallel_blocks(rows.rows, 8 * projection::block_rows, run, [&](index_t begin, index_t end) {
            AlignedBuffer<T> scratch(projection::block_rows * (p.inputs + p.outputs));
            for (index_t i = begin; i < end; i += projection::block_rows) {
                if (p.weights.size() > 0)
                    projection::dense_block<isa.value, T>(rows, i, p.weights.data(), out, scratch.data());
                else
                    projection::sparse_block<isa.value, T>(rows, i, p.start.data(), p.columns.data(), p.scale, out,
                                                           scratch.data());
            }
        });
    });
}

template struct Projection<float>;
template struct Projection<double>;
template Projection<float> random_projection(ProjectionKind, index_t, index_t, std::uint64_t, const RunOptions&);
template Projection<double> random_projection(ProjectionKind, index_t, index_t, std::uint64_t, const RunOptions&);
template Projection<float> matrix_projection(MatrixView<const float>);
template Projection<double> matrix_projection(MatrixView<const double>);
template void project(const Projection<float>&, MatrixView<const float>, MatrixView<float>, const RunOptions&);
template void project(const Projection<double>&, MatrixView<const double>, MatrixView<double>, const RunOptions&);

}  // namespace acpp
