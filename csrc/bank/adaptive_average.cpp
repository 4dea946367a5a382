#include "bank/adaptive_average.h"

#include <algorithm>

namespace acpp::bank {
namespace {

struct Range {
    index_t begin, end;
    double share() const { return 1.0 / static_cast<double>(end - begin); }
};

Range adaptive_range(index_t i, index_t size_in, index_t size_out) {
    return {i * size_in / size_out, ((i + 1) * size_in + size_out - 1) / size_out};
}

}  // namespace

template <class T>
TapSums<T> adaptive_tap_sums(index_t size, index_t layer, index_t layers, index_t pretrain_dim, index_t target_dim) {
    TapSums<T> sums;
    std::vector<double> row;
    for (index_t j = 0; j < target_dim; ++j) {
        const Range joined = adaptive_range(j, layers * pretrain_dim, target_dim);
        const index_t begin = std::max(joined.begin, layer * pretrain_dim) - layer * pretrain_dim;
        const index_t end = std::min(joined.end, (layer + 1) * pretrain_dim) - layer * pretrain_dim;
        sums.first.push_back(begin < end ? adaptive_range(begin, size, pretrain_dim).begin : 0);
        sums.start.push_back(static_cast<index_t>(sums.weight.size()));
        row.clear();
        for (index_t i = begin; i < end; ++i) {
            const Range own = adaptive_range(i, size, pretrain_dim);
            row.resize(own.end - sums.first.back(), 0.0);
            for (index_t k = own.begin; k < own.end; ++k) row[k - sums.first.back()] += joined.share() * own.share();
        }
        sums.weight.insert(sums.weight.end(), row.begin(), row.end());
    }
    sums.start.push_back(static_cast<index_t>(sums.weight.size()));
    return sums;
}

template TapSums<float> adaptive_tap_sums<float>(index_t, index_t, index_t, index_t, index_t);
template TapSums<double> adaptive_tap_sums<double>(index_t, index_t, index_t, index_t, index_t);

}  // namespace acpp::bank
