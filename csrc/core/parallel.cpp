#include "core/parallel.h"

#include <pthread.h>

namespace acpp {
namespace {

std::atomic<bool> forked{false};

// Registered once, when the library is loaded: before any parallel region can exist.
const int registered = pthread_atfork(nullptr, nullptr, [] { forked.store(true, std::memory_order_relaxed); });

}  // namespace

bool in_forked_child() { return registered == 0 && forked.load(std::memory_order_relaxed); }

int default_threads() { return in_forked_child() ? 1 : omp_get_max_threads(); }

}  // namespace acpp
