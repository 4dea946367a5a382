#include "bank/packed_rows.h"

#include <numeric>

#include "pairwise/canonical.h"
#include "pairwise/exhaustive.h"

namespace acpp {
namespace {

template <class T>
std::vector<double> canonical_norms(MatrixView<const T> rows, KeyKind kind, const RunOptions& run) {
    std::vector<double> norms;
    if (kind != KeyKind::cosine) return norms;
    norms.resize(static_cast<std::size_t>(rows.rows));
    parallel_blocks(rows.rows, 256, run, [&](index_t begin, index_t end) {
        for (index_t i = begin; i < end; ++i)
            norms[static_cast<std::size_t>(i)] = canonical_norm(rows.row(i), rows.cols);
    });
    return norms;
}

const double* data_or_null(const std::vector<double>& v) { return v.empty() ? nullptr : v.data(); }

}  // namespace

template <class B>
PackedRows<B>::PackedRows(MatrixView<const B> rows, Metric metric, const RunOptions& run)
    : rows_(rows), metric_(metric), norms_(canonical_norms(rows, key_kind(metric), run)) {
    require(rows.rows > 0, "memory bank is empty");
    require(rows.cols > 0, "bank must have at least one column");
}

template <class B>
index_t PackedRows<B>::nbytes() const {
    return static_cast<index_t>(norms_.size() * sizeof(double));
}

template <class B>
template <class Q>
void PackedRows<B>::nearest(MatrixView<const Q> queries, const NearestOptions& options, MatrixView<double> keys,
                            MatrixView<index_t> indices, const RunOptions& run) const {
    const std::vector<double> norms = canonical_norms(queries, key_kind(metric_), run);
    const CanonicalKeys<Q, B> canonical(key_kind(metric_), rows_, data_or_null(norms_));
    const QueryRows<Q> query_rows{queries, data_or_null(norms)};
    std::vector<index_t> all(static_cast<std::size_t>(queries.rows));
    std::iota(all.begin(), all.end(), index_t{0});
    std::vector<SmallestK> best(all.size(), SmallestK(options.k));
    exhaustive_nearest(canonical, query_rows, std::span<const index_t>(all), rows_.rows, options.k, options.filter,
                       best, run);
    for (index_t i = 0; i < queries.rows; ++i)
        best[static_cast<std::size_t>(i)].write(keys.row(i), indices.row(i));
}

template <class B>
template <class Q>
void PackedRows<B>::all_keys(MatrixView<const Q> queries, MatrixView<double> keys, const RunOptions& run) const {
    const std::vector<double> norms = canonical_norms(queries, key_kind(metric_), run);
    const CanonicalKeys<Q, B> canonical(key_kind(metric_), rows_, data_or_null(norms_));
    // Bank rows of a block stay in L2 while all queries of the block pass over them.
    const index_t width = std::clamp<index_t>((256 << 10) / (static_cast<index_t>(sizeof(B)) * rows_.cols), 4, 4096);
    const index_t height = 64, across = (rows_.rows + width - 1) / width, down = (queries.rows + height - 1) / height;
    parallel_blocks(across * down, 1, run, [&](index_t unit, index_t) {
        const index_t first = unit % across * width, count = std::min(width, rows_.rows - first);
        const index_t top = unit / across * height, bottom = std::min(queries.rows, top + height);
        for (index_t i = top; i < bottom; ++i)
            canonical(queries.row(i), norms.empty() ? 0 : norms[static_cast<std::size_t>(i)], nullptr, first, count,
                      keys.row(i) + first);
    });
}

template class PackedRows<float>;
template class PackedRows<double>;

#define ACPP_INSTANTIATE(B, Q)                                                                                    \
    template void PackedRows<B>::nearest<Q>(MatrixView<const Q>, const NearestOptions&, MatrixView<double>,       \
                                            MatrixView<index_t>, const RunOptions&) const;                        \
    template void PackedRows<B>::all_keys<Q>(MatrixView<const Q>, MatrixView<double>, const RunOptions&) const;
ACPP_INSTANTIATE(float, float)
ACPP_INSTANTIATE(float, double)
ACPP_INSTANTIATE(double, float)
ACPP_INSTANTIATE(double, double)
#undef ACPP_INSTANTIATE

}  // namespace acpp
