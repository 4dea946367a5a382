#pragma once
// Pairs of Python arrays, or lists of them, as the engine's stack of scored images.
#include "bindings/arrays.h"
#include "maps/axis_weights.h"
#include "ranking/images.h"

namespace acpp::bind {

// The element type of an array of scores or labels; throws InvalidType for others.
ranking::DType dtype_of(const py::array& a, const std::string& name);

// Maps that are resized to their masks while they are counted; stands where scores do.
struct ResizedMaps {
    py::object maps;  // an array (h, w), (n, h, w) or (n, 1, h, w) of float32 or float64, or a list of (h, w) arrays
    maps::Mode mode;
};

// Both arguments are arrays of one shape, (n,), (h, w), (n, h, w) or (n, 1, h, w) with contiguous rows; or lists of
// (h, w) arrays. `labels` may be None where only scores matter and the reverse.
ranking::ScoredImages scored_images(const py::object& scores, const py::object& labels, const std::string& score_name,
                                    const std::string& label_name);

}  // namespace acpp::bind
