#define ACPP_ISA Isa::avx512
#include "pairwise/canonical_kernel_inl.h"
