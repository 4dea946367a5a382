#define ACPP_ISA Isa::avx512_vnni
#define ACPP_STEP_BYTE
#include "pairwise/tile_kernel_inl.h"
