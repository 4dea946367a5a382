#include "timeseries/series.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <string>

#include "ranking/score_keys.h"
#include "ranking/sort.h"

namespace acpp::timeseries {
namespace {

using Item = ranking::Keyed<std::uint32_t>;

// Puts points of equal leading bits in the order of their whole keys, highest first.
template <class Key>
void refine(std::vector<Item>& items, const std::vector<Key>& keys) {
    for (std::size_t begin = 0; begin < items.size();) {
        std::size_t end = begin + 1;
        while (end < items.size() && items[end].key == items[begin].key) ++end;
        if (end - begin > 1)
            std::stable_sort(items.begin() + static_cast<index_t>(begin), items.begin() + static_cast<index_t>(end),
                             [&](const Item& a, const Item& b) { return keys[a.payload] > keys[b.payload]; });
        begin = end;
    }
}

template <class Key>
void rank(const SeriesInput& input, ranking::DType type, Series& series, const RunOptions& run) {
    const std::size_t n = static_cast<std::size_t>(input.size);
    std::vector<Key> keys(n);
    ranking::to_keys(type, input.scores, input.size, keys.data());
    Key least = keys[0], most = least;
    for (Key key : keys) least = std::min(least, key), most = std::max(most, key);
    if (most == ranking::missing_key<Key> && ranking::has_nan(type))
        throw InvalidArgument(input.name + " contains NaN, first at index " +
                              std::to_string(std::find(keys.begin(), keys.end(), most) - keys.begin()) +
                              "; remove or fill those points");
    // Half-width items sort in half the passes over half the memory; few scores share their 32 leading bits.
    const int spare = std::max(0, static_cast<int>(std::bit_width(static_cast<Key>(most - least))) - 32);
    std::vector<Item> items(n);
    {
        std::vector<Item> scratch(n);
        for (std::size_t i = 0; i < n; ++i)
            items[i] = {static_cast<std::uint32_t>((most - keys[i]) >> spare), static_cast<std::uint32_t>(i)};
        ranking::parallel_sort(items.data(), scratch.data(), input.size, run);
    }
    if (spare > 0) refine(items, keys);

    series.level.resize(n);
    series.order.resize(n);
    std::vector<Key> distinct;
    std::uint32_t hits = 0;
    Pace pace(run);
    for (std::size_t i = 0; i < n; ++i, pace.step()) {
        const std::uint32_t point = items[i].payload;
        const Key key = spare > 0 ? keys[point] : static_cast<Key>(most - items[i].key);
        if (i == 0 || key != distinct.back()) {
            distinct.push_back(key);
            series.reached.push_back(0), series.hit.push_back(0);
        }
        hits += input.labels[point];
        series.level[point] = static_cast<std::uint32_t>(distinct.size() - 1);
        series.order[i] = point;
        series.reached.back() = static_cast<std::uint32_t>(i + 1);
        series.hit.back() = hits;
    }
    series.positives = hits;
    series.value.resize(distinct.size());
    ranking::to_scores(type, distinct.data(), static_cast<index_t>(distinct.size()), series.value.data());
}

template <class Inside>
std::vector<Event> runs_of(index_t n, Inside&& inside) {
    std::vector<Event> runs;
    for (index_t t = 0; t < n; ++t) {
        if (!inside(t)) continue;
        index_t end = t + 1;
        while (end < n && inside(end)) ++end;
        runs.push_back({t, end - 1});
        t = end;
    }
    return runs;
}

}  // namespace

Series make_series(const SeriesInput& input, ranking::DType type, const RunOptions& run) {
    require(input.size > 0, input.name + " is empty; a series needs at least one point");
    require(input.size < std::numeric_limits<std::uint32_t>::max(), "a series must have fewer than 2^32 - 1 points");
    Series series;
    series.size = input.size;
    ranking::with_key(type, [&](auto tag) { rank<typename decltype(tag)::type>(input, type, series, run); });
    series.events = runs_of(series.size, [&](index_t t) { return input.labels[t] != 0; });
    for (const Event& event : series.events) {
        const auto first = series.level.begin() + event.begin;
        series.event_level.push_back(*std::min_element(first, first + event.length()));
    }
    series.next_event.assign(series.level.size(), static_cast<std::uint32_t>(series.events.size()));
    index_t from = 0;
    for (std::uint32_t k = 0; k < series.events.size(); ++k) {
        std::fill(series.next_event.begin() + from, series.next_event.begin() + series.events[k].last + 1, k);
        from = series.events[k].last + 1;
    }
    return series;
}

std::vector<Event> predicted_runs(const Series& series, index_t n) {
    return runs_of(series.size, [&](index_t t) { return series.level[t] < n; });
}

}  // namespace acpp::timeseries
