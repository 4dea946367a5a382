#pragma once
// Private to canonical.cpp and canonical_<isa>.cpp.
#include "core/array.h"
#include "core/cpu.h"

namespace acpp::canonical {

template <Isa level, class Q, class B>
void sq_distances(const Q* query, MatrixView<const B> bank, const index_t* rows, index_t first, index_t count,
                  double* out);

template <Isa level, class Q, class B>
void dots(const Q* query, MatrixView<const B> bank, const index_t* rows, index_t first, index_t count, double* out);

}  // namespace acpp::canonical
