#pragma once
// Saturated per-region overlap: Bergmann et al., "Beyond Dents and Scratches: Logical Constraints in Unsupervised
// Anomaly Detection and Localization", IJCV 2022. A defect counts as found once as many of its pixels are found as its
// saturation asks for; further ones add nothing.
#include <algorithm>
#include <vector>

#include "metrics/fpr_area.h"

namespace acpp::metrics {

struct Defect {                       // pixels of one channel; channels of an image may overlap
    std::vector<std::uint32_t> rank;  // of its pixels that have a score, as in RankPairs
    index_t saturation;               // 1 to its number of pixels
};

// Area of every defect's saturated coverage over false positive rates [0, limit], divided by limit: its `saturation`
// highest pixels each raise it by a step.
inline std::vector<double> defect_scores(const RankPairs& pairs, const std::vector<Defect>& defects, double limit) {
    const FprLimit within(pairs, limit);
    std::vector<double> scores;
    for (const Defect& defect : defects) {
        std::vector<std::uint32_t> rank = defect.rank;
        const auto end = rank.begin() + defect.saturation;
        std::nth_element(rank.begin(), end - 1, rank.end());
        StepSum sum;
        for (auto r = rank.begin(); r != end; ++r) within.add(sum, *r, 1);
        scores.push_back(within.share(sum, defect.saturation));
    }
    return scores;
}

}  // namespace acpp::metrics
