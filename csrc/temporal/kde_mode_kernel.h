#pragma once
// Private to kde_mode.cpp and kde_mode_<isa>.cpp.
#include "core/array.h"
#include "core/cpu.h"

namespace acpp::temporal {

// density[i] = sum over k of exp(scale * (values[i] - values[k])^2), k in order; scale < 0. Returns the highest.
// The same bits at every level of the instruction set.
template <Isa level>
double densities(const double* values, index_t m, double scale, double* density);

}  // namespace acpp::temporal
