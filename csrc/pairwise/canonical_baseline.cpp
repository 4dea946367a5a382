#define ACPP_ISA Isa::baseline
#include "pairwise/canonical_kernel_inl.h"
