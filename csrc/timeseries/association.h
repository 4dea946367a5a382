#pragma once
// How the orders of two series agree, pair by pair. Knight, "A Computer Method for Calculating Kendall's Tau with
// Ungrouped Data", JASA 61, 1966.
#include "timeseries/series.h"

namespace acpp::timeseries {

struct PairCounts {
    index_t pairs, x_ties, y_ties, both_ties, discordant;

    index_t concordant() const { return pairs - x_ties - y_ties + both_ties - discordant; }
};

// O(n log n) time; n below 2^32, so that pairs fit 63 bits.
PairCounts count_pairs(const Series& x, const Series& y, const RunOptions& run);

double kendall_tau_b(const PairCounts& counts);  // in [-1, 1]; NaN if one side is constant
double c_index(const PairCounts& counts);        // of pairs that differ in x, those ordered alike, ties 1/2; NaN: none

// Pearson's correlation of the mid-ranks, from integers; NaN if one side is constant.
double spearman(const Series& x, const Series& y, const RunOptions& run);

}  // namespace acpp::timeseries
