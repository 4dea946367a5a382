#include "bank/coreset.h"

#include <limits>
#include <vector>

#include "bank/coreset_farthest.h"

namespace acpp {

template <class T>
Coreset<T> greedy_kcenter(MatrixView<const T> rows, index_t first, VectorView<T> sq_radius, VectorView<index_t> picks,
                          VectorView<T> at_pick, OnDuplicate on_duplicate, CoresetMethod method,
                          const RunOptions& run) {
    require(picks.size >= 1 && picks.size <= rows.rows, "size must lie between 1 and the number of rows");
    require(picks.size <= std::numeric_limits<std::int32_t>::max(), "size must be below 2^31");
    require(sq_radius.size == rows.rows && at_pick.size == picks.size, "outputs have the wrong size");
    require(first >= 0 && first < rows.rows, "start must be a row of features");

    const auto report = [&](index_t done) {
        if (run.progress) run.progress(done, picks.size);
    };
    kcenter::Finder<T> finder(rows, sq_radius, picks.size, method, run);
    index_t count = 0;
    kcenter::Farthest<T> next{at_pick[0], first};
    do {
        picks[count] = next.row;
        at_pick[count] = next.sq_radius;
        ++count;
        finder.add(next.row);
        next = finder.find();
        report(count);
    } while (count < picks.size && next.sq_radius > 0);

    if (count < picks.size && on_duplicate != OnDuplicate::stop) {
        std::vector<bool> used(static_cast<std::size_t>(rows.rows));
        for (index_t p = 0; p < count; ++p) used[picks[p]] = true;
        index_t row = 0;
        for (; count < picks.size; ++count) {
            if (on_duplicate == OnDuplicate::fill) {
                while (used[row]) ++row;
                used[row] = true;
            }
            picks[count] = row;
            at_pick[count] = 0;
        }
    }
    report(picks.size);
    return {count, next.sq_radius};
}

template Coreset<float> greedy_kcenter(MatrixView<const float>, index_t, VectorView<float>, VectorView<index_t>,
                                       VectorView<float>, OnDuplicate, CoresetMethod, const RunOptions&);
template Coreset<double> greedy_kcenter(MatrixView<const double>, index_t, VectorView<double>, VectorView<index_t>,
                                        VectorView<double>, OnDuplicate, CoresetMethod, const RunOptions&);

}  // namespace acpp
