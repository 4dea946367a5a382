#include "ranking/levels.h"

#include <algorithm>
#include <cstring>

#include "ranking/background.h"
#include "ranking/ranked_positives.h"
#include "ranking/sort.h"

namespace acpp::ranking {
namespace {

// All background keys without those of NaN, sorted ascending.
template <class Key>
index_t sorted_background(const ScoredImages& input, const std::vector<Strip>& strips, AlignedBuffer<Key>& keys,
                          index_t& missing, const RunOptions& run) {
    const index_t n = static_cast<index_t>(strips.size());
    std::vector<index_t> start(n + 1, 0), kept(n, 0), without_score(n, 0);
    for (index_t s = 0; s < n; ++s)
        start[s + 1] = start[s] + (strips[s].row_end - strips[s].row_begin) * input.images[strips[s].image].width;
    keys = AlignedBuffer<Key>(start[n]);
    parallel_blocks(n, 1, run, [&](index_t s, index_t) {
        Key* out = keys.data() + start[s];
        index_t mine = 0;
        without_score[s] = for_background<Key>(input, strips[s], [&](const Key* some, index_t size) {
            std::memcpy(out + mine, some, static_cast<std::size_t>(size) * sizeof(Key));
            mine += size;
        });
        kept[s] = mine;
    });
    index_t total = 0;
    for (index_t s = 0; s < n; ++s) {
        std::memmove(keys.data() + total, keys.data() + start[s], static_cast<std::size_t>(kept[s]) * sizeof(Key));
        total += kept[s];
        missing += without_score[s];
    }
    AlignedBuffer<Key> scratch(total);
    parallel_sort(keys.data(), scratch.data(), total, run);
    return total - missing;  // NaN keys are the largest
}

// At least as many as there are distinct scores, so that nothing grows while it is filled.
template <class Key>
std::size_t most_levels(const RankedPositives<Key>& ranked, const AlignedBuffer<Key>& keys, index_t n) {
    std::size_t levels = ranked.distinct.size() + (n > 0 ? 1 : 0);
    for (index_t i = 1; i < n; ++i) levels += keys[i] != keys[i - 1] ? 1 : 0;
    return levels;
}

template <class Key>
Levels build(const ScoredImages& input, const RankOptions& options, const RunOptions& run) {
    const std::vector<Strip> strips = strips_of(input);
    const auto ranked = rank_positives<Key>(input, strips, options, run);
    Levels levels;
    AlignedBuffer<Key> keys;
    levels.negatives = sorted_background<Key>(input, strips, keys, levels.missing, run);
    levels.missing += ranked.pixels.missing;
    if (levels.missing > 0) levels.first_missing = find_missing(input);
    levels.positives = ranked.positives();
    levels.regions = static_cast<index_t>(ranked.pixels.regions.size());
    const std::vector<UnsignedWide> weight = coverage_weights(ranked);
    const std::size_t most = most_levels(ranked, keys, levels.negatives);
    levels.score.reserve(most), levels.tp.reserve(most), levels.fp.reserve(most);
    if (options.regions) levels.coverage.reserve(most);

    index_t tp = 0, fp = 0, b = levels.negatives, a = static_cast<index_t>(ranked.distinct.size());
    UnsignedWide covered = 0;
    Key waiting[512];  // for their scores, since a call for each would cost more than the merge
    index_t n_waiting = 0;
    const auto write_scores = [&] {
        const std::size_t before = levels.score.size();
        levels.score.resize(before + static_cast<std::size_t>(n_waiting));
        to_scores(input.score_type, waiting, n_waiting, levels.score.data() + before);
        n_waiting = 0;
    };
    while (a > 0 || b > 0) {
        const Key key = a == 0                                 ? keys[b - 1]
                        : b == 0                               ? ranked.distinct[a - 1]
                        : ranked.distinct[a - 1] > keys[b - 1] ? ranked.distinct[a - 1]
                                                               : keys[b - 1];
        if (a > 0 && ranked.distinct[a - 1] == key) {
            --a;
            tp += ranked.tp[a];
            if (options.regions) covered += weight[a];
        }
        while (b > 0 && keys[b - 1] == key) --b, ++fp;
        waiting[n_waiting++] = key;
        if (n_waiting == 512) write_scores();
        levels.tp.push_back(tp);
        levels.fp.push_back(fp);
        if (options.regions) levels.coverage.push_back(covered);
    }
    write_scores();
    return levels;
}

}  // namespace

Levels all_levels(const ScoredImages& input, const RankOptions& options, const RunOptions& run) {
    require(options.connectivity == 4 || options.connectivity == 8, "connectivity must be 4 or 8");
    return with_key(input.score_type,
                    [&](auto tag) { return build<typename decltype(tag)::type>(input, options, run); });
}

}  // namespace acpp::ranking
