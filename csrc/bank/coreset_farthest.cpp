#include "bank/coreset_farthest.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

namespace acpp::kcenter {
namespace {

constexpr index_t bins = 1024;                             // of the histogram that a cut is read from
constexpr index_t most_between_bytes = index_t{64} << 20;  // distances between picks, for the triangle test
constexpr index_t scan_chunk = 1 << 15;                    // rows of a bookkeeping pass that one thread takes
constexpr index_t blocks_chunk = 8;                        // blocks of the set that one thread takes

template <class T>
Kernels<T> active_kernels() {
    return with_isa([](auto isa) {
        return Kernels<T>{&gather<isa.value, T>, &sq_distances<isa.value, T>, &relax<isa.value, T>,
                          &filter<isa.value, T>};
    });
}

// 1/4 less the rounding errors of the squared distances on both sides, each at most (d / 32 + 8) u, doubled twice.
template <class T>
T triangle_factor(index_t d) {
    const double u = std::numeric_limits<T>::epsilon() / 2;
    const double slack = 4 * (static_cast<double>(d) / 32 + 10) * u;
    return static_cast<T>((1 - slack) / (4 * (1 + slack)) * (1 - 4 * u));
}

}  // namespace

template <class T>
Finder<T>::Finder(MatrixView<const T> rows, VectorView<T> sq_radius, index_t most_picks, CoresetMethod method,
                  const RunOptions& run)
    : rows_(rows), kernel_(active_kernels<T>()), sq_radius_(sq_radius), run_(run), most_picks_(most_picks) {
    const bool automatic = method == CoresetMethod::automatic;
    const index_t bytes = rows.rows * rows.cols * static_cast<index_t>(sizeof(T));
    lazy_ = method == CoresetMethod::lazy || method == CoresetMethod::lazy_triangle ||
            (automatic && bytes > (index_t{2} << 20));
    triangle_ = method == CoresetMethod::triangle || method == CoresetMethod::lazy_triangle ||
                (automatic && most_picks * most_picks * static_cast<index_t>(sizeof(T)) <= most_between_bytes);
    may_drop_triangle_ = automatic;
    nearest_.assign(static_cast<std::size_t>(rows.rows), -1);
    seen_.assign(static_cast<std::size_t>(rows.rows), 0);
    picks_ = AlignedBuffer<T>(most_picks * rows.cols);
    if (triangle_) {
        packed_picks_ = AlignedBuffer<T>((most_picks + block_rows - 1) / block_rows * block_rows * rows.cols);
        between_ = AlignedBuffer<T>(most_picks * most_picks);
        factor_ = triangle_factor<T>(rows.cols);
    }
}

// A team costs some microseconds to start: small passes run on the calling thread.
template <class T>
RunOptions Finder<T>::team_for(index_t block_steps) const {
    RunOptions run = run_;
    if (block_steps * rows_.cols < 1 << 14) run.threads = 1;
    return run;
}

template <class T>
void Finder<T>::add(index_t row) {
    std::copy_n(rows_.row(row), rows_.cols, picks_.data() + count_ * rows_.cols);
    ++count_;
    if (triangle_) measure_between();
}

template <class T>
void Finder<T>::measure_between() {
    const index_t newest = count_ - 1, d = rows_.cols;
    const T* pick = picks_.data() + newest * d;
    T* lane = packed_picks_.data() + newest / block_rows * block_rows * d + newest % block_rows;
    for (index_t j = 0; j < d; ++j) lane[j * block_rows] = pick[j];
    const index_t blocks = (count_ + block_rows - 1) / block_rows;
    parallel_blocks(blocks, blocks_chunk, team_for(blocks), [&](index_t begin, index_t end) {
        for (index_t b = begin; b < end; ++b) {
            T sq[block_rows];
            kernel_.sq_distances(packed_picks_.data() + b * block_rows * d, d, pick, sq);
            const index_t first = b * block_rows, last = std::min(count_, first + block_rows);
            for (index_t p = first; p < last; ++p) between_[p * most_picks_ + newest] = sq[p - first];
        }
    });
}

template <class T>
T Finder<T>::catch_up(const Block<T>& block, std::int32_t* list, index_t* considered, index_t* applied) const {
    index_t from = count_;
    for (int r = 0; r < block_rows; ++r)
        if (block.sq_radius[r] >= 0) from = std::min<index_t>(from, block.seen[r]);
    *considered += count_ - from;
    for (index_t c = from; c < count_; c += list_size) {
        const index_t to = std::min(count_, c + list_size);
        index_t count = 0;
        if (triangle_) {
            count = kernel_.filter(block, {between_.data(), most_picks_, factor_}, c, to, list);
        } else {
            for (; count < to - c; ++count) list[count] = static_cast<std::int32_t>(c + count);
        }
        kernel_.relax(block, {picks_.data(), rows_.cols, rows_.cols}, list, count);
        *applied += count;
    }
    T largest = 0;
    for (int r = 0; r < block_rows; ++r) {
        largest = std::max(largest, block.sq_radius[r]);
        block.seen[r] = static_cast<std::int32_t>(count_);
    }
    return largest;
}

template <class T>
void Finder<T>::catch_up_everywhere() {
    const index_t n = rows_.rows, blocks = (n + block_rows - 1) / block_rows;
    parallel_blocks(blocks, 64, run_, [&](index_t begin, index_t end) {
        AlignedBuffer<T> packed(block_rows * rows_.cols);
        std::int32_t list[list_size];
        index_t considered = 0, applied = 0;
        for (index_t b = begin; b < end; ++b) {
            const index_t first = b * block_rows;
            const int count = static_cast<int>(std::min<index_t>(block_rows, n - first));
            index_t which[block_rows];
            T radius[block_rows];
            Pick<T> nearest[block_rows];
            std::int32_t seen[block_rows];
            for (int r = 0; r < block_rows; ++r) {
                const index_t i = std::min(n - 1, first + r);
                which[r] = i, radius[r] = r < count ? sq_radius_[i] : T(-1), nearest[r] = nearest_[i];
                seen[r] = seen_[i];
            }
            kernel_.gather(rows_, which, count, packed.data());
            catch_up({packed.data(), radius, nearest, seen}, list, &considered, &applied);
            for (int r = 0; r < count; ++r)
                sq_radius_[first + r] = radius[r], nearest_[first + r] = nearest[r], seen_[first + r] = seen[r];
        }
    });
}

// Picks the rows for the next working set: those in the upper bins of a histogram of the bounds, about wanted_rows_
// of them. False when all bounds are zero.
template <class T>
bool Finder<T>::choose_set() {
    const index_t n = rows_.rows, chunks = (n + scan_chunk - 1) / scan_chunk;
    const RunOptions team = team_for(n / 256);
    set_.clear();
    std::vector<T> tops(static_cast<std::size_t>(chunks));
    const auto measure_top = [&] {
        parallel_blocks(n, scan_chunk, team, [&](index_t begin, index_t end) {
            T top = 0;
            for (index_t i = begin; i < end; ++i) top = sq_radius_[i] > top ? sq_radius_[i] : top;
            tops[begin / scan_chunk] = top;
        });
        return *std::max_element(tops.begin(), tops.end());
    };
    T top = measure_top();
    if (std::isinf(top) && lazy_ && count_ > 0) {
        catch_up_everywhere();
        top = measure_top();
    }
    if (top <= 0) return false;
    scale_ = static_cast<T>(bins - 1) / top;
    if (!lazy_ || wanted_rows_ >= n || !(scale_ > 0) || std::isinf(scale_)) {
        scale_ = 1, cut_ = 0;  // every row
        set_.resize(static_cast<std::size_t>(n));
        for (index_t i = 0; i < n; ++i) set_[i] = i;
        return true;
    }

    std::vector<std::int32_t> counts(static_cast<std::size_t>(chunks * bins));
    parallel_blocks(n, scan_chunk, team, [&](index_t begin, index_t end) {
        std::int32_t* count = counts.data() + begin / scan_chunk * bins;
        for (index_t i = begin; i < end; ++i) ++count[static_cast<std::int32_t>(sq_radius_[i] * scale_)];
    });
    index_t total = 0, bin = bins;
    while (bin > 0 && total < wanted_rows_) {
        --bin;
        for (index_t c = 0; c < chunks; ++c) total += counts[c * bins + bin];
    }
    cut_ = static_cast<T>(bin);

    std::vector<index_t> at(static_cast<std::size_t>(chunks));
    index_t offset = 0;
    for (index_t c = 0; c < chunks; ++c) {
        at[c] = offset;
        for (index_t b = bin; b < bins; ++b) offset += counts[c * bins + b];
    }
    set_.resize(static_cast<std::size_t>(offset));
    parallel_blocks(n, scan_chunk, team, [&](index_t begin, index_t end) {
        index_t* out = set_.data() + at[begin / scan_chunk];
        for (index_t i = begin; i < end; ++i)
            if (in_set(sq_radius_[i])) *out++ = i;
    });
    return true;
}

// Rows that lack equally many picks, or share their nearest pick where the triangle test is on, go to the same block.
template <class T>
void Finder<T>::order_set() {
    std::vector<index_t> sorted(set_.size());
    const auto counting_sort = [&](auto key) {
        std::vector<index_t> start(static_cast<std::size_t>(count_ + 2));
        for (index_t i : set_) ++start[key(i) + 1];
        for (index_t k = 0; k <= count_; ++k) start[k + 1] += start[k];
        for (index_t i : set_) sorted[start[key(i)]++] = i;
        set_.swap(sorted);
    };
    counting_sort([&](index_t i) { return static_cast<index_t>(seen_[i]); });
    if (triangle_) counting_sort([&](index_t i) { return static_cast<index_t>(nearest_[i] + 1); });
}

template <class T>
void Finder<T>::pack_set() {
    const index_t lanes = blocks() * block_rows;
    blocks_formed_ = blocks(), keeping_ = 0;
    if (lanes > set_radius_.size()) {
        packed_ = AlignedBuffer<T>(lanes * rows_.cols);
        set_radius_ = AlignedBuffer<T>(lanes);
        set_nearest_ = AlignedBuffer<Pick<T>>(lanes);
        set_seen_ = AlignedBuffer<std::int32_t>(lanes);
        set_largest_ = AlignedBuffer<T>(lanes / block_rows);
    }
    const auto size = static_cast<index_t>(set_.size());
    parallel_blocks(blocks(), blocks_chunk, team_for(8 * blocks()), [&](index_t begin, index_t end) {
        for (index_t b = begin; b < end; ++b) {
            const index_t first = b * block_rows;
            const int count = static_cast<int>(std::min<index_t>(block_rows, size - first));
            kernel_.gather(rows_, set_.data() + first, count, packed_.data() + first * rows_.cols);
            set_largest_[b] = 0;
            for (int r = 0; r < block_rows; ++r) {
                const index_t i = r < count ? set_[first + r] : 0, lane = first + r;
                set_radius_[lane] = r < count ? sq_radius_[i] : T(-1);
                set_nearest_[lane] = nearest_[i];
                set_seen_[lane] = seen_[i];
                set_largest_[b] = std::max(set_largest_[b], set_radius_[lane]);
            }
        }
    });
}

template <class T>
void Finder<T>::catch_up_set() {
    std::atomic<index_t> applied{0}, considered{0}, kept{0};
    parallel_blocks(blocks(), blocks_chunk, team_for(blocks()), [&](index_t begin, index_t end) {
        std::int32_t list[list_size];
        index_t steps = 0, all = 0, alive = 0;
        for (index_t b = begin; b < end; ++b) {
            if (!in_set(set_largest_[b])) continue;  // no row of it can come back before the next set
            const Block<T> rows = block(b);
            set_largest_[b] = catch_up(rows, list, &all, &steps);
            ++alive;
        }
        applied += steps, considered += all, kept += alive;
    });
    keeping_ += kept;
    applied_ += applied;
    considered_ += considered;
    if (triangle_ && may_drop_triangle_ && considered_ > 64 * blocks()) {
        triangle_ = 10 * applied_ < 7 * considered_;
        applied_ = considered_ = 0;
    }
}

template <class T>
void Finder<T>::retire_set() {
    parallel_blocks(static_cast<index_t>(set_.size()), scan_chunk, team_for(blocks()), [&](index_t begin, index_t end) {
        for (index_t lane = begin; lane < end; ++lane) {
            const index_t i = set_[lane];
            sq_radius_[i] = set_radius_[lane];
            nearest_[i] = set_nearest_[lane];
            seen_[i] = set_seen_[lane];
        }
    });
    set_.clear();
}

template <class T>
Farthest<T> Finder<T>::best_of_set() const {
    const index_t count = (static_cast<index_t>(set_.size()) + block_rows - 1) / block_rows;
    Farthest<T> best{T(-1), 0};
    for (index_t b = 0; b < count; ++b) best.sq_radius = std::max(best.sq_radius, set_largest_[b]);
    best.row = rows_.rows;
    for (index_t b = 0; b < count; ++b) {
        if (set_largest_[b] < best.sq_radius) continue;
        for (index_t lane = b * block_rows; lane < (b + 1) * block_rows; ++lane)
            if (set_radius_[lane] == best.sq_radius) best.row = std::min(best.row, set_[lane]);
    }
    return best;
}

template <class T>
Farthest<T> Finder<T>::find() {
    for (;;) {
        if (run_.keep_going && !run_.keep_going()) throw Cancelled("cancelled by the caller");
        if (!set_.empty()) {
            catch_up_set();
            const Farthest<T> best = best_of_set();
            if (in_set(best.sq_radius)) return best;
            retire_set();
            // A larger set lives longer but costs more at every pick: keep the two costs alike.
            const index_t forming = 8 * blocks_formed_ + rows_.rows / 64;
            if (forming > keeping_) wanted_rows_ = std::min(2 * wanted_rows_, rows_.rows);
            if (4 * forming < keeping_) wanted_rows_ = std::max<index_t>(wanted_rows_ / 2, 1024);
        }
        if (!choose_set()) return {T(0), 0};
        order_set();
        pack_set();
    }
}

template class Finder<float>;
template class Finder<double>;

}  // namespace acpp::kcenter
