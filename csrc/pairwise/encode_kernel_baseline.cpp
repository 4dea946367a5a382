#define ACPP_ISA Isa::baseline
#include "pairwise/encode_kernel_inl.h"
