#pragma once
// Series back to back, cut into pieces that threads can share. Where the cuts are changes no result.
#include <algorithm>
#include <vector>

#include "core/parallel.h"

namespace acpp::temporal {

struct Piece {
    index_t first, past;  // the segment
    index_t begin, end;   // the part of it that is to be computed

    index_t length() const { return past - first; }
};

inline std::vector<Piece> pieces(const std::vector<index_t>& offsets, index_t longest) {
    std::vector<Piece> result;
    for (std::size_t s = 0; s + 1 < offsets.size(); ++s)
        for (index_t begin = offsets[s]; begin < offsets[s + 1]; begin += std::min(longest, offsets[s + 1] - begin))
            result.push_back({offsets[s], offsets[s + 1], begin, std::min(offsets[s + 1] - begin, longest) + begin});
    return result;
}

// body(channel, piece, pace) for every piece of every row. `offsets`: of the segments, from 0 to the number of columns.
template <class Body>
void for_each_piece(index_t channels, const std::vector<index_t>& offsets, index_t longest, const RunOptions& run,
                    Body&& body) {
    const std::vector<Piece> all = pieces(offsets, longest);
    const auto n = static_cast<index_t>(all.size());
    Interruption stop(run);
    const RunOptions alone = stop.options(1);
    parallel_blocks(channels * n, 1, stop.options(run.threads), [&](index_t b, index_t) {
        Pace pace(alone);
        body(b / n, all[b % n], pace);
    });
}

}  // namespace acpp::temporal
