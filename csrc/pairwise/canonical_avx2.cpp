#define ACPP_ISA Isa::avx2
#include "pairwise/canonical_kernel_inl.h"
