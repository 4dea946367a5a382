#define ACPP_ISA Isa::avx2
#include "maps/separable_kernel_inl.h"
