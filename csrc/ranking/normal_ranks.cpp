#include "ranking/normal_ranks.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

#include "ranking/background.h"
#include "ranking/ranked_positives.h"
#include "ranking/slots.h"

namespace acpp::ranking {
namespace {

// Extremes of the normal images, by key; NaN left out.
template <class Key>
struct Extremes {
    Key lowest = static_cast<Key>(~Key{0}), highest = 0;
    std::map<index_t, index_t> at_highest;  // pixels with the highest score, by size of their image

    void add(const Key* keys, index_t n, Key greatest, index_t size) {
        Key low = lowest, high = 0;
        index_t count = 0;
        for (index_t i = 0; i < n; ++i) {
            const bool counts = keys[i] <= greatest;
            low = std::min(low, keys[i]);
            high = counts ? std::max(high, keys[i]) : high;
        }
        for (index_t i = 0; i < n; ++i) count += keys[i] == high;
        lowest = low;
        if (count > 0) merge_highest(high, {{size, count}});
    }
    void merge_highest(Key key, const std::map<index_t, index_t>& counts) {
        if (key < highest) return;
        if (key > highest) at_highest.clear();
        highest = key;
        for (const auto& [size, count] : counts) at_highest[size] += count;
    }
    void merge(const Extremes& other) {
        lowest = std::min(lowest, other.lowest);
        if (!other.at_highest.empty()) merge_highest(other.highest, other.at_highest);
    }
};

template <class Key>
class Builder {
  public:
    Builder(const ScoredImages& input, const RunOptions& run) : input_(input), run_(run), strips_(strips_of(input)) {}

    NormalRanks at_levels(const std::optional<std::vector<double>>& thresholds) {
        auto ranked = rank(8);
        const std::vector<Key> levels =  // ascending
            thresholds ? keys_of_values<Key>(input_.score_type, *thresholds) : ranked.distinct;
        measure(levels, nullptr);
        count_missing_beside();
        return finish(ranked, levels);
    }
    PairsAndRanks with_pairs(int connectivity) {
        auto ranked = rank(connectivity);
        Background all{std::vector<index_t>(2 * ranked.distinct.size() + 1, 0), 0};
        measure(ranked.distinct, &all);
        index_t missing = 0;
        all.add(count_slots<Key>(input_, beside_, ranked.distinct, missing, run_), missing);
        ranks_.missing += missing;
        PairsAndRanks both;
        both.ranks = finish(ranked, ranked.distinct);
        both.pairs = pairs_of(input_, std::move(ranked), all.slots, all.missing);
        return both;
    }

  private:
    struct Background {
        std::vector<index_t> slots;
        index_t missing;

        void add(const std::vector<index_t>& more, index_t more_missing) {
            for (std::size_t i = 0; i < slots.size(); ++i) slots[i] += more[i];
            missing += more_missing;
        }
    };

    RankedPositives<Key> rank(int connectivity) {
        auto ranked = rank_positives<Key>(input_, strips_, {true, connectivity}, run_);
        ranks_.missing = ranked.pixels.missing;
        sort_images(ranked.pixels.image_begin);
        return ranked;
    }

    NormalRanks finish(const RankedPositives<Key>& ranked, const std::vector<Key>& levels) {
        if (ranks_.normal_images > 0) measure_extremes();
        place_pixels(ranked, levels);
        ranks_.image_begin = ranked.pixels.image_begin;
        if (ranks_.missing > 0) ranks_.first_missing = find_missing(input_);
        return std::move(ranks_);
    }

    // An image is anomalous if one of its pixels is, and has a score.
    void sort_images(const std::vector<index_t>& image_begin) {
        for (index_t i = 0; i < static_cast<index_t>(input_.images.size()); ++i) {
            const index_t size = input_.images[i].pixels();
            if (image_begin[i] < image_begin[i + 1]) {
                ++ranks_.anomalous_images;
            } else if (size > 0) {
                ++ranks_.normal_images;
                by_size_[size].images += 1;
            }
        }
        for (const Strip& strip : strips_)
            if (image_begin[strip.image] == image_begin[strip.image + 1])
                by_size_[input_.images[strip.image].pixels()].strips.push_back(strip);
            else
                beside_.push_back(strip);
    }

