#include "pairwise/canonical.h"

#include <algorithm>
#include <cmath>

#include "pairwise/canonical_kernel.h"

namespace acpp {

template <class Q, class B>
const CanonicalKernels<Q, B>& canonical_kernels() {
    return with_isa([](auto isa) -> const CanonicalKernels<Q, B>& {
        static constexpr CanonicalKernels<Q, B> kernels{&canonical::sq_distances<isa.value, Q, B>,
                                                        &canonical::dots<isa.value, Q, B>};
        return kernels;
    });
}

template <class Q, class B>
void CanonicalKeys<Q, B>::operator()(const Q* query, double query_norm, const index_t* rows, index_t first,
                                     index_t count, double* keys) const {
    if (kind_ == KeyKind::sq_distance) return kernels_->sq_distances(query, bank_, rows, first, count, keys);
    kernels_->dots(query, bank_, rows, first, count, keys);
    for (index_t i = 0; i < count; ++i) {
        if (kind_ == KeyKind::negated_dot) {
            keys[i] = -keys[i];
            continue;
        }
        const double bank_norm = bank_norms_[rows ? rows[i] : first + i];
        const double cosine = keys[i] / (std::max(query_norm, norm_floor) * std::max(bank_norm, norm_floor));
        // Not std::clamp: a NaN must stay one.
        keys[i] = cosine > 1 ? 0.0 : cosine < -1 ? 2.0 : 1 - cosine;
    }
}

template <class T>
double canonical_norm(const T* row, index_t cols) {
    double sq_norm = 0;
    canonical_kernels<T, T>().dots(row, MatrixView<const T>{row, 1, cols, cols}, nullptr, 0, 1, &sq_norm);
    return std::sqrt(sq_norm);
}

template double canonical_norm<float>(const float*, index_t);
template double canonical_norm<double>(const double*, index_t);
template class CanonicalKeys<float, float>;
template class CanonicalKeys<float, double>;
template class CanonicalKeys<double, float>;
template class CanonicalKeys<double, double>;
template const CanonicalKernels<float, float>& canonical_kernels<float, float>();
template const CanonicalKernels<float, double>& canonical_kernels<float, double>();
template const CanonicalKernels<double, float>& canonical_kernels<double, float>();
template const CanonicalKernels<double, double>& canonical_kernels<double, double>();

}  // namespace acpp
