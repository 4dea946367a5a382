#pragma once
// The value check of every function on maps.
#include <string>

#include "core/finite.h"

namespace acpp::maps {

// Throws InvalidArgument with the first map, row and column that hold NaN or infinity.
template <class T>
void require_finite_maps(ImageStackView<const T> maps, const char* name, const RunOptions& run) {
    const auto check = [&](MatrixView<const T> rows, index_t first_row) {
        const Position bad = first_nonfinite(rows, run);
        if (!bad.found()) return;
        const index_t row = first_row + bad.row;
        throw InvalidArgument(std::string(name) + " must be finite; got NaN or infinity in map " +
                              std::to_string(row / maps.height) + ", row " + std::to_string(row % maps.height) +
                              ", column " + std::to_string(bad.column));
    };
    if (maps.image_stride == maps.height * maps.row_stride)
        check({maps.data, maps.images * maps.height, maps.width, maps.row_stride}, 0);
    else
        for (index_t i = 0; i < maps.images; ++i)
            check({maps.row(i, 0), maps.height, maps.width, maps.row_stride}, i * maps.height);
}

}  // namespace acpp::maps
