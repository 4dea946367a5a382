#pragma once
// What "near" means, and the one number per pair that decides it.
#include <string_view>

namespace acpp {

// Every metric is searched through an ordering key, smaller is nearer:
//   euclidean, sqeuclidean  |q - b|^2
//   cosine, half_cosine     1 - cos(q, b), clamped to [0, 2]; a zero vector has cos = 0
//   inner_product           -<q, b>
enum class Metric { euclidean, sqeuclidean, cosine, half_cosine, inner_product };

enum class KeyKind { sq_distance, cosine, negated_dot };

constexpr KeyKind key_kind(Metric metric) {
    switch (metric) {
        case Metric::cosine:
        case Metric::half_cosine:
            return KeyKind::cosine;
        case Metric::inner_product:
            return KeyKind::negated_dot;
        default:
            return KeyKind::sq_distance;
    }
}

Metric metric_from_name(std::string_view name);  // throws InvalidArgument listing the names
double value_of_key(Metric metric, double key);  // the distance or similarity that is returned, in float64
double key_of_value(Metric metric, double value);

}  // namespace acpp
