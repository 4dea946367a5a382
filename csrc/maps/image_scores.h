#pragma once
// One score for each map, from its largest values.
#include "core/array.h"
#include "core/parallel.h"

namespace acpp::maps {

// scores[i] = largest value of map i.
template <class T>
void largest(ImageStackView<const T> maps, VectorView<T> scores, const RunOptions& run);

// scores[i] = sum of the k largest values of map i, added in float64 from the largest down, over `divisor`.
template <class T>
void sum_of_largest(ImageStackView<const T> maps, index_t k, double divisor, VectorView<T> scores,
                    const RunOptions& run);

}  // namespace acpp::maps
