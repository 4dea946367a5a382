#define ACPP_ISA Isa::baseline
#include "maps/separable_kernel_inl.h"
