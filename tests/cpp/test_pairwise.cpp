// The engine below Python: bounds by brute force, tiles against plain loops, at every level this machine runs.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "core/cpu.h"
#include "pairwise/codes.h"
#include "pairwise/scan.h"

using namespace acpp;
using namespace acpp::pairwise;

namespace {

// Restores the level that was active before.
struct AtLevel {
    explicit AtLevel(Isa level) : before(active_isa()) { set_isa(level); }
    ~AtLevel() { set_isa(before); }
    Isa before;
};

std::vector<Isa> runnable() {
    std::vector<Isa> levels;
    for (Isa level : compiled_isas()) {
        try {
            AtLevel probe(level);
            levels.push_back(level);
        } catch (const InvalidArgument&) {}
    }
    return levels;
}

std::vector<float> rows_of(const char* kind, index_t rows, index_t cols, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> x(static_cast<std::size_t>(rows * cols));
    const float scale = kind[0] == 's' ? 1e-4f : kind[0] == 'l' ? 1e4f : 1.0f;
    for (float& v : x) v = scale * normal(random) + (kind[0] == 'o' ? 100.0f : 0.0f);
    if (kind[0] == 'n')  // near-duplicates of the first row
        for (std::size_t i = 1; i < static_cast<std::size_t>(rows); ++i)
            for (std::size_t j = 0; j < static_cast<std::size_t>(cols); ++j)
                x[i * cols + j] = x[j] * (1 + 1e-4f * normal(random));
    return x;
}

// Collects every product, to compare it and its bounds with float64.
struct Recorder {
    explicit Recorder(index_t rows, index_t cols) : width(cols), products(static_cast<std::size_t>(rows * cols)) {}
    void enter_group(index_t) {}
    void tile(const Tile& t) {
        for (int r = 0; r < t.rows; ++r)
            for (int c = 0; c < t.cols; ++c)
                products[static_cast<std::size_t>((t.row0 + r) * width + t.col0 + c)] = t.product[r * t.stride + c];
    }
    index_t width;
    std::vector<float> products;
};

}  // namespace

class Bounds : public testing::TestWithParam<const char*> {};

TEST_P(Bounds, HoldTheTrueValueAtEveryLevel) {
    long pairs = 0;
    for (Isa level : runnable()) {
        const AtLevel at(level);
        for (Code code : {Code::int8, Code::int16, Code::fp32}) {
            const TileKernels* kernels = tile_kernels(code);
            if (kernels == nullptr) continue;
            for (index_t cols : {1, 3, 16, 63, 64, 65, 300, 1100}) {
                const index_t n = 25, m = 67;
                const auto q = rows_of(GetParam(), n, cols, 1), b = rows_of(GetParam(), m, cols, 2);
                const MatrixView<const float> queries{q.data(), n, cols, cols}, bank{b.data(), m, cols, cols};
                const std::vector<float> centre = robust_centre(bank);
                const BoundKind kind = BoundKind::sq_distance;
                const int bias = kernels->row_layout.bias;
                const PackedCodes rows =
                    encode(queries, {nullptr, 0, n},
                           {kind, code, kernels->row_layout, kernels->largest_code, centre.data(), nullptr, 0, 0},
                           {1, {}, {}});
                const PackedCodes columns =
                    encode(bank, {nullptr, 0, m},
                           {kind, code, kernels->column_layout, kernels->largest_code, centre.data(), nullptr, bias, 0},
                           {1, {}, {}});
                Recorder recorder(n, m);
                const RunOptions run{1, {}, {}};
                Interruption interruption(run);
                scan(*kernels, rows, 0, n, columns, 0, (m + kernels->width - 1) / kernels->width, recorder,
                     interruption);
                const double sum_error = unit * (4 + (kernels->longest_sum > 0 ? kernels->longest_sum + 8 : 0));
                for (index_t i = 0; i < n; ++i)
                    for (index_t j = 0; j < m; ++j) {
                        long double sq = 0, dot = 0;
                        for (index_t t = 0; t < cols; ++t) {
                            const long double x = queries.row(i)[t], y = bank.row(j)[t], c = centre[t];
                            sq += (x - y) * (x - y);
                            dot += (x - c) * (y - c);
                        }
                        const float p = recorder.products[static_cast<std::size_t>(i * m + j)];
                        const Interval d = sq_distance_bounds(rows.terms(i), columns.terms(j), p, sum_error);
                        ASSERT_LE(d.low, static_cast<double>(sq)) << name(level) << " columns " << cols;
                        ASSERT_GE(d.high, static_cast<double>(sq)) << name(level) << " columns " << cols;
                        const Interval s = negated_dot_bounds(rows.terms(i), columns.terms(j), p, sum_error);
                        ASSERT_LE(s.low, static_cast<double>(-2 * dot)) << name(level) << " columns " << cols;
                        ASSERT_GE(s.high, static_cast<double>(-2 * dot)) << name(level) << " columns " << cols;
                        // The vector comparison never misses a pair that the exact value admits.
                        const Limits limits =
                            sq_distance_limits(rows.terms(i), columns.group(j), static_cast<double>(sq), sum_error);
                        ASSERT_LE(columns.column_a()[j] - 2 * p, limits.a);
                        ASSERT_LE(columns.column_b()[j] - 2 * p, limits.b);
                        ++pairs;
                    }
            }
        }
    }
    EXPECT_GT(pairs, 10000);
}

