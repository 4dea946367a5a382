#pragma once
// Which instruction set runs. Chosen once per call, never inside a loop.
#include <string_view>
#include <type_traits>
#include <vector>

namespace acpp {

// In rising order. avx512_vnni and amx differ from avx512 in the pairwise engine only.
// The emulated levels exist in test builds (ANOMALIB_CPP_EMULATION): scalar dot steps, any machine.
enum class Isa { baseline, avx2, avx512, avx512_vnni, amx, vnni_emulated, amx_emulated };

Isa detect_isa();                          // best level of this CPU and OS, ignoring any override
Isa active_isa();                          // detect_isa(), lowered by ANOMALIB_CPP_ISA or set_isa(); never raised
void set_isa(Isa level);                   // throws InvalidArgument when this CPU or build lacks the level
std::vector<Isa> compiled_isas();          // levels this build has code for
std::string_view name(Isa level);          // "avx512-vnni", ...
Isa isa_from_name(std::string_view name);  // throws InvalidArgument listing the names

struct CpuFeature {
    std::string_view name;
    bool present;  // CPU and operating system both
};
std::vector<CpuFeature> cpu_features();

template <Isa level>
using IsaTag = std::integral_constant<Isa, level>;

// For kernels that exist at three levels: the highest of them that the active level includes.
template <class Call>  // call(IsaTag<level>{})
decltype(auto) with_isa(Call&& call) {
#if defined(__x86_64__)
    switch (active_isa()) {
        case Isa::avx512:
        case Isa::avx512_vnni:
        case Isa::amx:
            return call(IsaTag<Isa::avx512>{});
        case Isa::avx2:
            return call(IsaTag<Isa::avx2>{});
        case Isa::baseline:
        case Isa::vnni_emulated:
        case Isa::amx_emulated:
            break;
    }
#endif
    return call(IsaTag<Isa::baseline>{});
}

}  // namespace acpp
