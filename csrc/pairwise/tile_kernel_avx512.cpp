#define ACPP_ISA Isa::avx512
#define ACPP_STEP_FLOAT
#include "pairwise/tile_kernel_inl.h"
