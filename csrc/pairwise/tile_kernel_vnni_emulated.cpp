#define ACPP_ISA Isa::vnni_emulated
#define ACPP_STEP_BYTE
#define ACPP_EMULATED
#include "pairwise/tile_kernel_inl.h"
