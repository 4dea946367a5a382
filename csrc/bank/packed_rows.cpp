#include "bank/packed_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "pairwise/canonical.h"
#include "pairwise/exhaustive.h"

namespace acpp {
namespace {

using pairwise::BoundKind;
using pairwise::Code;
using pairwise::NearestPlan;
using pairwise::NearestState;
using pairwise::PackedCodes;

constexpr index_t largest_bank_block = 8192;  // 8 MiB of codes at 1024 columns: stays in L3 until it is scanned
constexpr index_t largest_query_block = 16384;

template <class T>
std::vector<double> canonical_norms(MatrixView<const T> rows, KeyKind kind, const RunOptions& run) {
    std::vector<double> norms;
    if (kind != KeyKind::cosine) return norms;
    norms.resize(static_cast<std::size_t>(rows.rows));
    parallel_blocks(rows.rows, 256, run, [&](index_t begin, index_t end) {
        for (index_t i = begin; i < end; ++i)
            norms[static_cast<std::size_t>(i)] = canonical_norm(rows.row(i), rows.cols);
    });
    return norms;
}

// A thread more for every 2^20 operations at most: below that, waking it costs more than it saves.
RunOptions sized(const RunOptions& run, double operations) {
    RunOptions result = run;
    const int wanted = run.threads > 0 ? run.threads : default_threads();
    result.threads = static_cast<int>(std::clamp(operations / (1 << 20), 1.0, static_cast<double>(wanted)));
    return result;
}

const double* data_or_null(const std::vector<double>& v) { return v.empty() ? nullptr : v.data(); }

// Squared distance of two unit vectors, or -2 <q, b - centre>, from a key; the scale that bounds are on.
double bound_scale(KeyKind kind) { return kind == KeyKind::sq_distance ? 1 : 2; }

}  // namespace

Prefilter prefilter_from_name(std::string_view name) {
    if (name == "auto") return Prefilter::automatic;
    if (name == "none") return Prefilter::none;
    if (name == "int8") return Prefilter::int8;
    if (name == "fp32") return Prefilter::fp32;
    throw InvalidArgument("prefilter must be one of 'auto', 'none', 'int8', 'fp32'; got '" + std::string(name) + "'");
}

template <class B>
PackedRows<B>::PackedRows(MatrixView<const B> rows, Metric metric, const PackOptions& options, const RunOptions& run)
    : rows_(rows), metric_(metric), options_(options) {
    require(rows.rows > 0, "memory bank is empty");
    require(rows.cols > 0, "bank must have at least one column");
    norms_ = canonical_norms(rows, key_kind(metric), run);
    if (options.prefilter == Prefilter::none) return;
    constexpr index_t widest_int8 = 100000;  // sums of 127^2 stay below 2^31
    const bool int8 = options.prefilter != Prefilter::fp32 && rows.cols <= widest_int8 &&
                      pairwise::tile_kernels(Code::int8) != nullptr;
    if (options.prefilter == Prefilter::int8)
        require(int8, "prefilter 'int8' needs level avx2 or higher and at most 100000 columns");
    centre_ = pairwise::robust_centre(rows, run);
    encoding_ = encoding(int8 ? Code::int8 : Code::fp32);
    equal_ = pairwise::find_equal_rows(rows, run);
    if (options.keep_codes) codes_ = encode_bank(*encoding_, {0, distinct_rows()}, run);
}

template <class B>
index_t PackedRows<B>::distinct_rows() const {
    return equal_ ? static_cast<index_t>(equal_->distinct.size()) : rows_.rows;
}

template <class B>
pairwise::RowSelection PackedRows<B>::selection(Range range) const {
    return {equal_ ? equal_->distinct.data() : nullptr, range.begin, range.end - range.begin};
}

template <class B>
PackedCodes PackedRows<B>::encode_bank(const pairwise::Encoding& encoding, Range range, const RunOptions& run) const {
    return pairwise::encode(rows_, selection(range), encoding.bank_plan(data_or_null(norms_)), run);
}

template <class B>
pairwise::Encoding PackedRows<B>::encoding(Code code) const {
    const KeyKind kind = key_kind(metric_);
    pairwise::Encoding e{};
    e.kind = kind == KeyKind::negated_dot ? BoundKind::negated_dot : BoundKind::sq_distance;
    e.kernels = pairwise::tile_kernels(code);
    e.centre = centre_;
    // Canonical values have roundings of their own, absolute for cosine and inner product: (cols / 16 + 8) additions.
    const double roundings = (static_cast<double>(rows_.cols) / 16 + 8) * 0x1p-52;
    if (kind == KeyKind::cosine) e.bank_floor = e.query_floor = std::sqrt(4 * roundings);
    if (kind == KeyKind::negated_dot) {
        double sq = 0;
        for (float x : centre_) sq += static_cast<double>(x) * x;
        e.bank_floor = roundings * std::sqrt(sq);
    }
    return e;
}

template <class B>
index_t PackedRows<B>::nbytes() const {
    return static_cast<index_t>(norms_.size() * sizeof(double) + centre_.size() * sizeof(float)) +
           (codes_ ? codes_->nbytes() : 0) +
           (equal_ ? static_cast<index_t>((2 * equal_->distinct.size() + equal_->members.size()) * sizeof(index_t))
                   : 0);
}

template <class B>
double PackedRows<B>::operations(index_t queries) const {
    return static_cast<double>(queries) * static_cast<double>(rows_.rows) * static_cast<double>(rows_.cols);
}

template <class B>
bool PackedRows<B>::worth_filtering(index_t queries) const {
    if (!encoding_) return false;
    if (options_.prefilter != Prefilter::automatic) return true;
    // Encoding a bank row costs about as much as a dozen canonical values.
    return operations(queries) > 2e6 && (codes_ || queries >= 12);
}

// Half of the budget for the bank's codes, half for the queries'.
template <class B>
typename PackedRows<B>::Blocks PackedRows<B>::blocks(const NearestPlan& plan, Code code) const {
    const index_t row = rows_.cols * pairwise::code_bytes(code) + 104;  // terms of a row included
    const index_t highs = plan.k == pairwise::no_limit ? 0 : static_cast<index_t>(plan.k * sizeof(double));
    const index_t candidates = 64 * static_cast<index_t>(sizeof(pairwise::Candidate));  // as measured, on average
    const index_t query = row + highs + candidates + static_cast<index_t>(sizeof(NearestState));
    const index_t half = options_.memory_budget / 2;
    if (half < pairwise::group_rows * row || half < pairwise::block_rows * query)
        throw BudgetExceeded("the search needs at least " +
                             std::to_string(2 * std::max(pairwise::group_rows * row, pairwise::block_rows * query)) +
                             " bytes for rows of " + std::to_string(rows_.cols) + " columns; memory_budget is " +
                             std::to_string(options_.memory_budget));
    return {std::min(largest_bank_block, half / row / pairwise::group_rows * pairwise::group_rows),
            std::min(largest_query_block, half / query)};
}

// Returns the queries that the codes could not decide.
template <class B>
template <class Q>
std::vector<index_t> PackedRows<B>::scan_all(const pairwise::Encoding& encoding, const PackedCodes* bank,
                                             MatrixView<const Q> queries, const double* query_norms,
                                             const NearestPlan& plan, std::vector<NearestState>& states,
                                             const RunOptions& run) const {
    const PackedCodes codes =
        pairwise::encode(queries, {nullptr, 0, queries.rows}, encoding.query_plan(query_norms), run);
    NearestPlan own = plan;
    own.sum_error = encoding.sum_error(codes.row_bytes());
    for (index_t i : codes.uncoded()) states[static_cast<std::size_t>(i)].overflowed = true;
    const index_t rows = distinct_rows(), step = bank ? rows : blocks(plan, encoding.kernels->code).bank;
    for (index_t first = 0; first < rows; first += step) {
        const Range range{first, std::min(rows, first + step)};
        own.bank_rows = selection(range);
        if (bank != nullptr)
            pairwise::find_candidates(encoding, own, codes, *bank, states, run);
        else
            pairwise::find_candidates(encoding, own, codes, encode_bank(encoding, range, run), states, run);
    }
    std::vector<index_t> undecided;
    for (std::size_t i = 0; i < states.size(); ++i)
        if (states[i].overflowed) undecided.push_back(static_cast<index_t>(i));
    return undecided;
}

// Calls visit(row) for every allowed row that the candidates stand for, of equal rows the first `most` only.
template <class B>
template <class Visit>
void PackedRows<B>::expand(index_t query, std::span<const pairwise::Candidate> candidates, const PairFilter& filter,
                           std::size_t most, Visit&& visit) const {
    for (const pairwise::Candidate& c : candidates) {
        if (!equal_) {
            visit(c.row);
            continue;
        }
        const auto group = std::lower_bound(equal_->distinct.begin(), equal_->distinct.end(), c.row);
        const std::size_t g = static_cast<std::size_t>(group - equal_->distinct.begin());
        std::size_t left = most;
        for (index_t m = equal_->limits[g]; m < equal_->limits[g + 1] && left > 0; ++m) {
            const index_t row = equal_->members[static_cast<std::size_t>(m)];
            if (!filter.trivial() && !filter.allows(query, row)) continue;
            visit(row);
            --left;
        }
    }
}

// Where one row stands for several, a pair may match as soon as one of them does: self-exclusion is left to expand().
template <class B>
PairFilter PackedRows<B>::representative_filter(const PairFilter& filter, std::vector<std::uint64_t>& groups) const {
    PairFilter result = filter;
    if (!equal_) return result;
    result.exclude_self = false;
    if (filter.bank_groups == nullptr) return result;
    groups.assign(static_cast<std::size_t>(rows_.rows), 0);
    for (std::size_t g = 0; g < equal_->distinct.size(); ++g)
        for (index_t m = equal_->limits[g]; m < equal_->limits[g + 1]; ++m)
            groups[static_cast<std::size_t>(equal_->distinct[g])] |=
                filter.bank_groups[equal_->members[static_cast<std::size_t>(m)]];
    result.bank_groups = groups.data();
    return result;
}

// Calls finish(query, candidates) for every query that codes decide, in parallel; returns the others.
template <class B>
template <class Q, class Finish>
std::vector<index_t> PackedRows<B>::filtered(MatrixView<const Q> queries, const double* query_norms,
                                             const NearestPlan& plan, Finish&& finish, const RunOptions& run) const {
    std::vector<index_t> undecided;
    const index_t step = blocks(plan, encoding_->kernels->code).queries;
    std::optional<PackedCodes> kept;  // several blocks of queries would encode the bank several times
    const PackedCodes* codes = codes_ ? &*codes_ : nullptr;
    const index_t all_codes = distinct_rows() * (rows_.cols * pairwise::code_bytes(encoding_->kernels->code) + 104);
    if (codes == nullptr && queries.rows > step && all_codes < options_.memory_budget / 2)
        codes = &kept.emplace(encode_bank(*encoding_, {0, distinct_rows()}, run));

    const auto decide = [&](std::vector<NearestState>& states, const NearestPlan& own, const index_t* numbers) {
        parallel_blocks(static_cast<index_t>(states.size()), 8, run, [&](index_t begin, index_t end) {
            for (index_t i = begin; i < end; ++i) {
                NearestState& state = states[static_cast<std::size_t>(i)];
                if (state.overflowed) continue;
                state.prune(own.threshold(state));
                finish(numbers ? numbers[i] : i, state.candidates);
                state.candidates = {};
            }
        });
    };
    for (index_t first = 0; first < queries.rows; first += step) {
        const index_t count = std::min(queries.rows, first + step) - first;
        std::vector<index_t> numbers(static_cast<std::size_t>(count));
        std::iota(numbers.begin(), numbers.end(), first);
        NearestPlan own = plan;
        own.query_numbers = numbers.data();
        const double* norms = query_norms ? query_norms + first : nullptr;
        std::vector<NearestState> states(static_cast<std::size_t>(count), own.fresh_state());
        const auto block = queries.block(first, first + count);
        std::vector<index_t> left = scan_all(*encoding_, codes, block, norms, own, states, run);
        decide(states, own, numbers.data());

        if (encoding_->kernels->code == Code::int8 && left.size() > 8) {
            // A better code for those alone, gathered; a few are cheaper without any.
            std::vector<Q> rows(left.size() * static_cast<std::size_t>(queries.cols));
            std::vector<double> left_norms(norms ? left.size() : 0);
            for (std::size_t i = 0; i < left.size(); ++i) {
                std::copy_n(block.row(left[i]), queries.cols, rows.data() + i * static_cast<std::size_t>(queries.cols));
                if (norms) left_norms[i] = norms[left[i]];
                left[i] += first;
            }
            const MatrixView<const Q> gathered{rows.data(), static_cast<index_t>(left.size()), queries.cols,
                                               queries.cols};
            std::vector<NearestState> again(left.size(), own.fresh_state());
            own.query_numbers = left.data();
            std::vector<index_t> still =
                scan_all(encoding(Code::fp32), nullptr, gathered, data_or_null(left_norms), own, again, run);
            decide(again, own, left.data());
            for (index_t& i : still) i = left[static_cast<std::size_t>(i)];
            left = std::move(still);
        } else {
            for (index_t& i : left) i += first;
        }
        undecided.insert(undecided.end(), left.begin(), left.end());
    }
    return undecided;
}

template <class B>
template <class Q>
void PackedRows<B>::nearest(MatrixView<const Q> queries, const PairFilter& filter, MatrixView<double> keys,
                            MatrixView<index_t> indices, const RunOptions& options) const {
    const RunOptions run = sized(options, operations(queries.rows));
    const index_t k = keys.cols;
    const std::vector<double> norms = canonical_norms(queries, key_kind(metric_), run);
    const CanonicalKeys<Q, B> canonical(key_kind(metric_), rows_, data_or_null(norms_));
    const QueryRows<Q> query_rows{queries, data_or_null(norms)};

    std::vector<index_t> undecided(static_cast<std::size_t>(queries.rows));
    std::iota(undecided.begin(), undecided.end(), index_t{0});
    if (worth_filtering(queries.rows) && k <= rows_.rows / 4) {
        NearestPlan plan{};
        plan.kind = encoding_->kind;
        // One more where a row may turn out to be the query itself, after its equals were expanded.
        plan.k = static_cast<std::size_t>(k) + (equal_ && filter.exclude_self ? 1 : 0);
        plan.ceiling = std::numeric_limits<double>::infinity();
        // A canonical value costs about as much as fifty products of int8 codes: up to a tenth of the bank, survivors
        // are cheaper than another scan with better codes.
        plan.capacity =
            static_cast<std::size_t>(2 * std::max<index_t>({64, 16 * k, std::min<index_t>(rows_.rows / 10, 8192)}));
        std::vector<std::uint64_t> groups;
        plan.filter = representative_filter(filter, groups);
        undecided = filtered(
            queries, data_or_null(norms), plan,
            [&](index_t query, std::vector<pairwise::Candidate>& candidates) {
                // The likeliest first: their canonical values settle most of the others by their bounds alone.
                const auto likely = candidates.begin() + std::min<index_t>(k, static_cast<index_t>(candidates.size()));
                std::nth_element(candidates.begin(), likely, candidates.end(),
                                 [](const auto& x, const auto& y) { return x.low < y.low; });
                SmallestK best(k);
                const auto settle = [&](std::span<const pairwise::Candidate> some) {
                    thread_local std::vector<index_t> listed;
                    thread_local std::vector<double> values;
                    listed.clear();
                    expand(query, some, filter, static_cast<std::size_t>(k),
                           [&](index_t row) { listed.push_back(row); });
                    values.resize(listed.size());
                    canonical(queries.row(query), norms.empty() ? 0 : norms[static_cast<std::size_t>(query)],
                              listed.data(), 0, static_cast<index_t>(listed.size()), values.data());
                    for (std::size_t i = 0; i < listed.size(); ++i) best.offer(values[i], listed[i]);
                };
                settle({candidates.begin(), likely});
                auto end = candidates.end();
                if (plan.kind == BoundKind::sq_distance) {  // other bounds are not on the keys' scale
                    const double limit = bound_scale(key_kind(metric_)) * best.worst() * (1 + pairwise::slack) +
                                         std::numeric_limits<double>::min();
                    end = std::partition(likely, end, [limit](const auto& c) { return !(c.low > limit); });
                }
                settle({likely, end});
                best.write(keys.row(query), indices.row(query));
            },
            run);
    }
    std::vector<SmallestK> best(undecided.size(), SmallestK(k));
    exhaustive_nearest(canonical, query_rows, std::span<const index_t>(undecided), rows_.rows, k, filter, best, run);
    for (std::size_t i = 0; i < undecided.size(); ++i) best[i].write(keys.row(undecided[i]), indices.row(undecided[i]));
}

template <class B>
template <class Q>
Neighbourhoods PackedRows<B>::within(MatrixView<const Q> queries, double radius, const PairFilter& filter,
                                     const RunOptions& run) const {
    const std::vector<double> norms = canonical_norms(queries, key_kind(metric_), run);
    const CanonicalKeys<Q, B> canonical(key_kind(metric_), rows_, data_or_null(norms_));
    const QueryRows<Q> query_rows{queries, data_or_null(norms)};
    std::vector<std::vector<Keyed>> found(static_cast<std::size_t>(queries.rows));
    const auto inside = [&](double key) {
        const double value = value_of_key(metric_, key);
        return metric_ == Metric::inner_product ? value >= radius : value <= radius;
    };

    std::vector<index_t> undecided(static_cast<std::size_t>(queries.rows));
    std::iota(undecided.begin(), undecided.end(), index_t{0});
    // An inner product's bounds leave out <q, centre>, which a limit on the product itself would need.
    if (worth_filtering(queries.rows) && encoding_->kind == BoundKind::sq_distance) {
        NearestPlan plan{};
        plan.kind = encoding_->kind;
        plan.k = plan.capacity = pairwise::no_limit;
        plan.ceiling = std::max(0.0, key_of_value(metric_, radius)) * bound_scale(key_kind(metric_)) * (1 + 1e-6) +
                       std::numeric_limits<double>::min();
        std::vector<std::uint64_t> groups;
        plan.filter = representative_filter(filter, groups);
        undecided = filtered(
            queries, data_or_null(norms), plan,
            [&](index_t query, std::vector<pairwise::Candidate>& candidates) {
                expand(query, candidates, filter, pairwise::no_limit, [&](index_t row) {
                    double key = 0;
                    canonical(queries.row(query), norms.empty() ? 0 : norms[static_cast<std::size_t>(query)], &row, 0,
                              1, &key);
                    if (inside(key)) found[static_cast<std::size_t>(query)].push_back({key, row});
                });
            },
            run);
    }
    parallel_blocks(static_cast<index_t>(undecided.size()), 1, run, [&](index_t i, index_t) {
        const index_t query = undecided[static_cast<std::size_t>(i)];
        visit_pairs(canonical, query_rows, query, 0, rows_.rows, filter, [&](double key, index_t row) {
            if (inside(key)) found[static_cast<std::size_t>(query)].push_back({key, row});
        });
    });
    Neighbourhoods result;
    result.limits.push_back(0);
    for (auto& of_query : found) {
        std::sort(of_query.begin(), of_query.end());
        for (const Keyed& item : of_query) {
            result.keys.push_back(item.key);
            result.indices.push_back(item.index);
        }
        result.limits.push_back(static_cast<index_t>(result.indices.size()));
    }
    return result;
}

template <class B>
template <class Q>
void PackedRows<B>::all_keys(MatrixView<const Q> queries, MatrixView<double> keys, const RunOptions& run) const {
    const std::vector<double> norms = canonical_norms(queries, key_kind(metric_), run);
    const CanonicalKeys<Q, B> canonical(key_kind(metric_), rows_, data_or_null(norms_));
    // Bank rows of a block stay in L2 while all queries of the block pass over them.
    const index_t width = std::clamp<index_t>((256 << 10) / (static_cast<index_t>(sizeof(B)) * rows_.cols), 4, 4096);
    const index_t height = 64, across = (rows_.rows + width - 1) / width, down = (queries.rows + height - 1) / height;
    parallel_blocks(across * down, 1, run, [&](index_t unit, index_t) {
        const index_t first = unit % across * width, count = std::min(width, rows_.rows - first);
        const index_t top = unit / across * height, bottom = std::min(queries.rows, top + height);
        for (index_t i = top; i < bottom; ++i)
            canonical(queries.row(i), norms.empty() ? 0 : norms[static_cast<std::size_t>(i)], nullptr, first, count,
                      keys.row(i) + first);
    });
}

template class PackedRows<float>;
template class PackedRows<double>;

#define ACPP_INSTANTIATE(B, Q)                                                                          \
    template void PackedRows<B>::nearest<Q>(MatrixView<const Q>, const PairFilter&, MatrixView<double>, \
                                            MatrixView<index_t>, const RunOptions&) const;              \
    template Neighbourhoods PackedRows<B>::within<Q>(MatrixView<const Q>, double, const PairFilter&,    \
                                                     const RunOptions&) const;                          \
    template void PackedRows<B>::all_keys<Q>(MatrixView<const Q>, MatrixView<double>, const RunOptions&) const;
ACPP_INSTANTIATE(float, float)
ACPP_INSTANTIATE(float, double)
ACPP_INSTANTIATE(double, float)
ACPP_INSTANTIATE(double, double)
#undef ACPP_INSTANTIATE

}  // namespace acpp
