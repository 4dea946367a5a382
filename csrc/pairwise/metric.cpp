#include "pairwise/metric.h"

#include <cmath>
#include <string>
#include <utility>

#include "core/error.h"

namespace acpp {

Metric metric_from_name(std::string_view name) {
    constexpr std::pair<std::string_view, Metric> table[] = {{"euclidean", Metric::euclidean},
                                                             {"sqeuclidean", Metric::sqeuclidean},
                                                             {"cosine", Metric::cosine},
                                                             {"half_cosine", Metric::half_cosine},
                                                             {"inner_product", Metric::inner_product}};
    std::string names;
    for (const auto& [known, metric] : table) {
        if (known == name) return metric;
        names += (names.empty() ? "'" : ", '") + std::string(known) + "'";
    }
    throw InvalidArgument("metric must be one of " + names + "; got '" + std::string(name) + "'");
}

double value_of_key(Metric metric, double key) {
    switch (metric) {
        case Metric::euclidean:
            return std::sqrt(key);
        case Metric::half_cosine:
            return key / 2;
        case Metric::inner_product:
            return -key;
        default:
            return key;
    }
}

double key_of_value(Metric metric, double value) {
    switch (metric) {
        case Metric::euclidean:
            return value * value;
        case Metric::half_cosine:
            return value * 2;
        case Metric::inner_product:
            return -value;
        default:
            return value;
    }
}

}  // namespace acpp
