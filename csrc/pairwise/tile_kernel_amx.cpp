#define ACPP_ISA Isa::amx
#include "pairwise/tile_kernel_amx_inl.h"
