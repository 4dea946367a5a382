// Searches beside sorted keys of all pairs, under every filter; coresets, projections and patch embeddings beside their
// definitions.
#include "bank/adaptive_average.h"
#include "bank/coreset.h"
#include "bank/packed_rows.h"
#include "bank/patch_embeddings.h"
#include "bank/projection.h"
#include "bytes.h"
#include "levels.h"

using namespace acpp;
using namespace acpp::fuzz;

namespace {

template <class T>
struct Rows {
    std::vector<T> values;
    MatrixView<const T> view;

    Rows(Bytes& bytes, index_t rows, index_t cols) {
        const index_t stride = cols + bytes.between(0, 3);
        values.resize(static_cast<std::size_t>((rows - 1) * stride + cols));
        for (T& v : values) v = bytes.finite<T>();
        for (index_t copies = bytes.between(0, rows / 2); copies > 0; --copies)  // equal rows
            std::copy_n(values.data() + bytes.between(0, rows - 1) * stride, cols,
                        values.data() + bytes.between(0, rows - 1) * stride);
        view = {values.data(), rows, cols, stride};
    }
};

double key_of(KeyKind kind, const float* a, const float* b, index_t n) {
    double dot = 0, aa = 0, bb = 0, sq = 0;
    for (index_t i = 0; i < n; ++i) {
        const double x = a[i], y = b[i];
        dot += x * y, aa += x * x, bb += y * y, sq += (x - y) * (x - y);
    }
    if (kind == KeyKind::sq_distance) return sq;
    if (kind == KeyKind::negated_dot) return -dot;
    const double norms = std::max(std::sqrt(aa), 1e-12) * std::max(std::sqrt(bb), 1e-12);
    return std::clamp(1 - dot / norms, 0.0, 2.0);
}

struct Neighbour {
    double key;
    index_t index;
    friend auto operator<=>(const Neighbour&, const Neighbour&) = default;
};

void check_search(Bytes& bytes) {
    const Metric metric = static_cast<Metric>(bytes.between(0, 4));
    const index_t cols = bytes.between(1, 70), n = bytes.between(1, 40), q = bytes.between(1, 12);
    const Rows<float> bank(bytes, n, cols), queries(bytes, q, cols);
    const bool grouped = bytes.flag();
    PairFilter filter;
    filter.exclude_self = bytes.flag();
    std::vector<std::uint64_t> of_queries(static_cast<std::size_t>(q)), of_bank(static_cast<std::size_t>(n));
    for (auto& bits : of_queries) bits = bytes.byte() & 7;
    for (auto& bits : of_bank) bits = bytes.byte() & 7;
    if (grouped) filter.query_groups = of_queries.data(), filter.bank_groups = of_bank.data();
    const index_t k = bytes.between(1, n + 2), budget = index_t{1} << 30;

    set_isa(usable_levels()[bytes.byte() % usable_levels().size()]);
    const PackedRows<float> plain(bank.view, metric, {Prefilter::none, true}, with_threads(1));
    std::vector<double> all(static_cast<std::size_t>(q * n));
    plain.all_keys(queries.view, MatrixView<double>{all.data(), q, n, n}, with_threads(2));
    std::vector<std::vector<Neighbour>> expected(static_cast<std::size_t>(q));
    for (index_t i = 0; i < q; ++i) {
        for (index_t j = 0; j < n; ++j) {
            const float *a = queries.view.row(i), *b = bank.view.row(j);
            double size = 1;  // of the terms, which may cancel
            for (index_t c = 0; c < cols; ++c)
                size = std::max({size, std::abs(double{a[c]} * a[c]), std::abs(double{b[c]} * b[c])});
            const double error = std::abs(all[i * n + j] - key_of(key_kind(metric), a, b, cols));
            check(error <= 1e-11 * (key_kind(metric) == KeyKind::cosine ? 1 : size), "key of a pair");
            if (filter.allows(i, j)) expected[i].push_back({all[i * n + j], j});
        }
        std::sort(expected[i].begin(), expected[i].end());
    }
    PairFilter groups = filter;
    groups.exclude_self = false;
    const double radius = value_of_key(metric, all[bytes.between(0, q * n - 1)]);
    for (Prefilter prefilter :
         {Prefilter::automatic, Prefilter::none, Prefilter::int8, Prefilter::int16, Prefilter::fp32})
        try {
            const PackedRows<float> packed(bank.view, metric, {prefilter, bytes.flag()}, with_threads(2));
            std::vector<double> keys(static_cast<std::size_t>(q * k));
            std::vector<index_t> indices(keys.size());
            packed.nearest(queries.view, filter, {keys.data(), q, k, k}, {indices.data(), q, k, k}, budget,
                           with_threads(2));
            for (index_t i = 0; i < q; ++i)
                for (index_t j = 0; j < k; ++j) {
                    const bool there = j < static_cast<index_t>(expected[i].size());
                    check(indices[i * k + j] == (there ? expected[i][j].index : -1), "index of a neighbour");
                    check(keys[i * k + j] == (there ? expected[i][j].key : std::numeric_limits<double>::infinity()),
                          "key of a neighbour");
                }
            const Neighbourhoods near = packed.within(queries.view, radius, groups, budget, with_threads(2));
            for (index_t i = 0; i < q; ++i) {
                std::vector<Neighbour> inside;
                for (index_t j = 0; j < n; ++j) {
                    const double value = value_of_key(metric, all[i * n + j]);
                    if (groups.allows(i, j) && (metric == Metric::inner_product ? value >= radius : value <= radius))
                        inside.push_back({all[i * n + j], j});
                }
                std::sort(inside.begin(), inside.end());
                check(near.limits[i + 1] - near.limits[i] == static_cast<index_t>(inside.size()), "rows within");
                for (std::size_t j = 0; j < inside.size(); ++j)
                    check(near.indices[near.limits[i] + j] == inside[j].index, "index of a row within");
            }
        } catch (const InvalidArgument&) {
            check(prefilter == Prefilter::int8 || prefilter == Prefilter::int16, "a level without these products");
        }
}

template <class T>
void check_coreset(Bytes& bytes) {
    const index_t n = bytes.between(1, 90), cols = bytes.between(1, 40), size = bytes.between(1, n);
    const Rows<T> rows(bytes, n, cols);
    const index_t start = bytes.between(0, n - 1);
    const auto on_duplicate = static_cast<OnDuplicate>(bytes.between(0, 2));
    std::vector<index_t> first;
    set_isa(usable_levels()[bytes.byte() % usable_levels().size()]);
    for (CoresetMethod method : {CoresetMethod::automatic, CoresetMethod::plain, CoresetMethod::triangle,
                                 CoresetMethod::lazy, CoresetMethod::lazy_triangle}) {
        std::vector<T> sq_radius(static_cast<std::size_t>(n), std::numeric_limits<T>::infinity());
        std::vector<T> at_pick(static_cast<std::size_t>(size));
        std::vector<index_t> picks(static_cast<std::size_t>(size));
        const Coreset<T> found = greedy_kcenter<T>(rows.view, start, {sq_radius.data(), n}, {picks.data(), size},
                                                   {at_pick.data(), size}, on_duplicate, method, with_threads(2));
        picks.resize(static_cast<std::size_t>(found.count));
        check(on_duplicate == OnDuplicate::stop || found.count == size, "as many picks as asked for");
        check(picks[0] == start, "the first pick");
        if (first.empty()) first = picks;
        check(picks == first, "the same picks by every method");
        if (on_duplicate == OnDuplicate::repeat) continue;
        std::vector<index_t> sorted = picks;
        std::sort(sorted.begin(), sorted.end());
        check(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end(), "different picks");
    }
    // Each pick lies as far from those before it as any row does.
    std::vector<double> nearest(static_cast<std::size_t>(n), std::numeric_limits<double>::infinity());
    for (std::size_t p = 0; p < first.size(); ++p) {
        if (p > 0) {
            const double most = *std::max_element(nearest.begin(), nearest.end());
            check(nearest[first[p]] >= most * (1 - 300 * static_cast<double>(std::numeric_limits<T>::epsilon())) -
                                           static_cast<double>(std::numeric_limits<T>::min()),
                  "the farthest row");
        }
        for (index_t i = 0; i < n; ++i) {
            double sq = 0;
            for (index_t c = 0; c < cols; ++c) {
                const double d = static_cast<double>(rows.view.row(i)[c]) - rows.view.row(first[p])[c];
                sq += d * d;
            }
            nearest[i] = std::min(nearest[i], sq);
        }
    }
}

void check_projection(Bytes& bytes) {
    const index_t n = bytes.between(1, 9), inputs = bytes.between(1, 90), outputs = bytes.between(1, 40);
    const Rows<float> rows(bytes, n, inputs), weights(bytes, outputs, inputs);
    const Projection<float> dense = matrix_projection<float>(weights.view);
    const auto kind = static_cast<ProjectionKind>(bytes.between(0, 2));
    const Projection<float> random =
        random_projection<float>(kind, outputs, inputs, bytes.bits<std::uint64_t>(), with_threads(2));
    std::vector<float> first, first_random;
    at_every_level([&] {
        std::vector<float> out(static_cast<std::size_t>(n * outputs)), again(out.size());
        project<float>(dense, rows.view, {out.data(), n, outputs, outputs}, with_threads(2));
        project<float>(random, rows.view, {again.data(), n, outputs, outputs}, with_threads(1));
        if (first.empty()) first = out, first_random = again;
        check(out == first && again == first_random, "the same bits at every level");
    });
    for (index_t i = 0; i < n; ++i)
        for (index_t k = 0; k < outputs; ++k) {
            double sum = 0, size = 0;
            for (index_t j = 0; j < inputs; ++j) {
                const double term = static_cast<double>(rows.view.row(i)[j]) * weights.view.row(k)[j];
                sum += term, size += std::abs(term);
            }
            check(std::abs(first[i * outputs + k] - sum) <= 1e-5 * size + 1e-37, "a projected value");
        }
}

// Means over [floor(i n / m), ceil((i + 1) n / m)).
std::vector<double> averaged(const std::vector<double>& in, index_t m) {
    const index_t n = static_cast<index_t>(in.size());
    std::vector<double> out;
    for (index_t i = 0; i < m; ++i) {
        const index_t begin = i * n / m, end = ((i + 1) * n + m - 1) / m;
        double sum = 0;
        for (index_t j = begin; j < end; ++j) sum += in[j];
        out.push_back(sum / static_cast<double>(end - begin));
    }
    return out;
}

void check_embeddings(Bytes& bytes) {
    const index_t images = bytes.between(1, 2), channels = bytes.between(1, 20);
    const index_t height = bytes.between(1, 9), width = bytes.between(1, 9);
    const bool last = bytes.flag();  // channels last
    std::vector<float> values(static_cast<std::size_t>(images * channels * height * width));
    for (float& v : values) v = static_cast<float>(bytes.byte()) / 16;
    bank::FeatureMaps<float> maps{values.data(), images, channels, height, width, channels * height * width, 0, 0, 0};
    maps.channel_stride = last ? 1 : height * width;
    maps.column_stride = last ? channels : 1;
    maps.row_stride = width * maps.column_stride;
    const index_t patch = 2 * bytes.between(0, 2) + 1, rows = images * height * width, reach = patch / 2;
    const auto value = [&](index_t i, index_t c, index_t y, index_t x) {
        if (y < 0 || x < 0 || y >= height || x >= width) return 0.0;
        return static_cast<double>(maps.plane(i, c)[y * maps.row_stride + x * maps.column_stride]);
    };
    std::vector<float> out(static_cast<std::size_t>(rows * channels));
    bank::average_embeddings<float>({maps}, patch, {out.data(), rows, channels, channels}, with_threads(2));
    const index_t pretrain = bytes.between(1, 60), target = bytes.between(1, 60);
    std::vector<float> adaptive(static_cast<std::size_t>(rows * target));
    bank::adaptive_embeddings<float>({maps}, patch, 1, pretrain, {adaptive.data(), rows, target, target},
                                     with_threads(2));
    for (index_t row = 0; row < rows; ++row) {
        const index_t i = row / (height * width), y = row / width % height, x = row % width;
        std::vector<double> patches;
        for (index_t c = 0; c < channels; ++c) {
            double sum = 0;
            for (index_t v = y - reach; v <= y + reach; ++v)
                for (index_t u = x - reach; u <= x + reach; ++u) {
                    patches.push_back(value(i, c, v, u));
                    sum += patches.back();
                }
            const double mean = sum / static_cast<double>(patch * patch);
            check(near(out[row * channels + c], mean, 1e-4), "mean of a neighbourhood");
        }
        const std::vector<double> expected = averaged(averaged(patches, pretrain), target);
        for (index_t t = 0; t < target; ++t)
            check(near(adaptive[row * target + t], expected[t], 1e-4), "adaptive mean");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes bytes(data, size);
    const std::uint8_t kind = bytes.byte() % 6;
    if (kind < 2) check_search(bytes);
    if (kind == 2) check_coreset<float>(bytes);
    if (kind == 3) check_coreset<double>(bytes);
    if (kind == 4) check_projection(bytes);
    if (kind == 5) check_embeddings(bytes);
    return 0;
}
