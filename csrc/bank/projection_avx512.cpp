#define ACPP_ISA Isa::avx512
#include "bank/projection_kernel_inl.h"
