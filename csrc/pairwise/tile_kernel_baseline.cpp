#define ACPP_ISA Isa::baseline
#define ACPP_STEP_FLOAT
#include "pairwise/tile_kernel_inl.h"
