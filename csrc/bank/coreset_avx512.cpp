#define ACPP_ISA Isa::avx512
#include "bank/coreset_kernel_inl.h"
