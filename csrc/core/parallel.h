#pragma once
// One parallel loop for the whole library: exceptions survive it, cancellation stops it, it works after fork(),
// and the split into blocks depends on the problem only, so results do not depend on `threads`.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <thread>

#include <omp.h>

#include "core/array.h"
#include "core/error.h"

namespace acpp {

struct RunOptions {
    int threads = 0;                                 // 0: default_threads()
    std::function<bool()> keep_going;                // polled by the calling thread only; may take the GIL
    std::function<void(index_t, index_t)> progress;  // (done, total), calling thread only; may cancel by throwing
};

// OpenMP's own default for the calling thread; 1 in a forked child, where libgomp's team no longer exists.
int default_threads();

// True in a process forked from one that had this library loaded. An OpenMP region there would wait for threads
// that were not inherited, so parallel_blocks runs on the calling thread alone.
bool in_forked_child();

// Cancellation inside blocks that run long: every thread calls check() now and then, the caller's thread asks
// keep_going, and all of them leave with Cancelled.
class Interruption {
  public:
    explicit Interruption(const RunOptions& run) : run_(run), caller_(std::this_thread::get_id()) {}
    void check() {
        if (!stop_.load(std::memory_order_relaxed) && run_.keep_going && std::this_thread::get_id() == caller_ &&
            !run_.keep_going())
            stop_.store(true, std::memory_order_relaxed);
        if (stop_.load(std::memory_order_relaxed)) throw Cancelled("cancelled by the caller");
    }
    // Options whose keep_going any thread may ask: for calls inside blocks, and for the blocks themselves.
    RunOptions options(int threads) {
        return {threads, [this] { return check(), true; }, {}};
    }

  private:
    const RunOptions& run_;
    std::thread::id caller_;
    std::atomic<bool> stop_{false};
};

// For long loops of one thread: asks keep_going each time that so many small steps were done.
class Pace {
  public:
    explicit Pace(const RunOptions& run) : run_(run) {}
    void step(index_t steps = 1) {
        if ((left_ -= steps) > 0) return;
        left_ = interval;
        if (run_.keep_going && !run_.keep_going()) throw Cancelled("cancelled by the caller");
    }

  private:
    static constexpr index_t interval = 1 << 14;  // a millisecond where every step misses the cache
    const RunOptions& run_;
    index_t left_ = interval;
};

template <class Body>  // body(index_t begin, index_t end)
void parallel_blocks(index_t n, index_t block, const RunOptions& run, Body&& body) {
    if (n <= 0) return;
    const index_t blocks = (n + block - 1) / block;
    const int wanted = run.threads > 0 ? run.threads : default_threads();
    const int team = static_cast<int>(std::min<index_t>(wanted, blocks));
    const auto one = [&](index_t b) { body(b * block, std::min(n, (b + 1) * block)); };

    if (team <= 1 || in_forked_child() || omp_in_parallel()) {
        for (index_t b = 0; b < blocks; ++b) {
            one(b);
            if (run.keep_going && !run.keep_going()) throw Cancelled("cancelled by the caller");
        }
        return;
    }

    std::atomic<bool> stop{false};
    std::atomic<index_t> done{0};
    bool cancelled = false;
    std::exception_ptr error;
    const auto guarded = [&](auto&& step) {
        try {
            step();
        } catch (...) {
#pragma omp critical(acpp_first_error)
            if (!error) error = std::current_exception();
            stop = true;
        }
    };
    const auto ask = [&] {
        if (run.keep_going && !run.keep_going()) cancelled = true, stop = true;
    };
#pragma omp parallel num_threads(team)
    {
        const bool caller = omp_get_thread_num() == 0;
#pragma omp for schedule(dynamic, 1) nowait
        for (index_t b = 0; b < blocks; ++b) {
            if (!stop.load(std::memory_order_relaxed))
                guarded([&] {
                    one(b);
                    if (caller) ask();
                });
            done.fetch_add(1, std::memory_order_relaxed);
        }
        // The last blocks of the others may be long; a barrier would not ask.
        if (caller && run.keep_going)
            for (int turn = 0; done.load(std::memory_order_relaxed) < blocks; ++turn) {
                if (!stop.load(std::memory_order_relaxed)) guarded(ask);
                if (turn < 1000)
                    std::this_thread::yield();
                else
                    std::this_thread::sleep_for(std::chrono::microseconds(100));
            }
    }
    if (error) std::rethrow_exception(error);
    if (cancelled) throw Cancelled("cancelled by the caller");
}

}  // namespace acpp
