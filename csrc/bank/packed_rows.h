#pragma once
// A set of rows made ready for exact search: the rows themselves (borrowed), and what the filter needs of them.
#include <cstdint>
#include <vector>

#include "core/parallel.h"
#include "pairwise/metric.h"
#include "pairwise/pair_filter.h"

namespace acpp {

struct NearestOptions {
    index_t k = 1;
    PairFilter filter;
};

struct Neighbourhoods {  // compressed rows: those of query i stand at [limits[i], limits[i + 1])
    std::vector<index_t> limits, indices;
    std::vector<double> keys;
};

template <class B>
class PackedRows {
  public:
    PackedRows(MatrixView<const B> rows, Metric metric, const RunOptions& run);

    // keys and indices are (queries.rows, k), ascending by (key, index). Missing neighbours: key +inf, index -1;
    // a query that no row can be compared with (NaN): key NaN, index -1.
    template <class Q>
    void nearest(MatrixView<const Q> queries, const NearestOptions& options, MatrixView<double> keys,
                 MatrixView<index_t> indices, const RunOptions& run) const;

    // All rows with canonical key <= key_limit.
    template <class Q>
    Neighbourhoods within(MatrixView<const Q> queries, double key_limit, const PairFilter& filter,
                          const RunOptions& run) const;

    // Canonical keys of all pairs, (queries.rows, rows.rows).
    template <class Q>
    void all_keys(MatrixView<const Q> queries, MatrixView<double> keys, const RunOptions& run) const;

    MatrixView<const B> rows() const { return rows_; }
    Metric metric() const { return metric_; }
    index_t nbytes() const;  // held beside the rows

  private:
    MatrixView<const B> rows_;
    Metric metric_;
    std::vector<double> norms_;  // cosine only
};

}  // namespace acpp
