#pragma once
// Private to coreset.cpp. Finds the row farthest from all picks without looking at every row for every pick.
//
// The squared distance of a row to its nearest pick only ever shrinks, so an old value is an upper bound. Rows whose
// bound reaches a cut form the working set: a packed copy, brought up to date with every pick. As long as its largest
// value reaches the cut, that row is the farthest of all. When it no longer does, the values go back, and a lower cut
// gathers the next working set, whose rows then catch up with all picks they have missed, several at a time while they
// are in cache. Rows that never reach a cut are never looked at again.
#include <vector>

#include "bank/coreset.h"
#include "bank/coreset_kernel.h"
#include "core/aligned.h"
#include "core/cpu.h"

namespace acpp::kcenter {

template <class T>
struct Farthest {
    T sq_radius;
    index_t row;
};

template <class T>
struct Kernels {
    decltype(&kcenter::gather<Isa::baseline, T>) gather;
    decltype(&kcenter::sq_distances<Isa::baseline, T>) sq_distances;
    decltype(&kcenter::relax<Isa::baseline, T>) relax;
    decltype(&kcenter::filter<Isa::baseline, T>) filter;
};

template <class T>
class Finder {
  public:
    Finder(MatrixView<const T> rows, VectorView<T> sq_radius, index_t most_picks, CoresetMethod method,
           const RunOptions& run);

    void add(index_t row);  // one more pick
    Farthest<T> find();     // the row farthest from all picks, lowest index on ties

  private:
    static constexpr index_t list_size = 64;  // picks that a block catches up with at a time

    bool in_set(T sq_radius) const { return sq_radius * scale_ >= cut_; }
    Block<T> block(index_t b) {
        const index_t lane = b * block_rows;
        return {packed_.data() + lane * rows_.cols, set_radius_.data() + lane, set_nearest_.data() + lane,
                set_seen_.data() + lane};
    }
    index_t blocks() const { return (static_cast<index_t>(set_.size()) + block_rows - 1) / block_rows; }
    RunOptions team_for(index_t steps) const;

    void measure_between();
    void catch_up_everywhere();
    bool choose_set();
    void order_set();
    void pack_set();
    void catch_up_set();
    void retire_set();
    T catch_up(const Block<T>& block, std::int32_t* list, index_t* considered, index_t* applied) const;
    Farthest<T> best_of_set() const;

    MatrixView<const T> rows_;
    const Kernels<T> kernel_;
    VectorView<T> sq_radius_;  // of every row; an upper bound for rows outside the set
    const RunOptions& run_;
    bool lazy_, triangle_, may_drop_triangle_;
    std::vector<Pick<T>> nearest_;
    std::vector<std::int32_t> seen_;

    AlignedBuffer<T> picks_;
    index_t count_ = 0, most_picks_;
    AlignedBuffer<T> packed_picks_, between_;  // for the triangle test only
    T factor_ = 0;

    std::vector<index_t> set_;  // rows of the working set, sixteen to a block
    AlignedBuffer<T> packed_, set_radius_, set_largest_;
    AlignedBuffer<Pick<T>> set_nearest_;
    AlignedBuffer<std::int32_t> set_seen_;
    T scale_ = 0, cut_ = 0;
    index_t wanted_rows_ = 4096;
    index_t blocks_formed_ = 0, keeping_ = 0;  // blocks of the current set, and block steps spent on keeping it
    index_t considered_ = 0, applied_ = 0;     // block steps that the triangle test has seen and let through lately
};

}  // namespace acpp::kcenter
