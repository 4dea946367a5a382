#include "pairwise/equal_rows.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>

namespace acpp::pairwise {
namespace {

// Four independent multiply-mix chains over 8-byte words: as fast as the row can be read.
std::uint64_t hash_bytes(const unsigned char* bytes, std::size_t size) {
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15ull;
    std::uint64_t chain[4] = {1, 2, 3, 4};
    std::size_t at = 0;
    for (; at + 32 <= size; at += 32)
        for (int c = 0; c < 4; ++c) {
            std::uint64_t word;
            std::memcpy(&word, bytes + at + 8 * c, 8);
            chain[c] = (chain[c] ^ word) * odd;
            chain[c] ^= chain[c] >> 29;
        }
    for (; at < size; ++at) chain[at % 4] = (chain[at % 4] ^ bytes[at]) * odd;
    std::uint64_t hash = size;
    for (std::uint64_t c : chain) hash = (hash ^ c ^ (c >> 32)) * odd;
    return hash ^ (hash >> 31);
}

template <class T>
std::uint64_t hash_row(MatrixView<const T> rows, index_t i) {
    return hash_bytes(reinterpret_cast<const unsigned char*>(rows.row(i)),
                      sizeof(T) * static_cast<std::size_t>(rows.cols));
}

template <class T>
bool sample_has_copies(MatrixView<const T> rows, const RunOptions& run) {
    const index_t wanted = std::min<index_t>(rows.rows, 1024);
    std::vector<std::uint64_t> hashes(static_cast<std::size_t>(wanted));
    const index_t block = std::max<index_t>(1, (index_t{1} << 20) / rows.cols);  // few blocks: one thread is enough
    parallel_blocks(wanted, block, run, [&](index_t begin, index_t end) {
        for (index_t i = begin; i < end; ++i)
            hashes[static_cast<std::size_t>(i)] = hash_row(rows, i * rows.rows / wanted);
    });
    std::sort(hashes.begin(), hashes.end());
    return std::adjacent_find(hashes.begin(), hashes.end()) != hashes.end();
}

}  // namespace

template <class T>
std::optional<EqualRows> find_equal_rows(MatrixView<const T> rows, const RunOptions& run) {
    if (!sample_has_copies(rows, run)) return std::nullopt;
    const std::size_t n = static_cast<std::size_t>(rows.rows);
    std::vector<std::uint64_t> hashes(n);
    parallel_blocks(rows.rows, 256, run, [&](index_t begin, index_t end) {
        for (index_t i = begin; i < end; ++i) hashes[static_cast<std::size_t>(i)] = hash_row(rows, i);
    });
    std::vector<index_t> order(n);
    std::iota(order.begin(), order.end(), index_t{0});
    std::sort(order.begin(), order.end(), [&](index_t a, index_t b) {
        const std::uint64_t x = hashes[static_cast<std::size_t>(a)], y = hashes[static_cast<std::size_t>(b)];
        return x < y || (x == y && a < b);
    });
    // group[i]: the first row that row i equals. Rows of one hash that differ (a collision) stay apart.
    std::vector<index_t> first_of(n);
    const std::size_t bytes = sizeof(T) * static_cast<std::size_t>(rows.cols);
    for (std::size_t at = 0; at < n;) {
        std::size_t end = at + 1;
        while (end < n && hashes[static_cast<std::size_t>(order[end])] == hashes[static_cast<std::size_t>(order[at])])
            ++end;
        for (std::size_t i = at; i < end; ++i) {
            const bool equal = std::memcmp(rows.row(order[i]), rows.row(order[at]), bytes) == 0;
            first_of[static_cast<std::size_t>(order[i])] = equal ? order[at] : order[i];
        }
        at = end;
    }
    EqualRows result;
    std::vector<index_t> group(n);
    for (std::size_t i = 0; i < n; ++i) {
        if (first_of[i] == static_cast<index_t>(i)) {
            group[i] = static_cast<index_t>(result.distinct.size());
            result.distinct.push_back(static_cast<index_t>(i));
        } else {
            group[i] = group[static_cast<std::size_t>(first_of[i])];
        }
    }
    result.limits.assign(result.distinct.size() + 1, 0);
    for (index_t g : group) ++result.limits[static_cast<std::size_t>(g) + 1];
    std::partial_sum(result.limits.begin(), result.limits.end(), result.limits.begin());
    result.members.resize(n);
    std::vector<index_t> next(result.limits.begin(), result.limits.end() - 1);
    for (std::size_t i = 0; i < n; ++i)
        result.members[static_cast<std::size_t>(next[static_cast<std::size_t>(group[i])]++)] = static_cast<index_t>(i);
    return result;
}

template std::optional<EqualRows> find_equal_rows<float>(MatrixView<const float>, const RunOptions&);
template std::optional<EqualRows> find_equal_rows<double>(MatrixView<const double>, const RunOptions&);

}  // namespace acpp::pairwise
