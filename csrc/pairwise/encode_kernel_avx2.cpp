#define ACPP_ISA Isa::avx2
#include "pairwise/encode_kernel_inl.h"