INSTANTIATE_TEST_SUITE_P(Data, Bounds, testing::Values("iid", "offset", "small", "large", "near"));

TEST(Tiles, IntegerSumsNeitherRoundNorOverflow) {
    for (Isa level : runnable())
        for (Code code : {Code::int8, Code::int16}) {
            const AtLevel at(level);
            const TileKernels* kernels = tile_kernels(code);
            if (kernels == nullptr) continue;
            // Extreme codes: every column is as large as a code gets, and some rows are equal, so that sums are as
            // large as they get; more than one chunk. A step of 1 makes int8 products exact.
            const index_t n = 13, m = 33, cols = 2111;
            std::vector<double> q(n * cols), b(m * cols);
            std::mt19937 random(3);
            const double most = code == Code::int8 ? kernels->largest_code : 1000;
            for (double& x : q) x = random() % 2 ? most : -most;
            for (double& x : b) x = random() % 2 ? most : -most;
            for (index_t t = 0; t < 2 * cols; ++t) b[t] = t < cols ? q[t] : -q[t];
            const int bias = kernels->row_layout.bias;
            const BoundKind kind = BoundKind::negated_dot;
            const RunOptions run{1, {}, {}};
            const PackedCodes rows =
                encode(MatrixView<const double>{q.data(), n, cols, cols}, {nullptr, 0, n},
                       {kind, code, kernels->row_layout, kernels->largest_code, nullptr, nullptr, 0, 0}, run);
            const PackedCodes columns =
                encode(MatrixView<const double>{b.data(), m, cols, cols}, {nullptr, 0, m},
                       {kind, code, kernels->column_layout, kernels->largest_code, nullptr, nullptr, bias, 0}, run);
            Recorder recorder(n, m);
            Interruption interruption(run);
            scan(*kernels, rows, 0, n, columns, 0, (m + kernels->width - 1) / kernels->width, recorder, interruption);
            for (index_t i = 0; i < n; ++i)
                for (index_t j = 0; j < m; ++j) {
                    double dot = 0;
                    for (index_t t = 0; t < cols; ++t) dot += q[i * cols + t] * b[j * cols + t];
                    const double error = code == Code::int8 ? 0 : 1e-3 * most * most * cols;
                    ASSERT_NEAR(recorder.products[i * m + j], static_cast<float>(dot), error) << name(level);
                }
        }
}

TEST(Codes, OutliersSpoilTheirOwnGroupOnly) {
    std::vector<float> x = rows_of("iid", 1100, 8, 5);
    for (int j = 0; j < 8; ++j) x[700 * 8 + j] *= 1e6f;  // a row of huge norm
    for (int j = 0; j < 8; ++j) x[900 * 8 + j] = std::nanf("");
    const MatrixView<const float> rows{x.data(), 1100, 8, 8};
    const std::vector<float> centre = robust_centre(rows);
    for (float c : centre) EXPECT_LT(std::abs(c), 1.0f);
    const TileKernels& kernels = *tile_kernels(Code::fp32);
    const PackedCodes codes = encode(
        rows, {nullptr, 0, 1100},
        {BoundKind::sq_distance, Code::fp32, kernels.column_layout, 0, centre.data(), nullptr, 0, 0}, {1, {}, {}});
    EXPECT_LT(codes.group(0).exact_norm, 20);
    EXPECT_GT(codes.group(700).exact_norm, 1e6);
    EXPECT_LT(codes.group(1050).exact_norm, 20);
    EXPECT_EQ(codes.uncoded(), std::vector<index_t>{900});
    EXPECT_TRUE(std::isinf(codes.terms(900).residual));
}
