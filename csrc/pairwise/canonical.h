#pragma once
// The one value of a pair of rows, in float64 and in a fixed order of additions, so that it does not depend on
// batch, blocking, threads, instruction set or device. What a search returns is decided by these values alone.
#include "core/array.h"
#include "pairwise/metric.h"

namespace acpp {

// Lane l of 16 sums the columns i = l (mod 16) in rising order with fused multiply-adds; then 8, 4, 2, 1 pairs are
// added. Sum of squared differences, or of products.
template <class Q, class B>
struct CanonicalKernels {
    // out[i] = value(query, row(bank, rows[i])), or rows first .. first + count - 1 where rows is null.
    void (*sq_distances)(const Q* query, MatrixView<const B> bank, const index_t* rows, index_t first, index_t count,
                         double* out);
    void (*dots)(const Q* query, MatrixView<const B> bank, const index_t* rows, index_t first, index_t count,
                 double* out);
};

template <class Q, class B>
const CanonicalKernels<Q, B>& canonical_kernels();  // for the active instruction set

constexpr double norm_floor = 1e-12;  // smallest norm that cosine divides by

// Ordering keys of one query against listed bank rows. `query_norm` and `bank_norms` (by row) are used by cosine only.
template <class Q, class B>
class CanonicalKeys {
  public:
    CanonicalKeys(KeyKind kind, MatrixView<const B> bank, const double* bank_norms)
        : kind_(kind), bank_(bank), bank_norms_(bank_norms), kernels_(&canonical_kernels<Q, B>()) {}

    void operator()(const Q* query, double query_norm, const index_t* rows, index_t first, index_t count,
                    double* keys) const;

  private:
    KeyKind kind_;
    MatrixView<const B> bank_;
    const double* bank_norms_;
    const CanonicalKernels<Q, B>* kernels_;
};

template <class T>
double canonical_norm(const T* row, index_t cols);  // sqrt of the canonical dot of the row with itself

}  // namespace acpp
