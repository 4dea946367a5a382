#pragma once
// Where the first NaN or infinity stands. One pass over the bits at memory speed.
#include "core/array.h"
#include "core/parallel.h"

namespace acpp {

struct Position {
    index_t row = -1, column = -1;
    bool found() const { return row >= 0; }
};

Position first_nonfinite(MatrixView<const float> rows, const RunOptions& run);
Position first_nonfinite(MatrixView<const double> rows, const RunOptions& run);

// Throws InvalidArgument "<name> must be finite; got nan at row 3, column 17".
template <class T>
void require_finite(MatrixView<const T> rows, const char* name, const RunOptions& run);

}  // namespace acpp
