#define ACPP_ISA Isa::avx512
#include "ranking/even_slots_kernel_inl.h"
