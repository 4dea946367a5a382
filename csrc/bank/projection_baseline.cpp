#define ACPP_ISA Isa::baseline
#include "bank/projection_kernel_inl.h"
