#include "ranking/slots.h"

#include <atomic>

#include "core/pool.h"
#include "ranking/background.h"
#include "ranking/slot_counter.h"

namespace acpp::ranking {

template <class Key>
std::vector<index_t> count_slots(const ScoredImages& input, const std::vector<Strip>& strips,
                                 const std::vector<Key>& distinct, index_t& missing, const RunOptions& run) {
    using Worker = typename SlotCounter<Key>::Worker;
    const int team = run.threads > 0 ? run.threads : default_threads();
    SlotCounter<Key> counter(distinct, team, input.pixels());
    Pool<Worker> workers;
    std::atomic<index_t> without_score{0};
    parallel_blocks(static_cast<index_t>(strips.size()), 1, run, [&](index_t s, index_t) {
        auto worker = workers.take([&] { return counter.new_worker(); });
        without_score +=
            for_background<Key>(input, strips[s], [&](const Key* keys, index_t n) { counter.count(*worker, keys, n); });
        workers.give(std::move(worker));
    });
    parallel_blocks(static_cast<index_t>(workers.all().size()), 1, run,
                    [&](index_t w, index_t) { counter.flush(*workers.all()[w]); });
    missing = without_score;
    return counter.totals();
}

template std::vector<index_t> count_slots(const ScoredImages&, const std::vector<Strip>&,
                                          const std::vector<std::uint32_t>&, index_t&, const RunOptions&);
template std::vector<index_t> count_slots(const ScoredImages&, const std::vector<Strip>&,
                                          const std::vector<std::uint64_t>&, index_t&, const RunOptions&);

}  // namespace acpp::ranking
