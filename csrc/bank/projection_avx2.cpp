#define ACPP_ISA Isa::avx2
#include "bank/projection_kernel_inl.h"
