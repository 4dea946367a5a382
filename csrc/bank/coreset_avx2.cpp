#define ACPP_ISA Isa::avx2
#include "bank/coreset_kernel_inl.h"
