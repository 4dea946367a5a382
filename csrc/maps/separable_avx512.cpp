#define ACPP_ISA Isa::avx512
#include "maps/separable_kernel_inl.h"
