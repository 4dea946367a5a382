#define ACPP_ISA Isa::avx512
#include "pairwise/encode_kernel_inl.h"
