#include "ranking/slot_counter.h"

#include <algorithm>
#include <bit>

#include "ranking/sort.h"

namespace acpp::ranking {

template <class Key>
SlotCounter<Key>::SlotCounter(std::vector<Key> v, int workers, index_t expected, std::size_t mode_limit)
    : v_(std::move(v)), size_(v_.size()) {
    by_table_ = size_ <= mode_limit && build_table(expected);
    v_.push_back(static_cast<Key>(~Key{0}));
    const index_t p = static_cast<index_t>(size_) + 1;
    counters_ = std::vector<Counters>(
        static_cast<std::size_t>(std::clamp<index_t>(4 * expected / (16 * p), 1, std::max(1, workers))));
    const index_t longest = std::max<index_t>(1 << 16, expected / (4 * std::max(1, workers)));
    buffer_keys_ = static_cast<std::size_t>(std::clamp<index_t>(sort_share * p, 1 << 16, longest));
}

// False if the table would leave too much to search.
template <class Key>
bool SlotCounter<Key>::build_table(index_t expected) {
    if (size_ == 0) {
        table_ = {0, 0};
        return true;
    }
    // Even steps from the least to the largest of v: floats are nearly logarithmic in their keys, so outliers cost
    // little resolution. (Leaving outliers to the end entries was slower: most background lies below most of v.)
    base_ = v_.front();
    const Key span = v_.back() - base_;
    const int fine = std::min(12, static_cast<int>(std::bit_width(static_cast<std::uint64_t>(expected))));
    const int bits = std::max(fine, static_cast<int>(std::bit_width(4 * size_ - 1)));
    shift_ = std::max(0, static_cast<int>(std::bit_width(span)) - bits);
    const std::size_t entries = static_cast<std::size_t>(span >> shift_) + 1;
    table_.reserve(entries + 1);
    double work = 0;  // comparisons to tell every key of v from its neighbours in the entry
    std::size_t i = 0;
    for (std::size_t entry = 0; entry < entries; ++entry) {
        const std::size_t first = i;
        table_.push_back(static_cast<std::uint32_t>(i));
        while (i < size_ && static_cast<std::size_t>((v_[i] - base_) >> shift_) == entry) ++i;
        work += static_cast<double>(i - first) * std::bit_width(i - first);
    }
    table_.push_back(static_cast<std::uint32_t>(size_));
    return size_ < 4096 || work < 3.0 * static_cast<double>(size_);
}

template <class Key>
std::unique_ptr<typename SlotCounter<Key>::Worker> SlotCounter<Key>::new_worker() {
    auto worker = std::make_unique<Worker>();
    const std::lock_guard hold(new_worker_);
    if (!by_table_) worker->buffer.reserve(buffer_keys_ + 4096);
    worker->copy = workers_++ % counters_.size();
    Counters& counters = counters_[worker->copy];
    if (counters.slots.size() == 0) {
        const index_t slots = static_cast<index_t>(2 * size_ + 2);
        counters.slots = AlignedBuffer<std::uint64_t>(slots);
        std::fill_n(counters.slots.data(), slots, 0);
    }
    return worker;
}

template <class Key>
void SlotCounter<Key>::count_by_table(std::uint64_t* slots, const Key* keys, index_t n) const {
    const std::uint32_t* table = table_.data();
    const Key *v = v_.data(), base = base_, last = static_cast<Key>(table_.size() - 2);
    const int shift = shift_;
    for (index_t i = 0; i < n; ++i) {
        const Key key = keys[i];
        const Key offset = key > base ? (key - base) >> shift : 0;
        const std::size_t entry = offset < last ? offset : last;
        std::size_t r = table[entry];
        r += v[r] < key;  // no branch: it would be mispredicted
        if (v[r] < key) r = static_cast<std::size_t>(std::lower_bound(v + r + 1, v + table[entry + 1], key) - v);
        ++slots[2 * r + (v[r] == key)];
    }
}

template <class Key>
void SlotCounter<Key>::count_sorted(std::uint64_t* slots, const Key* keys, std::size_t n) const {
    std::size_t i = 0;
    for (std::size_t r = 0; r < size_ && i < n; ++r) {
        std::size_t first = i;
        while (i < n && keys[i] < v_[r]) ++i;
        slots[2 * r] += i - first;
        first = i;
        while (i < n && keys[i] == v_[r]) ++i;
        slots[2 * r + 1] += i - first;
    }
    slots[2 * size_] += n - i;
}

template <class Key>
void SlotCounter<Key>::count(Worker& worker, const Key* keys, index_t n) {
    if (by_table_) {
        Counters& counters = counters_[worker.copy];
        const std::lock_guard hold(counters.lock);
        return count_by_table(counters.slots.data(), keys, n);
    }
    worker.buffer.insert(worker.buffer.end(), keys, keys + n);
    if (worker.buffer.size() >= buffer_keys_) flush(worker);
}

template <class Key>
void SlotCounter<Key>::flush(Worker& worker) {
    if (worker.buffer.empty()) return;
    worker.scratch.resize(worker.buffer.size());
    radix_sort(worker.buffer.data(), worker.scratch.data(), worker.buffer.size());
    Counters& counters = counters_[worker.copy];
    const std::lock_guard hold(counters.lock);
    count_sorted(counters.slots.data(), worker.buffer.data(), worker.buffer.size());
    worker.buffer.clear();
}

template <class Key>
std::vector<index_t> SlotCounter<Key>::totals() const {
    std::vector<index_t> sum(2 * size_ + 2, 0);
    for (const Counters& c : counters_)
        for (index_t i = 0; i < c.slots.size(); ++i) sum[i] += static_cast<index_t>(c.slots[i]);
    // The padding equals the largest key of all, which is thus counted as if it stood in v.
    sum[2 * size_] += sum[2 * size_ + 1];
    sum.pop_back();
    return sum;
}

template class SlotCounter<std::uint32_t>;
template class SlotCounter<std::uint64_t>;

}  // namespace acpp::ranking
