#include "ranking/bin_counts.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "core/pool.h"
#include "ranking/background.h"
#include "ranking/even_slots_kernel.h"
#include "ranking/grid_counts.h"
#include "ranking/narrow_counters.h"
#include "ranking/ranked_positives.h"

namespace acpp::ranking {
namespace {

constexpr index_t most_bins = 1 << 24;

EvenBins even_bins(double low, double high, index_t n) {
    const double step = (high - low) / static_cast<double>(n);
    return {low, step, 1 / step, std::nextafter(high, std::numeric_limits<double>::infinity()),
            static_cast<std::int32_t>(n)};
}

// True where rounding moves neither a quotient nor an edge by more than a small part of a bin.
bool well_spaced(double low, double high, index_t n) {
    const EvenBins bins = even_bins(low, high, n);
    const double largest = std::max(std::abs(low), std::abs(high));
    return n <= most_bins && std::isfinite(bins.inverse) && bins.step > 0x1p-48 * largest;
}

void add(std::uint32_t* counters, const std::uint32_t* slots, const std::uint8_t* labels, index_t n) {
    index_t i = 0;
    for (; i + 8 <= n; i += 8) {
        std::uint64_t word;
        std::memcpy(&word, labels + i, 8);
        if (word == 0)
            for (int j = 0; j < 8; ++j) ++counters[slots[i + j]];
        else
            for (int j = 0; j < 8; ++j) counters[slots[i + j]] += labels[i + j] == 0;
    }
    for (; i < n; ++i) counters[slots[i]] += labels[i] == 0;
}

void find_slots(DType type, const void* scores, index_t n, const EvenBins& bins, std::uint32_t* slots) {
    with_dtype(type, [&](auto tag) {
        using T = typename decltype(tag)::type;
        with_isa([&](auto isa) { even_slots<isa.value, T>(static_cast<const T*>(scores), n, bins, slots); });
    });
}

void count_negatives(BinCounts& counts, const ScoredImages& input, const std::vector<Strip>& strips,
                     const EvenBins& bins, const RunOptions& run) {
    const std::size_t slots = static_cast<std::size_t>(bins.n) + 3;
    Pool<NarrowCounters> workers;
    parallel_blocks(static_cast<index_t>(strips.size()), 1, run, [&](index_t s, index_t) {
        auto worker = workers.take([&] { return std::make_unique<NarrowCounters>(slots); });
        constexpr index_t chunk = 2048;  // 8 KiB of slots beside the table
        alignas(64) std::uint32_t found[chunk];
        for_pixels(input, strips[s], [&](const void* scores, const std::uint8_t* labels, index_t n) {
            for (index_t x = 0; x < n; x += chunk) {
                const index_t size = std::min(chunk, n - x);
                find_slots(input.score_type, element(scores, input.score_type, x), size, bins, found);
                add(worker->room_for(size), found, labels + x, size);
            }
        });
        workers.give(std::move(worker));
    });
    counts.negatives.assign(slots, 0);
    for (const auto& worker : workers.all()) worker->add_to(counts.negatives);
    counts.missing += counts.negatives.back();
    counts.negatives.pop_back();
}

template <class Key>
BinCounts by_arithmetic(const ScoredImages& input, const EvenBins& bins, const RankOptions& options,
                        const RunOptions& run) {
    const std::vector<Strip> strips = strips_of(input);
    const auto pixels = gather_positives<Key>(input, strips, options, run);
    const std::size_t slots = static_cast<std::size_t>(bins.n) + 2;
    BinCounts counts;
    counts.positives.assign(slots, 0);
    counts.coverage.assign(options.regions ? slots : 0, 0);
    std::vector<double> scores(pixels.keys.size());
    to_scores(input.score_type, pixels.keys.data(), static_cast<index_t>(scores.size()), scores.data());
    for (std::size_t i = 0; i < scores.size(); ++i) {
        const std::uint32_t slot = bins.slot(scores[i]);
        ++counts.positives[slot];
        if (options.regions) counts.coverage[slot] += coverage_weight(pixels.regions[pixels.region[i]]);
    }
    counts.missing = pixels.missing;
    count_negatives(counts, input, strips, bins, run);
    if (counts.missing > 0) counts.first_missing = find_missing(input);
    return counts;
}

// Turns counts of what reaches ascending edges into counts between them.
template <class Count>
std::vector<Count> between(const std::vector<Count>& reached, Count total) {
    std::vector<Count> counts;
    for (Count next : reached) counts.push_back(total - next), total = next;
    counts.push_back(total);
    return counts;
}

}  // namespace

std::vector<double> even_edges(double low, double high, index_t n) {
    const EvenBins bins = even_bins(low, high, n);
    std::vector<double> edges;
    for (index_t i = 0; i <= n; ++i) edges.push_back(bins.edge(i));
    return edges;
}

BinCounts bin_counts(const ScoredImages& input, double low, double high, index_t n, const RankOptions& options,
                     const RunOptions& run) {
    require(n >= 1 && std::isfinite(high - low) && low < high,
            "bins must be at least one, between a lower and a higher edge less than 1.8e308 apart");
    require(options.connectivity == 4 || options.connectivity == 8, "connectivity must be 4 or 8");
    if (well_spaced(low, high, n))
        return with_key(input.score_type, [&](auto tag) {
            return by_arithmetic<typename decltype(tag)::type>(input, even_bins(low, high, n), options, run);
        });
    const GridCounts grid = grid_counts(input, even_edges(low, high, n), false, options, run);
    BinCounts counts;
    counts.positives = between(grid.tp, grid.positives), counts.negatives = between(grid.fp, grid.negatives);
    if (options.regions) counts.coverage = between(grid.coverage, grid.full_coverage);
    counts.missing = grid.missing, counts.first_missing = grid.first_missing;
    return counts;
}

}  // namespace acpp::ranking
