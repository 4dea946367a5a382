#define ACPP_ISA Isa::avx2
#define ACPP_STEP_FLOAT
#include "pairwise/tile_kernel_inl.h"
