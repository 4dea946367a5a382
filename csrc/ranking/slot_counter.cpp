#include "ranking/slot_counter.h"

#include <algorithm>
#include <bit>

#include "ranking/sort.h"

namespace acpp::ranking {
namespace {

constexpr std::size_t table_keys = 1 << 19;  // longer than this, v and its table would fill the last-level cache
constexpr std::size_t few_keys = 4096;       // of which a search in a cluster costs little
constexpr std::size_t parts = 512;           // whose ends stay in a first-level cache
constexpr index_t buffer_share = 4;          // keys buffered at a time, in units of p

}  // namespace

template <class Key>
SlotCounter<Key>::SlotCounter(std::vector<Key> v, int workers, index_t expected, SlotSearch search)
    : v_(std::move(v)), size_(v_.size()), search_(search) {
    if (search != SlotSearch::sort) {
        const double work = build_table(expected);
        const bool even = size_ < few_keys || work < 3.0 * static_cast<double>(size_);
        if (search == SlotSearch::best)
            search_ = !even ? SlotSearch::sort : size_ <= table_keys ? SlotSearch::table : SlotSearch::parts;
    }
    v_.push_back(static_cast<Key>(~Key{0}));
    const index_t p = static_cast<index_t>(size_) + 1;
    counters_ = std::vector<Counters>(
        static_cast<std::size_t>(std::clamp<index_t>(4 * expected / (16 * p), 1, std::max(1, workers))));
    const index_t longest = std::max<index_t>(1 << 16, expected / (4 * std::max(1, workers)));
    buffer_keys_ = static_cast<std::size_t>(std::clamp<index_t>(buffer_share * p, 1 << 16, longest));
}

// Returns how many comparisons it takes to tell every key of v from its neighbours in its entry.
template <class Key>
double SlotCounter<Key>::build_table(index_t expected) {
    if (size_ == 0) {
        table_ = {0, 0};
        return 0;
    }
    // Even steps from the least to the largest of v: floats are nearly logarithmic in their keys, so outliers cost
    // little resolution. (Leaving outliers to the end entries was slower: most background lies below most of v.)
    const Key base = v_.front(), span = v_.back() - base;
    const int fine = std::min(12, static_cast<int>(std::bit_width(static_cast<std::uint64_t>(expected))));
    const int bits = std::max(fine, static_cast<int>(std::bit_width(4 * size_ - 1)));
    const int shift = std::max(0, static_cast<int>(std::bit_width(span)) - bits);
    entries_ = {base, span >> shift, shift};
    const std::size_t entries = static_cast<std::size_t>(entries_.last) + 1;
    while ((entries - 1) >> part_shift_ >= parts) ++part_shift_;
    table_.reserve(entries + 1);
    double work = 0;
    std::size_t i = 0;
    for (std::size_t entry = 0; entry < entries; ++entry) {
        const std::size_t first = i;
        table_.push_back(static_cast<std::uint32_t>(i));
        while (i < size_ && static_cast<std::size_t>((v_[i] - base) >> shift) == entry) ++i;
        work += static_cast<double>(i - first) * std::bit_width(i - first);
    }
    table_.push_back(static_cast<std::uint32_t>(size_));
    return work;
}

template <class Key>
std::unique_ptr<typename SlotCounter<Key>::Worker> SlotCounter<Key>::new_worker() {
    auto worker = std::make_unique<Worker>();
    const std::lock_guard hold(new_worker_);
    if (search_ != SlotSearch::table) worker->buffer.reserve(buffer_keys_ + 4096);
    worker->copy = workers_++ % counters_.size();
    Counters& counters = counters_[worker->copy];
    if (!counters.slots) counters.slots = std::make_unique<NarrowCounters>(2 * size_ + 2);
    return worker;
}

// Puts the buffer in the order of the parts.
template <class Key>
void SlotCounter<Key>::spread(Worker& worker) const {
    const Entries entries = entries_;
    const int part_shift = part_shift_;
    std::vector<std::size_t> next(parts + 1, 0);
    for (Key key : worker.buffer) ++next[(entries.of(key) >> part_shift) + 1];
    for (std::size_t p = 0; p < parts; ++p) next[p + 1] += next[p];
    Key* out = worker.scratch.data();
    for (Key key : worker.buffer) out[next[entries.of(key) >> part_shift]++] = key;
    worker.buffer.swap(worker.scratch);
}

// In three steps over a few keys, each of which knows its addresses beforehand, so that memory answers many at a time.
template <class Key>
void SlotCounter<Key>::count_by_table(std::uint32_t* slots, const Key* keys, index_t n) const {
    constexpr index_t group = 64;
    const std::uint32_t* table = table_.data();
    const Key* v = v_.data();
    const Entries entries = entries_;
    Key entry[group];
    std::uint32_t first[group];
    for (; n > 0; keys += group, n -= group) {
        const index_t size = std::min(group, n);
        for (index_t i = 0; i < size; ++i) entry[i] = entries.of(keys[i]);
        for (index_t i = 0; i < size; ++i) {
            first[i] = table[entry[i]];
            __builtin_prefetch(v + first[i]);
            __builtin_prefetch(slots + 2 * std::size_t{first[i]}, 1);
        }
        for (index_t i = 0; i < size; ++i) {
            const Key key = keys[i];
            std::size_t r = first[i];
            r += v[r] < key;  // no branch: it would be mispredicted
            if (v[r] < key) r = static_cast<std::size_t>(std::lower_bound(v + r + 1, v + table[entry[i] + 1], key) - v);
            ++slots[2 * r + (v[r] == key)];
        }
    }
}

template <class Key>
void SlotCounter<Key>::count_sorted(std::uint32_t* slots, const Key* keys, std::size_t n) const {
    std::size_t i = 0;
    for (std::size_t r = 0; r < size_ && i < n; ++r) {
        std::size_t first = i;
        while (i < n && keys[i] < v_[r]) ++i;
        slots[2 * r] += static_cast<std::uint32_t>(i - first);
        first = i;
        while (i < n && keys[i] == v_[r]) ++i;
        slots[2 * r + 1] += static_cast<std::uint32_t>(i - first);
    }
    slots[2 * size_] += static_cast<std::uint32_t>(n - i);
}

template <class Key>
void SlotCounter<Key>::count(Worker& worker, const Key* keys, index_t n) {
    if (search_ == SlotSearch::table) {
        Counters& counters = counters_[worker.copy];
        const std::lock_guard hold(counters.lock);
        return count_by_table(counters.slots->room_for(n), keys, n);
    }
    worker.buffer.insert(worker.buffer.end(), keys, keys + n);
    if (worker.buffer.size() >= buffer_keys_) flush(worker);
}

template <class Key>
void SlotCounter<Key>::flush(Worker& worker) {
    const std::size_t n = worker.buffer.size();
    if (n == 0) return;
    worker.scratch.resize(n);
    const bool sorted = search_ == SlotSearch::sort;
    if (sorted)
        radix_sort(worker.buffer.data(), worker.scratch.data(), n);
    else
        spread(worker);
    Counters& counters = counters_[worker.copy];
    const std::lock_guard hold(counters.lock);
    std::uint32_t* slots = counters.slots->room_for(static_cast<index_t>(n));
    if (sorted)
        count_sorted(slots, worker.buffer.data(), n);
    else
        count_by_table(slots, worker.buffer.data(), static_cast<index_t>(n));
    worker.buffer.clear();
}

template <class Key>
std::vector<index_t> SlotCounter<Key>::totals() const {
    std::vector<index_t> sum(2 * size_ + 2, 0);
    for (const Counters& c : counters_)
        if (c.slots) c.slots->add_to(sum);
    // The padding equals the largest key of all, which is thus counted as if it stood in v.
    sum[2 * size_] += sum[2 * size_ + 1];
    sum.pop_back();
    return sum;
}

template class SlotCounter<std::uint32_t>;
template class SlotCounter<std::uint64_t>;

}  // namespace acpp::ranking
