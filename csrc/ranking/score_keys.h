#pragma once
// Scores of any element type as keys of two widths, so that the engine exists twice and not once for every type. Keys
// are in keys.h; `missing_key` stands for NaN in the types that have it, and is an ordinary key in those that do not.
#include <cstdint>
#include <optional>
#include <vector>

#include "ranking/background_kernel.h"
#include "ranking/rank_pairs.h"

namespace acpp::ranking {

template <class Call>  // call(TypeTag<std::uint32_t>{}) or call(TypeTag<std::uint64_t>{})
auto with_key(DType type, Call&& call) {
    if (size_of(type) == 8) return call(TypeTag<std::uint64_t>{});
    return call(TypeTag<std::uint32_t>{});
}

template <class Key>
constexpr Key missing_key = static_cast<Key>(~Key{0});

// Key must be the one that with_key() gives for the type.
template <class Key>
void to_keys(DType type, const void* scores, index_t n, Key* keys);
template <class Key>
void to_scores(DType type, const Key* keys, index_t n, double* scores);
template <class Key>
double score_of(DType type, Key key) {
    double score;
    to_scores(type, &key, 1, &score);
    return score;
}

// Those of the background; see background_kernel.h.
template <class Key>
KeptKeys background_keys(DType type, const void* scores, const std::uint8_t* labels, index_t n, Key* out);

// Key of each value, which must be one of the type.
template <class Key>
std::vector<Key> keys_of_values(DType type, const std::vector<double>& values);

// For each threshold the smallest key whose score reaches it, or with `strict` exceeds it, if there is one.
template <class Key>
std::vector<std::optional<Key>> keys_reaching(DType type, const std::vector<double>& thresholds, bool strict);

// Tells whether one of n scores is NaN.
bool any_missing(DType type, const void* scores, index_t n);

// Where the first NaN score stands; for messages.
PixelAt find_missing(const ScoredImages& input);

}  // namespace acpp::ranking
