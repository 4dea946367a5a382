#define ACPP_ISA Isa::avx2
#include "ranking/even_slots_kernel_inl.h"
