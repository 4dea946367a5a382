#pragma once
// Counts a stream of keys between and at given sorted keys, without keeping the stream.
//
// p sorted distinct keys v cut the number line into 2p + 1 slots: slot 2r lies between v[r - 1] and v[r], slot 2r + 1
// is v[r] itself. A key finds its slot through a table over its high bits and, on average, less than one comparison.
// Where v and its table do not fit the cache, workers buffer keys, a few times as many as v has, and first spread them
// over parts of the table that do. Where v is too unevenly spread for an even table, order is cheaper than random
// access: they sort the buffer, and merge it with v.
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "core/array.h"
#include "ranking/narrow_counters.h"

namespace acpp::ranking {

enum class SlotSearch { best, table, parts, sort };

template <class Key>
class SlotCounter {
  public:
    class Worker;

    // `v` sorted, distinct. Memory beside v stays below six bytes for each of `expected` keys: workers share counters
    // under a lock and have shorter buffers where there are many. `search`, for tests, is the way to take.
    SlotCounter(std::vector<Key> v, int workers, index_t expected, SlotSearch search = SlotSearch::best);

    std::unique_ptr<Worker> new_worker();
    void count(Worker& worker, const Key* keys, index_t n);
    void flush(Worker& worker);           // counts what is still buffered
    std::vector<index_t> totals() const;  // 2p + 1 slots, after every worker's flush

  private:
    struct Entries {             // copied into loops, so that no store there makes the compiler read it again
        Key base = 0, last = 0;  // keys below and above belong to the first and the last entry
        int shift = 0;

        Key of(Key key) const {
            const Key offset = key > base ? (key - base) >> shift : 0;
            return offset < last ? offset : last;
        }
    };
    struct Counters {
        std::unique_ptr<NarrowCounters> slots;
        std::mutex lock;
    };

    double build_table(index_t expected);
    void spread(Worker& worker) const;
    void count_by_table(std::uint32_t* slots, const Key* keys, index_t n) const;
    void count_sorted(std::uint32_t* slots, const Key* keys, std::size_t n) const;

    std::vector<Key> v_;  // padded with the largest key, so that a search ends by itself
    std::size_t size_;
    SlotSearch search_;
    std::vector<std::uint32_t> table_;  // entry -> first of v not below the entry's keys; one more at the end
    Entries entries_;
    int part_shift_ = 0;
    std::size_t buffer_keys_ = 0;
    std::vector<Counters> counters_;
    std::mutex new_worker_;
    std::size_t workers_ = 0;
};

template <class Key>
class SlotCounter<Key>::Worker {
    friend class SlotCounter;
    std::size_t copy = 0;
    std::vector<Key> buffer, scratch;
};

}  // namespace acpp::ranking
