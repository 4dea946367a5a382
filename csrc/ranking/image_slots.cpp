#include "ranking/image_slots.h"

#include <atomic>
#include <limits>

#include "ranking/background.h"
#include "ranking/ranked_positives.h"
#include "ranking/sort.h"

namespace acpp::ranking {
namespace {

struct SlotCount {
    std::uint32_t slot, count;
};

// Slots that the sorted keys meet, in falling order of scores.
template <class Key>
std::vector<SlotCount> meet(const std::vector<Key>& keys, const std::vector<Key>& distinct) {
    std::vector<SlotCount> met;
    const auto add = [&](std::size_t slot) {
        const auto s = static_cast<std::uint32_t>(slot);
        if (met.empty() || met.back().slot != s) met.push_back({s, 0});
        ++met.back().count;
    };
    const std::size_t p = distinct.size();
    std::size_t above = 0;  // levels that lie above the key
    for (std::size_t k = keys.size(); k-- > 0;) {
        while (above < p && distinct[p - 1 - above] > keys[k]) ++above;
        const bool equal = above < p && distinct[p - 1 - above] == keys[k];
        add(2 * above + (equal ? 1 : 0));
    }
    return met;
}

template <class Key>
class Builder {
  public:
    Builder(const ScoredImages& input, int connectivity, const RunOptions& run)
        : input_(input), run_(run), connectivity_(connectivity), strips_(strips_of(input)) {}

    ImageSlots build() {
        auto ranked = rank_positives<Key>(input_, strips_, {true, connectivity_}, run_);
        require(ranked.distinct.size() < std::numeric_limits<std::uint32_t>::max() / 2,
                input_.score_name + " has more distinct anomalous scores than can be numbered");
        slots_.levels = static_cast<index_t>(ranked.distinct.size());
        place_pixels(ranked);
        place_background(ranked.distinct);
        slots_.missing += ranked.pixels.missing;
        if (slots_.missing > 0) slots_.first_missing = find_missing(input_);
        return std::move(slots_);
    }

  private:
    void place_pixels(const RankedPositives<Key>& ranked) {
        const std::size_t images = input_.images.size(), levels = ranked.distinct.size();
        slots_.positives.assign(images, 0);
        slots_.regions.assign(images, 0);
        for (const Region& region : ranked.pixels.regions) ++slots_.regions[region.image];
        slots_.first.assign(levels + 1, 0);
        for (std::uint32_t order : ranked.order) ++slots_.first[levels - order];
        for (std::size_t i = 0; i < levels; ++i) slots_.first[i + 1] += slots_.first[i];
        std::vector<index_t> next(slots_.first.begin(), slots_.first.end() - 1);
        slots_.pixel_image.resize(ranked.order.size());
        slots_.pixel_share.resize(ranked.order.size());
        for (std::size_t i = 0; i < images; ++i)
            for (index_t p = ranked.pixels.image_begin[i]; p < ranked.pixels.image_begin[i + 1]; ++p) {
                const index_t at = next[levels - 1 - ranked.order[p]]++;
                slots_.pixel_image[at] = static_cast<std::uint32_t>(i);
                slots_.pixel_share[at] = 1 / static_cast<double>(ranked.pixels.regions[ranked.pixels.region[p]].area);
                ++slots_.positives[i];
            }
    }

    void place_background(const std::vector<Key>& distinct) {
        const index_t images = static_cast<index_t>(input_.images.size());
        std::vector<std::vector<SlotCount>> met(static_cast<std::size_t>(images));
        slots_.negatives.assign(static_cast<std::size_t>(images), 0);
        std::atomic<index_t> missing{0};
        Interruption stop(run_);
        parallel_blocks(images, 1, stop.options(run_.threads), [&](index_t i, index_t) {
            std::vector<Key> keys;
            index_t without_score = 0;
            const Strip whole{i, 0, input_.images[i].height};
            without_score += for_background<Key>(
                input_, whole, [&](const Key* some, index_t n) { keys.insert(keys.end(), some, some + n); });
            std::vector<Key> scratch(keys.size());
            parallel_sort(keys.data(), scratch.data(), static_cast<index_t>(keys.size()), stop.options(1));
            keys.resize(keys.size() - static_cast<std::size_t>(without_score));  // NaN keys are the largest
            slots_.negatives[i] = static_cast<index_t>(keys.size());
            missing += without_score;
            met[i] = meet(keys, distinct);
        });
        slots_.missing = missing;
        slots_.start.assign(2 * distinct.size() + 2, 0);
        for (const auto& of_image : met)
            for (const SlotCount& entry : of_image) ++slots_.start[entry.slot + 1];
        for (std::size_t s = 1; s < slots_.start.size(); ++s) slots_.start[s] += slots_.start[s - 1];
        std::vector<index_t> next(slots_.start.begin(), slots_.start.end() - 1);
        slots_.image.resize(static_cast<std::size_t>(slots_.start.back()));
        slots_.count.resize(slots_.image.size());
        for (index_t i = 0; i < images; ++i) {
            for (const SlotCount& entry : met[i]) {
                const index_t at = next[entry.slot]++;
                slots_.image[at] = static_cast<std::uint32_t>(i);
                slots_.count[at] = entry.count;
            }
            std::vector<SlotCount>().swap(met[i]);
        }
    }

    const ScoredImages& input_;
    const RunOptions& run_;
    int connectivity_;
    std::vector<Strip> strips_;
    ImageSlots slots_;
};

}  // namespace

ImageSlots image_slots(const ScoredImages& input, int connectivity, const RunOptions& run) {
    require(connectivity == 4 || connectivity == 8, "connectivity must be 4 or 8");
    return with_key(input.score_type,
                    [&](auto tag) { return Builder<typename decltype(tag)::type>(input, connectivity, run).build(); });
}

}  // namespace acpp::ranking
