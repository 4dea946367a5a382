// Where the selection starts: the values that patchcore-inspection's samplers give each row before any pick.
#include <algorithm>
#include <cmath>
#include <vector>

#include "bank/coreset.h"
#include "bank/coreset_kernel.h"
#include "core/aligned.h"
#include "core/cpu.h"
#include "core/rng.h"

namespace acpp {
namespace {

constexpr index_t chunk_rows = 1024;  // fixed, so that partial sums are added in the same order by any team

template <class T>
std::vector<double> mean_row(MatrixView<const T> rows, const RunOptions& run) {
    const index_t chunks = (rows.rows + chunk_rows - 1) / chunk_rows;
    std::vector<double> partial(static_cast<std::size_t>(chunks * rows.cols));
    parallel_blocks(rows.rows, chunk_rows, run, [&](index_t begin, index_t end) {
        double* sum = partial.data() + begin / chunk_rows * rows.cols;
        for (index_t i = begin; i < end; ++i)
            for (index_t j = 0; j < rows.cols; ++j) sum[j] += rows.row(i)[j];
    });
    std::vector<double> mean(partial.begin(), partial.begin() + rows.cols);
    for (index_t c = 1; c < chunks; ++c)
        for (index_t j = 0; j < rows.cols; ++j) mean[j] += partial[c * rows.cols + j];
    for (double& m : mean) m /= static_cast<double>(rows.rows);
    return mean;
}

}  // namespace

template <class T>
void sum_of_sq_distances(MatrixView<const T> rows, VectorView<double> sums, const RunOptions& run) {
    require(sums.size == rows.rows, "sums must have one entry per row");
    // n |x_i - mean|^2 + sum_j |x_j - mean|^2; taking the mean off first avoids the cancellation.
    const std::vector<double> mean = mean_row(rows, run);
    std::vector<double> partial(static_cast<std::size_t>((rows.rows + chunk_rows - 1) / chunk_rows));
    parallel_blocks(rows.rows, chunk_rows, run, [&](index_t begin, index_t end) {
        for (index_t i = begin; i < end; ++i) {
            double sum[4] = {};
            const T* x = rows.row(i);
            for (index_t j = 0; j < rows.cols; ++j) {
                const double difference = x[j] - mean[j];
                sum[j % 4] += difference * difference;
            }
            sums[i] = (sum[0] + sum[2]) + (sum[1] + sum[3]);
            partial[begin / chunk_rows] += sums[i];
        }
    });
    double total = 0;
    for (double p : partial) total += p;
    for (index_t i = 0; i < rows.rows; ++i) sums[i] = static_cast<double>(rows.rows) * sums[i] + total;
}

template <class T>
void mean_distance_to(MatrixView<const T> rows, VectorView<const index_t> start, VectorView<double> means,
                      const RunOptions& run) {
    require(means.size == rows.rows, "means must have one entry per row");
    require(start.size > 0, "start must name at least one row");
    constexpr int lanes = kcenter::block_rows;
    with_isa([&](auto isa) {
        parallel_blocks(rows.rows, chunk_rows, run, [&](index_t begin, index_t end) {
            AlignedBuffer<T> packed(lanes * rows.cols);
            for (index_t i = begin; i < end; i += lanes) {
                const int count = static_cast<int>(std::min<index_t>(lanes, end - i));
                index_t which[lanes];
                for (int r = 0; r < count; ++r) which[r] = i + r;
                kcenter::gather<isa.value, T>(rows, which, count, packed.data());
                double sum[lanes] = {};
                for (index_t s = 0; s < start.size; ++s) {
                    T sq[lanes];
                    kcenter::sq_distances<isa.value, T>(packed.data(), rows.cols, rows.row(start[s]), sq);
                    for (int r = 0; r < lanes; ++r) sum[r] += std::sqrt(static_cast<double>(sq[r]));
                }
                for (int r = 0; r < count; ++r) means[i + r] = sum[r] / static_cast<double>(start.size);
            }
        });
    });
}

void draw_rows(index_t n, VectorView<index_t> chosen, std::uint64_t seed) {
    require(chosen.size <= n, "cannot draw more rows than there are");
    const Random random(seed, Stream::coreset_start);
    index_t* const end = chosen.data + chosen.size;
    index_t* next = chosen.data;
    for (index_t i = 0; next < end; ++i) {
        const index_t row = random.below(n, i);
        if (std::find(chosen.data, next, row) == next) *next++ = row;
    }
}

template void sum_of_sq_distances(MatrixView<const float>, VectorView<double>, const RunOptions&);
template void sum_of_sq_distances(MatrixView<const double>, VectorView<double>, const RunOptions&);
template void mean_distance_to(MatrixView<const float>, VectorView<const index_t>, VectorView<double>,
                               const RunOptions&);
template void mean_distance_to(MatrixView<const double>, VectorView<const index_t>, VectorView<double>,
                               const RunOptions&);

}  // namespace acpp
