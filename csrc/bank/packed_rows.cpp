#include "bank/packed_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <numeric>
#include <string>

#include "pairwise/canonical.h"
#include "pairwise/exhaustive.h"

namespace acpp {
namespace {

using pairwise::BoundKind;
using pairwise::Candidate;
using pairwise::Code;
using pairwise::NearestPlan;
using pairwise::NearestState;
using pairwise::PackedCodes;

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
    if (name == "int16") return Prefilter::int16;
    if (name == "fp32") return Prefilter::fp32;
    throw InvalidArgument("prefilter must be one of 'auto', 'none', 'int8', 'int16', 'fp32'; got '" +
                          std::string(name) + "'");
}

pairwise::Code code_for(Prefilter prefilter, index_t cols) {
    constexpr index_t widest_int8 = 100000;  // sums of 127^2 stay below 2^31
    const bool int8 = pairwise::tile_kernels(Code::int8) != nullptr && cols <= widest_int8;
    const bool int16 = pairwise::tile_kernels(Code::int16) != nullptr;
    if (prefilter == Prefilter::int8)
        require(int8, "prefilter 'int8' needs level avx2 or higher and at most 100000 columns");
    if (prefilter == Prefilter::int16) require(int16, "prefilter 'int16' needs level avx2 or higher");
    if (prefilter == Prefilter::int8 || (prefilter == Prefilter::automatic && int8)) return Code::int8;
    if (prefilter == Prefilter::int16 || (prefilter == Prefilter::automatic && int16)) return Code::int16;
    return Code::fp32;
}

template <class B>
PackedRows<B>::PackedRows(MatrixView<const B> rows, Metric metric, const PackOptions& options, const RunOptions& run)
    : rows_(rows), metric_(metric), options_(options) {
    require(rows.rows > 0, "memory bank is empty");
    require(rows.cols > 0, "bank must have at least one column");
    norms_ = canonical_norms(rows, key_kind(metric), run);
    if (options.prefilter == Prefilter::none) return;
    const Code code = code_for(options.prefilter, rows.cols);
    centre_ = pairwise::robust_centre(rows, run);
    encoding_ = encoding(code);
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
    if (!encoding_ || rows_.rows > pairwise::most_rows) return false;
    if (options_.prefilter != Prefilter::automatic) return true;
    // Encoding a bank row costs about as much as a dozen canonical values.
    return operations(queries) > 2e6 && (codes_ || queries >= 12);
}

// Calls finish(query, candidates) for every query that the encoding decides, in parallel; returns the others.
// `bank`: codes of all rows, or null where they are made and dropped block by block.
template <class B>
template <class Q>
std::vector<index_t> PackedRows<B>::decide(const pairwise::Encoding& encoding, const PackedCodes* bank,
                                           const SearchBlocks& blocks, MatrixView<const Q> queries,
                                           const double* query_norms, NearestPlan plan, const Finish& finish,
                                           const RunOptions& run) const {
    const PackedCodes codes =
        pairwise::encode(queries, {nullptr, 0, queries.rows}, encoding.query_plan(query_norms), run);
    const index_t rows = distinct_rows();
    plan.capacity = plan.k == pairwise::no_limit ? pairwise::no_limit : blocks.capacity;
    plan.sum_error = encoding.sum_error(codes.row_bytes());
    std::vector<index_t> undecided;
    std::mutex lock;
    const auto conclude = [&](index_t query, NearestState& state) {
        if (state.overflowed) {
            const std::lock_guard hold(lock);
            undecided.push_back(query);
        } else {
            state.prune(plan.threshold(state));
            finish(plan.number_of(query), state.candidates);
        }
        std::vector<Candidate>().swap(state.candidates);
    };
    if (bank != nullptr) {
        plan.bank_rows = selection({0, rows});
        pairwise::find_candidates(encoding, plan, codes, *bank, conclude, run);
    } else {
        std::vector<NearestState> states = pairwise::fresh_states(plan, codes, 0, queries.rows);
        for (index_t first = 0; first < rows; first += blocks.rows) {
            const Range range{first, std::min(rows, first + blocks.rows)};
            plan.bank_rows = selection(range);
            pairwise::add_candidates(encoding, plan, codes, encode_bank(encoding, range, run), states, run);
        }
        parallel_blocks(queries.rows, 8, run, [&](index_t begin, index_t end) {
            for (index_t i = begin; i < end; ++i) conclude(i, states[static_cast<std::size_t>(i)]);
        });
    }
    std::sort(undecided.begin(), undecided.end());
    return undecided;
}

// Calls visit(row) for every allowed row that the candidates stand for, of equal rows the first `most` only.
template <class B>
template <class Visit>
void PackedRows<B>::expand(index_t query, std::span<const Candidate> candidates, const PairFilter& filter,
                           std::size_t most, Visit&& visit) const {
    for (const Candidate& c : candidates) {
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

// The same for any number of queries within a budget, with better codes for those that the first cannot decide.
template <class B>
template <class Q>
std::vector<index_t> PackedRows<B>::filtered(MatrixView<const Q> queries, const double* query_norms,
                                             const NearestPlan& plan, const Finish& finish, index_t budget,
                                             const RunOptions& run) const {
    const Code code = encoding_->kernels->code;
    const int threads = run.threads > 0 ? run.threads : default_threads();
    const SearchPlan search =
        plan_search({queries.rows, distinct_rows(), rows_.cols, plan.k, code, codes_.has_value(), threads, budget});
    std::optional<PackedCodes> made;
    if (!codes_ && search.first.whole) made = encode_bank(*encoding_, {0, distinct_rows()}, run);
    const PackedCodes* codes = codes_ ? &*codes_ : made ? &*made : nullptr;

    std::vector<index_t> undecided;
    for (index_t first = 0; first < queries.rows; first += search.first.queries) {
        const index_t last = std::min(queries.rows, first + search.first.queries);
        std::vector<index_t> numbers(static_cast<std::size_t>(last - first));
        std::iota(numbers.begin(), numbers.end(), first);
        NearestPlan of_block = plan;
        of_block.query_numbers = numbers.data();
        const double* norms = query_norms ? query_norms + first : nullptr;
        std::vector<index_t> left =
            decide(*encoding_, codes, search.first, queries.block(first, last), norms, of_block, finish, run);
        for (index_t& i : left) i += first;
        if (code == Code::int8 && left.size() > 8)  // a few are cheaper without any codes
            left = decide_again(queries, query_norms, left, plan, search, finish, run);
        undecided.insert(undecided.end(), left.begin(), left.end());
    }
    return undecided;
}

// The listed queries, gathered, with better codes.
template <class B>
template <class Q>
std::vector<index_t> PackedRows<B>::decide_again(MatrixView<const Q> queries, const double* query_norms,
                                                 const std::vector<index_t>& listed, NearestPlan plan,
                                                 const SearchPlan& search, const Finish& finish,
                                                 const RunOptions& run) const {
    const pairwise::Encoding better = encoding(search.better);
    const index_t count = static_cast<index_t>(listed.size());
    std::vector<index_t> undecided;
    for (index_t first = 0; first < count; first += search.again.queries) {
        const index_t last = std::min(count, first + search.again.queries);
        std::vector<Q> rows;
        std::vector<double> norms;
        rows.reserve(static_cast<std::size_t>((last - first) * queries.cols));
        for (index_t i = first; i < last; ++i) {
            const index_t query = listed[static_cast<std::size_t>(i)];
            rows.insert(rows.end(), queries.row(query), queries.row(query) + queries.cols);
            if (query_norms != nullptr) norms.push_back(query_norms[query]);
        }
        plan.query_numbers = listed.data() + first;
        const MatrixView<const Q> gathered{rows.data(), last - first, queries.cols, queries.cols};
        for (index_t i : decide(better, nullptr, search.again, gathered, data_or_null(norms), plan, finish, run))
            undecided.push_back(plan.query_numbers[i]);
    }
    return undecided;
}

template <class B>
template <class Q>
void PackedRows<B>::nearest(MatrixView<const Q> queries, const PairFilter& filter, MatrixView<double> keys,
                            MatrixView<index_t> indices, index_t budget, const RunOptions& options) const {
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
        std::vector<std::uint64_t> groups;
        plan.filter = representative_filter(filter, groups);
        const bool comparable = plan.kind == BoundKind::sq_distance;  // other bounds are not on the keys' scale
        const auto on_bounds_scale = [&](double key) {
            return bound_scale(key_kind(metric_)) * key * (1 + pairwise::slack) + std::numeric_limits<double>::min();
        };
        const auto values_of = [&](index_t query, const std::vector<index_t>& listed, std::vector<double>& values) {
            values.resize(listed.size());
            canonical(queries.row(query), norms.empty() ? 0 : norms[static_cast<std::size_t>(query)], listed.data(), 0,
                      static_cast<index_t>(listed.size()), values.data());
        };
        if (comparable)
            plan.largest_exact = [&](index_t query, std::span<const Candidate> candidates) {
                std::vector<index_t> listed;
                std::vector<double> values;
                for (const Candidate& c : candidates) listed.push_back(c.row);
                values_of(query, listed, values);
                if (std::any_of(values.begin(), values.end(), [](double x) { return std::isnan(x); }))
                    return std::numeric_limits<double>::infinity();
                return on_bounds_scale(*std::max_element(values.begin(), values.end()));
            };
        const auto finish = [&](index_t query, std::vector<Candidate>& candidates) {
            // The likeliest first: their canonical values settle most of the others by their bounds alone.
            const auto likely = candidates.begin() + std::min<index_t>(k, static_cast<index_t>(candidates.size()));
            std::nth_element(candidates.begin(), likely, candidates.end(),
                             [](const auto& x, const auto& y) { return x.low < y.low; });
            SmallestK best(k);
            std::vector<index_t> listed;
            std::vector<double> values;
            const auto settle = [&](std::span<const Candidate> some) {
                listed.clear();
                expand(query, some, filter, static_cast<std::size_t>(k), [&](index_t row) { listed.push_back(row); });
                values_of(query, listed, values);
                for (std::size_t i = 0; i < listed.size(); ++i) best.offer(values[i], listed[i]);
            };
            settle({candidates.begin(), likely});
            auto end = candidates.end();
            if (comparable)
                end = std::partition(
                    likely, end, [limit = on_bounds_scale(best.worst())](const auto& c) { return !(c.low > limit); });
            settle({likely, end});
            best.write(keys.row(query), indices.row(query));
        };
        undecided = filtered(queries, data_or_null(norms), plan, finish, budget, run);
    }
    constexpr std::size_t at_once = 4096;
    for (std::size_t first = 0; first < undecided.size(); first += at_once) {
        const std::span<const index_t> some(undecided.data() + first, std::min(at_once, undecided.size() - first));
        std::vector<SmallestK> best(some.size(), SmallestK(k));
        exhaustive_nearest(canonical, query_rows, some, rows_.rows, k, filter, best, run);
        for (std::size_t i = 0; i < some.size(); ++i) best[i].write(keys.row(some[i]), indices.row(some[i]));
    }
}

template <class B>
template <class Q>
Neighbourhoods PackedRows<B>::within(MatrixView<const Q> queries, double radius, const PairFilter& filter,
                                     index_t budget, const RunOptions& run) const {
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
        const auto finish = [&](index_t query, std::vector<Candidate>& candidates) {
            expand(query, candidates, filter, pairwise::no_limit, [&](index_t row) {
                double key = 0;
                canonical(queries.row(query), norms.empty() ? 0 : norms[static_cast<std::size_t>(query)], &row, 0, 1,
                          &key);
                if (inside(key)) found[static_cast<std::size_t>(query)].push_back({key, row});
            });
        };
        undecided = filtered(queries, data_or_null(norms), plan, finish, budget, run);
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

#define ACPP_INSTANTIATE(B, Q)                                                                                \
    template void PackedRows<B>::nearest<Q>(MatrixView<const Q>, const PairFilter&, MatrixView<double>,       \
                                            MatrixView<index_t>, index_t, const RunOptions&) const;           \
    template Neighbourhoods PackedRows<B>::within<Q>(MatrixView<const Q>, double, const PairFilter&, index_t, \
                                                     const RunOptions&) const;                                \
    template void PackedRows<B>::all_keys<Q>(MatrixView<const Q>, MatrixView<double>, const RunOptions&) const;
ACPP_INSTANTIATE(float, float)
ACPP_INSTANTIATE(float, double)
ACPP_INSTANTIATE(double, float)
ACPP_INSTANTIATE(double, double)
#undef ACPP_INSTANTIATE

}  // namespace acpp
