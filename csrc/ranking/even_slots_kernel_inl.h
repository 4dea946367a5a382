// Compiled once per ISA: the including .cpp defines ACPP_ISA. No include guard on purpose.
#include "ranking/even_slots_kernel.h"
#include "ranking/keys.h"

namespace acpp::ranking {

template <class T>
static void find_slots(const T* __restrict scores, index_t n, const EvenBins& given, std::uint32_t* __restrict slots) {
    const EvenBins bins = given;  // a copy that the stores cannot change
    for (index_t i = 0; i < n; ++i) slots[i] = bins.slot(as_double(scores[i]));
}

// Specialised, not instantiated: an instantiation would be a weak symbol.
#define ACPP_EVEN_SLOTS(T)                                                                                 \
    template <>                                                                                            \
    void even_slots<ACPP_ISA, T>(const T* scores, index_t n, const EvenBins& bins, std::uint32_t* slots) { \
        find_slots<T>(scores, n, bins, slots);                                                             \
    }
ACPP_EVEN_SLOTS(std::uint8_t)
ACPP_EVEN_SLOTS(std::int8_t)
ACPP_EVEN_SLOTS(std::uint16_t)
ACPP_EVEN_SLOTS(std::int16_t)
ACPP_EVEN_SLOTS(std::uint32_t)
ACPP_EVEN_SLOTS(std::int32_t)
ACPP_EVEN_SLOTS(std::uint64_t)
ACPP_EVEN_SLOTS(std::int64_t)
ACPP_EVEN_SLOTS(Half)
ACPP_EVEN_SLOTS(float)
ACPP_EVEN_SLOTS(double)
#undef ACPP_EVEN_SLOTS

}  // namespace acpp::ranking
