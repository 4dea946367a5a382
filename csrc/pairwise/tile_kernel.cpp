#include "pairwise/tile_kernel.h"

namespace acpp::pairwise {

const TileKernels* tile_kernels(Code code) {
    const Isa level = active_isa();
    if (code == Code::int8) {
        switch (level) {
#if defined(ACPP_HAS_AMX)
            case Isa::amx:
                return &byte_kernels<Isa::amx>();
#endif
#if defined(ACPP_HAS_AVX512_VNNI)
            case Isa::avx512_vnni:
                return &byte_kernels<Isa::avx512_vnni>();
#endif
#if defined(__x86_64__)
            case Isa::avx512:
                return &byte_kernels<Isa::avx512>();
            case Isa::avx2:
                return &byte_kernels<Isa::avx2>();
#endif
#if defined(ACPP_HAS_AMX_EMULATED)
            case Isa::amx_emulated:
                return &byte_kernels<Isa::amx_emulated>();
#endif
#if defined(ACPP_HAS_VNNI_EMULATED)
            case Isa::vnni_emulated:
                return &byte_kernels<Isa::vnni_emulated>();
#endif
            default:
                return nullptr;
        }
    }
    return with_isa([code](auto isa) -> const TileKernels* {
        if (code == Code::fp32) return &float_kernels<isa.value>();
        if constexpr (isa.value == Isa::baseline)
            return nullptr;
        else
            return &word_kernels<isa.value>();
    });
}

}  // namespace acpp::pairwise
