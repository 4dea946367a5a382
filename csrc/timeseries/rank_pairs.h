#pragma once
// A series as the counts that the metrics of a ranking read.
#include "ranking/rank_pairs.h"
#include "timeseries/series.h"

namespace acpp::timeseries {

inline ranking::RankPairs rank_pairs(const Series& series) {
    ranking::RankPairs pairs;
    pairs.positives = series.positives;
    pairs.negatives = series.size - series.positives;
    for (index_t level = 0; level < series.levels(); ++level) {
        const index_t tp = series.true_positives(level + 1) - series.true_positives(level);
        if (tp == 0) continue;
        pairs.score.push_back(series.value[level]);
        pairs.tp.push_back(tp);
        pairs.above.push_back(series.predicted(level) - series.true_positives(level));
        pairs.equal.push_back(series.predicted(level + 1) - series.predicted(level) - tp);
    }
    return pairs;
}

}  // namespace acpp::timeseries
