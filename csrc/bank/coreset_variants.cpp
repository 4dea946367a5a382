#include "bank/coreset_variants.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace acpp {
namespace {

constexpr index_t start_points = 10;  // patchcore-inspection's number_of_starting_points

// A power of two that keeps squared distances clear of overflow and underflow; 1 for every ordinary input.
template <class T>
T safe_scale(MatrixView<const T> rows, const RunOptions& run) {
    constexpr index_t block = 256;
    using Bits = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
    std::vector<Bits> largest(static_cast<std::size_t>((rows.rows + block - 1) / block));
    parallel_blocks(rows.rows, block, run, [&](index_t begin, index_t end) {
        Bits top = 0;  // magnitudes order as their bits do, and the largest integer is found in vectors
        for (index_t i = begin; i < end; ++i)
            for (const T* x = rows.row(i); x != rows.row(i) + rows.cols; ++x)
                top = std::max(top, std::bit_cast<Bits>(*x) & std::numeric_limits<Bits>::max());
        largest[begin / block] = top;
    });
    const T top = std::bit_cast<T>(*std::max_element(largest.begin(), largest.end()));
    constexpr int most = std::numeric_limits<T>::max_exponent / 3;
    if (top == 0) return 1;
    const int exponent = std::ilogb(top);
    // The scale itself must not overflow where the largest number is denormal.
    return std::abs(exponent) <= most ? T(1)
                                      : std::ldexp(T(1), std::min(-exponent, std::numeric_limits<T>::max_exponent - 1));
}

// Rows in the space that distances are measured in, held here unless they are the caller's own.
template <class T>
struct Space {
    MatrixView<const T> rows;
    AlignedBuffer<T> scaled, projected;
    T scale = 1;
};

template <class T>
Space<T> enter_space(MatrixView<const T> features, const CoresetRequest<T>& request, const RunOptions& run) {
    Space<T> space;
    space.rows = features;
    space.scale = safe_scale(features, run);
    if (space.scale != 1) {
        space.scaled = AlignedBuffer<T>(features.rows * features.cols);
        parallel_blocks(features.rows, 256, run, [&](index_t begin, index_t end) {
            for (index_t i = begin; i < end; ++i)
                for (index_t j = 0; j < features.cols; ++j)
                    space.scaled[i * features.cols + j] = features.row(i)[j] * space.scale;
        });
        space.rows = {space.scaled.data(), features.rows, features.cols, features.cols};
    }
    if (!request.random && !request.matrix) return space;
    const Projection<T> projection =
        request.matrix
            ? matrix_projection(*request.matrix)
            : random_projection<T>(request.random->kind, request.random->outputs, features.cols, request.seed, run);
    space.projected = AlignedBuffer<T>(features.rows * projection.outputs);
    const MatrixView<T> out{space.projected.data(), features.rows, projection.outputs, projection.outputs};
    project(projection, space.rows, out, run);
    space.scaled = {};
    space.rows = {out.data, out.rows, out.cols, out.row_stride};
    return space;
}

index_t lowest_largest(const std::vector<double>& values) {
    return std::max_element(values.begin(), values.end()) - values.begin();
}

}  // namespace

template <class T>
CoresetOutcome select_coreset(MatrixView<const T> features, const CoresetRequest<T>& request, VectorView<index_t> picks,
                              VectorView<T> radii, const RunOptions& run) {
    require(features.rows > 0, "cannot sample an empty set");
    for (index_t row : request.start)
        require(row >= 0 && row < features.rows, "start must hold row numbers of features");
    if (run.progress) run.progress(0, picks.size);
    const Space<T> space = enter_space(features, request, run);
    const index_t n = features.rows;

    std::vector<T> caps(static_cast<std::size_t>(n), std::numeric_limits<T>::infinity());
    std::vector<index_t> start = request.start;
    index_t first = 0;
    double first_radius = std::numeric_limits<double>::infinity();
    std::vector<double> values(request.variant == CoresetVariant::anomalib ? 0 : static_cast<std::size_t>(n));
    switch (request.variant) {
        case CoresetVariant::anomalib:
            if (start.empty()) {
                start.resize(1);
                draw_rows(n, {start.data(), 1}, request.seed);
            }
            first = start[0];
            break;
        case CoresetVariant::inspection_exact:
            // A row's distance to any pick is one term of its sum, so these values never cap a later distance.
            sum_of_sq_distances(space.rows, {values.data(), n}, run);
            first = lowest_largest(values);
            first_radius = std::sqrt(values[first]);
            break;
        case CoresetVariant::inspection_approx:
            if (start.empty()) {
                start.resize(static_cast<std::size_t>(std::min(n, start_points)));
                draw_rows(n, {start.data(), static_cast<index_t>(start.size())}, request.seed);
            }
            mean_distance_to(space.rows, {start.data(), static_cast<index_t>(start.size())}, {values.data(), n}, run);
            first = lowest_largest(values);
            first_radius = values[first];
            for (index_t i = 0; i < n; ++i) caps[i] = static_cast<T>(values[i] * values[i]);
            break;
    }

    const Coreset<T> found = greedy_kcenter(space.rows, first, VectorView<T>{caps.data(), n}, picks, radii,
                                            request.on_duplicate, request.method, run);
    const auto distance = [&](T sq) { return std::sqrt(static_cast<double>(sq)) / space.scale; };
    for (index_t p = 1; p < found.count; ++p) radii[p] = static_cast<T>(distance(radii[p]));
    radii[0] = static_cast<T>(first_radius / space.scale);
    return {found.count, distance(found.sq_radius)};
}

template CoresetOutcome select_coreset(MatrixView<const float>, const CoresetRequest<float>&, VectorView<index_t>,
                                       VectorView<float>, const RunOptions&);
template CoresetOutcome select_coreset(MatrixView<const double>, const CoresetRequest<double>&, VectorView<index_t>,
                                       VectorView<double>, const RunOptions&);

}  // namespace acpp
