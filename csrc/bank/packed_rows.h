#pragma once
// A set of rows made ready for exact search: the rows themselves (borrowed), and what the filter needs of them.
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "bank/search_blocks.h"
#include "core/parallel.h"
#include "pairwise/candidates.h"
#include "pairwise/equal_rows.h"
#include "pairwise/metric.h"
#include "pairwise/pair_filter.h"

namespace acpp {

struct Neighbourhoods {  // compressed rows: those of query i stand at [limits[i], limits[i + 1])
    std::vector<index_t> limits, indices;
    std::vector<double> keys;
};

// Which filter goes before the canonical values. Answers do not depend on it.
enum class Prefilter { automatic, none, int8, int16, fp32 };
Prefilter prefilter_from_name(std::string_view name);

// The cheapest code that the active level has fast products for, or the one asked for.
pairwise::Code code_for(Prefilter prefilter, index_t cols);

struct PackOptions {
    Prefilter prefilter = Prefilter::automatic;
    bool keep_codes = true;  // false: a search encodes the rows block by block, for a bank that is searched once
};

template <class B>
class PackedRows {
  public:
    PackedRows(MatrixView<const B> rows, Metric metric, const PackOptions& options, const RunOptions& run);

    // keys and indices are (queries.rows, k), ascending by (key, index). Missing neighbours: key +inf, index -1;
    // a query that no row can be compared with (NaN): key NaN, index -1. `budget`: bytes to take beside the results.
    template <class Q>
    void nearest(MatrixView<const Q> queries, const PairFilter& filter, MatrixView<double> keys,
                 MatrixView<index_t> indices, index_t budget, const RunOptions& run) const;

    // All rows whose value (see value_of_key) is at most `radius`, or at least for inner products; ascending by
    // (key, index).
    template <class Q>
    Neighbourhoods within(MatrixView<const Q> queries, double radius, const PairFilter& filter, index_t budget,
                          const RunOptions& run) const;

    // Canonical keys of all pairs, (queries.rows, rows.rows).
    template <class Q>
    void all_keys(MatrixView<const Q> queries, MatrixView<double> keys, const RunOptions& run) const;

    MatrixView<const B> rows() const { return rows_; }
    index_t nbytes() const;  // held beside the rows

  private:
    struct Range {
        index_t begin, end;
    };
    index_t distinct_rows() const;
    pairwise::RowSelection selection(Range range) const;  // of the distinct rows
    pairwise::PackedCodes encode_bank(const pairwise::Encoding& encoding, Range range, const RunOptions& run) const;
    pairwise::Encoding encoding(pairwise::Code code) const;
    template <class Visit>
    void expand(index_t query, std::span<const pairwise::Candidate> candidates, const PairFilter& filter,
                std::size_t most, Visit&& visit) const;
    PairFilter representative_filter(const PairFilter& filter, std::vector<std::uint64_t>& groups) const;
    using Finish = std::function<void(index_t query, std::vector<pairwise::Candidate>& candidates)>;
    template <class Q>
    std::vector<index_t> decide(const pairwise::Encoding& encoding, const pairwise::PackedCodes* bank,
                                const SearchBlocks& blocks, MatrixView<const Q> queries, const double* query_norms,
                                pairwise::NearestPlan plan, const Finish& finish, const RunOptions& run) const;
    template <class Q>
    std::vector<index_t> decide_again(MatrixView<const Q> queries, const double* query_norms,
                                      const std::vector<index_t>& listed, pairwise::NearestPlan plan,
                                      const SearchPlan& search, const Finish& finish, const RunOptions& run) const;
    template <class Q>
    std::vector<index_t> filtered(MatrixView<const Q> queries, const double* query_norms,
                                  const pairwise::NearestPlan& plan, const Finish& finish, index_t budget,
                                  const RunOptions& run) const;
    double operations(index_t queries) const;  // of a search by canonical values alone
    bool worth_filtering(index_t queries) const;

    MatrixView<const B> rows_;
    Metric metric_;
    PackOptions options_;
    std::vector<double> norms_;  // cosine only
    std::vector<float> centre_;
    std::optional<pairwise::Encoding> encoding_;  // empty: no filter
    std::optional<pairwise::EqualRows> equal_;    // empty: every row stands for itself
    std::optional<pairwise::PackedCodes> codes_;  // of the distinct rows
};

}  // namespace acpp
