#pragma once
// The value where a Gaussian kernel density of the values is highest. Scott's bandwidth.
#include "core/array.h"

namespace acpp::temporal {

// Of m >= 1 values, none NaN; `density` has room for m. The earliest of equally dense values; the median where the
// variance is 0; NaN where it is not finite. Sorts nothing unless the variance is 0, may reorder `values` then.
double kde_mode(double* values, index_t m, double* density);

}  // namespace acpp::temporal
