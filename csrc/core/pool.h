#pragma once
// Scratch that parallel work reuses.
#include <memory>
#include <mutex>
#include <vector>

namespace acpp {

// Objects that workers take and give back, so that scratch is per worker without naming threads.
template <class T>
class Pool {
  public:
    template <class Make>
    std::unique_ptr<T> take(Make&& make) {
        {
            const std::lock_guard hold(lock_);
            if (!idle_.empty()) {
                auto object = std::move(idle_.back());
                idle_.pop_back();
                return object;
            }
        }
        return make();
    }
    void give(std::unique_ptr<T> object) {
        const std::lock_guard hold(lock_);
        idle_.push_back(std::move(object));
    }
    std::vector<std::unique_ptr<T>>& all() { return idle_; }  // when nobody works

  private:
    std::mutex lock_;
    std::vector<std::unique_ptr<T>> idle_;
};

}  // namespace acpp
