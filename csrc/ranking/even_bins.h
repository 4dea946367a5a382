#pragma once
// Evenly wide bins of scores, found by arithmetic. Included by ISA-specific sources: see keys.h.
#include <cstdint>

#include "core/array.h"

namespace acpp::ranking {

// Edge i of n + 1 is i * step + low, as numpy.linspace has it; the last one is `last`, just above the highest score
// that belongs to the last bin. Slot 0 lies below the first edge, slot i + 1 between edges i and i + 1, slot n + 1
// above the last edge. NaN has slot n + 2.
struct EvenBins {
    double low, step, inverse, last;
    std::int32_t n;

    double edge(index_t i) const { return i < n ? static_cast<double>(i) * step + low : last; }

    // The quotient is off by less than one bin, and the edges themselves settle which one it is. Sums of comparisons
    // and no choice between values: that is what compilers turn into vector code.
    [[gnu::always_inline]] inline std::uint32_t slot(double score) const {
        const double bins = n, most = bins - 1;
        double whole = (score - low) * inverse;
        whole = whole > 0 ? whole : 0;  // of NaN too
        whole = whole < most ? whole : most;
        whole = static_cast<double>(static_cast<std::int32_t>(whole));
        const double lower = whole * step + low, upper = (whole + 1) * step + low;
        double found = whole + (score >= lower ? 1.0 : 0.0) + (score >= upper ? 1.0 : 0.0);
        found = found < bins ? found : bins;
        found += score >= last ? 1.0 : 0.0;
        found += score == score ? 0.0 : bins + 2;
        return static_cast<std::uint32_t>(static_cast<std::int32_t>(found));
    }
};

}  // namespace acpp::ranking
