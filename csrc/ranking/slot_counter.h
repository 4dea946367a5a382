#pragma once
// Counts a stream of keys between and at given sorted keys, without storing or sorting the stream.
//
// p sorted distinct keys v cut the number line into 2p + 1 slots: slot 2r lies between v[r - 1] and v[r], slot 2r + 1
// is v[r] itself. A key finds its slot through a table over the high bits of its offset and a short branch-free
// search. When the tables outgrow the cache, keys are first spread over buckets of neighbouring slots, buffered, and
// counted a buffer at a time: a bucket's tables then stay in L1 for the whole buffer.
#include <bit>
#include <memory>
#include <mutex>
#include <vector>

#include "core/aligned.h"
#include "core/array.h"

namespace acpp::ranking {

template <class Key>
class SlotCounter {
  public:
    static constexpr index_t bucket_keys = 1024;  // 4 KiB of keys, 16 KiB of table, 16 KiB of counts
    static constexpr index_t direct_keys = 4096;  // up to this many keys everything fits L2: one bucket, no buffers
    static constexpr index_t buffer_keys = 512;   // 2 KiB per bucket and worker

    class Worker;

    // `v` sorted, distinct. At most `copies` sets of counters; more workers than that share them under locks.
    SlotCounter(std::vector<Key> v, int copies);

    std::unique_ptr<Worker> new_worker();
    void count(Worker& worker, const Key* keys, index_t n);
    void flush(Worker& worker);           // counts what is still buffered
    std::vector<index_t> totals() const;  // 2p + 2 slots, the last always empty; after every worker's flush

  private:
    struct Bucket {
        Key base;        // smallest key that the table knows
        int shift;       // of the offset from base
        int steps;       // of the search that follows the table
        index_t first;   // in table_
        Key last_entry;  // largest index into the bucket's table
    };
    struct Counters {
        AlignedBuffer<std::uint64_t> slots;
        std::unique_ptr<std::mutex[]> locks;  // one per bucket
    };

    void add_bucket(std::size_t begin, std::size_t end);
    void count_in(const Bucket& bucket, std::uint64_t* slots, const Key* keys, index_t n) const;
    template <int steps>
    void count_steps(const Bucket& bucket, std::uint64_t* slots, const Key* keys, index_t n) const;
    void flush(Worker& worker, std::size_t bucket);

    std::vector<Key> v_;  // padded at the end, so that a search may look past the last key
    std::size_t size_;
    std::vector<std::uint32_t> table_;
    std::vector<Bucket> buckets_;
    std::vector<std::uint16_t> bucket_of_;  // by coarse offset
    Key coarse_base_ = 0;
    int coarse_shift_ = 0;
    std::vector<Counters> counters_;
    std::mutex new_worker_;
    std::size_t workers_ = 0;
};

template <class Key>
class SlotCounter<Key>::Worker {
    friend class SlotCounter;
    std::size_t copy = 0;
    AlignedBuffer<Key> buffer;
    std::vector<std::uint32_t> filled;  // per bucket
};

}  // namespace acpp::ranking
