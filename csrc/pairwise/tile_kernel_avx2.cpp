#define ACPP_ISA Isa::avx2
#define ACPP_STEP_FLOAT
#define ACPP_STEP_BYTE
#define ACPP_STEP_WORD
#include "pairwise/tile_kernel_inl.h"
