#define ACPP_ISA Isa::vnni_emulated
#define ACPP_STEP_BYTE
#include "pairwise/tile_kernel_inl.h"
