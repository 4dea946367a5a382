#define ACPP_ISA Isa::amx_emulated
#include "pairwise/tile_kernel_amx_inl.h"
