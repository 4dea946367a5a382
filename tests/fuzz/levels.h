#pragma once
// The instruction sets that a target runs at.
#include <vector>

#include "core/cpu.h"
#include "core/error.h"

namespace acpp::fuzz {

// Those of this machine, and those that this build emulates.
inline const std::vector<Isa>& usable_levels() {
    static const std::vector<Isa> levels = [] {
        std::vector<Isa> usable;
        for (Isa level : compiled_isas()) try {
                set_isa(level);
                usable.push_back(level);
            } catch (const InvalidArgument&) {}
        return usable;
    }();
    return levels;
}

// call() at each level that kernels other than the pairwise engine's distinguish.
template <class Call>
void at_every_level(Call&& call) {
    for (Isa level : usable_levels()) {
        if (level > Isa::avx512) continue;
        set_isa(level);
        call();
    }
}

}  // namespace acpp::fuzz
