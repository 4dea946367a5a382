#pragma once
// Adaptive average pooling of patch vectors, twice in a row, as one sparse matrix.
#include <vector>

#include "core/array.h"

namespace acpp::bank {

// Output j is the sum over k < count(j) of weight[start[j] + k] * in[first[j] + k].
template <class T>
struct TapSums {
    std::vector<index_t> first, start;  // start has one entry more
    std::vector<T> weight;

    index_t count(index_t j) const { return start[j + 1] - start[j]; }
    bool any(index_t begin, index_t end) const { return start[end] > start[begin]; }
};

// What layer `layer` of `layers` gives to each of `target_dim` outputs: its vector of `size` values averaged to
// `pretrain_dim`, the layers' results joined in order, and those averaged to `target_dim`. Adaptive averaging from n to
// m values takes the mean of [floor(i n / m), ceil((i + 1) n / m)) for output i; for m > n values repeat.
template <class T>
TapSums<T> adaptive_tap_sums(index_t size, index_t layer, index_t layers, index_t pretrain_dim, index_t target_dim);

}  // namespace acpp::bank