    // NaN beside anomalous pixels enters no rate, but is counted all the same.
    void count_missing_beside() {
        if (!has_nan(input_.score_type) || input_.made) return;
        std::atomic<index_t> missing{0};
        parallel_blocks(static_cast<index_t>(beside_.size()), 1, run_, [&](index_t s, index_t) {
            bool any = false;
            for_pixels(input_, beside_[s], [&](const void* scores, const std::uint8_t*, index_t n) {
                any |= any_missing(input_.score_type, scores, n);
            });
            if (any) missing += for_background<Key>(input_, beside_[s], [](const Key*, index_t) {});
        });
        ranks_.missing += missing;
    }

    // Adds what lies in the slots to `all`, if it is wanted.
    void measure(const std::vector<Key>& levels, Background* all) {
        const std::size_t n = levels.size();
        ranks_.level.resize(n), ranks_.above.assign(n, 0), ranks_.at_least.assign(n, 0);
        to_scores(input_.score_type, levels.data(), static_cast<index_t>(n), ranks_.level.data());
        std::reverse(ranks_.level.begin(), ranks_.level.end());
        for (auto& [size, group] : by_size_) {
            index_t missing = 0;
            const std::vector<index_t> slots = count_slots<Key>(input_, group.strips, levels, missing, run_);
            if (all != nullptr) all->add(slots, missing);
            ranks_.missing += missing;
            const double pixels = static_cast<double>(ranks_.normal_images) * static_cast<double>(size);
            index_t above = slots[2 * n] - missing;  // NaN keys stand above all others
            for (std::size_t i = 0; i < n; ++i) {
                const std::size_t slot = 2 * (n - 1 - i);
                ranks_.above[i] += static_cast<double>(above) / pixels;
                above += slots[slot + 1];
                ranks_.at_least[i] += static_cast<double>(above) / pixels;
                above += slots[slot];
            }
        }
    }

    void measure_extremes() {
        std::mutex lock;
        Extremes<Key> all;
        const Key greatest = missing_key<Key> - (has_nan(input_.score_type) ? 1 : 0);
        for (auto& [size, group] : by_size_)
            parallel_blocks(static_cast<index_t>(group.strips.size()), 1, run_,
                            [&, size = size, &group = group](index_t s, index_t) {
                                Extremes<Key> mine;
                                for_background<Key>(input_, group.strips[s], [&](const Key* keys, index_t n) {
                                    mine.add(keys, n, greatest, size);
                                });
                                const std::lock_guard hold(lock);
                                all.merge(mine);
                            });
        ranks_.lowest = score_of(input_.score_type, all.lowest);
        ranks_.highest = score_of(input_.score_type, all.highest);
        for (const auto& [size, count] : all.at_highest)
            ranks_.smallest_rate +=
                static_cast<double>(count) / (static_cast<double>(ranks_.normal_images) * static_cast<double>(size));
    }

    void place_pixels(const RankedPositives<Key>& ranked, const std::vector<Key>& levels) {
        // Entry of `distinct` -> number of levels that it reaches -> level counted from the highest.
        std::vector<std::uint32_t> level_of(ranked.distinct.size());
        std::size_t reached = 0;
        for (std::size_t d = 0; d < ranked.distinct.size(); ++d) {
            while (reached < levels.size() && levels[reached] <= ranked.distinct[d]) ++reached;
            level_of[d] = static_cast<std::uint32_t>(levels.size() - reached);
        }
        ranks_.rank.resize(ranked.order.size());
        for (std::size_t i = 0; i < ranked.order.size(); ++i) ranks_.rank[i] = level_of[ranked.order[i]];
    }

    struct Group {
        index_t images = 0;
        std::vector<Strip> strips;
    };
    const ScoredImages& input_;
    const RunOptions& run_;
    std::vector<Strip> strips_;
    std::map<index_t, Group> by_size_;
    std::vector<Strip> beside_;  // of anomalous images
    NormalRanks ranks_;
};

}  // namespace

NormalRanks normal_ranks(const ScoredImages& input, const std::optional<std::vector<double>>& thresholds,
                         const RunOptions& run) {
    return with_key(input.score_type,
                    [&](auto tag) { return Builder<typename decltype(tag)::type>(input, run).at_levels(thresholds); });
}

PairsAndRanks pairs_and_ranks(const ScoredImages& input, int connectivity, const RunOptions& run) {
    require(connectivity == 4 || connectivity == 8, "connectivity must be 4 or 8");
    return with_key(input.score_type, [&](auto tag) {
        return Builder<typename decltype(tag)::type>(input, run).with_pairs(connectivity);
    });
}

}  // namespace acpp::ranking
