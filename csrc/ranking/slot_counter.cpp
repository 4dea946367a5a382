#include "ranking/slot_counter.h"

#include <algorithm>

namespace acpp::ranking {

namespace {

constexpr int coarse_bits = 12;  // 8 KiB of uint16: half of the L1 that the buckets leave

// The shift that brings `span` below 2^bits.
template <class Key>
int shift_to(Key span, int bits) {
    return std::max(0, static_cast<int>(std::bit_width(span)) - bits);
}

}  // namespace

template <class Key>
SlotCounter<Key>::SlotCounter(std::vector<Key> v, int copies) : v_(std::move(v)), size_(v_.size()) {
    counters_.resize(static_cast<std::size_t>(std::max(1, copies)));
    if (size_ > static_cast<std::size_t>(direct_keys)) {
        // Coarse bins cover the bulk of the keys; outliers fall into the first and the last one.
        const std::size_t tail = size_ / 1024;
        coarse_base_ = v_[tail];
        coarse_shift_ = shift_to<Key>(v_[size_ - 1 - tail] - coarse_base_, coarse_bits);
        bucket_of_.resize(std::size_t{1} << coarse_bits);
        // A bucket takes whole bins until it has its share of keys.
        std::size_t begin = 0, end = 0;
        const std::size_t bins = bucket_of_.size();
        for (std::size_t bin = 0; bin < bins; ++bin) {
            bucket_of_[bin] = static_cast<std::uint16_t>(buckets_.size());
            const auto in_bin = [&](Key key) {
                return key < coarse_base_ || static_cast<std::size_t>((key - coarse_base_) >> coarse_shift_) <= bin;
            };
            while (end < size_ && (bin + 1 == bins || in_bin(v_[end]))) ++end;
            const bool full = end - begin >= static_cast<std::size_t>(bucket_keys);
            // The last bucket must take what is left, so a full one closes only if keys remain.
            if (bin + 1 == bins || (full && end < size_)) {
                add_bucket(begin, end);
                begin = end;
            }
        }
    } else {
        add_bucket(0, size_);
    }
    int most_steps = 0;
    for (const Bucket& bucket : buckets_) most_steps = std::max(most_steps, bucket.steps);
    v_.resize(size_ + (std::size_t{1} << most_steps) + 1, static_cast<Key>(~Key{0}));
    for (Counters& c : counters_) c.locks = std::make_unique<std::mutex[]>(buckets_.size());
}

// Builds the table of v[begin, end): for each value of the offset's high bits, the first key not below it.
template <class Key>
void SlotCounter<Key>::add_bucket(std::size_t begin, std::size_t end) {
    Bucket bucket{0, 0, 1, static_cast<index_t>(table_.size()), 0};
    const std::size_t n = end - begin;
    if (n == 0) {
        table_.push_back(static_cast<std::uint32_t>(begin));
        buckets_.push_back(bucket);
        return;
    }
    bucket.base = v_[begin];
    const Key span = v_[end - 1] - bucket.base;
    bucket.shift = shift_to<Key>(span, static_cast<int>(std::bit_width(4 * n - 1)));
    bucket.last_entry = span >> bucket.shift;
    std::size_t most = 1, i = begin;
    for (Key entry = 0; entry <= bucket.last_entry; ++entry) {
        const std::size_t first = i;
        table_.push_back(static_cast<std::uint32_t>(i));
        while (i < end && (v_[i] - bucket.base) >> bucket.shift == entry) ++i;
        most = std::max(most, i - first);
    }
    bucket.steps = static_cast<int>(std::bit_width(most));
    buckets_.push_back(bucket);
}

template <class Key>
std::unique_ptr<typename SlotCounter<Key>::Worker> SlotCounter<Key>::new_worker() {
    auto worker = std::make_unique<Worker>();
    const std::lock_guard hold(new_worker_);
    worker->copy = workers_++ % counters_.size();
    Counters& counters = counters_[worker->copy];
    if (counters.slots.size() == 0) {
        const index_t slots = static_cast<index_t>(2 * size_ + 2);
        counters.slots = AlignedBuffer<std::uint64_t>(slots);
        std::fill_n(counters.slots.data(), slots, 0);
    }
    if (buckets_.size() > 1) {
        worker->buffer = AlignedBuffer<Key>(static_cast<index_t>(buckets_.size()) * buffer_keys);
        worker->filled.assign(buckets_.size(), 0);
    }
    return worker;
}

template <class Key>
template <int steps>
void SlotCounter<Key>::count_steps(const Bucket& bucket, std::uint64_t* slots, const Key* keys, index_t n) const {
    const std::uint32_t* table = table_.data() + bucket.first;
    const Key* v = v_.data();
    const int more = steps > 0 ? steps : bucket.steps;
    for (index_t i = 0; i < n; ++i) {
        const Key key = keys[i];
        const Key offset = key > bucket.base ? (key - bucket.base) >> bucket.shift : 0;
        std::size_t r = table[offset < bucket.last_entry ? offset : bucket.last_entry];
        for (int s = more - 1; s >= 0; --s) {
            const std::size_t half = std::size_t{1} << s;
            r += v[r + half - 1] < key ? half : 0;
        }
        ++slots[2 * r + (v[r] == key)];
    }
}

template <class Key>
void SlotCounter<Key>::count_in(const Bucket& bucket, std::uint64_t* slots, const Key* keys, index_t n) const {
    switch (bucket.steps) {
        case 1:
            return count_steps<1>(bucket, slots, keys, n);
        case 2:
            return count_steps<2>(bucket, slots, keys, n);
        case 3:
            return count_steps<3>(bucket, slots, keys, n);
        default:
            return count_steps<0>(bucket, slots, keys, n);
    }
}

template <class Key>
void SlotCounter<Key>::flush(Worker& worker, std::size_t bucket) {
    Counters& counters = counters_[worker.copy];
    const std::lock_guard hold(counters.locks[bucket]);
    count_in(buckets_[bucket], counters.slots.data(), worker.buffer.data() + bucket * buffer_keys,
             worker.filled[bucket]);
    worker.filled[bucket] = 0;
}

template <class Key>
void SlotCounter<Key>::count(Worker& worker, const Key* keys, index_t n) {
    if (buckets_.size() == 1) {
        Counters& counters = counters_[worker.copy];
        const std::lock_guard hold(counters.locks[0]);
        count_in(buckets_[0], counters.slots.data(), keys, n);
        return;
    }
    const Key base = coarse_base_, last = (Key{1} << coarse_bits) - 1;
    const int shift = coarse_shift_;
    const std::uint16_t* bucket_of = bucket_of_.data();
    Key* buffer = worker.buffer.data();
    std::uint32_t* filled = worker.filled.data();
    for (index_t i = 0; i < n; ++i) {
        const Key key = keys[i];
        const Key offset = key > base ? (key - base) >> shift : 0;
        const std::size_t bucket = bucket_of[offset < last ? offset : last];
        const std::uint32_t at = filled[bucket];
        buffer[bucket * buffer_keys + at] = key;
        filled[bucket] = at + 1;
        if (at + 1 == buffer_keys) flush(worker, bucket);
    }
}

template <class Key>
void SlotCounter<Key>::flush(Worker& worker) {
    for (std::size_t bucket = 0; bucket < worker.filled.size(); ++bucket)
        if (worker.filled[bucket] > 0) flush(worker, bucket);
}

template <class Key>
std::vector<index_t> SlotCounter<Key>::totals() const {
    std::vector<index_t> sum(2 * size_ + 2, 0);
    for (const Counters& c : counters_)
        for (index_t i = 0; i < c.slots.size(); ++i) sum[i] += static_cast<index_t>(c.slots[i]);
    sum[2 * size_] += sum[2 * size_ + 1];  // the padding equals the largest key of all
    sum[2 * size_ + 1] = 0;
    return sum;
}

template class SlotCounter<std::uint32_t>;
template class SlotCounter<std::uint64_t>;

}  // namespace acpp::ranking
