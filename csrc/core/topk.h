#pragma once
// The smallest of a stream.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/array.h"

namespace acpp {

struct Keyed {
    double key;
    index_t index;
    friend bool operator<(const Keyed& a, const Keyed& b) {
        return a.key < b.key || (a.key == b.key && a.index < b.index);
    }
};

// The k-th smallest of a stream of numbers, without their indices. NaN must not be offered.
class KthSmallest {
  public:
    explicit KthSmallest(std::size_t k = 1) : k_(k) {}

    double value() const {
        if (kept_.size() < k_) return std::numeric_limits<double>::infinity();
        return k_ <= sorted_up_to ? kept_.back() : kept_.front();
    }

    void offer(double x) {
        if (k_ <= sorted_up_to) {  // insertion without branches; a heap's are unpredictable
            if (kept_.empty()) kept_.assign(k_, std::numeric_limits<double>::infinity());
            for (std::size_t j = k_ - 1; j > 0; --j) kept_[j] = std::max(kept_[j - 1], std::min(kept_[j], x));
            kept_[0] = std::min(kept_[0], x);
        } else if (kept_.size() < k_) {
            kept_.push_back(x);
            std::push_heap(kept_.begin(), kept_.end());
        } else if (x < kept_.front()) {
            std::pop_heap(kept_.begin(), kept_.end());
            kept_.back() = x;
            std::push_heap(kept_.begin(), kept_.end());
        }
    }

    void merge(const KthSmallest& other) {
        for (double x : other.kept_) offer(x);
    }

  private:
    static constexpr std::size_t sorted_up_to = 16;
    std::size_t k_;
    std::vector<double> kept_;
};

// The k smallest of a stream of (key, index), under the library's one order: key, then lower index. NaN never enters.
class SmallestK {
  public:
    explicit SmallestK(index_t k) : k_(static_cast<std::size_t>(k)) {}

    // A key above this cannot enter.
    double worst() const { return heap_.size() < k_ ? std::numeric_limits<double>::infinity() : heap_.front().key; }

    void offer(double key, index_t index) {
        if (std::isnan(key)) {
            saw_nan_ = true;
            return;
        }
        const Keyed item{key, index};
        if (heap_.size() < k_) {
            heap_.push_back(item);
            std::push_heap(heap_.begin(), heap_.end());
        } else if (item < heap_.front()) {
            std::pop_heap(heap_.begin(), heap_.end());
            heap_.back() = item;
            std::push_heap(heap_.begin(), heap_.end());
        }
    }

    void merge(const SmallestK& other) {
        for (const Keyed& item : other.heap_) offer(item.key, item.index);
        saw_nan_ |= other.saw_nan_;
    }

    // Ascending into rows of size k. What is missing becomes (+inf, -1), or (NaN, -1) where every offer was NaN.
    void write(double* keys, index_t* indices) {
        const double missing_key = heap_.empty() && saw_nan_ ? std::numeric_limits<double>::quiet_NaN()
                                                             : std::numeric_limits<double>::infinity();
        std::sort(heap_.begin(), heap_.end());
        for (std::size_t i = 0; i < k_; ++i) {
            keys[i] = i < heap_.size() ? heap_[i].key : missing_key;
            indices[i] = i < heap_.size() ? heap_[i].index : -1;
        }
    }

  private:
    std::size_t k_;
    std::vector<Keyed> heap_;  // largest first
    bool saw_nan_ = false;
};

}  // namespace acpp
