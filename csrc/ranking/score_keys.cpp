#include "ranking/score_keys.h"

#include <limits>
#include <type_traits>
#include <utility>

#include "core/error.h"
#include "ranking/keys.h"

namespace acpp::ranking {
namespace {

// call(TypeTag<T>{}) for the type, if its keys are of this width.
template <class Key, class Call>
void with_type(DType type, Call&& call) {
    with_dtype(type, [&](auto tag) {
        if constexpr (std::is_same_v<typename ScoreKey<typename decltype(tag)::type>::Key, Key>) call(tag);
    });
}

template <class T>
constexpr std::pair<typename ScoreKey<T>::Key, typename ScoreKey<T>::Key> extreme_keys() {
    if constexpr (std::is_same_v<T, Half>)
        return {ScoreKey<Half>::key(Half{0xfc00}), ScoreKey<Half>::key(Half{0x7c00})};
    else if constexpr (std::is_floating_point_v<T>)
        return {ScoreKey<T>::key(-std::numeric_limits<T>::infinity()),
                ScoreKey<T>::key(std::numeric_limits<T>::infinity())};
    else
        return {ScoreKey<T>::key(std::numeric_limits<T>::min()), ScoreKey<T>::key(std::numeric_limits<T>::max())};
}

// A binary search over the keys serves every type, and thresholds that lie between two scores.
template <class T>
std::optional<typename ScoreKey<T>::Key> key_reaching(double threshold, bool strict) {
    using Key = typename ScoreKey<T>::Key;
    auto [low, high] = extreme_keys<T>();
    const auto reaches = [&](Key key) {
        const double score = ScoreKey<T>::score(key);
        return strict ? score > threshold : score >= threshold;
    };
    if (!reaches(high)) return std::nullopt;
    while (low < high) {
        const Key middle = low + (high - low) / 2;
        if (reaches(middle))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

}  // namespace

template <class Key>
void to_keys(DType type, const void* scores, index_t n, Key* keys) {
    with_type<Key>(type, [&](auto tag) {
        using T = typename decltype(tag)::type;
        const T* from = static_cast<const T*>(scores);
        for (index_t i = 0; i < n; ++i) keys[i] = ScoreKey<T>::key(from[i]);
    });
}

template <class Key>
void to_scores(DType type, const Key* keys, index_t n, double* scores) {
    with_type<Key>(type, [&](auto tag) {
        for (index_t i = 0; i < n; ++i) scores[i] = ScoreKey<typename decltype(tag)::type>::score(keys[i]);
    });
}

template <class Key>
KeptKeys background_keys(DType type, const void* scores, const std::uint8_t* labels, index_t n, Key* out) {
    KeptKeys kept{0, 0};
    with_type<Key>(type, [&](auto tag) {
        using T = typename decltype(tag)::type;
        kept = with_isa(
            [&](auto isa) { return background_keys<isa.value, T>(static_cast<const T*>(scores), labels, n, out); });
    });
    return kept;
}

template <class Key>
std::vector<Key> keys_of_values(DType type, const std::vector<double>& values) {
    std::vector<Key> keys;
    with_type<Key>(type, [&](auto tag) {
        using T = typename decltype(tag)::type;
        if constexpr (std::is_same_v<T, Half>)
            throw InvalidArgument("thresholds need scores of float32 or float64");
        else
            for (double value : values) keys.push_back(ScoreKey<T>::key(static_cast<T>(value)));
    });
    return keys;
}

template <class Key>
std::vector<std::optional<Key>> keys_reaching(DType type, const std::vector<double>& thresholds, bool strict) {
    std::vector<std::optional<Key>> keys;
    with_type<Key>(type, [&](auto tag) {
        for (double threshold : thresholds)
            keys.push_back(key_reaching<typename decltype(tag)::type>(threshold, strict));
    });
    return keys;
}

bool any_missing(DType type, const void* scores, index_t n) {
    return with_dtype(type, [&](auto tag) {
        using T = typename decltype(tag)::type;
        const T* from = static_cast<const T*>(scores);
        typename ScoreKey<T>::Key any = 0;  // as wide as a score: read as vectors
        for (index_t i = 0; i < n; ++i) any |= ScoreKey<T>::missing(from[i]) ? 1 : 0;
        return any != 0;
    });
}

PixelAt find_missing(const ScoredImages& input) {
    return with_dtype(input.score_type, [&](auto tag) {
        using T = typename decltype(tag)::type;
        for (std::size_t i = 0; i < input.images.size(); ++i) {
            const ScoredImage& image = input.images[i];
            for (index_t y = 0; y < image.height; ++y) {
                const T* row = static_cast<const T*>(image.scores) + y * image.score_stride;
                for (index_t x = 0; x < image.width; ++x)
                    if (ScoreKey<T>::missing(row[x])) return PixelAt{static_cast<index_t>(i), y, x};
            }
        }
        return PixelAt{};
    });
}

#define ACPP_SCORE_KEYS(Key)                                                                   \
    template void to_keys(DType, const void*, index_t, Key*);                                  \
    template void to_scores(DType, const Key*, index_t, double*);                              \
    template KeptKeys background_keys(DType, const void*, const std::uint8_t*, index_t, Key*); \
    template std::vector<Key> keys_of_values<Key>(DType, const std::vector<double>&);          \
    template std::vector<std::optional<Key>> keys_reaching<Key>(DType, const std::vector<double>&, bool);
ACPP_SCORE_KEYS(std::uint32_t)
ACPP_SCORE_KEYS(std::uint64_t)
#undef ACPP_SCORE_KEYS

}  // namespace acpp::ranking
